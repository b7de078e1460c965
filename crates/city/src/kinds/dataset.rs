//! `departments/<department>/datasets/<id>.yaml`: a department's table.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::city::City;
use crate::document::Document;
use crate::fault::Fault;
use crate::kind::Kind;
use crate::names::{Id, Reference, Text};

mod rules;

/// A dataset: a table that a department holds and keeps up to date.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// Its name in addresses and references: that of its file. In SQL it is
    /// `department.dataset`, with `_` for each `-`.
    pub id: Id,
    /// What it is called.
    pub title: Text,
    /// What one record says.
    pub description: Text,
    /// Whom or what a record is about.
    pub subject: Subject,
    /// The field that holds the subject's number or name.
    pub subject_field: String,
    /// The fields that together identify a record, in order.
    #[schemars(length(min = 1, max = 8), extend("uniqueItems" = true))]
    pub key: Vec<String>,
    /// Whether other departments may have it.
    pub share: Share,
    /// On which condition it is shared, or why it is not.
    pub share_note: Option<Text>,
    /// Whether the public may have it.
    #[serde(default)]
    pub openness: Openness,
    /// How often it is brought up to date.
    pub updates: Cycle,
    /// How many years superseded versions of a record are kept; for ever if left out.
    #[schemars(range(min = 1, max = 200))]
    pub retention_years: Option<u16>,
    /// Roughly how many records it has in a city of ten million; sets how finely it is stored.
    #[schemars(range(max = 10_000_000_000_u64))]
    pub expected_records: Option<u64>,
    /// What a record is made of.
    #[schemars(length(min = 1, max = 200))]
    pub fields: Vec<Field>,
    /// What makes a record right beyond the types of its fields.
    #[serde(default)]
    #[schemars(length(max = 50))]
    pub quality: Vec<QualityRule>,
}

/// One field of a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name in files, queries and rules: lower-case words with `_`.
    #[schemars(extend("format" = "field-name"))]
    pub name: String,
    /// What it is called.
    pub title: Text,
    /// What sort of value it holds.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// For `decimal`: digits after the point. Money always has two.
    #[schemars(range(max = 12))]
    pub scale: Option<u8>,
    /// Whether every record must have it. Key fields and the subject always must.
    #[serde(default)]
    pub required: bool,
    /// For a text with a form of its own.
    pub format: Option<FieldFormat>,
    /// For a text out of a closed list: the words it may be.
    #[serde(default)]
    #[schemars(
        length(max = 500),
        extend("uniqueItems" = true, "items" = {"type": "string", "minLength": 1, "maxLength": 200})
    )]
    pub one_of: Vec<String>,
    /// For a text: most characters it may have; 500 if left out.
    #[schemars(range(min = 1, max = 65_536))]
    pub max_length: Option<u32>,
    /// Who may see it.
    #[serde(default)]
    pub sensitivity: Sensitivity,
    /// The dataset whose key this value is.
    pub references: Option<FieldReference>,
}

/// What sort of value a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FieldType {
    /// Characters.
    Text,
    /// A whole number of up to 18 digits.
    Integer,
    /// A number with `scale` digits after the point.
    Decimal,
    /// An amount in the city's currency, exact to a hundredth.
    Money,
    /// `true` or `false`.
    Boolean,
    /// A day.
    Date,
    /// A moment, to the microsecond.
    Datetime,
}

/// The form of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FieldFormat {
    /// 18-digit citizen number (GB 11643) with its check character.
    CitizenNumber,
    /// 18-character unified social credit code (GB 32100) with its check character.
    CreditCode,
    /// A telephone number of mainland China.
    Phone,
    /// `YYYY-MM`, a month.
    Month,
}

/// Who may see a field.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Sensitivity {
    /// Anybody.
    Public,
    /// Departments.
    #[default]
    Internal,
    /// Tells who a person is, or something about one: only by an agreement that names it.
    Personal,
    /// Sensitive personal information (health, faith, biometrics, accounts, whereabouts): only by
    /// an agreement that names it, and never in analytics.
    Sensitive,
}

/// The dataset and field that a field's value is to be found in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldReference {
    /// The dataset.
    pub dataset: Reference<Dataset>,
    /// Its field, which is its whole key or its subject.
    pub field: String,
}

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A person, by citizen number.
    Person,
    /// An enterprise or other legal person, by unified social credit code.
    Enterprise,
    /// A place: an address, a district, a building.
    Place,
    /// A thing: a vehicle, a device, a document.
    Thing,
}

/// Whether other departments may have a dataset (the classes of China's government data rules).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Share {
    /// Every department may have its public and internal fields, without an agreement.
    Unconditional,
    /// Only by agreement.
    Conditional,
    /// Nobody.
    NotShared,
}

/// Whether the public may have a dataset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Openness {
    /// Published.
    Open,
    /// On request.
    OnRequest,
    /// Not published.
    #[default]
    Closed,
}

/// How often a dataset is brought up to date, most often first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Cycle {
    /// Within seconds of the event.
    RealTime,
    /// Each hour.
    Hourly,
    /// Each day.
    Daily,
    /// Each week.
    Weekly,
    /// Each month.
    Monthly,
    /// Each quarter.
    Quarterly,
    /// Each year.
    Yearly,
}

/// A condition on a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QualityRule {
    /// Its name within the dataset.
    pub id: Id,
    /// What it asks.
    pub title: Text,
    /// FEEL over the fields; `false` breaks the rule, and so does what cannot be worked out, but
    /// for missing values: a rule about a field that is missing says nothing.
    pub rule: String,
    /// What becomes of a record that breaks it.
    #[serde(default)]
    pub severity: RuleSeverity,
}

/// What becomes of a record that breaks a quality rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RuleSeverity {
    /// It goes to the quarantine.
    #[default]
    Error,
    /// It is taken, and counted.
    Warning,
}

impl Dataset {
    /// The field named `name`.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether every record has the field named `name`: it is required, of the key or the subject.
    pub fn always_has(&self, name: &str) -> bool {
        self.field(name).is_some_and(|field| field.required)
            || self.subject_field == name
            || self.key.iter().any(|key| key == name)
    }
}

impl FieldType {
    /// What it is called in messages and in definitions.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Money => "money",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Datetime => "datetime",
        }
    }
}

impl Kind for Dataset {
    const NAME: &'static str = "dataset";
    const PATTERN: &'static str = "departments/{department}/datasets/{id}.yaml";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn check(&self, here: &Document, city: &City) -> Vec<Fault> {
        rules::check(self, here, city)
    }
}
