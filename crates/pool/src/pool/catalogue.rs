//! The tables in force with their codecs, and their lasting numbers.

use std::sync::Arc;

use city::{City, ContentHash};
use rustc_hash::FxHashMap;

use crate::codec::{Layout, TableCodec};
use crate::error::Error;
use crate::sql::{Sql, Transaction};
use crate::table::{Table, TableId, Tables};
use crate::values;

/// How many records a table has.
pub(crate) type Count<'a> = dyn Fn(TableId) -> Result<u64, Error> + 'a;

/// The tables in force.
#[derive(Debug)]
pub(crate) struct Catalogue {
    pub(crate) tables: Arc<Tables>,
    codecs: FxHashMap<TableId, Arc<TableCodec>>,
}

impl Catalogue {
    /// Takes the city's datasets into force: gives new ones numbers, notes new versions.
    /// `count` tells how many records a table has.
    pub(crate) fn of(city: &City, meta: &Sql, count: &Count<'_>) -> Result<Self, Error> {
        let tables = meta.transaction(|tx| {
            let number =
                |dataset: &str| number(tx, dataset).map_err(|error| format!("{dataset}: {error}"));
            Tables::of(city, number).map_err(Error::Definitions)
        })?;
        let mut codecs = FxHashMap::default();
        let mut known = layouts(meta)?;
        for table in tables.iter() {
            let layouts = known.remove(&table.id).unwrap_or_default();
            codecs.insert(table.id, Arc::new(codec(table, layouts, meta, count)?));
        }
        Ok(Self {
            tables: Arc::new(tables),
            codecs,
        })
    }

    /// The codec of a table.
    pub(crate) fn codec(&self, id: TableId) -> Option<Arc<TableCodec>> {
        self.codecs.get(&id).map(Arc::clone)
    }
}

fn number(tx: &mut Transaction<'_>, dataset: &str) -> Result<TableId, Error> {
    let found = tx.query(
        "SELECT id FROM dataset_table WHERE dataset = $1",
        &values![dataset],
    )?;
    if let Some(row) = found.first() {
        return Ok(TableId(row.get(0)?));
    }
    let next = tx.query("SELECT COALESCE(max(id), 0) + 1 FROM dataset_table", &[])?;
    let id: u32 = next.first().map_or(Ok(1), |row| row.get(0))?;
    tx.execute(
        "INSERT INTO dataset_table (id, dataset) VALUES ($1, $2)",
        &values![id, dataset],
    )?;
    Ok(TableId(id))
}

fn layouts(meta: &Sql) -> Result<FxHashMap<TableId, Vec<Arc<Layout>>>, Error> {
    let mut layouts: FxHashMap<TableId, Vec<Arc<Layout>>> = FxHashMap::default();
    for row in meta.query(
        "SELECT tab, number, hash, fields FROM dataset_layout ORDER BY tab, number",
        &[],
    )? {
        let hash: Vec<u8> = row.get(2)?;
        let hash = <[u8; 32]>::try_from(hash)
            .map_err(|_other| Error::garbled("a layout", "its hash has not 32 bytes"))?;
        let fields = serde_json::from_str(&row.get::<String>(3)?)
            .map_err(|fault| Error::garbled("a layout", fault))?;
        let layout = Layout {
            number: row.get(1)?,
            hash: ContentHash::from_bytes(hash),
            fields,
        };
        layouts
            .entry(TableId(row.get(0)?))
            .or_default()
            .push(Arc::new(layout));
    }
    Ok(layouts)
}

fn codec(
    table: &Arc<Table>,
    mut layouts: Vec<Arc<Layout>>,
    meta: &Sql,
    count: &Count<'_>,
) -> Result<TableCodec, Error> {
    let found = layouts
        .iter()
        .find(|layout| layout.hash == table.version)
        .map(Arc::clone);
    if let Some(current) = found {
        return Ok(TableCodec::new(Arc::clone(table), &layouts, current));
    }
    let fields = TableCodec::fields(table);
    let changed = layouts
        .iter()
        .find_map(|layout| layout.fields.identity_changed(&fields));
    let has_records = |_: &String| count(table.id).map_or(true, |records| records > 0);
    if let Some(changed) = changed.filter(has_records) {
        let name = table.name();
        return Err(Error::Definitions(format!(
            "{name} has records, and {changed}: make a new dataset, and move the records to it"
        )));
    }
    let number = layouts.last().map_or(1, |layout| layout.number + 1);
    let text = serde_json::to_string(&fields).map_err(|fault| Error::garbled("a layout", fault))?;
    let hash = table.version;
    meta.execute(
        "INSERT INTO dataset_layout (tab, number, hash, fields) VALUES ($1, $2, $3, $4)",
        &values![table.id.0, number, hash.as_bytes().as_slice(), text],
    )?;
    let current = Arc::new(Layout {
        number,
        hash,
        fields,
    });
    layouts.push(Arc::clone(&current));
    Ok(TableCodec::new(Arc::clone(table), &layouts, current))
}
