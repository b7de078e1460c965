//! Every dataset of a city, made record by record out of its population.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Field as Column, Schema, SchemaRef, TimeUnit};
use city::kinds::{Dataset, Field, FieldType};
use city::{City, ContentHash};

use crate::chance::{Topic, hash};
use crate::datasets::{CORES, Core};
use crate::error::Error;
use crate::fill::{Filler, extra};
use crate::population::Population;
use crate::sheet::Sheet;

/// Records of one part of a dataset, roughly: a part is made on one thread, into one file.
const PART_RECORDS: u64 = 4_000_000;
/// Records of one batch, roughly.
const BATCH_RECORDS: u32 = 32_768;
/// Digits of decimals and money, as the pool has them.
const DECIMAL_DIGITS: u8 = 18;
/// What marks schemas and files that come from here.
pub const MARK: (&str, &str) = (
    "demonstration",
    "made up by citybrain: no person, enterprise or record in it is real",
);

/// Makes the records of a city's datasets.
#[derive(Debug)]
pub struct Generator {
    population: Arc<Population>,
    sources: Vec<Source>,
}

/// A dataset that can be made.
#[derive(Debug)]
pub struct Source {
    department: String,
    dataset: String,
    version: ContentHash,
    definition: Arc<Dataset>,
    schema: SchemaRef,
    origin: Origin,
    /// How many there are of what it is made from, and how many of them a part has.
    count: u64,
    per_part: u64,
    per_batch: u64,
}

#[derive(Debug)]
enum Origin {
    Core {
        core: Core,
        types: Vec<Option<DataType>>,
        columns: Vec<From>,
    },
    Filler(Box<Filler>),
}

/// Where a column of a core dataset comes from.
#[derive(Clone, Copy, Debug)]
enum From {
    /// This column of the sheet.
    Sheet(usize),
    /// It is filled.
    Nothing,
}

impl Source {
    /// The department that holds the dataset.
    pub fn department(&self) -> &str {
        &self.department
    }

    /// The dataset's id.
    pub fn dataset(&self) -> &str {
        &self.dataset
    }

    /// The hash of the dataset's definition.
    pub fn version(&self) -> ContentHash {
        self.version
    }

    /// The dataset's definition.
    pub fn definition(&self) -> &Arc<Dataset> {
        &self.definition
    }

    /// The columns, as the pool has them, marked as made up.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Whether the records follow from the population, and are not only filled in.
    pub fn is_core(&self) -> bool {
        matches!(self.origin, Origin::Core { .. })
    }

    /// In how many parts it is made.
    pub fn parts(&self) -> u32 {
        self.count.div_ceil(self.per_part).max(1) as u32
    }

    /// Roughly how many records a part has: for progress and order of work.
    pub fn part_records(&self) -> u64 {
        let each = match &self.origin {
            Origin::Core { core, .. } => u64::from(core.each),
            Origin::Filler(filler) => filler.size().each,
        };
        self.per_part.min(self.count) * each
    }
}

impl Generator {
    /// A generator of every dataset of `city`.
    pub fn new(city: &City, population: Arc<Population>) -> Result<Self, Error> {
        let core_of = |id: &str| CORES.iter().find(|core| core.dataset == id);
        let mut fillers: BTreeMap<String, Filler> =
            Filler::all(city, &population, |id| core_of(id).is_none())?;
        let mut sources = Vec::new();
        for definition in city.all::<Dataset>() {
            let dataset = &definition.value;
            let schema = schema(dataset);
            let core = core_of(&definition.id);
            let filler = fillers.remove(&definition.id);
            let (origin, count, each) = match (core, filler) {
                (Some(core), _) => {
                    let (types, columns) = layout(core, dataset, &schema);
                    let count = u64::from(core.over.count(&population));
                    (
                        Origin::Core {
                            core: *core,
                            types,
                            columns,
                        },
                        count,
                        u64::from(core.each),
                    )
                }
                (None, Some(filler)) => {
                    let size = filler.size();
                    (Origin::Filler(Box::new(filler)), size.subjects, size.each)
                }
                (None, None) => continue,
            };
            sources.push(Source {
                department: definition.department.clone().unwrap_or_default(),
                dataset: definition.id.clone(),
                version: definition.hash,
                definition: Arc::new(dataset.clone()),
                schema,
                origin,
                count,
                per_part: (PART_RECORDS / each.max(1)).max(1),
                per_batch: (u64::from(BATCH_RECORDS) / each.max(1)).max(1),
            });
        }
        Ok(Self {
            population,
            sources,
        })
    }

    /// The population.
    pub fn population(&self) -> &Arc<Population> {
        &self.population
    }

