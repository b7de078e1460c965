//! No text makes a rule panic, and rules keep the laws of three-valued logic.
#![expect(clippy::panic, reason = "a test fails by panicking")]

use decide::{Field, Fields, Rule, Type, Value, to_sql};
use proptest::prelude::*;

fn fields() -> Fields {
    Fields::new([
        Field::new("a", Type::Number),
        Field::new("b", Type::Number),
        Field::new("s", Type::Text),
        Field::new("p", Type::Boolean),
        Field::new("d", Type::Date),
    ])
}

fn rows() -> impl Strategy<Value = Vec<Value<'static>>> {
    let number = || prop_oneof![Just(Value::Null), (-9_i64..9).prop_map(Value::number)];
    let text = prop_oneof![
        Just(Value::Null),
        "[ab]{0,2}".prop_map(|s| Value::Text(s.into()))
    ];
    let truth = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::Boolean)];
    let date = prop_oneof![Just(Value::Null), (-100_i32..100).prop_map(Value::Date)];
    (number(), number(), text, truth, date).prop_map(|(a, b, s, p, d)| vec![a, b, s, p, d])
}

/// The words rules are made of, in any order.
fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "a", "b", "s", "p", "d", "1", "2.5", "\"x\"", "true", "null", "and", "or", "not", "(", ")",
        "[", "]", "..", ",", "<", "<=", "=", "!=", "+", "-", "*", "/", "in", "between", "if",
        "then", "else", "@", "\"P1D\"", "date", ".", "year", "string", "length", "matches", "min",
        "list", "range", "item", "years", "months", "duration", "time", "context", "function",
        "of",
    ]);
    prop::collection::vec(word, 0..14).prop_map(|words| words.join(" "))
}

/// Conditions that are right.
fn conditions() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        Just("a".to_owned()),
        Just("b".to_owned()),
        (-9_i32..9).prop_map(|n| n.to_string()),
        Just("a + b * 2".to_owned()),
        Just("min(a, b)".to_owned()),
    ];
    let sign = prop::sample::select(vec!["<", "<=", "=", "!=", ">", ">="]);
    let leaf = prop_oneof![
        (number.clone(), sign, number).prop_map(|(x, sign, y)| format!("{x} {sign} {y}")),
        (-5_i32..0, 0_i32..5).prop_map(|(low, high)| format!("a in [{low}..{high})")),
        Just("s in (\"a\", \"b\")".to_owned()),
        Just("s = null".to_owned()),
        Just("starts with(s, \"a\")".to_owned()),
        Just("d > @\"1970-01-01\"".to_owned()),
        Just("p".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(x, y)| format!("({x} and {y})")),
            (inner.clone(), inner.clone()).prop_map(|(x, y)| format!("({x} or {y})")),
            inner.clone().prop_map(|x| format!("not({x})")),
            (inner.clone(), inner.clone(), inner)
                .prop_map(|(x, y, z)| format!("(if {x} then {y} else {z})")),
        ]
    })
}

fn holds(text: &str, row: &[Value<'static>]) -> Option<bool> {
    let rule =
        Rule::condition(text, &fields()).unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
    rule.holds(row)
}

fn harmless(text: &str) -> Result<(), TestCaseError> {
    match Rule::expression(text, &fields()) {
        Ok(rule) => {
            let row = [
                Value::Null,
                Value::number(1),
                Value::text("x"),
                Value::Null,
                Value::Date(1),
            ];
            let _ = (
                rule.evaluate(&row),
                rule.evaluate_with_trace(&row),
                to_sql(&rule, str::to_owned),
            );
        }
        Err(faults) => {
            prop_assert!(!faults.is_empty());
            for fault in faults {
                prop_assert!(
                    text.get(fault.at.clone()).is_some(),
                    "{:?} of {:?}",
                    fault,
                    text
                );
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn arbitrary_text_gives_faults_and_no_panic(text in ".{0,60}") {
        harmless(&text)?;
    }

    #[test]
    fn arbitrary_words_give_faults_and_no_panic(text in words()) {
        harmless(&text)?;
    }
}

proptest! {
    #[test]
    fn the_laws_of_logic_hold(x in conditions(), y in conditions(), row in rows()) {
        let (p, q) = (holds(&x, &row), holds(&y, &row));
        let not = |p: Option<bool>| p.map(|p| !p);
        prop_assert_eq!(holds(&format!("not({x})"), &row), not(p));
        let both = match (p, q) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        };
        prop_assert_eq!(holds(&format!("{x} and {y}"), &row), both);
        prop_assert_eq!(holds(&format!("not(not({x}) or not({y}))"), &row), both, "De Morgan");
        let chosen = if p == Some(true) { q } else { p };
        prop_assert_eq!(holds(&format!("if {x} then {y} else {x}"), &row), chosen);
    }

    #[test]
    fn a_trace_comes_out_as_the_rule_does(text in conditions(), row in rows()) {
        let rule = Rule::condition(&text, &fields()).unwrap();
        prop_assert_eq!(rule.evaluate_with_trace(&row).verdict.truth(), rule.holds(&row));
    }
}

#[test]
fn long_and_deep_rules_are_refused_or_worked_out() {
    let row = [
        Value::number(1),
        Value::Null,
        Value::Null,
        Value::Boolean(true),
        Value::Null,
    ];
    let long = vec!["a = 1"; 200].join(" and ");
    assert_eq!(holds(&long, &row), Some(true));
    for text in [
        "(".repeat(5_000),
        format!("{}a{} = 1", "(".repeat(500), ")".repeat(500)),
        format!("{}a = 1", "-".repeat(900)),
        vec!["a + 1"; 400].join(" + ") + " = 1",
        vec!["a"; 2_000].join(" + "),
        format!(
            "{}p{} and a in [{}1]",
            "not(".repeat(90),
            ")".repeat(90),
            "1,".repeat(400)
        ),
        "x".repeat(10_000),
    ] {
        if let Ok(rule) = Rule::expression(&text, &fields()) {
            let _ = rule.evaluate(&row);
        }
    }
}
