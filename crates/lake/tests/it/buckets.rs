//! A dataset comes to expect more or fewer records than when it was made: its files are divided
//! anew, and nothing is lost, doubled or left behind meanwhile.

use std::collections::BTreeSet;

use lake::history::MaintainOptions;
use pool::{Moment, Payload};

use crate::support::{Person, Town, answer, person, persons, tables_expecting, titles, town, who};

/// All of the persons, in one line.
const PERSONS: &str =
    "SELECT count(*) AS n, count(DISTINCT number) AS keys, sum(points) AS points FROM persons";
const TITLES: &str = "SELECT count(*) AS n, count(DISTINCT title_number) AS keys, sum(area) AS area FROM land_titles";

fn people(range: std::ops::Range<i64>, points: i64) -> Vec<Person> {
    let one = |at| person(&format!("P{at:03}"), "xihu", points);
    range.map(one).collect()
}

fn write(town: &Town, people: &[Person]) -> u64 {
    let batch = persons(&town.table("persons"), people);
    town.feed.write("persons", batch, &vec![true; people.len()])
}

async fn as_of(town: &Town, at: Moment) -> String {
    let session = town
        .lake
        .session_as_of(who("civil-affairs"), vec![], Some(at));
    answer(&session.await.unwrap(), PERSONS).await
}

/// The buckets in which a table's files in force lie, as the folder has them.
fn buckets(town: &Town, table: &str) -> BTreeSet<String> {
    let current = town
        .folder
        .path()
        .join("history")
        .join(table)
        .join("_current=true");
    let folders = std::fs::read_dir(current).unwrap();
    folders
        .map(|folder| folder.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_find_their_records_before_and_after_the_table_is_divided_anew() {
    for records in ["40000000", "100"] {
        let mut town = town().await;
        write(&town, &people(0..300, 1));
        town.keeper.flush().await.unwrap();
        assert_eq!(buckets(&town, "civil-affairs/persons").len(), 4);

        // The definition changes; the table stays as it was made.
        town.lake.use_tables(tables_expecting(records));
        let first = write(&town, &people(0..150, 10));
        town.keeper.step().await.unwrap();
        let overlaid = town.ask("civil-affairs", PERSONS).await;
        assert!(overlaid.contains("| 300 | 300  | 1650   |"), "{overlaid}");
        town.keeper.flush().await.unwrap();
        assert_eq!(town.ask("civil-affairs", PERSONS).await, overlaid);

        // Upkeep divides it, with changes lying over it.
        write(&town, &people(100..200, 100));
        town.keeper.step().await.unwrap();
        let before = town.ask("civil-affairs", PERSONS).await;
        let options = MaintainOptions {
            vacuum_after: std::time::Duration::ZERO,
            ..MaintainOptions::default()
        };
        let now = Moment(town.feed.at(first).0 + 10_000_000);
        let done = town.lake.maintain(&options, now).await;
        assert_eq!(
            done["civil-affairs/persons"].rows_divided, 450,
            "300 in force, 150 past"
        );
        assert_eq!(town.ask("civil-affairs", PERSONS).await, before);
        let again = town.lake.maintain(&options, now).await;
        let again = again.get("civil-affairs/persons");
        assert!(
            again.is_none_or(|again| again.rows_divided == 0),
            "once is enough"
        );

        // And all goes on, after a restart too.
        town.keeper.flush().await.unwrap();
        assert_eq!(town.ask("civil-affairs", PERSONS).await, before);
        let mut town = town.restart().await;
        town.lake.use_tables(tables_expecting(records));
        assert_eq!(town.ask("civil-affairs", PERSONS).await, before);
        write(&town, &people(0..300, 1000));
        town.keeper.flush().await.unwrap();
        let last = town.ask("civil-affairs", PERSONS).await;
        assert!(last.contains("| 300 | 300  | 300000 |"), "{last}");
        let past = as_of(&town, town.feed.at(first)).await;
        assert!(past.contains("| 300 | 300  | 1650   |"), "{past}");
        let wanted = if records == "100" { 1 } else { 21 };
        let now = Moment(now.0 + 10_000_000);
        town.lake.maintain(&options, now).await;
        let full = buckets(&town, "civil-affairs/persons");
        let lie = |bucket: &String| {
            let folder = town
                .folder
                .path()
                .join("history/civil-affairs/persons/_current=true");
            std::fs::read_dir(folder.join(bucket))
                .unwrap()
                .next()
                .is_some()
        };
        let full = full.iter().filter(|bucket| lie(bucket)).count();
        assert!(full > wanted / 2 && full <= wanted, "{full} of {wanted}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_moved_before_is_found_where_it_lies_after() {
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

    // It moves while the table has four buckets, and the files come to have twenty before it does.
    let payload = Payload::Batch {
        batch: titles(&table, &[("T7", "somebody", 5, "seized")]),
        deletes: vec![false].into(),
    };
    let moved = vec![(0, "owner 7".to_owned())];
    town.feed.push_moved("land-titles", payload, None, moved);
    town.keeper.step().await.unwrap();
    let before = town.ask("housing", TITLES).await;
    assert!(before.contains("| 40 | 40   | 39.05 |"), "{before}");
    town.lake.use_tables(tables_expecting("40000000"));
    assert_eq!(town.ask("housing", TITLES).await, before);
    town.lake
        .maintain(&MaintainOptions::default(), Moment(0))
        .await;
    assert_eq!(town.ask("housing", TITLES).await, before);
    town.keeper.flush().await.unwrap();
    assert_eq!(town.ask("housing", TITLES).await, before);
}
