//! Columns as Delta's schema strings have them.

use arrow::datatypes::{DataType, Schema};
use serde_json::{Value, json};

/// A schema as a table's metadata has it, in JSON.
pub fn delta_schema(schema: &Schema) -> String {
    let field = |field: &std::sync::Arc<arrow::datatypes::Field>| {
        json!({
            "name": field.name(),
            "type": delta_type(field.data_type()),
            "nullable": true,
            "metadata": {},
        })
    };
    let fields: Vec<Value> = schema.fields().iter().map(field).collect();
    json!({"type": "struct", "fields": fields}).to_string()
}

/// Datasets have no other types than these; whatever else there was would be read as text.
fn delta_type(kind: &DataType) -> String {
    match kind {
        DataType::Int64 => "long".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Timestamp(..) => "timestamp".to_owned(),
        DataType::Decimal128(digits, scale) => format!("decimal({digits},{scale})"),
        _ => "string".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{Field, TimeUnit};

    use super::*;

    #[test]
    fn each_type_of_a_dataset_has_its_word() {
        let field = |name: &str, kind: DataType| Field::new(name, kind, false);
        let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let schema = Schema::new(vec![
            field("a", DataType::Utf8View),
            field("b", DataType::Int64),
            field("c", DataType::Decimal128(18, 2)),
            field("d", DataType::Date32),
            field("e", utc),
            field("f", DataType::Boolean),
        ]);
        let schema: Value = serde_json::from_str(&delta_schema(&schema)).unwrap();
        let words: Vec<&str> = schema["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| field["type"].as_str().unwrap())
            .collect();
        assert_eq!(
            words,
            [
                "string",
                "long",
                "decimal(18,2)",
                "date",
                "timestamp",
                "boolean"
            ]
        );
    }
}
