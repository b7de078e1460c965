//! Checks a tree against the JSON Schema of its kind, and reports everything that does not fit.
//!
//! Serde would stop at the first fault, and a general validator knows neither our words nor what
//! is near; so this walks tree and schema side by side. It knows the part of JSON Schema that
//! schemars makes from our types, and two words of our own: `x-reference` (the text is the id of
//! a definition of that kind) and `x-translated` (the keys are languages).

use std::ops::Range;

use serde_json::{Map, Number, Value};

use crate::document::Document;
use crate::fault::{Code, Fault};
use crate::formats;
use crate::limits::WORD_BYTES_MAX;
use crate::suggest::{nearest, remedy};
use crate::tree::{Content, Entry, Node, short};

/// What the walk finds.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) faults: Vec<Fault>,
    /// Names of other definitions, to be looked up once all are read.
    pub(crate) references: Vec<Wanted>,
    /// Names of files in the city folder.
    pub(crate) files: Vec<Wanted>,
}

/// A name that must exist elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The kind of definition; empty for a file.
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) span: Range<usize>,
}

/// Walks `document` along `schema`.
pub(crate) fn check(document: &Document, schema: &Value) -> Findings {
    let mut walk = Walk {
        document,
        schema,
        found: Findings::default(),
    };
    if let Some(root) = &document.root {
        let at = root.span.clone();
        walk.node(
            root,
            schema,
            &Place {
                name: String::new(),
                at,
            },
        );
    } else if !document.partial {
        let message = format!("the file is empty; it should hold a {}", document.kind.name);
        let keys = required(schema)
            .map(|key| format!("`{key}`"))
            .collect::<Vec<_>>();
        let fault = Fault::at(Code::MissingKey, &document.source, &(0..0), message);
        walk.found
            .faults
            .push(fault.help(format!("it needs {}", keys.join(", "))));
    }
    walk.found
}

/// The JSON value of a tree that has been found right.
pub(crate) fn to_json(node: &Node) -> Value {
    match &node.content {
        Content::Scalar { text, plain } => match Scalar::of(text, *plain) {
            Scalar::Empty | Scalar::NotFinite => Value::Null,
            Scalar::Bool(truth) => Value::Bool(truth),
            Scalar::Number(number) => Value::Number(number),
            Scalar::Text => Value::String(text.clone()),
        },
        Content::Sequence(items) => Value::Array(items.iter().map(to_json).collect()),
        Content::Mapping(entries) => {
            let pairs = entries
                .iter()
                .map(|entry| (entry.key.clone(), to_json(&entry.value)));
            Value::Object(pairs.collect::<Map<_, _>>())
        }
        Content::Refused => Value::Null,
    }
}

/// What a scalar means by the YAML 1.2 core schema.
#[derive(Debug, PartialEq)]
enum Scalar {
    Empty,
    Bool(bool),
    Number(Number),
    NotFinite,
    Text,
}

impl Scalar {
    fn of(text: &str, plain: bool) -> Self {
        if !plain {
            return Self::Text;
        }
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Self::Empty,
            "true" | "True" | "TRUE" => Self::Bool(true),
            "false" | "False" | "FALSE" => Self::Bool(false),
            _ => Self::number(text),
        }
    }

    fn number(text: &str) -> Self {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
        {
            return Self::NotFinite;
        }
        let radix = |prefix: &str, radix: u32| {
            let digits = text.strip_prefix(prefix)?;
            u64::from_str_radix(digits, radix).ok()
        };
        if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)) {
            return Self::Number(number.into());
        }
        let numeric = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
            && unsigned.contains(|c: char| c.is_ascii_digit())
            && unsigned
                .bytes()
                .all(|b| b.is_ascii_digit() || b".eE+-".contains(&b));
        if !numeric {
            return Self::Text;
        }
        let whole = text.strip_prefix('+').unwrap_or(text);
        if let Ok(number) = whole.parse::<u64>() {
            return Self::Number(number.into());
        }
        if let Ok(number) = whole.parse::<i64>() {
            return Self::Number(number.into());
        }
        match whole.parse::<f64>().map(Number::from_f64) {
            Ok(Some(number)) => Self::Number(number),
            Ok(None) => Self::NotFinite,
            Err(_) => Self::Text,
        }
    }
}

