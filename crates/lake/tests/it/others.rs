//! Other programs read history: Python's `deltalake` and DuckDB count the same rows.

use std::process::Command;

use crate::support::{person, persons, python, town};

/// Counts by status, as each program sees the records in force.
const SCRIPT: &str = r#"
import sys, json, collections
folder, program = sys.argv[1], sys.argv[2]
if program == "deltalake":
    from deltalake import DeltaTable, QueryBuilder
    found = QueryBuilder().register("t", DeltaTable(folder)).execute("select status, count(*) as n from t where _current group by status").read_all()
    columns = [[value.as_py() for value in found.column(name)] for name in ("status", "n")]
    counts = dict(zip(*columns))
else:
    import duckdb
    files = "read_parquet('%s/_current=true/**/*.parquet', hive_partitioning=true, union_by_name=true)" % folder
    counts = dict(duckdb.sql("select status, count(*) from %s group by 1" % files).fetchall())
print(json.dumps(dict(sorted(counts.items()))))
"#;

/// What a program counts in the table at `folder`.
fn counted(folder: &str, program: &str) -> Option<String> {
    let python = python(program)?;
    let output = Command::new(python)
        .args(["-c", SCRIPT, folder, program])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn python_and_duckdb_count_the_same_rows() {
    let mut town = town().await;
    let table = town.table("persons");
    let people: Vec<_> = (0..60)
        .map(|at| person(&format!("P{at:02}"), "xihu", at))
        .collect();
    town.feed
        .write("persons", persons(&table, &people), &[true; 60]);
    town.keeper.flush().await.unwrap();
    let mut moved = people[..7].to_vec();
    for person in &mut moved {
        person.status = Some("moved".to_owned());
    }
    town.feed
        .write("persons", persons(&table, &moved), &[true; 7]);
    town.feed
        .write("persons", persons(&table, &people[50..]), &[false; 10]);
    town.keeper.flush().await.unwrap();
    // What left the table would be counted by a program that reads the folder and not the log.
    let options = lake::history::MaintainOptions {
        vacuum_after: std::time::Duration::ZERO,
        ..Default::default()
    };
    town.lake
        .maintain(&options, pool::Moment(1_700_000_100_000_000))
        .await;
    let folder = town.folder.path().join("history/civil-affairs/persons");
    for program in ["deltalake", "duckdb"] {
        if let Some(counts) = counted(folder.to_str().unwrap(), program) {
            assert_eq!(counts, r#"{"living": 43, "moved": 7}"#, "{program}");
        }
    }
}
