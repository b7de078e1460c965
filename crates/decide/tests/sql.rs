//! Rules as SQL. That both say the same of the same rows is tested where there is a database.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use decide::{Field, Fields, Rule, Type, to_sql};

fn sql(text: &str) -> String {
    let fields = Fields::new([
        Field::new("n", Type::Number),
        Field::new("m", Type::Number),
        Field::new("id", Type::Text).required(),
        Field::new("s", Type::Text),
        Field::new("b", Type::Boolean),
        Field::new("d", Type::Date),
        Field::new("t", Type::Datetime),
    ]);
    let rule = Rule::condition(text, &fields).unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
    to_sql(&rule, |name| format!("\"{name}\""))
}

#[test]
fn conditions_become_sql() {
    let shown: Vec<String> = [
        "n > 1 and m <= 2.50 or b",
        "n in [1..5) and s in (\"a\", \"b\")",
        "not(s in (\"a\", \"b\"))",
        "s = \"a\"",
        "not(s = \"a\")",
        "s != \"a\"",
        "id = \"a\" and id != \"b\"",
        "n = m",
        "n = null or is defined(s)",
        "if b then n > 1 else s = \"x\"",
        "n / m - 1 > -2 * abs(n)",
        "min(n, m) > floor(n)",
        "d + @\"P18Y\" <= @\"2026-01-01\" and d - @\"P3D\" > date(\"2020-01-01\")",
        "d - @\"2026-01-01\" > @\"P30D\"",
        "t + @\"PT1H\" > @\"2026-01-01T08:00:00+08:00\"",
        "years and months duration(d, @\"2026-01-01\") >= @\"P18Y\"",
        "d.year = 2026",
        "starts with(s, \"a\") and ends with(s, \"b\") and contains(s, \"c\") and matches(s, \"^a.c$\")",
        "upper case(substring(s, 1, 2)) = lower case(s) + \"x\" and string length(s) > 2",
    ]
    .into_iter()
    .map(|text| format!("{text}\n    {}", sql(text)))
    .collect();
    insta::assert_snapshot!(shown.join("\n"), @"");
}

#[test]
fn a_text_never_ends_early() {
    for (text, quoted) in [
        (
            "s = \"O'Neill'; DROP TABLE x; --\"",
            "'O''Neill''; DROP TABLE x; --'",
        ),
        ("s = \"\\\\'\"", "'\\'''"),
        ("s = \"a\\\"b\"", "'a\"b'"),
    ] {
        assert_eq!(sql(text), format!("(\"s\" = {quoted})"), "{text}");
    }
}
