//! What may be read, compiled from the agreements in force.
//!
//! Grants are sliced by dataset and consumer: a call looks at the handful between its two
//! departments, however many agreements the city has. Everything else is refused (default deny),
//! but for a department's own records and for what a department shares unconditionally.

use std::fmt::Write as _;
use std::sync::Arc;

use city::kinds::{Agreement, Department, Sensitivity, Share, Use};
use city::{City, ContentHash};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rustc_hash::FxHashMap;

use super::denial::{Denial, Lack, Missing, nearest};
use super::fields::FieldSet;
use super::meter::Meter;
use super::meters::Meters;
use super::rows::Rows;
use crate::clock::Moment;
use crate::table::{Table, TableId, Tables};

/// An agreement in force, as it was approved.
#[derive(Clone, Debug)]
pub struct InForce {
    /// The definition that was signed.
    pub agreement: Agreement,
    /// The department that lets read.
    pub provider: String,
    /// The hash of the definition's file.
    pub version: ContentText,
}

/// A content hash as text, as agreements are pinned to it.
pub type ContentText = Arc<str>;

/// An agreement, compiled.
#[derive(Debug)]
pub struct Grant {
    /// The agreement's id.
    pub agreement: Arc<str>,
    /// The hash of the definition that was approved.
    pub version: ContentText,
    /// Which fields it names.
    pub fields: FieldSet,
    /// Which records; all, if it does not say.
    pub rows: Option<Rows>,
    /// What is used of its rate.
    pub meter: Arc<Meter>,
    rows_fault: Option<String>,
    purposes: Vec<Box<str>>,
    uses: Vec<Use>,
    term: Term,
}

/// From the beginning of the first day to the end of the last, by the city's clock.
#[derive(Clone, Copy, Debug)]
struct Term {
    first: Date,
    last: Date,
    from: Moment,
    until: Moment,
}

/// What somebody asks to be allowed.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The department that asks.
    pub consumer: &'a str,
    /// In which way.
    pub usage: Use,
    /// For what.
    pub purpose: &'a str,
    /// Which fields; those that are granted, if it does not say.
    pub fields: Option<&'a FieldSet>,
    /// When.
    pub now: Moment,
}

/// What is allowed, and on which ground.
#[derive(Clone, Debug)]
pub struct Granted {
    /// The ground.
    pub basis: Basis,
    /// The fields that may be disclosed: those asked for, if some were.
    pub fields: FieldSet,
}

/// On which ground something may be read.
#[derive(Clone, Debug)]
pub enum Basis {
    /// The department's own records.
    Own,
    /// The provider shares it unconditionally.
    Unconditional(Arc<Meter>),
    /// An agreement.
    Agreement(Arc<Grant>),
    /// A question of the bureau itself, which sees identifiers as tokens.
    Bureau,
}

impl Basis {
    /// The agreement's id, or the word for why none is needed: `own`, `unconditional`.
    pub fn name(&self) -> &str {
        match self {
            Self::Own => "own",
            Self::Unconditional(_) => "unconditional",
            Self::Agreement(grant) => &grant.agreement,
            Self::Bureau => "bureau",
        }
    }

    /// The hash of the agreement's definition, if it is one.
    pub fn version(&self) -> Option<&str> {
        match self {
            Self::Agreement(grant) => Some(&grant.version),
            _ => None,
        }
    }

    /// Which records; all, if it does not say.
    pub fn rows(&self) -> Option<&Rows> {
        match self {
            Self::Agreement(grant) => grant.rows.as_ref(),
            _ => None,
        }
    }

    /// What is used of its rate, if it has one.
    pub fn meter(&self) -> Option<&Meter> {
        match self {
            Self::Own | Self::Bureau => None,
            Self::Unconditional(meter) => Some(meter),
            Self::Agreement(grant) => Some(&grant.meter),
        }
    }
}

