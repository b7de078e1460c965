//! The JSON Schema of each kind, made from its types.
//!
//! Editors complete and check definition files with it, and so does [`crate::shape`]: what one
//! accepts the other does too.

use schemars::transform::transform_subschemas;
use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::Value;

use crate::kind::{Kind, kind};
use crate::names::Error;

/// The JSON Schema (draft 2020-12) of the kind named `name`.
pub fn schema(name: &str) -> Result<Value, Error> {
    Ok((kind(name)?.schema)())
}

/// The JSON Schema of kind `K`.
pub(crate) fn generate<K: Kind>() -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(simplify);
    let mut schema = SchemaGenerator::new(settings).into_root_schema_for::<K>();
    schema.insert("title".to_owned(), Value::from(K::NAME));
    schema.to_value()
}

/// Takes out what serde allows and definitions do not need: `null` (a key without a value is left
/// out instead), and the widths of numbers.
fn simplify(schema: &mut Schema) {
    transform_subschemas(&mut simplify, schema);
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    let is_null = |part: &Value| part.get("type").is_some_and(|kind| kind == "null");
    if let Some(Value::Array(parts)) = object.get_mut("anyOf") {
        parts.retain(|part| !is_null(part));
        if let [Value::Object(only)] = parts.as_slice() {
            let only = only.clone();
            object.remove("anyOf");
            object.extend(only);
        }
    }
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if object.get("default").is_some_and(Value::is_null) {
        object.remove("default");
    }
    let format = object.get("format").and_then(Value::as_str).unwrap_or("");
    if format == "double" || format == "float" || format.trim_start_matches('u').starts_with("int")
    {
        object.remove("format");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::formats::FORMATS;
    use crate::kind::KINDS;

    fn visit(value: &Value, see: &mut dyn FnMut(&serde_json::Map<String, Value>)) {
        match value {
            Value::Object(map) => {
                see(map);
                map.values().for_each(|part| visit(part, see));
            }
            Value::Array(parts) => parts.iter().for_each(|part| visit(part, see)),
            _ => {}
        }
    }

    #[test]
    fn every_format_is_checked_and_every_pattern_has_a_format() {
        for kind in KINDS {
            visit(&(kind.schema)(), &mut |object| {
                if let Some(format) = object.get("format").and_then(Value::as_str) {
                    assert!(FORMATS.iter().any(|(name, _)| *name == format), "{format}");
                }
                if object.get("pattern").is_some_and(Value::is_string) {
                    assert!(object.contains_key("format"), "{object:?}");
                }
            });
        }
    }

    #[test]
    fn every_key_is_explained_and_null_is_gone() {
        for kind in KINDS {
            visit(&(kind.schema)(), &mut |object| {
                assert_ne!(object.get("type"), Some(&Value::from("null")), "{object:?}");
                if let Some(Value::Object(keys)) = object.get("properties") {
                    for (key, schema) in keys {
                        assert!(schema.get("description").is_some(), "{}: {key}", kind.name);
                    }
                }
            });
        }
    }

    /// The schemas in the repository are those of the code. `UPDATE_SCHEMAS=1` rewrites them.
    #[test]
    fn schemas_in_the_repository_are_current() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
        let update = std::env::var_os("UPDATE_SCHEMAS").is_some();
        let mut expected = Vec::new();
        for kind in KINDS {
            let file = folder.join(format!("{}.schema.json", kind.name));
            let text = serde_json::to_string_pretty(&(kind.schema)()).unwrap() + "\n";
            if update {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(&file, &text).unwrap();
            }
            let found = std::fs::read_to_string(&file).unwrap_or_default();
            assert!(
                found == text,
                "{} is out of date; run the test with UPDATE_SCHEMAS=1",
                file.display()
            );
            expected.push(file.file_name().unwrap().to_owned());
        }
        for entry in std::fs::read_dir(&folder).unwrap() {
            let name = entry.unwrap().file_name();
            assert!(
                expected.contains(&name),
                "schemas/{} belongs to no kind",
                name.display()
            );
        }
    }
}