/// A value's name for messages, such as `systems[2].title`, and where to point.
struct Place {
    name: String,
    at: Range<usize>,
}

impl Place {
    fn key(&self, entry: &Entry) -> Self {
        let key = short(&entry.key);
        Self {
            name: if self.name.is_empty() {
                key
            } else {
                format!("{}.{key}", self.name)
            },
            at: entry.key_span.clone(),
        }
    }

    fn item(&self, index: usize, item: &Node) -> Self {
        Self {
            name: format!("{}[{index}]", self.name),
            at: item.span.clone(),
        }
    }
}

fn required(schema: &Value) -> impl Iterator<Item = &str> + Clone {
    let list = schema.get("required").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}

/// The words of an enumeration, however schemars writes it.
fn words(schema: &Value) -> Option<Vec<&str>> {
    if let Some(list) = schema.get("enum").and_then(Value::as_array) {
        return list.iter().map(Value::as_str).collect();
    }
    if let Some(word) = schema.get("const").and_then(Value::as_str) {
        return Some(vec![word]);
    }
    let branches = schema.get("oneOf")?.as_array()?;
    let lists: Option<Vec<Vec<&str>>> = branches.iter().map(words).collect();
    lists.map(|lists| lists.concat())
}

/// The first line of what the schema says a value is.
fn description(schema: &Value) -> Option<&str> {
    schema.get("description")?.as_str()?.split("\n\n").next()
}

struct Walk<'a> {
    document: &'a Document,
    schema: &'a Value,
    found: Findings,
}

impl<'a> Walk<'a> {
    fn fault(&mut self, code: Code, at: &Range<usize>, message: String, help: Option<String>) {
        let fault = Fault::at(code, &self.document.source, at, message).maybe_help(help);
        self.found.faults.push(fault);
    }

    /// The schema that a `$ref` stands for.
    fn resolve(&self, schema: &'a Value) -> &'a Value {
        const HOPS_MAX: usize = 8;
        let mut schema = schema;
        for _ in 0..HOPS_MAX {
            let target = schema
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|pointer| self.schema.pointer(pointer.strip_prefix('#')?));
            match target {
                Some(target) => schema = target,
                None => break,
            }
        }
        schema
    }

    fn node(&mut self, node: &Node, schema: &'a Value, place: &Place) {
        if matches!(node.content, Content::Refused) {
            return;
        }
        let schema = self.resolve(schema);
        if let Some(words) = words(schema) {
            return self.word(node, &words, place);
        }
        for composite in ["oneOf", "anyOf"] {
            if let Some(branches) = schema.get(composite).and_then(Value::as_array) {
                return self.branch(node, branches, place);
            }
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("object") => self.mapping(node, schema, place),
            Some("array") => self.sequence(node, schema, place),
            Some("string") => self.text(node, schema, place),
            Some("integer" | "number") => self.number(node, schema, place),
            Some("boolean") => self.boolean(node, place),
            _ => {}
        }
    }

    /// One of several shapes: the one that the value's tag names, else the one that fits best.
    fn branch(&mut self, node: &Node, branches: &'a [Value], place: &Place) {
        let before = std::mem::take(&mut self.found);
        let mut best: Option<Findings> = None;
        for branch in branches {
            self.node(node, branch, place);
            let tried = std::mem::take(&mut self.found);
            let worth = |found: &Findings| {
                let wrong_word = found
                    .faults
                    .iter()
                    .any(|fault| fault.code == Code::UnknownWord);
                (wrong_word, found.faults.len())
            };
            if best.as_ref().is_none_or(|best| worth(&tried) < worth(best)) {
                best = Some(tried);
            }
        }
        self.found = before;
        if let Some(best) = best {
            self.found.faults.extend(best.faults);
            self.found.references.extend(best.references);
            self.found.files.extend(best.files);
        }
    }

