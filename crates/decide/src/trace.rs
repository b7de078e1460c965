//! Why a rule came out as it did: each condition in it, the facts it used, and its verdict.

use serde::Serialize;

use crate::eval;
use crate::fields::Type;
use crate::rule::{Node, Part, Rule};
use crate::value::{Row, Value};

/// A condition, or the rule as a whole, with its verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trace {
    /// Its text.
    pub text: String,
    /// What it came out as; of a condition `true`, `false` or nothing.
    pub verdict: Value<'static>,
    /// The fields that it used itself, in the order of their positions; those of its conditions
    /// stand with them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    /// The conditions it is made of, in order. All were worked out, needed or not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Trace>,
}

/// A field and its value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fact {
    /// The field's name.
    pub field: String,
    /// Its value in the row.
    pub value: Value<'static>,
}

pub(crate) fn trace<R: Row + ?Sized>(rule: &Rule, node: &Node, row: &R) -> Trace {
    let parts = node.parts();
    // What is made of conditions shows them; anything else shows its facts.
    let made_of_conditions = match &node.part {
        Part::And(_) | Part::Or(_) | Part::Not(_) => true,
        Part::If(_) => parts.iter().any(|part| part.kind == Type::Boolean),
        _ => false,
    };
    let (mut used, mut conditions) = (Vec::new(), Vec::new());
    if made_of_conditions {
        for part in parts {
            if part.kind == Type::Boolean {
                conditions.push(trace(rule, part, row));
            } else {
                part.fields_used(&mut used, true);
            }
        }
    } else {
        node.fields_used(&mut used, true);
    }
    used.sort_unstable();
    used.dedup();
    let facts = used.into_iter().filter_map(|position| {
        Some(Fact {
            field: rule.field(position)?.name.clone(),
            value: row.value(position).into_owned(),
        })
    });
    Trace {
        text: rule
            .text()
            .get(node.at.clone())
            .unwrap_or_default()
            .to_owned(),
        verdict: eval::value(node, row).into_owned(),
        facts: facts.collect(),
        conditions,
    }
}
