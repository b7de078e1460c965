//! Where a dataset's records come from and where they go: its loads, the datasets that it refers to
//! and that refer to it, and the departments that read it.

use pool::Table;
use pool::ingest::Job;
use pool::quality::Quality;

use super::dataset::User;
use super::frame::{Frame, grouped};
use super::words;

/// Loads that are shown.
const LOADS: usize = 10;

/// A load of records.
pub(super) struct Load {
    pub(super) at: String,
    pub(super) source: String,
    pub(super) records: String,
}

/// A dataset with the field that makes the reference.
pub(super) struct Referred {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) field: String,
}

/// Where records come from, and where they go.
pub(super) struct Lineage {
    /// The newest loads, the latest first.
    pub(super) loads: Vec<Load>,
    /// The datasets whose keys stand in this one.
    pub(super) refers_to: Vec<Referred>,
    /// The datasets in which keys of this one stand.
    pub(super) referred_by: Vec<Referred>,
    /// The departments that have an agreement about it.
    pub(super) consumers: Vec<String>,
}

pub(super) fn lineage(
    frame: &Frame,
    tables: &pool::Tables,
    table: &Table,
    history: &[Quality],
    jobs: &[Job],
    users: &[User],
) -> Lineage {
    let mut consumers: Vec<String> = users.iter().map(|user| user.consumer.clone()).collect();
    consumers.sort_unstable();
    consumers.dedup();
    Lineage {
        loads: history
            .iter()
            .take(LOADS)
            .map(|quality| load(quality, jobs))
            .collect(),
        refers_to: refers_to(frame, table),
        referred_by: referred_by(frame, tables, &table.dataset),
        consumers,
    }
}

fn load(quality: &Quality, jobs: &[Job]) -> Load {
    let job = jobs.iter().find(|job| job.id == quality.load);
    Load {
        at: words::moment(quality.at),
        // Where the server keeps its files is nobody's business.
        source: job
            .map_or(&quality.load, |job| &job.source)
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned(),
        records: grouped(quality.records),
    }
}

/// The datasets with fields whose values are keys of this one.
fn referred_by(frame: &Frame, tables: &pool::Tables, id: &str) -> Vec<Referred> {
    let each = tables.iter().flat_map(|table| {
        let to_it = table.definition.fields.iter().filter(|field| {
            field
                .references
                .as_ref()
                .is_some_and(|reference| reference.dataset.id() == id)
        });
        let name = |field: &city::kinds::Field| Referred {
            id: table.dataset.clone(),
            title: frame.text(&table.definition.title),
            field: field.name.clone(),
        };
        to_it.map(name).collect::<Vec<_>>()
    });
    each.collect()
}

fn refers_to(frame: &Frame, table: &Table) -> Vec<Referred> {
    let referred = |field: &city::kinds::Field| {
        let reference = field.references.as_ref()?;
        let id = reference.dataset.id();
        Some(Referred {
            id: id.to_owned(),
            title: frame.dataset(id),
            field: field.name.clone(),
        })
    };
    table
        .definition
        .fields
        .iter()
        .filter_map(referred)
        .collect()
}
