//! What a kind of definition is, and the one list of all kinds.
//!
//! A new kind is one file in `kinds/`: its serde types, whose doc comments become the JSON Schema,
//! [`Kind`] for the topmost, and its tests; and one line in [`KINDS`]. Keys, types, words, formats,
//! translations, ids, and references to other definitions are checked from the schema; only rules
//! that relate values to each other need code, in [`Kind::check`].

use std::any::Any;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::city::{City, Definition};
use crate::document::Document;
use crate::fault::Fault;
use crate::kinds::{Agreement, CitySettings, Client, Dataset, Department};
use crate::names::Error;
use crate::suggest::nearest;

/// One kind of definition.
pub trait Kind: DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// Its name in schemas, messages and references, such as `department`.
    const NAME: &'static str;

    /// Where its files are, from the city folder: `departments/{id}/department.yaml`. `{id}` is the
    /// definition's id, and `{department}` the id of the department whose folder it is in.
    const PATTERN: &'static str;

    /// The id written in the file.
    fn id(&self) -> &str;

    /// What is wrong that the schema cannot say. `here` turns places of the file into faults;
    /// `city` holds every definition that is right in itself.
    fn check(&self, here: &Document, city: &City) -> Vec<Fault>;
}

/// A kind in the list of kinds: what [`Kind`] says, without the type.
#[derive(Clone, Copy, Debug)]
pub struct KindEntry {
    /// See [`Kind::NAME`].
    pub name: &'static str,
    /// See [`Kind::PATTERN`].
    pub pattern: &'static str,
    pub(crate) schema: fn() -> Value,
    pub(crate) parse: fn(Value, &Document) -> Result<Parsed, String>,
    pub(crate) check: fn(&City, &Document) -> Vec<Fault>,
}

/// A definition without its type, and its id.
pub(crate) type Parsed = (String, Box<dyn Any + Send + Sync>);

/// Every kind of definition there is, in the order in which they are reported.
pub const KINDS: &[KindEntry] = &[
    KindEntry::of::<CitySettings>(),
    KindEntry::of::<Department>(),
    KindEntry::of::<Dataset>(),
    KindEntry::of::<Agreement>(),
    KindEntry::of::<Client>(),
];

/// The kind named `name`.
pub fn kind(name: &str) -> Result<&'static KindEntry, Error> {
    let names = || KINDS.iter().map(|kind| kind.name);
    KINDS
        .iter()
        .find(|kind| kind.name == name)
        .ok_or_else(|| Error::UnknownKind {
            name: name.to_owned(),
            known: names().collect::<Vec<_>>().join(", "),
            nearest: nearest(name, names()),
        })
}

impl KindEntry {
    const fn of<K: Kind>() -> Self {
        Self {
            name: K::NAME,
            pattern: K::PATTERN,
            schema: crate::schema::generate::<K>,
            parse: parse::<K>,
            check: check::<K>,
        }
    }

    /// Whether a file at `path`, which begins at the city folder, is of this kind.
    pub fn claims(&self, path: &str) -> bool {
        self.fit(path).is_some()
    }

    /// The parts of a path that fit this kind's pattern, if it does.
    pub(crate) fn fit(&self, path: &str) -> Option<Fit> {
        let mut fit = Fit::default();
        let mut parts = path.split('/');
        for pattern in self.pattern.split('/') {
            let part = parts.next()?;
            if let Some((before, rest)) = pattern.split_once('{') {
                let (name, after) = rest.split_once('}')?;
                let value = part.strip_prefix(before)?.strip_suffix(after)?;
                let value = Some(value.to_owned());
                if name == "department" {
                    fit.department = value;
                } else {
                    fit.id = value;
                }
            } else if pattern != part {
                return None;
            }
        }
        parts.next().is_none().then_some(fit)
    }
}

/// What a path says about the definition in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fit {
    pub(crate) id: Option<String>,
    pub(crate) department: Option<String>,
}

fn parse<K: Kind>(value: Value, document: &Document) -> Result<Parsed, String> {
    let value: K = serde_json::from_value(value).map_err(|error| error.to_string())?;
    // The path's id wins over the file's, so that a wrong one is one fault and not many.
    let id = document.id.clone().unwrap_or_else(|| value.id().to_owned());
    let definition = Definition {
        id: id.clone(),
        department: document.department.clone(),
        path: document.path().to_owned(),
        hash: document.hash,
        value,
    };
    Ok((id, Box::new(definition)))
}

fn check<K: Kind>(city: &City, document: &Document) -> Vec<Fault> {
    city.all::<K>()
        .find(|definition| definition.path == document.path())
        .map(|definition| definition.value.check(document, city))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_the_id_and_the_department() {
        let department = kind("department").unwrap();
        let fit = department.fit("departments/parks/department.yaml").unwrap();
        assert_eq!(fit.id.as_deref(), Some("parks"));
        for path in [
            "departments/department.yaml",
            "departments/parks/department.yml",
            "departments/parks/department.yaml/x",
            "city.yaml",
        ] {
            assert_eq!(department.fit(path), None, "{path}");
        }
        let dataset = KindEntry {
            pattern: "departments/{department}/datasets/{id}.yaml",
            ..*department
        };
        let fit = dataset
            .fit("departments/parks/datasets/trees.yaml")
            .unwrap();
        assert_eq!(fit.id.as_deref(), Some("trees"));
        assert_eq!(fit.department.as_deref(), Some("parks"));
    }

    #[test]
    fn an_unknown_kind_names_the_nearest() {
        let error = kind("departement").unwrap_err();
        assert_eq!(
            error.to_string(),
            "no kind of definition is named `departement`; there are: city, department, dataset, agreement, client"
        );
        let Error::UnknownKind { nearest, .. } = error;
        assert_eq!(nearest, Some("department"));
    }
}
