//! Measures in the meta database.

use super::Quality;
use crate::ingest::Error;
use crate::sql::{Row, Sql};
use crate::values;

/// Measures of a dataset that are kept; older ones go.
const KEPT: u32 = 1_000;

const COLUMNS: &str =
    "dataset, at, load, records, completeness, validity, uniqueness, integrity, measures";

/// Keeps a measure.
pub(super) fn put(sql: &Sql, quality: &Quality) -> Result<(), Error> {
    let measures = serde_json::to_string(&quality.measures).unwrap_or_default();
    sql.execute(
        "INSERT INTO quality (dataset, at, load, records, completeness, validity, uniqueness, integrity, measures) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &values![
            &quality.dataset,
            quality.at,
            &quality.load,
            quality.records,
            quality.completeness,
            quality.validity,
            quality.uniqueness,
            quality.integrity,
            measures
        ],
    )?;
    sql.execute(
        "DELETE FROM quality WHERE dataset = $1 AND id <= \
         (SELECT id FROM quality WHERE dataset = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)",
        &values![&quality.dataset, KEPT],
    )?;
    Ok(())
}

/// The newest measure of each dataset.
pub fn latest(sql: &Sql) -> Result<Vec<Quality>, Error> {
    let query = format!(
        "SELECT {COLUMNS} FROM quality WHERE id IN (SELECT MAX(id) FROM quality GROUP BY dataset) \
         ORDER BY dataset"
    );
    sql.query(&query, &[])?.iter().map(quality).collect()
}

/// The newest measures of a dataset, newest first.
pub fn history(sql: &Sql, dataset: &str, limit: usize) -> Result<Vec<Quality>, Error> {
    let query =
        format!("SELECT {COLUMNS} FROM quality WHERE dataset = $1 ORDER BY id DESC LIMIT $2");
    sql.query(&query, &values![dataset, limit])?
        .iter()
        .map(quality)
        .collect()
}

fn quality(row: &Row) -> Result<Quality, Error> {
    let measures: String = row.get(8)?;
    Ok(Quality {
        dataset: row.get(0)?,
        at: row.get(1)?,
        load: row.get(2)?,
        records: row.get(3)?,
        completeness: row.get(4)?,
        validity: row.get(5)?,
        uniqueness: row.get(6)?,
        integrity: row.get(7)?,
        measures: serde_json::from_str(&measures).unwrap_or_default(),
    })
}
