//! A corpus of bad files: each ends with a summary that says what was wrong, and the rest is taken.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use parquet::arrow::ArrowWriter;
use pool::ingest::Mode;
use pool::quarantine::{self, Filter};

use crate::town::{Town, citizen};

const HEADER: &str =
    "citizen_number,name,sex,born_on,children,income,height_m,married,seen_at,phone";

/// Loads a file and says what came of it, with the faults by place.
fn outcome(name: &str, bytes: impl AsRef<[u8]>) -> String {
    let town = Town::new();
    let path = town.write(name, bytes);
    let summary = match town.load("people", &path, Mode::Upsert) {
        Ok(summary) => summary,
        Err(error) => {
            let folder = town.folder.path().display().to_string();
            return format!("refused: {error}").replace(&folder, "");
        }
    };
    assert_eq!(
        summary.counts.records,
        summary.counts.accepted + summary.counts.quarantined
    );
    assert_eq!(
        summary.counts.accepted,
        town.count("people") + summary.replaced
    );
    let held = quarantine::list(town.pool.meta(), &Filter::default(), 100).unwrap();
    assert_eq!(held.len() as u64, summary.counts.quarantined);
    let mut text = format!(
        "{} of {} accepted",
        summary.counts.accepted, summary.counts.records
    );
    for held in held {
        for fault in held.faults {
            text.push_str(&format!(
                "\n{}: {} [{}]",
                held.place,
                fault,
                fault.code.word()
            ));
        }
    }
    text
}

fn line(at: u32, name: &str, rest: &str) -> String {
    format!("{},{name},{rest}\n", citizen(at))
}

const RIGHT: &str = "female,1950-01-01,1,1200.50,1.71,true,2026-11-25T08:00:00+08:00,13800138000";

#[test]
fn values_of_wrong_types_are_named_field_by_field() {
    let csv = [
        format!("{HEADER}\n"),
        line(1, "right", RIGHT),
        line(
            2,
            "types",
            "woman,1.1.1950,one,1 200,tall,perhaps,noon,telephone",
        ),
        line(
            3,
            "ranges",
            "male,1950-02-30,1.5,1.999,1.715,true,2026-11-25 08:00,1380013800",
        ),
        line(4, "a name that is longer than twenty characters", RIGHT),
        format!("330102195001010018,check,{RIGHT}\n"),
        line(6, "", ",,,,,,,"),
        line(7, "rule", "male,1950-01-01,21,1,1,false,,"),
    ];
    insta::assert_snapshot!(outcome("types.csv", csv.concat()));
}

#[test]
fn other_encodings_and_marks_are_understood() {
    let text = format!(
        "公民身份号码;姓名;出生日期\r\n{};张三;1950-01-01\r\n",
        citizen(1)
    );
    assert_eq!(
        outcome("bom.csv", format!("\u{feff}{text}")),
        "1 of 1 accepted"
    );
    let gbk = encoding(&text);
    assert_eq!(outcome("gbk.csv", gbk), "1 of 1 accepted");
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    assert_eq!(outcome("utf16.csv", utf16), "1 of 1 accepted");
    let mut broken = format!("{HEADER}\n{}", line(1, "right", RIGHT)).into_bytes();
    broken.extend_from_slice(
        &line(2, "xx", RIGHT)
            .into_bytes()
            .into_iter()
            .map(|byte| if byte == b'x' { 0xff } else { byte })
            .collect::<Vec<u8>>(),
    );
    insta::assert_snapshot!(outcome("broken.csv", broken));
}

/// GB 18030 of a text with these characters.
fn encoding(text: &str) -> Vec<u8> {
    encoding_rs::GB18030.encode(text).0.into_owned()
}

#[test]
fn ragged_rows_quotes_and_control_characters_cost_their_own_records() {
    let csv = [
        format!("{HEADER}\n"),
        format!("{},too,few\n", citizen(1)),
        line(2, "right", RIGHT),
        line(3, "right", &format!("{RIGHT},more")),
        line(4, "\"never closed", RIGHT),
        line(5, "\"say \"\"yes\"\", twice\"", RIGHT),
        line(6, "nul\0here", RIGHT),
        "\n".to_owned(),
        line(7, "\"two\nlines\"", RIGHT),
        line(2, "again", RIGHT),
    ];
    insta::assert_snapshot!(outcome("ragged.csv", csv.concat()));
}

#[test]
fn huge_fields_and_records_are_cut_off() {
    let field = "x".repeat(300 << 10);
    let record = "y".repeat(2 << 20);
    let csv = [
        format!("{HEADER}\n"),
        line(1, &field, RIGHT),
        line(2, &record, RIGHT),
        line(3, "right", RIGHT),
    ];
    let text = outcome("huge.csv", csv.concat());
    let short: Vec<String> = text
        .lines()
        .map(|line| line.chars().take(160).collect())
        .collect();
    insta::assert_snapshot!(short.join("\n"));
}

