//! Rules as SQL. That both say the same of the same rows is tested where there is a database.
#![expect(clippy::panic, reason = "a test fails by panicking")]

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
    insta::assert_snapshot!(shown.join("\n"), @r#"
    n > 1 and m <= 2.50 or b
        ((("n" > 1) AND ("m" <= CAST('2.5' AS DECIMAL(38, 1)))) OR "b")
    n in [1..5) and s in ("a", "b")
        (("n" >= 1 AND "n" < 5) AND ("s" IN ('a', 'b')))
    not(s in ("a", "b"))
        (NOT COALESCE("s" IN ('a', 'b'), FALSE))
    s = "a"
        ("s" = 'a')
    not(s = "a")
        (NOT ("s" IS NOT DISTINCT FROM 'a'))
    s != "a"
        ("s" IS DISTINCT FROM 'a')
    id = "a" and id != "b"
        (("id" = 'a') AND ("id" <> 'b'))
    n = m
        ("n" IS NOT DISTINCT FROM "m")
    n = null or is defined(s)
        (("n" IS NULL) OR ("s" IS NOT NULL))
    if b then n > 1 else s = "x"
        CASE WHEN "b" THEN ("n" > 1) ELSE ("s" IS NOT DISTINCT FROM 'x') END
    n / m - 1 > -2 * abs(n)
        (((CAST("n" AS DOUBLE) / NULLIF(CAST("m" AS DOUBLE), 0)) - 1) > ((-2) * abs("n")))
    min(n, m) > floor(n)
        (CASE WHEN "n" IS NULL OR "m" IS NULL THEN NULL ELSE least("n", "m") END > floor("n"))
    d + @"P18Y" <= @"2026-01-01" and d - @"P3D" > date("2020-01-01")
        ((CAST(("d" + INTERVAL '216 MONTH') AS DATE) <= DATE '2026-01-01') AND (CAST(("d" - INTERVAL '3 DAY') AS DATE) > DATE '2020-01-01'))
    d - @"2026-01-01" > @"P30D"
        (((CAST("d" AS INT) - CAST(DATE '2026-01-01' AS INT)) * 86400000000) > 2592000000000)
    t + @"PT1H" > @"2026-01-01T08:00:00+08:00"
        (("t" + INTERVAL '3600000000 MICROSECOND') > TIMESTAMP '2026-01-01T00:00:00Z')
    years and months duration(d, @"2026-01-01") >= @"P18Y"
        (((CAST(EXTRACT(YEAR FROM DATE '2026-01-01') AS BIGINT) - CAST(EXTRACT(YEAR FROM "d") AS BIGINT)) * 12 + CAST(EXTRACT(MONTH FROM DATE '2026-01-01') AS BIGINT) - CAST(EXTRACT(MONTH FROM "d") AS BIGINT) + CASE WHEN DATE '2026-01-01' >= "d" AND CAST(EXTRACT(DAY FROM DATE '2026-01-01') AS BIGINT) < CAST(EXTRACT(DAY FROM "d") AS BIGINT) THEN -1 WHEN DATE '2026-01-01' < "d" AND CAST(EXTRACT(DAY FROM DATE '2026-01-01') AS BIGINT) > CAST(EXTRACT(DAY FROM "d") AS BIGINT) THEN 1 ELSE 0 END) >= 216)
    d.year = 2026
        (EXTRACT(YEAR FROM "d") = 2026)
    starts with(s, "a") and ends with(s, "b") and contains(s, "c") and matches(s, "^a.c$")
        (starts_with("s", 'a') AND (right("s", CAST(character_length('b') AS BIGINT)) = 'b') AND (strpos("s", 'c') > 0) AND regexp_like("s", '^a.c$'))
    upper case(substring(s, 1, 2)) = lower case(s) + "x" and string length(s) > 2
        ((upper(substr("s", 1, 2)) IS NOT DISTINCT FROM (lower("s") || 'x')) AND (character_length("s") > 2))
    "#);
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
