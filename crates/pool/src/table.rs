//! A dataset as the pool stores it: columns, key, subject, buckets.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field as Column, Schema, SchemaRef, TimeUnit};
use city::kinds::{Dataset, Field, FieldType};
use city::{City, ContentHash};

/// The number by which a table is known in keyed state. Given once, and never to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableId(pub u32);

/// Most records that one bucket of history should hold: what a refresh rewrites at once.
pub const BUCKET_RECORDS: u64 = 2_000_000;
/// Most buckets of one table.
pub const BUCKETS_MAX: u32 = 64;
/// Digits of decimals and money.
pub const DECIMAL_DIGITS: u8 = 18;

/// A dataset, ready for use.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its number in keyed state.
    pub id: TableId,
    /// The department that holds it.
    pub department: String,
    /// The dataset's id.
    pub dataset: String,
    /// The definition.
    pub definition: Arc<Dataset>,
    /// The hash of the definition's file: the version of the schema.
    pub version: ContentHash,
    /// One column for each field, in the definition's order, without system columns.
    pub columns: SchemaRef,
    /// The key's fields, as positions in `columns`.
    pub key: Vec<usize>,
    /// The subject's field, as a position in `columns`.
    pub subject: usize,
    /// In how many buckets, by hash of the subject, history is kept.
    pub buckets: u32,
}

impl Table {
    /// The table of `dataset`, whose fields and key must be right (`city` checks them).
    ///
    /// # Errors
    /// The name of a key or subject field that is none of the dataset's.
    pub fn new(
        id: TableId,
        department: &str,
        dataset: &Arc<Dataset>,
        version: ContentHash,
    ) -> Result<Self, String> {
        let place = |name: &String| {
            let place = dataset.fields.iter().position(|field| field.name == *name);
            place.ok_or_else(|| name.clone())
        };
        let key = dataset
            .key
            .iter()
            .map(place)
            .collect::<Result<Vec<_>, _>>()?;
        let subject = place(&dataset.subject_field)?;
        let column = |(at, field): (usize, &Field)| {
            let needed = field.required || key.contains(&at) || at == subject;
            Column::new(&field.name, data_type(field), !needed)
        };
        let columns: Vec<Column> = dataset.fields.iter().enumerate().map(column).collect();
        let buckets = dataset.expected_records.unwrap_or(0) / BUCKET_RECORDS + 1;
        Ok(Self {
            id,
            department: department.to_owned(),
            dataset: dataset.id.as_str().to_owned(),
            definition: Arc::clone(dataset),
            version,
            columns: Arc::new(Schema::new(columns)),
            key,
            subject,
            buckets: u32::try_from(buckets)
                .unwrap_or(BUCKETS_MAX)
                .min(BUCKETS_MAX),
        })
    }

    /// `department/dataset`, as it stands in addresses and in the ledger.
    pub fn name(&self) -> String {
        format!("{}/{}", self.department, self.dataset)
    }

    /// The field at a position of `columns`.
    pub fn field(&self, at: usize) -> Option<&Field> {
        self.definition.fields.get(at)
    }

    /// Whether the key begins with the subject, so that a key alone tells where a record lies.
    pub fn key_begins_with_subject(&self) -> bool {
        self.key.first() == Some(&self.subject)
    }
}

/// The type of a field's column.
pub fn data_type(field: &Field) -> DataType {
    match field.kind {
        FieldType::Text => DataType::Utf8,
        FieldType::Integer => DataType::Int64,
        FieldType::Decimal => {
            DataType::Decimal128(DECIMAL_DIGITS, field.scale.unwrap_or(0).cast_signed())
        }
        FieldType::Money => DataType::Decimal128(DECIMAL_DIGITS, 2),
        FieldType::Boolean => DataType::Boolean,
        FieldType::Date => DataType::Date32,
        FieldType::Datetime => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
    }
}

/// All tables of a city.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    by_dataset: BTreeMap<String, Arc<Table>>,
    by_id: BTreeMap<TableId, Arc<Table>>,
}

impl Tables {
    /// The tables of `city`; `number` gives each dataset (by id) its lasting number.
    ///
    /// # Errors
    /// As [`Table::new`], with the dataset's id before it, or what `number` says.
    pub fn of(
        city: &City,
        mut number: impl FnMut(&str) -> Result<TableId, String>,
    ) -> Result<Self, String> {
        let mut tables = Self::default();
        for definition in city.all::<Dataset>() {
            let department = definition.department.as_deref().unwrap_or_default();
            let dataset = Arc::new(definition.value.clone());
            let id = number(&definition.id)?;
            let table = Table::new(id, department, &dataset, definition.hash)
                .map_err(|field| format!("{}: no field `{field}`", definition.id))?;
            let table = Arc::new(table);
            tables.by_id.insert(table.id, Arc::clone(&table));
            tables.by_dataset.insert(definition.id.clone(), table);
        }
        Ok(tables)
    }

    /// The table of the dataset with this id, or `department/id`.
    pub fn get(&self, name: &str) -> Option<&Arc<Table>> {
        match name.split_once('/') {
            Some((department, dataset)) => self
                .by_dataset
                .get(dataset)
                .filter(|table| table.department == department),
            None => self.by_dataset.get(name),
        }
    }

    /// The table with this number.
    pub fn by_id(&self, id: TableId) -> Option<&Arc<Table>> {
        self.by_id.get(&id)
    }

    /// All of them, by dataset id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.by_dataset.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_dataset.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_dataset.is_empty()
    }
}
