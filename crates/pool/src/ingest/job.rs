//! What is remembered of a load: how far it is, and what came of it.

use crate::clock::Moment;
use crate::sql::Sql;
use crate::values;

use super::Error;
use super::load::{Mode, Summary};

/// A load, as it is remembered.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its name: the same for the same file into the same dataset in the same way.
    pub id: String,
    /// The dataset.
    pub dataset: String,
    /// The file.
    pub source: String,
    /// When it began.
    pub started: Moment,
    /// How far it is.
    pub state: JobState,
}

/// How far a load is.
#[derive(Clone, Debug, Default)]
pub struct JobState {
    /// When it ended.
    pub finished: Option<Moment>,
    /// How many batches the pool has acknowledged.
    pub batches: u64,
    /// What came of these.
    pub summary: Summary,
}

/// What a load is known by.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewJob<'a> {
    pub(super) id: &'a str,
    pub(super) dataset: &'a str,
    pub(super) source: &'a str,
    pub(super) mode: Mode,
    pub(super) bytes: u64,
    pub(super) content: &'a str,
    pub(super) now: Moment,
}

/// The state of the load, which is begun if it is new.
pub(super) fn begin(sql: &Sql, job: &NewJob<'_>) -> Result<JobState, Error> {
    let found = sql.query(
        "SELECT finished, batches, summary FROM load_job WHERE id = $1",
        &values![job.id],
    )?;
    if let Some(row) = found.first() {
        let summary: String = row.get(2)?;
        return Ok(JobState {
            finished: row.get(0)?,
            batches: row.get(1)?,
            summary: serde_json::from_str(&summary).unwrap_or_default(),
        });
    }
    sql.execute(
        "INSERT INTO load_job (id, dataset, source, mode, bytes, content, started, batches, summary) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &values![
            job.id, job.dataset, job.source, job.mode.word(), job.bytes, job.content, job.now, 0_i64, "{}"
        ],
    )?;
    Ok(JobState::default())
}

/// Remembers how far a load is.
pub(super) fn save(sql: &Sql, id: &str, state: &JobState) -> Result<(), Error> {
    let summary = serde_json::to_string(&state.summary).unwrap_or_default();
    sql.execute(
        "UPDATE load_job SET finished = $2, batches = $3, summary = $4 WHERE id = $1",
        &values![id, state.finished, state.batches, summary],
    )?;
    Ok(())
}

/// Forgets a load, so that it can be done again.
pub(super) fn forget(sql: &Sql, id: &str) -> Result<(), Error> {
    sql.execute("DELETE FROM load_job WHERE id = $1", &values![id])?;
    Ok(())
}

/// The newest loads, of one dataset or of all.
pub fn recent(sql: &Sql, dataset: Option<&str>, limit: usize) -> Result<Vec<Job>, Error> {
    let columns = "id, dataset, source, started, finished, batches, summary";
    let order = "ORDER BY started DESC, id LIMIT $1";
    let rows = match dataset {
        Some(dataset) => sql.query(
            &format!("SELECT {columns} FROM load_job WHERE dataset = $2 {order}"),
            &values![limit, dataset],
        ),
        None => sql.query(
            &format!("SELECT {columns} FROM load_job {order}"),
            &values![limit],
        ),
    }?;
    let job = |row: &crate::sql::Row| -> Result<Job, crate::Error> {
        let summary: String = row.get(6)?;
        Ok(Job {
            id: row.get(0)?,
            dataset: row.get(1)?,
            source: row.get(2)?,
            started: row.get(3)?,
            state: JobState {
                finished: row.get(4)?,
                batches: row.get(5)?,
                summary: serde_json::from_str(&summary).unwrap_or_default(),
            },
        })
    };
    rows.iter()
        .map(|row| job(row).map_err(Error::from))
        .collect()
}
