//! From the files of a city folder to a city and its faults.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::city::City;
use crate::document::Document;
use crate::fault::{Code, Fault};
use crate::folder;
use crate::formats::is_id;
use crate::kind::{KINDS, KindEntry};
use crate::limits::{FAULTS_PER_FILE_MAX, FILE_BYTES_MAX};
use crate::shape::{self, Wanted};
use crate::source::{ContentHash, Source};
use crate::suggest::{nearest, remedy};
use crate::tree;

/// The folder whose contents are not definitions: networks, demand and the like.
const FREE_FOLDERS: &[&str] = &["traffic/"];

/// The files of a city folder, not yet checked.
#[derive(Debug)]
pub struct Definitions {
    folder: PathBuf,
    files: Vec<(String, Option<Vec<u8>>)>,
    faults: Vec<Fault>,
}

impl Definitions {
    /// Reads and checks the city folder `folder`: everything in it that is right, and every fault,
    /// in the order of files and lines. No fault stops it, not even a folder that does not exist.
    pub fn read(folder: impl AsRef<Path>) -> (City, Vec<Fault>) {
        Self::load(folder).check()
    }

    /// Reads the city folder `folder` without checking it.
    pub fn load(folder: impl AsRef<Path>) -> Self {
        let folder = folder.as_ref().to_owned();
        let listing = folder::list(&folder);
        Self {
            folder,
            files: listing.files,
            faults: listing.faults,
        }
    }

    /// A city folder held in memory: `folder` is its path in messages, and each file has its path
    /// from there, with `/`, and its bytes.
    pub fn from_files<P: Into<String>, B: Into<Vec<u8>>>(
        folder: impl AsRef<Path>,
        files: impl IntoIterator<Item = (P, B)>,
    ) -> Self {
        let files = files
            .into_iter()
            .map(|(path, bytes)| (path.into(), Some(bytes.into())));
        Self {
            folder: folder.as_ref().to_owned(),
            files: files.collect(),
            faults: Vec::new(),
        }
    }

    /// Checks every definition by itself, then all of them together.
    pub fn check(self) -> (City, Vec<Fault>) {
        let mut check = Check {
            folder: self.folder,
            faults: self.faults,
            ..Check::default()
        };
        let whole = check.faults.is_empty();
        for (path, bytes) in self.files {
            check.file(path, bytes);
        }
        if whole {
            check.city_file();
        }
        check.identities();
        check.references();
        check.rules();
        check.finish()
    }
}

#[derive(Default)]
struct Check {
    folder: PathBuf,
    city: City,
    /// Every definition file, right or not, with the names it uses.
    documents: Vec<(Document, Vec<Wanted>, Vec<Wanted>)>,
    /// The ids of each kind as the paths tell them: a faulty definition still exists.
    ids: BTreeMap<&'static str, BTreeSet<String>>,
    faults: Vec<Fault>,
}

impl Check {
    /// One file by itself.
    fn file(&mut self, path: String, bytes: Option<Vec<u8>>) {
        let shown = self.folder.join(&path);
        self.city.files.insert(path.clone());
        let kind = KINDS.iter().find_map(|kind| Some((kind, kind.fit(&path)?)));
        let Some((kind, fit)) = kind else {
            return self.stray(&path, &shown);
        };
        if let Some(id) = &fit.id {
            self.ids.entry(kind.name).or_default().insert(id.clone());
        }
        let bytes = bytes.unwrap_or_default();
        if bytes.len() as u64 > FILE_BYTES_MAX {
            let message = format!("the file is larger than {} KiB", FILE_BYTES_MAX / 1024);
            let fault = Fault::of_file(Code::Limit, &shown, message)
                .help("a definition is for people to read: data belongs in a dataset");
            return self.faults.push(fault);
        }
        let Some(text) = self.decode(&shown, &bytes) else {
            return;
        };
        let source = Source::new(&shown, &text);
        let tree = tree::read(&source);
        let document = Document {
            kind,
            inside: path,
            source,
            hash: ContentHash::of(&bytes),
            id: fit.id,
            department: fit.department,
            root: tree.root,
            partial: tree.partial,
        };
        let found = shape::check(&document, &(kind.schema)());
        let mut faults = tree.faults;
        faults.extend(found.faults);
        if faults.is_empty() {
            faults.extend(self.admit(&document));
        }
        self.report(&document, faults);
        self.documents
            .push((document, found.references, found.files));
    }

