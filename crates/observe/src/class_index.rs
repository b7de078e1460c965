//! The 0–10 index of DB11/T 785-2011 (Beijing) and its kin (Tianjin DB12/T 1237, Guangzhou
//! DB4401/T 57), as far as it is published.
//!
//! Published: a link is congested below a speed by road class; the congested share of kilometres of
//! each class is weighted by the class's share of vehicle-kilometres (annex B); the weighted share
//! becomes an index of 0–10 by a conversion table (annex C). The annexes' numbers stand in the
//! standards, which are for sale, so none are built in: a city that has them puts them in a file.

use std::collections::BTreeMap;
use std::path::Path;

use roads::model::RoadClass;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Most rows of a conversion table.
const ROWS_MAX: usize = 1000;

/// A conversion table with its thresholds, as the file has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassTable {
    /// Which standard or study the numbers are from; printed with the index.
    pub source: String,
    /// Speed below which a link of a class is congested, km/h.
    pub severe_below_kmh: BTreeMap<RoadClass, f64>,
    /// The same for all other classes, km/h.
    pub severe_below_kmh_else: f64,
    /// Share of vehicle-kilometres by class; without it, what is observed.
    #[serde(default)]
    pub vkt_share: BTreeMap<RoadClass, f64>,
    /// Pairs of congested share (0 to 1) and index (0 to 10), ascending; linear in between.
    pub conversion: Vec<[f64; 2]>,
}

impl ClassTable {
    /// Reads a table from JSON.
    ///
    /// # Errors
    /// When it is no such table, with the place.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, Error> {
        let table: Self = serde_json::from_slice(bytes)
            .map_err(|error| Error::file(path, format!("is no class table: {error}")))?;
        let rows = &table.conversion;
        if !(2..=ROWS_MAX).contains(&rows.len()) {
            let found = rows.len();
            return Err(Error::file(
                path,
                format!("conversion has {found} rows; it needs 2 to {ROWS_MAX}"),
            ));
        }
        for (number, pair) in rows.windows(2).enumerate() {
            let ascends = pair[0][0] < pair[1][0] && pair[0][1] <= pair[1][1];
            if !ascends {
                let row = number + 2;
                return Err(Error::file(
                    path,
                    format!(
                        "conversion row {row} does not ascend: {:?} after {:?}",
                        pair[1], pair[0]
                    ),
                ));
            }
        }
        let mut speeds: Vec<f64> = table.severe_below_kmh.values().copied().collect();
        speeds.push(table.severe_below_kmh_else);
        if let Some(wrong) = speeds.iter().find(|v| !(v.is_finite() && **v > 0.0)) {
            return Err(Error::file(
                path,
                format!("a speed limit of congestion is {wrong}; it must be greater than zero"),
            ));
        }
        if let Some(wrong) = table.vkt_share.values().find(|s| !(0.0..=1.0).contains(*s)) {
            return Err(Error::file(
                path,
                format!("a vkt_share is {wrong}; it must be from 0 to 1"),
            ));
        }
        Ok(table)
    }

    /// Speed below which a link is congested, m/s.
    pub(crate) fn severe_below(&self, class: RoadClass) -> f64 {
        let kmh = self.severe_below_kmh.get(&class);
        kmh.copied().unwrap_or(self.severe_below_kmh_else) / 3.6
    }

    /// The index, from kilometres, congested kilometres and vehicle-kilometres by class.
    pub(crate) fn index(&self, shares: &BTreeMap<RoadClass, (f64, f64, f64)>) -> f64 {
        let (mut sum, mut weights) = (0.0, 0.0);
        for (class, &(km, congested, vkt)) in shares {
            let weight = if self.vkt_share.is_empty() {
                vkt
            } else {
                self.vkt_share.get(class).copied().unwrap_or(0.0)
            };
            if km > 0.0 {
                sum += weight * congested / km;
                weights += weight;
            }
        }
        self.convert(if weights > 0.0 { sum / weights } else { 0.0 })
    }

    fn convert(&self, share: f64) -> f64 {
        let rows = &self.conversion;
        let Some(after) = rows.iter().position(|row| row[0] >= share) else {
            return rows.last().map_or(0.0, |row| row[1]);
        };
        let Some(before) = after.checked_sub(1) else {
            return rows[0][1];
        };
        let ([x0, y0], [x1, y1]) = (rows[before], rows[after]);
        y0 + (y1 - y0) * (share - x0) / (x1 - x0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"{"source": "made up for this test",
        "severe_below_kmh": {"trunk": 20}, "severe_below_kmh_else": 10,
        "conversion": [[0, 0], [0.1, 4], [0.3, 10]]}"#;

    #[test]
    fn shares_are_weighted_by_class_and_converted_in_a_straight_line() {
        let table = ClassTable::parse(TABLE.as_bytes(), Path::new("t.json")).unwrap();
        let mut shares = BTreeMap::new();
        shares.insert(RoadClass::Trunk, (10.0, 4.0, 300.0)); // 40 % congested
        shares.insert(RoadClass::Primary, (10.0, 0.0, 700.0));
        // 0.3 · 0.4 = 12 %: a tenth of the way from 4 to 10.
        assert!((table.index(&shares) - 4.6).abs() < 1e-9);
        assert!((table.convert(0.9) - 10.0).abs() < 1e-12);
        assert!((table.severe_below(RoadClass::Trunk) - 20.0 / 3.6).abs() < 1e-12);
    }

    #[test]
    fn a_wrong_table_is_refused_with_its_place() {
        let wrong = |from: &str, to: &str| {
            let text = TABLE.replace(from, to);
            ClassTable::parse(text.as_bytes(), Path::new("t.json"))
                .unwrap_err()
                .to_string()
        };
        assert!(wrong("[0.1, 4]", "[0.4, 4]").contains("row 3"));
        assert!(wrong("[[0, 0], [0.1, 4], [0.3, 10]]", "[]").contains("0 rows"));
        assert!(wrong("source", "sauce").contains("t.json"));
        assert!(wrong("_else\": 10", "_else\": -1").contains("-1"));
    }
}
