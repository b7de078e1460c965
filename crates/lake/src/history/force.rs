//! The records in force as history's files have them, file by file, for whoever makes keyed state
//! anew out of them.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::TimestampMicrosecondType;

use super::held::{Held, View};
use super::place::Place;
use super::stored_schema;
use crate::error::Error;

/// A table's records in force as of an entry of the outbox.
#[derive(Debug)]
pub struct InForce {
    place: Place,
    held: Arc<Held>,
    view: Arc<View>,
}

impl InForce {
    pub(crate) fn new(place: Place, held: Arc<Held>) -> Self {
        let view = held.view();
        Self { place, held, view }
    }

    /// Up to which entry of the outbox they are.
    pub fn taken(&self) -> u64 {
        self.view.taken
    }

    /// How many there are.
    pub fn records(&self) -> u64 {
        let current = self.view.files.iter().filter(|file| file.current);
        current.map(|file| file.rows).sum()
    }

    /// Hands them to `each`: the table's columns, and since when each is in force.
    pub async fn read(
        &self,
        mut each: impl FnMut(&RecordBatch, &TimestampMicrosecondArray) -> Result<(), pool::Error>,
    ) -> Result<(), Error> {
        let table = &self.held.table;
        let schema = stored_schema(table);
        for file in self.view.files.iter().filter(|file| file.current) {
            for batch in file.read(&self.place, table, &schema).await? {
                let columns: Vec<usize> = (0..table.columns.fields().len()).collect();
                let from = batch
                    .column(columns.len())
                    .as_primitive::<TimestampMicrosecondType>();
                let own = batch.project(&columns);
                let own = own.map_err(|error| Error::table(table, "read a file", error))?;
                each(&own, from)?;
            }
        }
        Ok(())
    }
}