/// A dataset as the exchange offers it.
#[derive(Debug)]
pub struct Offer {
    /// Its table.
    pub table: Arc<Table>,
    /// Whether it is shared.
    pub share: Share,
    /// The fields that an unconditional share gives.
    pub open: FieldSet,
    /// All of its fields.
    pub all: FieldSet,
    /// Whom to ask for an agreement.
    pub contact: Option<String>,
    /// Whether that address is invented.
    pub contact_fictitious: bool,
    /// `department/dataset`
    pub name: Arc<str>,
    /// The dataset's part of each answer, ready made.
    pub(crate) head: String,
    /// `"name":` of each field, ready made.
    pub(crate) names: Vec<String>,
    consumers: FxHashMap<Arc<str>, Vec<Arc<Grant>>>,
    meters: Arc<Meters>,
}

/// All that the exchange offers.
#[derive(Debug, Default)]
pub struct Grants {
    offers: FxHashMap<TableId, Arc<Offer>>,
    count: usize,
}

impl Grants {
    /// Compiles the agreements in force. What cannot be used grants nothing, and is logged.
    pub fn compile(
        city: &City,
        tables: &Tables,
        in_force: &[InForce],
        meters: &Arc<Meters>,
    ) -> Self {
        let zone = time_zone(city);
        let mut offers: FxHashMap<TableId, Offer> = tables
            .iter()
            .map(|table| (table.id, Offer::of(city, table, meters)))
            .collect();
        let mut count = 0;
        for agreement in in_force {
            let table = tables.get(agreement.agreement.dataset.id());
            let offer = table.and_then(|table| offers.get_mut(&table.id));
            let Some(offer) = offer.filter(|offer| *offer.table.department == *agreement.provider)
            else {
                tracing::warn!(agreement = %agreement.agreement.id, "its dataset is none of the provider's; it grants nothing");
                continue;
            };
            let Some(grant) = Grant::of(agreement, &offer.table, &zone, meters) else {
                tracing::warn!(agreement = %agreement.agreement.id, "its term has no beginning or end; it grants nothing");
                continue;
            };
            let consumer = Arc::from(agreement.agreement.consumer.id());
            offer
                .consumers
                .entry(consumer)
                .or_default()
                .push(Arc::new(grant));
            count += 1;
        }
        let offers = offers
            .into_iter()
            .map(|(id, offer)| (id, Arc::new(offer)))
            .collect();
        Self { offers, count }
    }

    /// What is offered of a table.
    pub fn offer(&self, table: TableId) -> Option<&Arc<Offer>> {
        self.offers.get(&table)
    }

    /// All offers, in no order.
    pub fn offers(&self) -> impl Iterator<Item = &Arc<Offer>> {
        self.offers.values()
    }

    /// How many agreements grant something.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// The zone by whose clock terms and days begin; UTC for a city that does not say.
pub(crate) fn time_zone(city: &City) -> TimeZone {
    let name = city
        .settings()
        .map(|settings| settings.value.time_zone.as_str());
    name.and_then(|name| TimeZone::get(name).ok())
        .unwrap_or(TimeZone::UTC)
}

impl Grant {
    fn of(agreement: &InForce, table: &Table, zone: &TimeZone, meters: &Meters) -> Option<Self> {
        let definition = &agreement.agreement;
        let term = Term::of(definition.from, definition.until, zone)?;
        let place = |name: &String| table.columns.index_of(name).ok();
        let compiled = definition
            .rows
            .as_deref()
            .map(|text| Rows::compile(text, table));
        let (rows, rows_fault) = match compiled {
            None => (None, None),
            Some(Ok(rows)) => (Some(rows), None),
            Some(Err(fault)) => (None, Some(fault)),
        };
        let id = definition.id.as_str();
        let rate = definition.rate;
        Some(Self {
            agreement: Arc::from(id),
            version: Arc::clone(&agreement.version),
            fields: definition.fields.iter().filter_map(place).collect(),
            rows,
            rows_fault,
            meter: meters.get(id, rate.per_second, rate.per_day),
            purposes: definition
                .purposes
                .iter()
                .map(|purpose| purpose.as_str().into())
                .collect(),
            uses: definition.uses.clone(),
            term,
        })
    }