    /// The text of `bytes`, or a fault at the first byte that is none.
    fn decode(&mut self, shown: &Path, bytes: &[u8]) -> Option<String> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Some(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()),
            Err(error) => {
                let sound = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let text: Cow<'_, str> = String::from_utf8_lossy(sound);
                let source = Source::new(shown, &text);
                let message = "from here on the file is not UTF-8";
                let fault = Fault::at(Code::NotUtf8, &source, &(text.len()..text.len()), message)
                    .help("save it as UTF-8 (GB 18030 and UTF-16 are other encodings)");
                self.faults.push(fault);
                None
            }
        }
    }

    /// Puts a definition that its schema accepts into the city.
    fn admit(&mut self, document: &Document) -> Option<Fault> {
        let root = document.root.as_ref()?;
        match (document.kind.parse)(shape::to_json(root), document) {
            Ok((id, definition)) => {
                let origin = (document.inside.clone(), document.hash);
                self.city.put(document.kind.name, id, origin, definition);
                None
            }
            Err(reason) => Some(document.fault(Code::BadValue, "", reason)),
        }
    }

    /// A file that is no definition.
    fn stray(&mut self, path: &str, shown: &Path) {
        let name = path.rsplit('/').next().unwrap_or_default();
        let free = FREE_FOLDERS.iter().any(|folder| path.starts_with(folder));
        if free || name.eq_ignore_ascii_case("README.md") {
            return;
        }
        let message = "belongs to no kind of definition";
        let fault = Fault::of_file(Code::UnknownFile, shown, message).help(where_to(path));
        self.faults.push(fault);
    }

    fn city_file(&mut self) {
        if !self.city.files.contains("city.yaml") {
            let path = self.folder.join("city.yaml");
            let fault = Fault::of_file(Code::MissingFile, &path, "the city has no city.yaml")
                .help("it says the city's name, time zone, languages and calendar");
            self.faults.push(fault);
        }
    }

    /// The id in each file is that of its path, and no two files of a kind share one; a folder of
    /// a department has a department.
    fn identities(&mut self) {
        let mut faults = Vec::new();
        let mut seen: BTreeMap<(&str, &str), &Document> = BTreeMap::new();
        for (document, ..) in &self.documents {
            if let Some(owner) = &document.department
                && !self.known("department").contains(owner.as_str())
            {
                let message = format!("department `{owner}` has no department.yaml");
                faults.push(document.fault(Code::UnknownReference, "", message));
            }
            let Some(id) = &document.id else { continue };
            if let Some(fault) = misnamed(document, id) {
                faults.push(fault);
            }
            if let Some(first) = seen.insert((document.kind.name, id), document) {
                let message = format!("there is another {} named `{id}`", document.kind.name);
                let help = format!("the other is {}", first.shown().display());
                faults.push(document.fault(Code::Duplicate, "/id", message).help(help));
            }
        }
        self.faults.extend(faults);
    }

    fn known(&self, kind: &str) -> BTreeSet<&str> {
        let ids = self.ids.get(kind).into_iter().flatten();
        ids.map(String::as_str).collect()
    }

    /// Every name of another definition or file exists.
    fn references(&mut self) {
        let mut faults = Vec::new();
        for (document, references, files) in &self.documents {
            for wanted in references {
                let known = self.known(&wanted.kind);
                if !known.contains(wanted.name.as_str()) {
                    let message = format!("there is no {} `{}`", wanted.kind, wanted.name);
                    let help = remedy(&wanted.name, known.iter().copied());
                    let source = &document.source;
                    let fault = Fault::at(Code::UnknownReference, source, &wanted.span, message);
                    faults.push(fault.maybe_help(help));
                }
            }
            for wanted in files {
                if !self.city.files.contains(&wanted.name) {
                    let message = format!("there is no file `{}`", tree::short(&wanted.name));
                    let near = nearest(&wanted.name, self.city.files.iter().map(String::as_str));
                    let help = near.map(|near| format!("did you mean `{near}`?"));
                    let source = &document.source;
                    let fault = Fault::at(Code::MissingFile, source, &wanted.span, message);
                    faults.push(fault.maybe_help(help));
                }
            }
        }
        self.faults.extend(faults);
    }

    /// The rules of each kind.
    fn rules(&mut self) {
        for (document, ..) in &self.documents {
            self.faults
                .extend((document.kind.check)(&self.city, document));
        }
    }

    /// Adds the faults of one file, up to the limit.
    fn report(&mut self, document: &Document, mut faults: Vec<Fault>) {
        let rest = faults.len().saturating_sub(FAULTS_PER_FILE_MAX);
        faults.truncate(FAULTS_PER_FILE_MAX);
        if rest > 0 {
            let message = format!("{rest} more faults in this file are not shown");
            faults.push(Fault::of_file(Code::Limit, document.shown(), message));
        }
        self.faults.extend(faults);
    }

    fn finish(mut self) -> (City, Vec<Fault>) {
        Fault::sort(&mut self.faults);
        let documents = self.documents.into_iter();
        let by_path = documents.map(|(document, ..)| (document.inside.clone(), document));
        self.city.documents = by_path.collect();
        (self.city, self.faults)
    }
}