    fn wrong_type(&mut self, node: &Node, place: &Place, wanted: &str, help: Option<String>) {
        let subject = if place.name.is_empty() {
            "the file".to_owned()
        } else {
            format!("`{}`", place.name)
        };
        let (found, at) = match &node.content {
            Content::Scalar { text, plain } => {
                let found = match Scalar::of(text, *plain) {
                    Scalar::Empty => "empty".to_owned(),
                    Scalar::Bool(_) => format!("the truth value `{text}`"),
                    Scalar::Number(_) | Scalar::NotFinite => format!("the number {}", short(text)),
                    Scalar::Text => "text".to_owned(),
                };
                (
                    found,
                    if node.span.is_empty() {
                        &place.at
                    } else {
                        &node.span
                    },
                )
            }
            Content::Sequence(_) => ("a list".to_owned(), &place.at),
            Content::Mapping(_) => ("a mapping".to_owned(), &place.at),
            Content::Refused => return,
        };
        let help = match found.as_str() {
            "empty" if place.name.ends_with(']') => Some("write a value, or remove it".to_owned()),
            "empty" => Some("write a value, or leave the key out".to_owned()),
            _ => help,
        };
        self.fault(
            Code::WrongType,
            at,
            format!("{subject} is {found}, but must be {wanted}"),
            help,
        );
    }

    fn mapping(&mut self, node: &Node, schema: &'a Value, place: &Place) {
        let Content::Mapping(entries) = &node.content else {
            let keys = required(schema)
                .map(|key| format!("`{key}`"))
                .collect::<Vec<_>>();
            let help = (!keys.is_empty()).then(|| format!("with the keys {}", keys.join(", ")));
            return self.wrong_type(node, place, "a mapping of keys to values", help);
        };
        let properties = schema.get("properties").and_then(Value::as_object);
        // Keys that an unknown one is taken for: they are misspelt, not missing.
        let mut meant = Vec::new();
        let others = schema.get("additionalProperties");
        for entry in entries {
            let inner = place.key(entry);
            let known = properties.and_then(|properties| properties.get(&entry.key));
            match (known, others) {
                (Some(known), _) => self.node(&entry.value, known, &inner),
                (None, Some(Value::Bool(false))) => {
                    meant.extend(self.unknown_key(entry, entries, properties, place));
                }
                (None, Some(other)) => self.node(&entry.value, other, &inner),
                (None, None) => {}
            }
        }
        if !self.document.partial {
            for key in required(schema) {
                if !meant.contains(&key) && !entries.iter().any(|entry| entry.key == key) {
                    self.missing_key(key, schema, place);
                }
            }
        }
    }

