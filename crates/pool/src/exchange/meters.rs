//! The meters of all agreements by name: they outlive a rebuild of the grants, and are written
//! down from time to time so that a restart does not give everybody a fresh day.

use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use super::meter::Meter;
use crate::error::Error;
use crate::sql::Sql;
use crate::values;

/// Calls a second of what is shared unconditionally, for each consumer and dataset.
pub(crate) const UNCONDITIONAL_PER_SECOND: u32 = 10_000;
/// Records a day of what is shared unconditionally, for each consumer and dataset.
pub(crate) const UNCONDITIONAL_PER_DAY: u64 = 100_000_000;

/// Meters by name.
#[derive(Debug, Default)]
pub struct Meters {
    by_name: RwLock<FxHashMap<Box<str>, Arc<Meter>>>,
}

impl Meters {
    /// The meter of an agreement, with these limits from now on.
    pub fn get(&self, agreement: &str, per_second: u32, per_day: u64) -> Arc<Meter> {
        if let Some(meter) = self
            .by_name
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(agreement)
        {
            meter.set(per_second, per_day);
            return Arc::clone(meter);
        }
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Meter::new(per_second, per_day));
        Arc::clone(by_name.entry(agreement.into()).or_insert_with(new))
    }

    /// The meter of what a consumer reads of a dataset that is shared unconditionally.
    pub fn unconditional(&self, consumer: &str, dataset: &str) -> Arc<Meter> {
        // Ids have no space in them, so this is no agreement's name.
        let name = format!("{consumer} {dataset}");
        self.get(&name, UNCONDITIONAL_PER_SECOND, UNCONDITIONAL_PER_DAY)
    }

    /// Writes down what is used of each.
    pub fn write_down(&self, sql: &Sql) -> Result<(), Error> {
        let used: Vec<(Box<str>, i64, u64)> = {
            let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
            let used = by_name.iter().map(|(name, meter)| {
                let (day, records) = meter.used();
                (name.clone(), day, records)
            });
            used.filter(|(_, _, records)| *records > 0).collect()
        };
        if used.is_empty() {
            return Ok(());
        }
        sql.transaction(|transaction| {
            for (name, day, records) in &used {
                transaction.execute(
                    "INSERT INTO exchange_meter (name, day, records) VALUES ($1, $2, $3)
                     ON CONFLICT (name) DO UPDATE SET day = excluded.day, records = excluded.records",
                    &values![&**name, *day, *records],
                )?;
            }
            Ok(())
        })
    }

    /// Puts back what was written down. Limits are set when the grants are compiled.
    pub fn restore(&self, sql: &Sql) -> Result<(), Error> {
        for row in sql.query("SELECT name, day, records FROM exchange_meter", &[])? {
            let (name, day, records): (String, i64, u64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            self.get(&name, 1, u64::MAX).restore(day, records);
        }
        Ok(())
    }
}
