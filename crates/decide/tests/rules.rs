//! Rules in, verdicts and faults out: the boundary of the crate.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fmt::Write;

use decide::{Decimal, Field, Fields, Judgement, Rule, Type, Value};

fn fields() -> Fields {
    Fields::new([
        Field::new("headcount", Type::Number),
        Field::new("revenue", Type::Number),
        Field::new("name", Type::Text).required(),
        Field::new("status", Type::Text).one_of(["active", "closed", "suspended"]),
        Field::new("in_default", Type::Boolean),
        Field::new("founded_on", Type::Date),
        Field::new("closed_on", Type::Date),
        Field::new("seen_at", Type::Datetime),
    ])
}

/// An enterprise; what is not said is missing.
fn row(facts: &[(&str, Value<'static>)]) -> Vec<Value<'static>> {
    let fields = fields();
    let mut row = vec![Value::Null; fields.iter().count()];
    row[fields.position("name").unwrap()] = Value::text("Westlake Silk 有限公司");
    for (name, value) in facts {
        row[fields.position(name).unwrap()] = value.clone();
    }
    row
}

fn enterprise() -> Vec<Value<'static>> {
    row(&[
        ("headcount", Value::number(25)),
        ("revenue", Value::decimal(1_250_050, 2)),
        ("status", Value::text("active")),
        ("in_default", Value::Boolean(false)),
        ("founded_on", Value::Date(10_957)), // 2000-01-01
        ("seen_at", Value::Datetime(1_700_000_000_000_000)),
    ])
}

fn value(text: &str) -> String {
    match Rule::expression(text, &fields()) {
        Ok(rule) => rule.evaluate(&enterprise()).to_string(),
        Err(faults) => panic!("{text}: {faults:?}"),
    }
}

/// Each fault with its place marked below the rule.
fn faults(text: &str) -> String {
    let faults = Rule::condition(text, &fields()).unwrap_err();
    let mut shown = String::new();
    for fault in faults {
        let width = |part: &str| part.chars().count();
        let before = width(&text[..fault.at.start]);
        let marks = width(&text[fault.at.clone()]).max(1);
        let _ = writeln!(
            shown,
            "{text}\n{}{} {fault}",
            " ".repeat(before),
            "^".repeat(marks)
        );
        if let Some(help) = fault.help {
            let _ = writeln!(shown, "{}{help}", " ".repeat(before + marks + 1));
        }
    }
    shown
}

#[test]
fn comparisons_ranges_and_lists() {
    for (text, expected) in [
        ("headcount = 25", "true"),
        ("headcount != 25.0", "false"),
        ("headcount > 20 and headcount <= 25", "true"),
        ("headcount in [25..300]", "true"),
        ("headcount in (25..300]", "false"),
        ("headcount in ]25..300]", "false"),
        ("headcount in [1..25)", "false"),
        ("headcount in [1..25[", "false"),
        ("headcount between 25 and 30 and in_default = false", "true"),
        ("headcount in (1, 2, 25)", "true"),
        ("headcount in (< 10, > 20)", "true"),
        ("headcount in (< 10, [20..22])", "false"),
        ("headcount in > 20", "true"),
        ("headcount in [1, 2, 3]", "false"),
        ("status in (\"active\", \"suspended\")", "true"),
        ("not(status = \"closed\") and not(in_default)", "true"),
        ("name > \"W\"", "true"),
        ("revenue = 12500.50", "true"),
        ("-headcount < -24", "true"),
        ("headcount in [-30..-20]", "false"),
        ("in_default", "false"),
        ("founded_on = date(\"2000-01-01\")", "true"),
        ("founded_on in [@\"1999-12-31\"..date(2000, 1, 1)]", "true"),
        ("seen_at < @\"2026-01-01T00:00:00+08:00\"", "true"),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn what_is_missing_is_neither_true_nor_false() {
    let row = row(&[]);
    for (text, expected) in [
        ("headcount > 1", None),
        ("headcount in [1..2]", None),
        ("headcount between 1 and 2", None),
        ("headcount = 1", Some(false)),
        ("headcount != 1", Some(true)),
        ("headcount in (1, 2)", Some(false)),
        ("headcount = null", Some(true)),
        ("null != headcount", Some(false)),
        ("is defined(headcount)", Some(false)),
        ("is defined(name)", Some(true)),
        ("headcount > 1 and name = \"x\"", Some(false)),
        ("headcount > 1 or name != \"x\"", Some(true)),
        ("headcount > 1 and name != \"x\"", None),
        ("not(headcount > 1)", None),
        ("in_default", None),
        ("if headcount > 1 then true else name != \"x\"", Some(true)),
        ("headcount + 1 > 1", None),
        ("founded_on.year > 2000", None),
        ("starts with(status, \"a\")", None),
        ("min(headcount, 1) = 1", Some(false)),
    ] {
        let rule = Rule::condition(text, &fields()).unwrap();
        assert_eq!(rule.holds(&row), expected, "{text}");
    }
}

#[test]
fn numbers_days_and_texts_are_worked_out() {
    for (text, expected) in [
        ("headcount * 2 + 1.5", "51.5"),
        ("headcount - 2 - 3", "20"),
        ("headcount / 4", "6.25"),
        ("headcount / 0", "null"),
        ("0.1 + 0.2", "0.3"),
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("min(headcount, 3, 7) + max(1, 2)", "5"),
        ("abs(-2.5) + floor(2.5) + ceiling(2.5)", "7.5"),
        ("if headcount > 100 then \"large\" else \"small\"", "small"),
        ("if in_default then null else headcount", "25"),
        ("founded_on + duration(\"P18Y\")", "2018-01-01"),
        ("founded_on - @\"P1D\"", "1999-12-31"),
        ("date(\"2000-01-31\") + @\"P1M\"", "2000-02-29"),
        ("date(\"2000-03-01\") - founded_on", "P60D"),
        (
            "date(\"2000-03-01\") - founded_on > duration(\"P59D\")",
            "true",
        ),
        (
            "years and months duration(founded_on, date(\"2018-06-30\"))",
            "P18Y5M",
        ),
        (
            "years and months duration(founded_on, @\"2018-01-01\") >= @\"P18Y\"",
            "true",
        ),
        ("founded_on.year * 100 + founded_on.month", "200001"),
        ("founded_on.day", "1"),
        ("seen_at + @\"PT1H\"", "2023-11-14T23:13:20Z"),
        ("string length(name)", "18"),
        ("upper case(substring(name, 1, 4))", "WEST"),
        ("substring(name, 15)", "有限公司"),
        ("lower case(\"AbC\") + \"d\"", "abcd"),
        (
            "starts with(name, \"West\") and ends with(name, \"公司\") and contains(name, \"lake\")",
            "true",
        ),
        ("matches(name, \"^[A-Z][a-z]+ .*有限公司$\")", "true"),
        ("\"say \\\"hi\\\"\"", "say \"hi\""),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
    let rule = Rule::expression("revenue", &fields()).unwrap();
    let money = Decimal::new(1_250_050, 2).unwrap();
    assert_eq!(rule.evaluate(&enterprise()), Value::Number(money));
    assert_eq!(rule.kind(), Type::Number);
}

#[test]
fn names_and_words_are_checked() {
    insta::assert_snapshot!(faults("headcuont > 20 and revnue < 5"), @r"
    headcuont > 20 and revnue < 5
    ^^^^^^^^^ there is no field `headcuont`
              did you mean `headcount`?
    headcuont > 20 and revnue < 5
                       ^^^^^^ there is no field `revnue`
                              did you mean `revenue`?
    ");
    insta::assert_snapshot!(faults("status = \"activ\" or status in (\"closed\", \"gone\")"), @r#"
    status = "activ" or status in ("closed", "gone")
             ^^^^^^^ `status` is never `activ`
                     did you mean `active`?
    status = "activ" or status in ("closed", "gone")
                                             ^^^^^^ `status` is never `gone`
                                                    one of `active`, `closed`, `suspended`
    "#);
    insta::assert_snapshot!(faults("string lenght(name) > 3"), @r"
    string lenght(name) > 3
           ^^^^^^ `lenght` cannot stand after `string`
                  write an operator between them, such as `and`
    ");
    insta::assert_snapshot!(faults("lenght(name) > 3"), @r"
    lenght(name) > 3
    ^^^^^^ there is no function `lenght`
    ");
    insta::assert_snapshot!(faults("founded_on <= today()"), @r"
    founded_on <= today()
                  ^^^^^ `today` is outside of what rules may use
                        a rule says the same on every day: compare with a field, such as the day of the event
    ");
}

#[test]
fn types_are_checked() {
    insta::assert_snapshot!(faults("headcount = \"25\""), @r#"
    headcount = "25"
    ^^^^^^^^^^^^^^^^ `headcount` is a number but is compared with text
                     write `25` without quotes
    "#);
    insta::assert_snapshot!(faults("founded_on > \"2000-01-01\" and name = 3"), @r#"
    founded_on > "2000-01-01" and name = 3
    ^^^^^^^^^^^^^^^^^^^^^^^^^ `founded_on` is a date but is compared with text
                              write `date("2000-01-01")`
    founded_on > "2000-01-01" and name = 3
                                  ^^^^^^^^ `name` is text but is compared with a number
                                           write `"3"`
    "#);
    insta::assert_snapshot!(faults("headcount and in_default"), @r"
    headcount and in_default
    ^^^^^^^^^ `headcount` is a number, but `and` takes conditions
              compare it with something, as in `headcount >= 20`
    ");
    insta::assert_snapshot!(faults("headcount + name > 3"), @r"
    headcount + name > 3
    ^^^^^^^^^^^^^^^^ `name` is text, so it cannot be added to `headcount`, which is a number
    ");
    insta::assert_snapshot!(faults("in_default < true"), @r"
    in_default < true
    ^^^^^^^^^^^^^^^^^ truth values have no order
                      use `=`, or the condition alone
    ");
    insta::assert_snapshot!(faults("headcount > null"), @r"
    headcount > null
    ^^^^^^^^^^^^^^^^ `null` is neither less nor greater than anything
                     test `= null` or `!= null`
    ");
    insta::assert_snapshot!(faults("headcount in [300..20]"), @r"
    headcount in [300..20]
                  ^^^^^^^ the range is empty: it begins after its end
                          write the lesser end first
    ");
    insta::assert_snapshot!(faults("headcount * 2"), @r"
    headcount * 2
    ^^^^^^^^^^^^^ the rule is a number, but must be a condition
                  compare it with something, as in `headcount >= 20`
    ");
    insta::assert_snapshot!(faults("if headcount then true else false"), @r"
    if headcount then true else false
       ^^^^^^^^^ `headcount` is a number, but `if` takes conditions
                 compare it with something, as in `headcount >= 20`
    ");
    insta::assert_snapshot!(faults("if in_default then 1 else \"b\""), @r#"
    if in_default then 1 else "b"
                       ^^^^^^^^^^ `1` is a number, but `"b"` is text
                                  both outcomes of an `if` are of one type
    "#);
    insta::assert_snapshot!(faults("founded_on + revenue > founded_on"), @r"
    founded_on + revenue > founded_on
    ^^^^^^^^^^^^^^^^^^^^ `revenue` is a number, so it cannot be added to `founded_on`, which is a date
    ");
    insta::assert_snapshot!(faults("seen_at.year = 2026"), @r"
    seen_at.year = 2026
            ^^^^ `seen_at` is a moment, so it has no `.year`
                 only a day has one; which day a moment falls on depends on the place
    ");
    insta::assert_snapshot!(faults("date(seen_at) = founded_on"), @r#"
    date(seen_at) = founded_on
    ^^^^^^^^^^^^^ `date` takes a text that is written out
                  write `date("2026-02-17")`; which day a moment falls on depends on the place
    "#);
    insta::assert_snapshot!(faults("founded_on = date(\"2026-02-30\")"), @r#"
    founded_on = date("2026-02-30")
                 ^^^^^^^^^^^^^^^^^^ `2026-02-30` is no date
                                    write year, month and day, such as `2026-02-17`, of a day that exists
    "#);
    insta::assert_snapshot!(faults("contains(name)"), @r"
    contains(name)
    ^^^^^^^^^^^^^^ `contains` takes 2 values, not 1
    ");
    insta::assert_snapshot!(faults("matches(name, \"[a\")"), @r#"
    matches(name, "[a")
                  ^^^^ `[a` is no pattern: unclosed character class
    "#);
    insta::assert_snapshot!(faults("substring(name, 0) = \"x\""), @r#"
    substring(name, 0) = "x"
                    ^ `0` is no count of letters
                      write a whole number from 1
    "#);
}

#[test]
fn what_is_no_feel_is_pointed_at() {
    for text in [
        "",
        "headcount == 3",
        "headcount > 3 && in_default",
        "name = 'x'",
        "name = \"x",
        "headcount > ",
        "headcount 3",
        "(headcount > 3",
        "headcount > 3)",
        "headcount in [1..3",
        "> 3",
        "headcount AND in_default",
        "headcount >= 3 or or in_default",
        "[1, 2]",
        "for x in [1,2] return x",
        "name[1] = \"a\"",
        "headcount ＞ 3",
        "3x > 2",
        "headcount in []",
        "{a: 1}",
        "name = \"\\u0041\"",
        "if in_default then true",
        "headcount..3",
        "headcount ** 2 > 1",
    ] {
        let faults = Rule::condition(text, &fields()).unwrap_err();
        assert!(
            faults.iter().all(|fault| fault.at.end <= text.len()),
            "{text}"
        );
    }
    insta::assert_snapshot!(faults("headcount == 3 && in_default"), @r"
    headcount == 3 && in_default
              ^^ `==` is no sign of FEEL
                 write `=`
    headcount == 3 && in_default
                   ^^ `&&` is no sign of FEEL
                      write `and`
    ");
    insta::assert_snapshot!(faults("headcount 3"), @r"
    headcount 3
              ^ `3` cannot stand after `headcount`
                write an operator between them, such as `and`
    ");
    insta::assert_snapshot!(faults("headcount >= 3 or or in_default"), @r"
    headcount >= 3 or or in_default
                      ^^ a value is missing before `or` after `or`
    ");
    insta::assert_snapshot!(faults("(headcount > 3"), @r"
    (headcount > 3
    ^ `(` is never closed
    ");
    insta::assert_snapshot!(faults("for x in headcount return x"), @r"
    for x in headcount return x
    ^^^ `for` is outside of what rules may use
        a rule looks at one record: no loops, no functions of its own, no tests of types
    for x in headcount return x
                       ^^^^^^ `return` is outside of what rules may use
                              a rule looks at one record: no loops, no functions of its own, no tests of types
    ");
    insta::assert_snapshot!(faults("名称 = \"x\" AND in_default"), @r#"
    名称 = "x" AND in_default
             ^^^ `AND` is not a word of FEEL
                 write `and`
    "#);
}

#[test]
fn a_rule_of_quality_is_silent_about_what_is_missing() {
    let judge =
        |text: &str, row: &[Value<'static>]| Rule::condition(text, &fields()).unwrap().judge(row);
    let here = enterprise();
    assert_eq!(judge("headcount > 20", &here), Judgement::Holds);
    assert_eq!(judge("headcount > 30", &here), Judgement::Breaks);
    assert_eq!(judge("headcount > 20", &row(&[])), Judgement::Silent);
    assert_eq!(judge("status = \"active\"", &row(&[])), Judgement::Silent);
    // The test for being there is what the rule is about.
    let closed = row(&[("status", Value::text("closed"))]);
    let text = "if status = \"closed\" then closed_on != null else true";
    assert_eq!(judge(text, &closed), Judgement::Breaks);
    assert_eq!(judge(text, &here), Judgement::Holds);
    assert_eq!(judge("headcount / 0 > 1", &here), Judgement::Breaks);
}

#[test]
fn a_trace_shows_each_condition_its_facts_and_its_verdict() {
    let text = "headcount in [20..300] and (not(in_default) or revenue > 1000)";
    let rule = Rule::condition(text, &fields()).unwrap();
    let row = row(&[
        ("headcount", Value::number(25)),
        ("in_default", Value::Boolean(true)),
    ]);
    insta::assert_json_snapshot!(rule.evaluate_with_trace(&row), @r#"
    {
      "text": "headcount in [20..300] and (not(in_default) or revenue > 1000)",
      "verdict": null,
      "conditions": [
        {
          "text": "headcount in [20..300]",
          "verdict": true,
          "facts": [
            {
              "field": "headcount",
              "value": "25"
            }
          ]
        },
        {
          "text": "not(in_default) or revenue > 1000",
          "verdict": null,
          "conditions": [
            {
              "text": "not(in_default)",
              "verdict": false,
              "conditions": [
                {
                  "text": "in_default",
                  "verdict": true,
                  "facts": [
                    {
                      "field": "in_default",
                      "value": true
                    }
                  ]
                }
              ]
            },
            {
              "text": "revenue > 1000",
              "verdict": null,
              "facts": [
                {
                  "field": "revenue",
                  "value": null
                }
              ]
            }
          ]
        }
      ]
    }
    "#);
}

#[test]
fn a_rule_knows_its_fields() {
    let fields = fields();
    let rule = Rule::condition("headcount > 1 and name != null", &fields).unwrap();
    let used: Vec<&str> = rule
        .uses()
        .iter()
        .map(|at| fields.get(*at).unwrap().name.as_str())
        .collect();
    assert_eq!(used, ["headcount", "name"]);
    assert_eq!(rule.text(), "headcount > 1 and name != null");
}