#[test]
fn files_that_are_no_tables_are_refused_whole() {
    let right = format!("{HEADER}\n{}", line(1, "right", RIGHT));
    let whole = parquet(&[
        ("citizen_number", text(&[&citizen(1)])),
        ("name", text(&["a"])),
        ("born_on", text(&["1950-01-01"])),
    ]);
    let files: &[(&str, Vec<u8>)] = &[
        ("empty.csv", Vec::new()),
        ("header.csv", format!("{HEADER}\n").into_bytes()),
        ("headless.csv", line(1, "right", RIGHT).into_bytes()),
        (
            "missing.csv",
            right.replace("born_on", "born_no").into_bytes(),
        ),
        ("twice.csv", right.replace("phone\n", "name\n").into_bytes()),
        ("list.jsonl", b"[{\"name\": 1}]".to_vec()),
        ("empty.parquet", Vec::new()),
        ("cut.parquet", whole[..whole.len() / 2].to_vec()),
        ("text.parquet", b"citizen_number,name\n".to_vec()),
        ("text.arrow", b"citizen_number,name\n".to_vec()),
        ("unknown.xlsx", b"PK".to_vec()),
        ("no.csv.gz", b"not gzip at all".to_vec()),
        ("bomb.csv.gz", bomb()),
    ];
    let outcomes: Vec<String> = files
        .iter()
        .map(|(name, bytes)| format!("{name}: {}", outcome(name, bytes)))
        .collect();
    insta::assert_snapshot!(outcomes.join("\n"));
}

/// A header and nothing but spaces behind it, hundreds of megabytes in some hundred kilobytes.
fn bomb() -> Vec<u8> {
    use std::io::Write;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(format!("{HEADER}\n").as_bytes()).unwrap();
    let spaces = vec![b' '; 1 << 20];
    for _ in 0..150 {
        gzip.write_all(&spaces).unwrap();
    }
    gzip.finish().unwrap()
}

#[test]
fn lines_that_are_no_plain_objects_are_named() {
    let person = |at: u32, rest: &str| {
        format!(
            "{{\"citizen_number\": \"{}\", \"name\": \"a\", \"born_on\": \"1950-01-01\"{rest}}}\n",
            citizen(at)
        )
    };
    let json = [
        person(1, ""),
        person(
            2,
            ", \"income\": 1200.50, \"children\": 2, \"married\": true, \"phone\": null",
        ),
        person(3, ", \"sex\": [\"male\"]"),
        person(4, ", \"name\": \"b\""),
        person(5, ", \"phone\": 13800138000"),
        person(6, ", \"income\": 1e3"),
        person(7, ", \"nickname\": \"x\""),
        "not json\n".to_owned(),
        "{\"citizen_number\": \"x\"\n".to_owned(),
        "\"text\"\n".to_owned(),
        "{}\n".to_owned(),
        person(8, "").trim_end().to_owned(),
    ];
    insta::assert_snapshot!(outcome("people.jsonl", json.concat()));
}

fn text(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn parquet(columns: &[(&str, ArrayRef)]) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns.iter().cloned()).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

#[test]
fn columns_of_other_types_are_taken_if_they_are_exact() {
    let numbers: Vec<String> = (1..=3).map(citizen).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let right = |more: &[(&'static str, ArrayRef)]| {
        let mut columns: Vec<(&str, ArrayRef)> = vec![
            ("citizen_number", text(&numbers)),
            ("name", text(&["a", "b", "c"])),
            ("born_on", text(&["1950-01-01"; 3])),
        ];
        columns.extend(more.iter().cloned());
        parquet(&columns)
    };
    let outcomes = [
        outcome(
            "floats.parquet",
            right(&[
                (
                    "income",
                    Arc::new(Float64Array::from(vec![Some(1200.5), None, Some(0.001)])),
                ),
                (
                    "children",
                    Arc::new(Float64Array::from(vec![2.0, 2.5, f64::NAN])),
                ),
                ("height_m", Arc::new(Int64Array::from(vec![1, 2, i64::MAX]))),
            ]),
        ),
        outcome(
            "binary.parquet",
            right(&[(
                "sex",
                Arc::new(BinaryArray::from(vec![b"male".as_slice(); 3])),
            )]),
        ),
        outcome(
            "naive.parquet",
            right(&[(
                "seen_at",
                Arc::new(TimestampMicrosecondArray::from(vec![0, 1, 2])),
            )]),
        ),
        outcome(
            "zoned.parquet",
            right(&[(
                "seen_at",
                Arc::new(
                    TimestampMicrosecondArray::from(vec![0, 1, i64::MAX]).with_timezone("+08:00"),
                ),
            )]),
        ),
        outcome(
            "numbers.parquet",
            parquet(&[
                ("citizen_number", Arc::new(Int64Array::from(vec![1]))),
                ("name", text(&["a"])),
                ("born_on", text(&["1950-01-01"])),
            ]),
        ),
    ];
    insta::assert_snapshot!(outcomes.join("\n--\n"));
}