/// The fault of a definition whose id is not that of its path.
fn misnamed(document: &Document, expected: &str) -> Option<Fault> {
    let root = document.root.as_ref()?;
    let written = shape::to_json(root);
    let written = written.get("id")?.as_str()?;
    if written == expected || !is_id(written) {
        return None; // the latter is a fault already
    }
    let folder = document.kind.pattern.contains("{id}/");
    let what = if folder { "folder" } else { "file" };
    let message = format!(
        "`id` is `{}`, but the {what} is named `{expected}`",
        tree::short(written)
    );
    let help = format!("write `{expected}`, or rename the {what}");
    Some(document.fault(Code::IdMismatch, "/id", message).help(help))
}

/// Where a stray file may belong: the nearest kind's pattern.
fn where_to(path: &str) -> String {
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let names: Vec<String> = KINDS.iter().map(|kind| name(kind.pattern)).collect();
    let near = nearest(&name(path), names.iter().map(String::as_str));
    let meant: Option<&KindEntry> =
        near.and_then(|near| KINDS.iter().find(|kind| name(kind.pattern) == near));
    if let Some(kind) = meant {
        return format!("did you mean `{}`?", kind.pattern);
    }
    let patterns: Vec<_> = KINDS
        .iter()
        .map(|kind| format!("`{}`", kind.pattern))
        .collect();
    format!(
        "a city folder holds {}, README.md and `traffic/`",
        patterns.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Department;
    use crate::testing::{PARKS, faults_of, render};

    #[test]
    fn files_that_are_no_definitions_are_named() {
        let files = [
            ("departments/parks/departmnt.yaml", ""),
            ("departments/parks.yaml", ""),
            ("notes.txt", ""),
            ("README.md", ""),
            ("traffic/network.json", ""),
        ];
        insta::assert_snapshot!(faults_of(&files), @r"
        t/departments/parks/departmnt.yaml unknown-file: belongs to no kind of definition
            did you mean `departments/{id}/department.yaml`?
        t/departments/parks.yaml unknown-file: belongs to no kind of definition
            a city folder holds `city.yaml`, `departments/{id}/department.yaml`, `departments/{department}/datasets/{id}.yaml`, `departments/{department}/agreements/{id}.yaml`, `departments/{department}/clients/{id}.yaml`, README.md and `traffic/`
        t/notes.txt unknown-file: belongs to no kind of definition
            a city folder holds `city.yaml`, `departments/{id}/department.yaml`, `departments/{department}/datasets/{id}.yaml`, `departments/{department}/agreements/{id}.yaml`, `departments/{department}/clients/{id}.yaml`, README.md and `traffic/`
        ");
    }

    #[test]
    fn a_city_needs_its_file() {
        let files = [("departments/parks/department.yaml", PARKS)];
        let (city, faults) = Definitions::from_files("t", files).check();
        insta::assert_snapshot!(render(&faults), @r"
        t/city.yaml missing-file: the city has no city.yaml
            it says the city's name, time zone, languages and calendar
        ");
        assert!(city.settings().is_none());
        assert_eq!(
            city.get::<Department>("parks").unwrap().title.en,
            "Parks Bureau"
        );
    }

    #[test]
    fn what_is_right_is_there_though_other_files_are_not() {
        let files = [
            ("departments/parks/department.yaml", PARKS),
            ("departments/broken/department.yaml", "id: [\n"),
        ];
        let (city, faults) = Definitions::from_files("t", files).check();
        assert!(render(&faults).contains("broken/department.yaml:1:5 syntax"));
        let ids: Vec<_> = city.all::<Department>().map(|d| d.id.as_str()).collect();
        assert_eq!(ids, ["parks"]);
        assert_eq!(
            city.get::<Department>("parks").unwrap().hash,
            ContentHash::of(PARKS.as_bytes())
        );
    }

    #[test]
    fn the_hash_of_a_city_changes_with_any_definition() {
        let hash = |text: &str| {
            let files = [("departments/parks/department.yaml", text)];
            Definitions::from_files("t", files).check().0.hash()
        };
        assert_eq!(hash(PARKS), hash(PARKS));
        assert_ne!(
            hash(PARKS),
            hash(&PARKS.replace("Parks Bureau", "Bureau of Parks"))
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_a_fault() {
        let files = [
            (
                "city.yaml",
                b"id: town\ntitle: {zh: \xba\xbc\xd6\xdd}\n".to_vec(),
            ),
            ("departments/parks/department.yaml", vec![b'a'; 2 << 20]),
        ];
        let (_, faults) = Definitions::from_files("t", files).check();
        insta::assert_snapshot!(render(&faults), @r"
        t/city.yaml:2:13 not-utf8: from here on the file is not UTF-8
            save it as UTF-8 (GB 18030 and UTF-16 are other encodings)
        t/departments/parks/department.yaml limit: the file is larger than 1024 KiB
            a definition is for people to read: data belongs in a dataset
        ");
    }
}