    fn unknown_key(
        &mut self,
        entry: &Entry,
        entries: &[Entry],
        properties: Option<&'a Map<String, Value>>,
        place: &Place,
    ) -> Option<&'a str> {
        let known = || {
            properties
                .into_iter()
                .flat_map(Map::keys)
                .map(String::as_str)
        };
        // A key that is there already is not what was meant.
        let free = known().filter(|key| !entries.iter().any(|other| other.key == *key));
        let free: Vec<&str> = free.collect();
        let meant = nearest(&entry.key, free.iter().copied());
        let help = match meant {
            Some(near) => Some(format!("did you mean `{near}`?")),
            None => remedy(&entry.key, known().collect::<Vec<_>>()),
        };
        let owner = self.owner(place);
        let message = format!("{owner} has no key `{}`", short(&entry.key));
        self.fault(Code::UnknownKey, &entry.key_span, message, help);
        meant
    }

    fn missing_key(&mut self, key: &str, schema: &'a Value, place: &Place) {
        let value = schema
            .get("properties")
            .and_then(|properties| properties.get(key));
        let meaning = value
            .and_then(description)
            .or_else(|| description(self.resolve(value?)));
        let translated = schema.get("x-translated").is_some();
        let (code, message) = if translated {
            let language = if key == "zh" { "Chinese" } else { "English" };
            let message = format!("{} has no {language} text (`{key}`)", self.owner(place));
            (Code::MissingTranslation, message)
        } else {
            (
                Code::MissingKey,
                format!("{} has no `{key}`", self.owner(place)),
            )
        };
        let help = meaning.map(|meaning| format!("add `{key}`: {meaning}"));
        self.fault(code, &place.at, message, help);
    }

    /// Whose key is missing or unknown.
    fn owner(&self, place: &Place) -> String {
        if place.name.is_empty() {
            format!("the {}", self.document.kind.name)
        } else {
            format!("`{}`", place.name)
        }
    }

    fn sequence(&mut self, node: &Node, schema: &'a Value, place: &Place) {
        let Content::Sequence(items) = &node.content else {
            let help = Some("write each entry on a line of its own, after `- `".to_owned());
            return self.wrong_type(node, place, "a list", help);
        };
        let bound = |name: &str| schema.get(name).and_then(Value::as_u64);
        let count = items.len() as u64;
        if bound("minItems").is_some_and(|least| count < least) && !self.document.partial {
            let message = format!("`{}` has too few entries: {count}", place.name);
            let help = bound("minItems").map(|least| format!("at least {least}"));
            self.fault(Code::BadValue, &place.at, message, help);
        }
        if bound("maxItems").is_some_and(|most| count > most) {
            let message = format!("`{}` has too many entries: {count}", place.name);
            let help = bound("maxItems").map(|most| format!("at most {most}"));
            self.fault(Code::BadValue, &place.at, message, help);
        }
        if let Some(schema) = schema.get("items") {
            for (index, item) in items.iter().enumerate() {
                self.node(item, schema, &place.item(index, item));
            }
        }
        if schema.get("uniqueItems") == Some(&Value::Bool(true)) {
            self.unique(items);
        }
    }

    fn unique(&mut self, items: &[Node]) {
        let mut seen = std::collections::BTreeMap::new();
        for item in items {
            let Content::Scalar { text, .. } = &item.content else {
                continue;
            };
            if let Some(first) = seen.insert(text, &item.span) {
                let message = format!("`{}` is in the list already", short(text));
                let source = &self.document.source;
                let fault = Fault::at(Code::Duplicate, source, &item.span, message);
                let fault = fault.also(first, "first here").help("leave one out");
                self.found.faults.push(fault);
            }
        }
    }

    /// The text of a scalar that is to be text; a fault if it is something else.
    fn as_text<'n>(&mut self, node: &'n Node, place: &Place, wanted: &str) -> Option<&'n str> {
        if let Content::Scalar { text, plain } = &node.content {
            match Scalar::of(text, *plain) {
                Scalar::Text => return Some(text),
                Scalar::Empty => self.wrong_type(node, place, wanted, None),
                _ => {
                    let help = format!("put it in quotes: `\"{}\"`", short(text));
                    self.wrong_type(node, place, wanted, Some(help));
                }
            }
        } else {
            self.wrong_type(node, place, wanted, None);
        }
        None
    }

    fn word(&mut self, node: &Node, words: &[&str], place: &Place) {
        let Some(text) = self.as_text(node, place, "one of a few words") else {
            return;
        };
        if !words.contains(&text) {
            let message = format!("`{}` cannot be `{}`", place.name, short(text));
            let list = words
                .iter()
                .map(|word| format!("`{word}`"))
                .collect::<Vec<_>>()
                .join(", ");
            let help = match nearest(text, words.iter().copied()) {
                Some(near) => format!("did you mean `{near}`? (one of {list})"),
                None => format!("one of {list}"),
            };
            self.fault(Code::UnknownWord, &node.span, message, Some(help));
        }
    }

    fn text(&mut self, node: &Node, schema: &'a Value, place: &Place) {
        let Some(text) = self.as_text(node, place, "text") else {
            return;
        };
        let bound = |name: &str| schema.get(name).and_then(Value::as_u64);
        let letters = text.chars().count() as u64;
        if bound("minLength").is_some_and(|least| letters < least) {
            let message = format!("`{}` is empty", place.name);
            let help = Some("write a text".to_owned());
            return self.fault(Code::BadValue, &node.span, message, help);
        }
        if let Some(most) = bound("maxLength").filter(|most| letters > *most) {
            let message = format!("`{}` has {letters} letters, more than {most}", place.name);
            return self.fault(
                Code::BadValue,
                &node.span,
                message,
                Some("shorten it".to_owned()),
            );
        }
        let format = schema
            .get("format")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if let Err(wrong) = formats::check(format, text) {
            let code = match format {
                "chinese" | "english" => Code::MissingTranslation,
                _ => Code::BadValue,
            };
            return self.fault(code, &node.span, wrong.message, wrong.help);
        }
        let wanted = |kind: &str| Wanted {
            kind: kind.to_owned(),
            name: text.to_owned(),
            span: node.span.clone(),
        };
        if let Some(kind) = schema.get("x-reference").and_then(Value::as_str) {
            self.found.references.push(wanted(kind));
        }
        if format == "folder-path" {
            self.found.files.push(wanted(""));
        }
    }

    fn number(&mut self, node: &Node, schema: &'a Value, place: &Place) {
        let whole = schema.get("type").is_some_and(|kind| kind == "integer");
        let wanted = if whole { "a whole number" } else { "a number" };
        let number = match &node.content {
            Content::Scalar { text, plain } => match Scalar::of(text, *plain) {
                Scalar::Number(number) => number,
                Scalar::Text if Scalar::of(text, true) != Scalar::Text => {
                    let help = Some("write it without quotes".to_owned());
                    return self.wrong_type(node, place, wanted, help);
                }
                _ => return self.wrong_type(node, place, wanted, None),
            },
            _ => return self.wrong_type(node, place, wanted, None),
        };
        if whole && !(number.is_i64() || number.is_u64()) {
            return self.wrong_type(node, place, wanted, None);
        }
        let value = number.as_f64().unwrap_or_default();
        let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
        let low = bound("minimum").filter(|least| value < *least);
        let high = bound("maximum").filter(|most| value > *most);
        if low.is_some() || high.is_some() {
            let range = match (bound("minimum"), bound("maximum")) {
                (Some(least), Some(most)) => format!("write a number from {least} to {most}"),
                (Some(least), None) => format!("write {least} or more"),
                (None, Some(most)) => format!("write {most} or less"),
                (None, None) => String::new(),
            };
            let message = format!("`{}` cannot be {number}", place.name);
            self.fault(Code::BadValue, &node.span, message, Some(range));
        }
    }

    fn boolean(&mut self, node: &Node, place: &Place) {
        let Content::Scalar { text, plain } = &node.content else {
            return self.wrong_type(node, place, "`true` or `false`", None);
        };
        if matches!(Scalar::of(text, *plain), Scalar::Bool(_)) {
            return;
        }
        let lower = text
            .get(..text.len().min(WORD_BYTES_MAX))
            .unwrap_or_default()
            .to_lowercase();
        let help = match lower.as_str() {
            "yes" | "on" | "y" | "true" | "是" => Some("write `true`".to_owned()),
            "no" | "off" | "n" | "false" | "否" => Some("write `false`".to_owned()),
            _ => None,
        };
        self.wrong_type(node, place, "`true` or `false`", help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_follow_the_core_schema() {
        let number = |text: &str| Scalar::Number(text.parse().unwrap());
        for (text, expected) in [
            ("12", number("12")),
            ("-3", number("-3")),
            ("+7", number("7")),
            ("0x1f", number("31")),
            ("1.5e3", number("1500.0")),
            (".5", number("0.5")),
            ("1e999", Scalar::NotFinite),
            (".nan", Scalar::NotFinite),
            ("~", Scalar::Empty),
            ("True", Scalar::Bool(true)),
            ("yes", Scalar::Text),
            ("2026-02-17", Scalar::Text),
            ("1.2.3", Scalar::Text),
            ("infinity", Scalar::Text),
            ("...", Scalar::Text),
        ] {
            assert_eq!(Scalar::of(text, true), expected, "{text}");
        }
        assert_eq!(Scalar::of("12", false), Scalar::Text);
    }
}