    /// The first moment after its term.
    pub fn until(&self) -> Moment {
        self.term.until
    }

    /// What keeps it from covering what is asked.
    fn lacks(&self, ask: &Ask<'_>, offer: &Offer) -> Vec<Lack> {
        let mut lacks = Vec::new();
        if ask.now < self.term.from {
            lacks.push(Lack::NotYet(self.term.first.to_string()));
        }
        if ask.now >= self.term.until {
            lacks.push(Lack::Ended(self.term.last.to_string()));
        }
        if !self.uses.contains(&ask.usage) {
            lacks.push(Lack::Use);
        }
        if !self
            .purposes
            .iter()
            .any(|purpose| **purpose == *ask.purpose)
        {
            lacks.push(Lack::Purpose);
        }
        if let Some(fields) = ask.fields.filter(|fields| !fields.within(&self.fields)) {
            lacks.push(Lack::Fields(offer.names_of(&fields.without(&self.fields))));
        }
        if let Some(fault) = &self.rows_fault {
            lacks.push(Lack::Rows(fault.clone()));
        }
        lacks
    }

    /// Whether it covers what is asked; the same as lacking nothing, without making a list.
    fn covers(&self, ask: &Ask<'_>) -> bool {
        ask.now >= self.term.from
            && ask.now < self.term.until
            && self.rows_fault.is_none()
            && self.uses.contains(&ask.usage)
            && ask.fields.is_none_or(|fields| fields.within(&self.fields))
            && self
                .purposes
                .iter()
                .any(|purpose| **purpose == *ask.purpose)
    }
}

impl Term {
    fn of(first: Date, last: Date, zone: &TimeZone) -> Option<Self> {
        let midnight = |day: Date| {
            let start = day.to_zoned(zone.clone()).ok()?;
            Some(Moment(start.timestamp().as_microsecond()))
        };
        Some(Self {
            first,
            last,
            from: midnight(first)?,
            until: midnight(last.tomorrow().ok()?)?,
        })
    }
}

impl Offer {
    fn of(city: &City, table: &Arc<Table>, meters: &Arc<Meters>) -> Self {
        let fields = &table.definition.fields;
        let contact = city
            .get::<Department>(&table.department)
            .map(|department| &department.value.contact);
        let open = |(at, field): (usize, &city::kinds::Field)| {
            (field.sensitivity <= Sensitivity::Internal).then_some(at)
        };
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut head = String::new();
        // Writing to a String cannot fail.
        let _ = write!(
            head,
            r#""dataset":{},"department":{},"version":"{}""#,
            quoted(&table.dataset),
            quoted(&table.department),
            table.version
        );
        Self {
            share: table.definition.share,
            open: fields.iter().enumerate().filter_map(open).collect(),
            all: (0..fields.len()).collect(),
            contact: contact.map(|contact| contact.email.clone()),
            contact_fictitious: contact.is_some_and(|contact| contact.fictitious),
            name: Arc::from(table.name()),
            head,
            names: fields
                .iter()
                .map(|field| quoted(&field.name) + ":")
                .collect(),
            consumers: FxHashMap::default(),
            meters: Arc::clone(meters),
            table: Arc::clone(table),
        }
    }

