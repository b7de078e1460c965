//! What goes in comes out: through overlays, refreshes, loads, restarts and as of a moment.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, TimestampMicrosecondArray, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use lake::history::MaintainOptions;
use parquet::arrow::ArrowWriter;
use pool::{DataFile, Moment, Payload, Table};

use crate::support::{Person, Town, answer, person, persons, titles, town, who};

const ALL: &str = "SELECT number, points, status FROM persons ORDER BY number";

async fn with_two() -> Town {
    let mut town = town().await;
    let table = town.table("persons");
    let rows = [person("A", "xihu", 1), person("B", "yuhang", 2)];
    town.feed
        .write("persons", persons(&table, &rows), &[true, true]);
    town.keeper.step().await.unwrap();
    town
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_shows_before_and_after_it_is_in_files() {
    let mut town = with_two().await;
    let table = town.table("persons");
    let before = town.ask("civil-affairs", ALL).await;
    insta::assert_snapshot!(before, @r"
    +--------+--------+--------+
    | number | points | status |
    +--------+--------+--------+
    | A      | 1      | living |
    | B      | 2      | living |
    +--------+--------+--------+
    ");
    town.keeper.flush().await.unwrap();
    assert_eq!(town.ask("civil-affairs", ALL).await, before);

    // An update and a delete of rows in files, and a new row.
    town.feed.write(
        "persons",
        persons(&table, &[person("A", "xihu", 10), person("C", "xihu", 3)]),
        &[true, true],
    );
    town.feed.write(
        "persons",
        persons(&table, &[person("B", "yuhang", 0)]),
        &[false],
    );
    town.keeper.step().await.unwrap();
    let overlaid = town.ask("civil-affairs", ALL).await;
    insta::assert_snapshot!(overlaid, @r"
    +--------+--------+--------+
    | number | points | status |
    +--------+--------+--------+
    | A      | 10     | living |
    | C      | 3      | living |
    +--------+--------+--------+
    ");
    town.keeper.flush().await.unwrap();
    assert_eq!(town.ask("civil-affairs", ALL).await, overlaid);
    let town = town.restart().await;
    assert_eq!(town.ask("civil-affairs", ALL).await, overlaid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_whose_key_does_not_tell_its_subject_can_change_its_owner() {
    let mut town = town().await;
    let table = town.table("land-titles");
    let rows: Vec<(String, String)> = (0..40)
        .map(|at| (format!("T{at}"), format!("owner {at}")))
        .collect();
    let rows: Vec<_> = rows
        .iter()
        .map(|(number, owner)| (number.as_str(), owner.as_str(), 100, "current"))
        .collect();
    town.feed
        .write("land-titles", titles(&table, &rows), &[true; 40]);
    town.keeper.flush().await.unwrap();
    let batch = titles(&table, &[("T7", "somebody", 5, "seized")]);
    let payload = Payload::Batch {
        batch,
        deletes: vec![false].into(),
    };
    town.feed.push_moved(
        "land-titles",
        payload,
        None,
        vec![(0, "owner 7".to_owned())],
    );
    town.keeper.step().await.unwrap();
    let question = "SELECT count(*), count(DISTINCT title_number), sum(area), max(owner) FILTER (WHERE title_number = 'T7') AS owner FROM land_titles";
    let overlaid = town.ask("housing", question).await;
    assert!(
        overlaid.contains("| 40       | 40 ") && overlaid.contains("somebody"),
        "{overlaid}"
    );
    town.keeper.flush().await.unwrap();
    assert_eq!(town.ask("housing", question).await, overlaid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_after_a_death_before_the_cursor_was_kept_doubles_nothing() {
    let mut town = with_two().await;
    let table = town.table("persons");
    town.feed.forget_cursor();
    town.keeper.flush().await.unwrap();
    town.feed.write(
        "persons",
        persons(&table, &[person("A", "xihu", 5)]),
        &[true],
    );
    town.keeper.flush().await.unwrap();
    let before = town.ask("civil-affairs", ALL).await;
    let mut town = town.restart().await;
    town.keeper.flush().await.unwrap();
    assert_eq!(town.ask("civil-affairs", ALL).await, before);
    // Nor does the history of A have a version more than it had.
    let past = town
        .lake
        .session_as_of(who("civil-affairs"), vec![], Some(town.feed.at(1)))
        .await
        .unwrap();
    assert!(
        answer(&past, "SELECT count(*) FROM persons")
            .await
            .contains("| 2        |")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_between_files_and_commit_leaves_nothing_behind_that_counts() {
    let mut town = with_two().await;
    town.keeper.flush().await.unwrap();
    // Files of a refresh that never was committed, under the names that the next one will use.
    let folder = town
        .folder
        .path()
        .join("history/civil-affairs/persons/_current=true/_bucket=0");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("part-00000000000000000002-0.parquet"), b"torn").unwrap();
    let table = town.table("persons");
    town.feed.write(
        "persons",
        persons(
            &table,
            &(0..50)
                .map(|at| person(&format!("P{at}"), "xihu", 1))
                .collect::<Vec<_>>(),
        ),
        &[true; 50],
    );
    let mut town = town.restart().await;
    town.keeper.flush().await.unwrap();
    assert!(
        town.ask("civil-affairs", "SELECT count(*) FROM persons")
            .await
            .contains("| 52       |")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_as_of_a_moment_sees_what_was_then() {
    let mut town = with_two().await;
    let table = town.table("persons");
    let mut versions = vec![town.feed.at(1)];
    let mut expected = vec!["A=1 B=2".to_owned()];
    for (points, kept) in [(20, true), (30, true), (0, false), (40, true)] {
        let seq = town.feed.write(
            "persons",
            persons(&table, &[person("B", "yuhang", points)]),
            &[kept],
        );
        versions.push(town.feed.at(seq));
        expected.push(if kept {
            format!("A=1 B={points}")
        } else {
            "A=1".to_owned()
        });
    }
    // In every mixture of files and overlay the past is the same.
    for flushed in [false, true] {
        if flushed {
            town.keeper.flush().await.unwrap();
        } else {
            town.keeper.step().await.unwrap();
        }
        for (moment, expected) in versions.iter().zip(&expected) {
            let session = town
                .lake
                .session_as_of(who("civil-affairs"), vec![], Some(*moment))
                .await
                .unwrap();
            let text = answer(&session, "SELECT string_agg(number || '=' || points, ' ' ORDER BY number) AS all FROM persons").await;
            assert!(
                text.contains(&format!("| {expected} ")),
                "flushed {flushed} at {moment:?}: {text}"
            );
        }
        let session = town
            .lake
            .session_as_of(who("civil-affairs"), vec![], Some(Moment(1)))
            .await
            .unwrap();
        assert!(
            answer(&session, "SELECT count(*) FROM persons")
                .await
                .contains("| 0        |")
        );
    }
}

/// A bulk file as the pool writes them.
fn bulk(town: &Town, table: &Table, name: &str, rows: &[Person], at: Moment) -> DataFile {
    let batch = persons(table, rows);
    let kind = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let mut fields = table.columns.fields().to_vec();
    fields.push(Arc::new(Field::new("_from", kind.clone(), false)));
    fields.push(Arc::new(Field::new("_to", kind.clone(), true)));
    let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
    columns.push(Arc::new(
        TimestampMicrosecondArray::from(vec![at.0; rows.len()]).with_timezone("UTC"),
    ));
    columns.push(new_null_array(&kind, rows.len()));
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    let path = format!("_current=true/_bucket=0/{name}.parquet");
    let full = town
        .folder
        .path()
        .join("history/civil-affairs/persons")
        .join(&path);
    std::fs::create_dir_all(full.parent().unwrap()).unwrap();
    let mut writer =
        ArrowWriter::try_new(std::fs::File::create(&full).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    DataFile {
        path,
        bucket: 0,
        buckets: table.buckets,
        rows: rows.len() as u64,
        bytes: std::fs::metadata(&full).unwrap().len(),
        subject_min: rows[0].number.clone(),
        subject_max: rows[rows.len() - 1].number.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_is_taken_by_its_files_and_one_that_replaces_is_merged() {
    let mut town = town().await;
    let table = town.table("persons");
    let rows: Vec<Person> = (0..100)
        .map(|at| person(&format!("P{at:03}"), "xihu", at))
        .collect();
    let file = bulk(
        &town,
        &table,
        "load-1",
        &rows,
        Moment(1_700_000_000_500_000),
    );
    town.feed
        .push("persons", Payload::Files(vec![file]), Some(0));
    town.keeper.flush().await.unwrap();
    let count = "SELECT count(*), sum(points) FROM persons";
    assert!(
        town.ask("civil-affairs", count)
            .await
            .contains("| 100      | 4950 ")
    );

    let changed: Vec<Person> = (90..110)
        .map(|at| person(&format!("P{at:03}"), "xihu", 0))
        .collect();
    let file = bulk(
        &town,
        &table,
        "load-2",
        &changed,
        Moment(1_700_000_001_500_000),
    );
    town.feed
        .push("persons", Payload::Files(vec![file.clone()]), Some(10));
    town.keeper.flush().await.unwrap();
    let after = town.ask("civil-affairs", count).await;
    assert!(after.contains("| 110      | 4005 "), "{after}");
    assert!(
        !town
            .folder
            .path()
            .join("history/civil-affairs/persons")
            .join(&file.path)
            .exists()
    );
    let mut town = town.restart().await;
    town.keeper.flush().await.unwrap();
    assert_eq!(town.ask("civil-affairs", count).await, after);
}

#[tokio::test(flavor = "multi_thread")]
async fn upkeep_puts_small_files_together_and_changes_no_answer() {
    let mut town = town().await;
    let table = town.table("persons");
    for round in 0..10 {
        let rows: Vec<Person> = (0..20)
            .map(|at| person(&format!("R{round}P{at:03}"), "gongshu", at))
            .collect();
        let file = bulk(
            &town,
            &table,
            &format!("load-{round}"),
            &rows,
            Moment(1_700_000_000_500_000),
        );
        town.feed
            .push("persons", Payload::Files(vec![file]), Some(0));
    }
    town.keeper.flush().await.unwrap();
    let question = "SELECT count(*), sum(points), min(number), max(number) FROM persons";
    let before = town.ask("civil-affairs", question).await;
    let options = MaintainOptions {
        vacuum_after: std::time::Duration::ZERO,
        ..MaintainOptions::default()
    };
    let done = town
        .lake
        .maintain(&options, Moment(1_700_000_100_000_000))
        .await;
    let done = done["civil-affairs/persons"];
    assert_eq!(
        (done.files_compacted, done.files_written, done.rows_written),
        (10, 1, 200)
    );
    assert_eq!(town.ask("civil-affairs", question).await, before);
    let town = town.restart().await;
    assert_eq!(town.ask("civil-affairs", question).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_records_are_counted_by_department_and_status() {
    let mut town = with_two().await;
    let question = "SELECT department, dataset, status, records FROM pool.records ORDER BY 1, 2, 3";
    let overlaid = town.ask("civil-affairs", question).await;
    insta::assert_snapshot!(overlaid, @r"
    +---------------+---------+--------+---------+
    | department    | dataset | status | records |
    +---------------+---------+--------+---------+
    | civil-affairs | persons | living | 2       |
    +---------------+---------+--------+---------+
    ");
    town.keeper.flush().await.unwrap();
    assert_eq!(town.ask("civil-affairs", question).await, overlaid);
    let table = town.table("persons");
    let moved = Person {
        status: Some("moved".to_owned()),
        ..person("A", "xihu", 1)
    };
    town.feed
        .write("persons", persons(&table, &[moved]), &[true]);
    town.keeper.step().await.unwrap();
    let overlaid = town.ask("civil-affairs", question).await;
    insta::assert_snapshot!(overlaid, @r"
    +---------------+---------+--------+---------+
    | department    | dataset | status | records |
    +---------------+---------+--------+---------+
    | civil-affairs | persons | living | 1       |
    | civil-affairs | persons | moved  | 1       |
    +---------------+---------+--------+---------+
    ");
    town.keeper.flush().await.unwrap();
    assert_eq!(town.ask("civil-affairs", question).await, overlaid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keeper_that_runs_shows_a_change_within_five_seconds() {
    let Town {
        folder: _folder,
        feed,
        lake,
        keeper,
    } = town().await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(keeper.run(stopped));
    let session = lake.session(who("civil-affairs"), vec![]).await.unwrap();
    let table = Arc::clone(lake.tables().get("persons").unwrap());
    let written = std::time::Instant::now();
    feed.write(
        "persons",
        persons(&table, &[person("A", "xihu", 1)]),
        &[true],
    );
    while !answer(&session, "SELECT count(*) FROM persons")
        .await
        .contains("| 1 ")
    {
        assert!(written.elapsed() < std::time::Duration::from_secs(5));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    stop.send_replace(true);
    running.await.unwrap();
}