    /// What can be made, by dataset id.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// What makes the dataset `name`, which may have its department and `/` before it.
    pub fn source(&self, name: &str) -> Result<&Source, Error> {
        let (department, dataset) = match name.split_once('/') {
            Some((department, dataset)) => (Some(department), dataset),
            None => (None, name),
        };
        let is = |source: &&Source| {
            source.dataset == dataset && department.is_none_or(|one| one == source.department)
        };
        let found = self.sources.iter().find(is);
        found.ok_or_else(|| Error::Dataset {
            name: name.to_owned(),
        })
    }

    /// The records of one part of a dataset, in batches: by subject, then key.
    pub fn batches<'a>(
        &'a self,
        source: &'a Source,
        part: u32,
    ) -> impl Iterator<Item = Result<RecordBatch, Error>> + use<'a> {
        let first = u64::from(part) * source.per_part;
        let end = (first + source.per_part).min(source.count);
        let step = source.per_batch;
        (first..end)
            .step_by(step.max(1) as usize)
            .map(move |from| self.batch(source, from..(from + step).min(end)))
    }

    fn batch(&self, source: &Source, range: Range<u64>) -> Result<RecordBatch, Error> {
        let wrong = |(at, made): (usize, &str)| {
            let column = source.schema.fields().get(at);
            Error::Field {
                dataset: source.dataset.clone(),
                field: column
                    .map_or_else(|| format!("number {at}"), |column| column.name().clone()),
                defined: column.map_or_else(String::new, |column| column.data_type().to_string()),
                made: made.to_owned(),
            }
        };
        let columns: Vec<ArrayRef> = match &source.origin {
            Origin::Core {
                core,
                types,
                columns,
            } => {
                let mut sheet = Sheet::new(types, BATCH_RECORDS as usize);
                let start = range.start;
                for at in range {
                    (core.rows)(&self.population, at as u32, &mut sheet);
                }
                let rows = sheet.rows();
                let cells = sheet.finish().map_err(|(at, made)| {
                    let name = core.fields.split(' ').nth(at).unwrap_or_default();
                    let at = source.schema.index_of(name).unwrap_or(at);
                    wrong((at, made))
                })?;
                let column = |(at, from): (usize, &From)| match from {
                    From::Sheet(place) => cells.get(*place).cloned().flatten(),
                    From::Nothing => self.extra(source, at, rows, start),
                };
                columns.iter().enumerate().filter_map(column).collect()
            }
            Origin::Filler(filler) => {
                let types: Vec<Option<DataType>> = source
                    .schema
                    .fields()
                    .iter()
                    .map(|column| Some(column.data_type().clone()))
                    .collect();
                let mut sheet = Sheet::new(&types, BATCH_RECORDS as usize);
                for at in range {
                    filler.rows(&self.population, at, &mut sheet);
                }
                sheet
                    .finish()
                    .map_err(wrong)?
                    .into_iter()
                    .flatten()
                    .collect()
            }
        };
        RecordBatch::try_new(Arc::clone(&source.schema), columns).map_err(|error| Error::Arrow {
            dataset: source.dataset.clone(),
            source: error,
        })
    }

    /// A column of a core dataset that the population knows nothing of.
    fn extra(&self, source: &Source, at: usize, rows: usize, start: u64) -> Option<ArrayRef> {
        let field = source.definition.fields.get(at)?;
        let stream = hash(&source.dataset) ^ hash(&field.name) ^ start;
        let mut chance = self.population.chance(Topic::Fill, stream);
        let mut sheet = Sheet::new(&[Some(data_type(field))], rows);
        for _ in 0..rows {
            extra(field, &mut chance, &mut sheet);
            sheet.end();
        }
        sheet.finish().ok()?.pop().flatten()
    }
}

/// Which of a core dataset's columns come from where.
fn layout(core: &Core, dataset: &Dataset, schema: &Schema) -> (Vec<Option<DataType>>, Vec<From>) {
    let names: Vec<&str> = core.fields.split(' ').collect();
    let kind = |name: &&str| {
        let column = schema.column_with_name(name);
        column.map(|(_, column)| column.data_type().clone())
    };
    let from = |field: &Field| {
        let place = names.iter().position(|name| *name == field.name);
        place.map_or(From::Nothing, From::Sheet)
    };
    (
        names.iter().map(kind).collect(),
        dataset.fields.iter().map(from).collect(),
    )
}

/// The columns of a dataset, as the pool has them.
fn schema(dataset: &Dataset) -> SchemaRef {
    let needed = |field: &Field| {
        field.required || dataset.key.contains(&field.name) || field.name == dataset.subject_field
    };
    let column = |field: &Field| Column::new(&field.name, data_type(field), !needed(field));
    let columns: Vec<Column> = dataset.fields.iter().map(column).collect();
    let mark = [(MARK.0.to_owned(), MARK.1.to_owned())];
    Arc::new(Schema::new(columns).with_metadata(mark.into()))
}

/// The type of a field's column: that of `pool::table::data_type`, which a crate of this layer
/// cannot see.
fn data_type(field: &Field) -> DataType {
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
