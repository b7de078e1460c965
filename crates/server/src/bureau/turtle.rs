//! A small graph, written as Turtle or as JSON-LD. Both say the same triples.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

/// The prefixes that are used, and what they stand for.
const PREFIXES: [(&str, &str); 10] = [
    ("dcat", "http://www.w3.org/ns/dcat#"),
    ("dcatap", "http://data.europa.eu/r5r/"),
    ("dct", "http://purl.org/dc/terms/"),
    ("foaf", "http://xmlns.com/foaf/0.1/"),
    ("geo", "http://www.opengis.net/ont/geosparql#"),
    ("skos", "http://www.w3.org/2004/02/skos/core#"),
    ("vcard", "http://www.w3.org/2006/vcard/ns#"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
    ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
    ("eu", "http://publications.europa.eu/resource/authority/"),
];

/// What a property leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Object {
    /// A node: its address.
    Node(String),
    /// A text in a language.
    Text(String, &'static str),
    /// A plain text.
    Plain(String),
    /// A value of a type, by its short name.
    Typed(String, &'static str),
}

/// A node with its properties.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) address: String,
    pub(super) kind: &'static str,
    pub(super) properties: Vec<(&'static str, Object)>,
}

impl Node {
    pub(super) fn new(address: impl Into<String>, kind: &'static str) -> Self {
        Self {
            address: address.into(),
            kind,
            properties: Vec::new(),
        }
    }

    pub(super) fn with(mut self, name: &'static str, object: Object) -> Self {
        self.properties.push((name, object));
        self
    }

    /// A text in both languages.
    pub(super) fn text(self, name: &'static str, text: &city::Text) -> Self {
        self.with(name, Object::Text(text.zh.clone(), "zh"))
            .with(name, Object::Text(text.en.clone(), "en"))
    }
}

/// As Turtle.
pub(super) fn turtle(nodes: &[Node]) -> String {
    // Writing to a String cannot fail.
    let mut out = String::new();
    for (prefix, address) in PREFIXES {
        let _ = writeln!(out, "@prefix {prefix}: <{address}> .");
    }
    for node in nodes {
        let _ = write!(out, "\n<{}> a {}", iri(&node.address), node.kind);
        for (name, object) in &node.properties {
            let object = match object {
                Object::Node(address) => format!("<{}>", iri(address)),
                Object::Text(text, language) => format!("{}@{language}", quoted(text)),
                Object::Plain(text) => quoted(text),
                Object::Typed(text, kind) => format!("{}^^{kind}", quoted(text)),
            };
            let _ = write!(out, " ;\n    {name} {object}");
        }
        out.push_str(" .\n");
    }
    out
}

/// As JSON-LD.
pub(super) fn json_ld(nodes: &[Node]) -> Json {
    let context: Map<String, Json> = PREFIXES
        .iter()
        .map(|(prefix, address)| ((*prefix).to_owned(), Json::from(*address)))
        .collect();
    let graph: Vec<Json> = nodes.iter().map(json_node).collect();
    json!({"@context": context, "@graph": graph})
}

fn json_node(node: &Node) -> Json {
    let mut object = Map::new();
    object.insert("@id".to_owned(), node.address.clone().into());
    object.insert("@type".to_owned(), node.kind.into());
    for (name, value) in &node.properties {
        let value = match value {
            Object::Node(address) => json!({"@id": address}),
            Object::Text(text, language) => json!({"@value": text, "@language": language}),
            Object::Plain(text) => json!({"@value": text}),
            Object::Typed(text, kind) => json!({"@value": text, "@type": kind}),
        };
        if let Json::Array(values) = object
            .entry((*name).to_owned())
            .or_insert_with(|| json!([]))
        {
            values.push(value);
        }
    }
    Json::Object(object)
}

/// A text in quotes, as Turtle escapes it.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// An address without what cannot stand in one.
fn iri(address: &str) -> String {
    address
        .chars()
        .filter(|character| !character.is_control() && !"<>\"{}|^`\\ ".contains(*character))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_addresses_cannot_break_out_of_their_places() {
        let node = Node::new("http://x/a> b", "dcat:Dataset")
            .with("dct:title", Object::Plain("a \"b\" \\ \n".to_owned()));
        let text = turtle(std::slice::from_ref(&node));
        assert!(text.contains(r"<http://x/ab> a dcat:Dataset"), "{text}");
        assert!(text.contains(r#"dct:title "a \"b\" \\ \n" ."#), "{text}");
        assert_eq!(
            json_ld(&[node])["@graph"][0]["dct:title"][0]["@value"],
            "a \"b\" \\ \n"
        );
    }
}
