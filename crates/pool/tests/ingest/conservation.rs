//! Whatever comes: no panic, and every record is either taken or quarantined.

use bytes::Bytes;
use pool::ingest::{Mode, PushOptions, push};
use pool::sources::file::{Format, Input, Options};
use proptest::prelude::*;

use crate::looked_at::looked_at;
use crate::town::{Town, citizen};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_bytes_are_looked_at_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), format in 0..3) {
        thread_local!(static TOWN: Town = Town::new());
        let format = [Format::Csv, Format::JsonLines, Format::Arrow][format as usize];
        TOWN.with(|town| {
            if let Some((all, good, bad)) = looked_at(&town.table("people"), &bytes, format) {
                assert_eq!(all, good + bad);
            }
        });
    }

    #[test]
    fn every_line_behind_a_header_is_taken_or_refused(lines in proptest::collection::vec("[ -~]{0,60}|[^\n\"]{1,40}", 0..30), right in 0_u32..5) {
        thread_local!(static TOWN: Town = Town::new());
        let mut csv = "citizen_number,name,born_on\n".to_owned();
        for at in 0..right {
            csv.push_str(&format!("{},a,1950-01-01\n", citizen(at)));
        }
        let mut wanted = u64::from(right);
        for line in lines.iter().filter(|line| !line.contains('"') && !line.bytes().all(|byte| byte.is_ascii_whitespace())) {
            csv.push_str(line);
            csv.push('\n');
            wanted += 1 + line.bytes().filter(|byte| *byte == b'\n').count() as u64;
        }
        let (all, good, bad) = TOWN.with(|town| looked_at(&town.table("people"), csv.as_bytes(), Format::Csv)).unwrap();
        prop_assert_eq!(all, good + bad);
        prop_assert_eq!(all, wanted);
        prop_assert!(good >= u64::from(right));
    }

    #[test]
    fn lines_that_serde_takes_for_flat_objects_are_rows(values in proptest::collection::vec(
        prop_oneof![Just("null".to_owned()), Just("true".to_owned()), "-?[0-9]{1,5}(\\.[0-9]{1,3})?", "\"[a-z\\\\n ]{0,6}\""], 1..6)) {
        thread_local!(static TOWN: Town = Town::new());
        let fields = ["name", "sex", "children", "income", "married", "phone"];
        let pairs: Vec<String> = fields.iter().zip(&values).map(|(field, value)| format!("\"{field}\": {value}")).collect();
        let line = format!("{{{}}}", pairs.join(", "));
        let serde = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&line).is_ok();
        let table = TOWN.with(|town| town.table("people"));
        let mut input = Input::of_bytes(Bytes::from(line.clone()), "t", Format::JsonLines, &table, &Options::default()).unwrap();
        let raw = input.next_block().unwrap().unwrap().raw(&table);
        prop_assert_eq!(raw.rows == 1, serde, "{}", line);
    }
}

#[test]
fn a_push_says_what_it_did_not_take() {
    let town = Town::new();
    let table = town.table("people");
    let right = format!(
        "{{\"citizen_number\": \"{}\", \"name\": \"a\", \"born_on\": \"1950-01-01\"}}",
        citizen(1)
    );
    let body = Bytes::from(format!("{right}\n{{\"name\": 5}}\nno json\n"));
    let options = PushOptions {
        format: Format::JsonLines,
        mode: Mode::Upsert,
        idempotency_key: Some("one"),
        source: "register",
    };
    let report = push(&town.pool, &table, &body, &options).unwrap();
    assert_eq!(
        (
            report.records,
            report.accepted,
            report.quarantined,
            report.repeated
        ),
        (3, 1, 2, false)
    );
    assert_eq!(report.faults.len(), 2);
    assert_eq!(town.count("people"), 1);
}
