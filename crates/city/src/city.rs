//! The city: every definition that was found right, by kind and id.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Deref;

use crate::document::Document;
use crate::kind::Kind;
use crate::kinds::CitySettings;
use crate::names::Reference;
use crate::source::ContentHash;

/// A definition and where it came from.
#[derive(Clone, Debug)]
pub struct Definition<K> {
    /// Its id within its kind.
    pub id: String,
    /// The id of the department in whose folder it is, if it is in one.
    pub department: Option<String>,
    /// Path from the city folder.
    pub path: String,
    /// The hash of the file.
    pub hash: ContentHash,
    /// What the file says.
    pub value: K,
}

impl<K> Deref for Definition<K> {
    type Target = K;

    fn deref(&self) -> &K {
        &self.value
    }
}

type Shelf = BTreeMap<String, Box<dyn Any + Send + Sync>>;

/// Everything that a city folder defines rightly.
#[derive(Default)]
pub struct City {
    shelves: BTreeMap<&'static str, Shelf>,
    hashes: BTreeMap<String, ContentHash>,
    pub(crate) files: BTreeSet<String>,
    pub(crate) documents: BTreeMap<String, Document>,
}

impl City {
    /// What `city.yaml` says, if it is right.
    pub fn settings(&self) -> Option<&Definition<CitySettings>> {
        self.all::<CitySettings>().next()
    }

    /// The definition of kind `K` with this id.
    pub fn get<K: Kind>(&self, id: &str) -> Option<&Definition<K>> {
        self.shelves.get(K::NAME)?.get(id)?.downcast_ref()
    }

    /// The definition that `reference` names.
    pub fn resolve<K: Kind>(&self, reference: &Reference<K>) -> Option<&Definition<K>> {
        self.get(reference.id())
    }

    /// All definitions of kind `K`, by id.
    pub fn all<K: Kind>(&self) -> impl Iterator<Item = &Definition<K>> {
        let shelf = self.shelves.get(K::NAME);
        shelf
            .into_iter()
            .flat_map(Shelf::values)
            .filter_map(|definition| definition.downcast_ref())
    }

    /// How many definitions there are of the kind named `kind`.
    pub fn count(&self, kind: &str) -> usize {
        self.shelves.get(kind).map_or(0, Shelf::len)
    }

    /// Whether the city folder holds a file at `path`, which begins at the folder.
    pub fn has_file(&self, path: &str) -> bool {
        self.files.contains(path)
    }

    /// The file at `path`, which begins at the city folder, if it is one of a definition: for
    /// checks that other crates add, so that their faults have a place.
    pub fn document(&self, path: &str) -> Option<&Document> {
        self.documents.get(path)
    }

    /// One hash over all definitions: it changes when any of them does.
    pub fn hash(&self) -> ContentHash {
        let lines = self
            .hashes
            .iter()
            .map(|(path, hash)| format!("{hash} {path}\n"));
        ContentHash::of(lines.collect::<String>().as_bytes())
    }

    pub(crate) fn put(
        &mut self,
        kind: &'static str,
        id: String,
        (path, hash): (String, ContentHash),
        definition: Box<dyn Any + Send + Sync>,
    ) {
        self.hashes.insert(path, hash);
        self.shelves.entry(kind).or_default().insert(id, definition);
    }
}

impl fmt::Debug for City {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.shelves.iter().map(|(kind, shelf)| (kind, shelf.len()));
        f.debug_map().entries(counts).finish()
    }
}
