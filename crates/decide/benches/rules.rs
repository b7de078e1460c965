//! What a rule costs for one row: `cargo bench -p decide`.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use decide::{Field, Fields, Rule, Type, Value};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

const RULES: &[&str] = &[
    "headcount >= 20",
    "headcount in [20..300] and not(in_default)",
    "status in (\"active\", \"suspended\", \"moved\")",
    "if status = \"closed\" then closed_on != null else true",
    "revenue * 100 / headcount > 12.5",
    "founded_on + @\"P3Y\" <= closed_on",
    "matches(name, \"^[A-Z].*公司$\")",
];

fn fields() -> Fields {
    Fields::new([
        Field::new("headcount", Type::Number),
        Field::new("revenue", Type::Number),
        Field::new("in_default", Type::Boolean),
        Field::new("status", Type::Text),
        Field::new("name", Type::Text),
        Field::new("founded_on", Type::Date),
        Field::new("closed_on", Type::Date),
    ])
}

fn row() -> [Value<'static>; 7] {
    [
        Value::number(25),
        Value::decimal(1_250_050, 2),
        Value::Boolean(false),
        Value::text("moved"),
        Value::text("Westlake Silk 有限公司"),
        Value::Date(10_957),
        Value::Date(15_000),
    ]
}

#[divan::bench(args = RULES)]
fn holds(bencher: Bencher<'_, '_>, text: &str) {
    let rule = Rule::condition(text, &fields()).unwrap();
    let row = row();
    bencher.bench_local(|| black_box(&rule).holds(black_box(&row)));
}

#[divan::bench(args = RULES)]
fn compile(bencher: Bencher<'_, '_>, text: &str) {
    let fields = fields();
    bencher.bench_local(|| Rule::condition(black_box(text), black_box(&fields)).unwrap());
}