    /// Whether, on which ground and with which fields it may be read as asked.
    ///
    /// # Errors
    /// [`Denial::Agreement`], with what is missing and whom to ask.
    pub fn authorise(&self, ask: &Ask<'_>) -> Result<Granted, Denial> {
        if *self.table.department == *ask.consumer {
            return Ok(Granted {
                basis: Basis::Own,
                fields: ask.fields.copied().unwrap_or(self.all),
            });
        }
        if self.share == Share::NotShared {
            return Err(self.missing(ask, None, vec![Lack::NotShared]));
        }
        let grants = self
            .consumers
            .get(ask.consumer)
            .map_or(&[][..], Vec::as_slice);
        // Of several that cover the call, the one that gives most; the first of equals.
        let best = grants
            .iter()
            .filter(|grant| grant.covers(ask))
            .min_by_key(|grant| std::cmp::Reverse(grant.fields.len()));
        if let Some(grant) = best {
            let fields = ask.fields.copied().unwrap_or(grant.fields);
            return Ok(Granted {
                basis: Basis::Agreement(Arc::clone(grant)),
                fields,
            });
        }
        if self.share == Share::Unconditional
            && ask.usage != Use::Bulk
            && ask.fields.is_none_or(|fields| fields.within(&self.open))
        {
            let fields = ask.fields.copied().unwrap_or(self.open);
            return Ok(Granted {
                basis: self.open_to(ask.consumer),
                fields,
            });
        }
        let lacks = grants.iter().map(|grant| (grant, grant.lacks(ask, self)));
        match lacks.min_by_key(|(_, lacks)| lacks.len()) {
            Some((grant, lacks)) => Err(self.missing(ask, Some(grant), lacks)),
            None => Err(self.missing(ask, None, vec![Lack::Agreement])),
        }
    }

    /// All agreements that cover what is asked. A department needs none for its own records, and
    /// none helps where the dataset is shared with nobody.
    pub fn covering<'a>(&'a self, ask: &Ask<'a>) -> impl Iterator<Item = &'a Arc<Grant>> + use<'a> {
        let theirs = self.share != Share::NotShared && *self.table.department != *ask.consumer;
        let grants = self.consumers.get(ask.consumer).filter(|_| theirs);
        let ask = *ask;
        grants
            .into_iter()
            .flatten()
            .filter(move |grant| grant.covers(&ask))
    }

    /// The ground on which a department reads what is shared with all.
    pub fn open_to(&self, consumer: &str) -> Basis {
        Basis::Unconditional(self.meters.unconditional(consumer, &self.table.dataset))
    }

    fn missing(&self, ask: &Ask<'_>, nearest: Option<&Arc<Grant>>, lacks: Vec<Lack>) -> Denial {
        Denial::Agreement(Box::new(Missing {
            consumer: ask.consumer.to_owned(),
            provider: self.table.department.clone(),
            dataset: self.table.dataset.clone(),
            usage: ask.usage,
            purpose: ask.purpose.to_owned(),
            fields: ask
                .fields
                .map(|fields| self.names_of(fields))
                .unwrap_or_default(),
            nearest: nearest.map(|grant| grant.agreement.to_string()),
            lacks,
            contact: self.contact.clone(),
            contact_fictitious: self.contact_fictitious,
        }))
    }

    /// The names of some fields.
    pub fn names_of(&self, fields: &FieldSet) -> Vec<String> {
        let name = |at| self.table.field(at).map(|field| field.name.clone());
        fields.iter().filter_map(name).collect()
    }

    /// The set of fields with these names.
    ///
    /// # Errors
    /// [`Denial::Field`] for a name that is none.
    pub fn fields<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<FieldSet, Denial> {
        let known = &self.table.definition.fields;
        let place = |name: &str| {
            known
                .iter()
                .position(|field| *field.name == *name)
                .ok_or_else(|| Denial::Field {
                    dataset: self.name.to_string(),
                    field: super::tokens::shortened(name),
                    nearest: nearest(name, known.iter().map(|field| field.name.as_str())),
                })
        };
        names.into_iter().map(place).collect()
    }
}

impl InForce {
    /// An agreement as its file has it now.
    pub fn new(agreement: Agreement, provider: &str, version: ContentHash) -> Self {
        Self {
            agreement,
            provider: provider.to_owned(),
            version: Arc::from(version.to_string()),
        }
    }
}
