//! Which records an agreement lets read: a rule over the record's fields.

use decide::definitions::fields_of;

use crate::table::Table;
use crate::value::Value;

/// A row filter, compiled for a table.
#[derive(Debug)]
pub struct Rows {
    rule: decide::Rule,
}

/// A record's values, as rules take them.
struct Record<'a>(&'a [Value]);

impl Rows {
    /// Compiles a filter.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn compile(text: &str, table: &Table) -> Result<Self, String> {
        let rule = decide::Rule::condition(text, &fields_of(&table.definition));
        let rule = rule.map_err(|faults| {
            faults
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; ")
        })?;
        Ok(Self { rule })
    }

    /// The filter as SQL over the table's fields.
    pub fn to_sql(&self) -> String {
        decide::to_sql(&self.rule, |field| {
            format!("\"{}\"", field.replace('"', "\"\""))
        })
    }

    /// Whether a record may be read. What cannot be worked out may not.
    pub fn admit(&self, values: &[Value]) -> bool {
        self.rule.holds(&Record(values)) == Some(true)
    }
}

impl decide::Row for Record<'_> {
    fn value(&self, at: usize) -> decide::Value<'_> {
        match self.0.get(at) {
            None | Some(Value::Null) => decide::Value::Null,
            Some(Value::Boolean(value)) => decide::Value::Boolean(*value),
            Some(Value::Integer(number)) => decide::Value::number(*number),
            Some(Value::Decimal { digits, scale }) => decide::Value::decimal(*digits, *scale),
            Some(Value::Date(days)) => decide::Value::Date(*days),
            Some(Value::Datetime(at)) => decide::Value::Datetime(*at),
            Some(Value::Text(text)) => decide::Value::text(text),
        }
    }
}
