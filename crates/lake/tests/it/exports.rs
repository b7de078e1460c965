//! Bulk exports: what is in the files, when they are made anew, and when they go.

use std::fs::File;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::util::pretty::pretty_format_batches;
use lake::exports::{Export, Exports, Unopened, Wanted};
use lake::{Error, TableGrant};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use pool::Moment;

use crate::guard::grant;
use crate::support::{Town, person, persons, titles, town, who};

const NOW: Moment = Moment(1_800_000_000_000_000);
const MINUTE: i64 = 60_000_000;

fn later(minutes: i64) -> Moment {
    Moment(NOW.0 + minutes * MINUTE)
}

async fn filled() -> Town {
    let mut town = town().await;
    let table = town.table("persons");
    let rows = [
        person("HIDDEN", "xihu", 1),
        person("B", "yuhang", 2),
        person("C", "yuhang", 3),
    ];
    town.feed
        .write("persons", persons(&table, &rows), &[true; 3]);
    let table = town.table("land-titles");
    let rows = [("T1", "B", 100, "current"), ("T2", "C", 200, "seized")];
    town.feed
        .write("land-titles", titles(&table, &rows), &[true; 2]);
    town.keeper.flush().await.unwrap();
    town
}

fn exports(town: &Town) -> Arc<Exports> {
    Exports::open(Arc::clone(&town.lake), &town.folder.path().join("exports")).unwrap()
}

fn wanted(grants: Vec<TableGrant>) -> Wanted {
    Wanted {
        who: who("parks"),
        table: grants[0].table.clone(),
        terms: grants.iter().map(|grant| format!("{grant:?}")).collect(),
        grants,
        as_of: None,
        limit: None,
    }
}

fn yuhang() -> Wanted {
    wanted(vec![grant(
        &["number", "points", "illness"],
        Some("district = 'yuhang'"),
    )])
}

/// What stands in an export's files, sorted.
fn rows(exports: &Exports, export: &Export) -> String {
    let mut batches: Vec<RecordBatch> = Vec::new();
    for part in 0..export.parts.len() {
        let (address, signature) = exports.address(export, "p", part, NOW);
        let (_, path) = exports.file(&address, &signature, NOW).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
        batches.extend(reader.build().unwrap().map(Result::unwrap));
    }
    let text = pretty_format_batches(&batches).unwrap().to_string();
    let mut lines: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).collect();
    lines[1..].sort_unstable();
    lines.join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn files_hold_what_is_granted_with_tokens_and_without_what_is_sensitive() {
    let town = filled().await;
    let exports = exports(&town);
    let export = exports.get(yuhang(), NOW).await.unwrap();
    assert_eq!(export.rows(), 2);
    let rows = rows(&exports, &export);
    assert!(rows.starts_with("| number "), "{rows}");
    assert!(
        !rows.contains("illness") && !rows.contains("HIDDEN"),
        "{rows}"
    );
    assert_eq!(rows.matches("| tok_").count(), 2, "{rows}");
    let same = |text: &str| rows.contains(text);
    assert!(same("| 2 ") && same("| 3 "), "{rows}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shared_with_all_or_its_own_is_not_taken_along() {
    let town = filled().await;
    let exports = exports(&town);
    let seized = TableGrant {
        table: "housing/land-titles".to_owned(),
        fields: vec!["title_number".to_owned()],
        rows: Some("status = 'seized'".to_owned()),
        agreement: "seized-for-parks".to_owned(),
    };
    let export = exports
        .get(wanted(vec![seized.clone()]), NOW)
        .await
        .unwrap();
    let text = rows(&exports, &export);
    assert!(text.contains("T2") && !text.contains("T1"), "{text}");
    assert_eq!(export.schema.fields().len(), 1);
    let own = Wanted {
        who: who("housing"),
        ..wanted(vec![seized])
    };
    let refused = exports.get(own, NOW).await.unwrap_err();
    assert!(matches!(refused, Error::Question { .. }), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_used_again_until_its_table_changes_or_it_is_old() {
    let mut town = filled().await;
    let exports = exports(&town);
    let first = exports.get(yuhang(), NOW).await.unwrap();
    let again = exports.get(yuhang(), later(29)).await.unwrap();
    assert_eq!(again.id, first.id);
    let limited = Wanted {
        limit: Some(1),
        ..yuhang()
    };
    let limited = exports.get(limited, NOW).await.unwrap();
    assert_eq!((limited.rows(), limited.id == first.id), (1, false));
    let other = Wanted {
        terms: vec!["another version".to_owned()],
        ..yuhang()
    };
    assert_ne!(exports.get(other, NOW).await.unwrap().id, first.id);
    let aged = exports.get(yuhang(), later(31)).await.unwrap();
    assert_ne!(aged.id, first.id);

    let table = town.table("persons");
    let batch = persons(&table, &[person("D", "yuhang", 4)]);
    town.feed.write("persons", batch, &[true]);
    while town.keeper.step().await.unwrap() {}
    let changed = exports.get(yuhang(), later(31)).await.unwrap();
    assert_eq!(
        changed.rows(),
        3,
        "changes that are not in files yet are there too"
    );
    assert!(changed.version > first.version);
    let before = Wanted {
        as_of: Some(town.feed.at(1)),
        ..yuhang()
    };
    assert_eq!(exports.get(before, later(31)).await.unwrap().rows(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_when_their_time_is_over() {
    let town = filled().await;
    let exports = exports(&town);
    let export = exports.get(yuhang(), NOW).await.unwrap();
    let (address, signature) = exports.address(&export, "p", 0, NOW);
    let file = |now: Moment| {
        exports
            .file(&address, &signature, now)
            .map(|(_, path)| path)
    };
    assert!(file(later(14)).unwrap().exists());
    assert_eq!(file(later(15)), Err(Unopened::Expired));
    let (last, last_signature) = exports.address(&export, "p", 0, later(49));
    assert_eq!(
        last.until,
        later(50).seconds(),
        "no longer than the files are kept"
    );
    exports.delete_old(later(50));
    assert_eq!(
        exports.file(&last, &last_signature, later(49)).map(|_| ()),
        Err(Unopened::Gone)
    );
    let left = std::fs::read_dir(town.folder.path().join("exports")).unwrap();
    assert_eq!(left.count(), 0);
    // What a process left behind goes when the next one starts.
    let left = exports.get(yuhang(), later(60)).await.unwrap();
    assert_eq!(left.parts.len(), 1);
    drop(exports);
    let exports = Exports::open(Arc::clone(&town.lake), &town.folder.path().join("exports"));
    drop(exports.unwrap());
    let left = std::fs::read_dir(town.folder.path().join("exports")).unwrap();
    assert_eq!(left.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_want_the_same_wait_for_one_export() {
    let town = filled().await;
    let exports = exports(&town);
    let asked = (0..16).map(|_| exports.get(yuhang(), NOW));
    let got = futures::future::try_join_all(asked).await.unwrap();
    assert!(got.iter().all(|export| Arc::ptr_eq(export, &got[0])));
    let made = std::fs::read_dir(town.folder.path().join("exports")).unwrap();
    assert_eq!(made.count(), 1);
}
