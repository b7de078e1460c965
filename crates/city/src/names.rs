//! The small types that every kind of definition is made of: ids, references, and texts in the
//! city's languages.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::kind::Kind;

/// What a caller can ask for in vain.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No kind of definition has that name.
    #[error("no kind of definition is named `{name}`; there are: {known}")]
    UnknownKind {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
        /// The nearest of them.
        nearest: Option<&'static str>,
    },
}

/// What ids look like, for the schema; the reader checks the format `id`, which says the same.
const ID_PATTERN: &str = "^[a-z][a-z0-9]*(-[a-z0-9]+)*$";

/// The name of a definition within its kind: lower-case words with hyphens, `like-this`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(String);

impl Id {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for Id {
    fn schema_name() -> Cow<'static, str> {
        "Id".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "id", "pattern": ID_PATTERN})
    }
}

/// The id of a definition of kind `K` somewhere else in the city. The reader makes sure that it
/// exists; [`City::resolve`](crate::City::resolve) fetches it.
pub struct Reference<K> {
    id: String,
    kind: PhantomData<fn() -> K>,
}

impl<K> Reference<K> {
    /// A reference to the definition named `id`.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            kind: PhantomData,
        }
    }

    /// The id that is referred to.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl<K> Clone for Reference<K> {
    fn clone(&self) -> Self {
        Self::new(self.id.clone())
    }
}

impl<K> fmt::Debug for Reference<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reference({})", self.id)
    }
}

impl<K> PartialEq for Reference<K> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl<K> Eq for Reference<K> {}

impl<K> Serialize for Reference<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.id)
    }
}

impl<'de, K> Deserialize<'de> for Reference<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl<K: Kind> JsonSchema for Reference<K> {
    fn schema_name() -> Cow<'static, str> {
        format!("ReferenceTo{}", K::NAME).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "id",
            "pattern": ID_PATTERN,
            "x-reference": K::NAME,
        })
    }
}

/// A text in each language of the city.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-translated" = true))]
pub struct Text {
    /// In Chinese, simplified characters.
    #[schemars(length(min = 1, max = 2000), extend("format" = "chinese"))]
    pub zh: String,
    /// In English.
    #[schemars(length(min = 1, max = 4000), extend("format" = "english"))]
    pub en: String,
}

impl Text {
    /// The text for a reader whose language is `language` (a BCP 47 tag): Chinese for any `zh`,
    /// else English.
    pub fn in_language(&self, language: &str) -> &str {
        let primary = language.split(['-', '_']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("zh") {
            &self.zh
        } else {
            &self.en
        }
    }
}
