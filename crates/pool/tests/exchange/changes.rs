//! Following changes: nothing is missed, nothing that is not granted comes, and it can be resumed.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use pool::exchange::{Cursor, Denial, Entry, Event};
use serde_json::{Value as Json, json};

use crate::support::{DAY, Town};

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

fn content(event: &Event) -> Json {
    serde_json::from_str(&event.to_json()).unwrap()
}

/// The next `count` events for tax from `cursor` on.
async fn events(town: &Town, cursor: Cursor, count: usize) -> Vec<Event> {
    let mut changes = town
        .exchange
        .changes(town.tax(), "titles", None, Some(cursor))
        .await
        .unwrap();
    let mut events = Vec::new();
    for _ in 0..count {
        events.push(changes.next().await.unwrap());
    }
    events
}

fn delete(town: &Town, number: &str, owner: &str) {
    let text = |text: &str| -> ArrayRef { Arc::new(StringArray::from_iter_values([text])) };
    let columns: Vec<ArrayRef> = vec![
        text(number),
        text(owner),
        Arc::new(Int64Array::from_iter_values([0])),
        text("valid"),
        text(""),
    ];
    town.put("titles", columns, Some(vec![true]));
}

#[test]
fn changes_come_in_order_with_granted_fields_and_each_is_recorded() {
    let town = Town::new();
    town.put_titles(&[("T1", "P1", 81, "valid")]);
    let events = wait(events(&town, Cursor::default(), 2));
    let first = content(&events[0]);
    let values = |event: &Json, at: usize| event["changes"][at]["values"].clone();
    assert_eq!(
        values(&first, 0),
        json!({"number": "T1", "owner": "P1", "area": 80})
    );
    assert_eq!(
        (&first["changes"][1]["gone"], values(&first, 1)),
        (&json!(true), json!({})),
        "the void title is not granted"
    );
    assert_eq!(values(&content(&events[1]), 0)["area"], 81);
    assert_eq!(
        first["changes"][0]["record"],
        content(&events[1])["changes"][0]["record"],
        "the same record has the same mark"
    );
    let transfers: Vec<Entry> = town
        .entries()
        .into_iter()
        .filter(|entry| matches!(entry, Entry::Transfer(_)))
        .collect();
    assert_eq!(
        transfers.len(),
        3,
        "two persons in the first event, one in the second"
    );
}

#[test]
fn whoever_comes_back_with_the_last_cursor_misses_nothing_and_gets_nothing_twice() {
    let town = Town::new();
    for area in 0..20 {
        town.put_titles(&[("T1", "P1", area, "valid")]);
    }
    let all = wait(events(&town, Cursor::default(), 21));
    let town = town.reopened();
    for stop in [0, 7, 19] {
        let rest = wait(events(&town, all[stop].cursor, 20 - stop));
        let areas = |events: &[Event]| {
            events
                .iter()
                .map(|event| content(event)["changes"][0]["values"]["area"].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(areas(&rest), areas(&all[stop + 1..]), "after {stop}");
    }
}

#[test]
fn a_large_write_comes_in_parts_and_can_be_resumed_within() {
    let town = Town::new();
    let numbers: Vec<String> = (0..1200).map(|number| format!("N{number:04}")).collect();
    let titles: Vec<(&str, &str, i64, &str)> = numbers
        .iter()
        .take(900)
        .map(|number| (number.as_str(), "P2", 1, "valid"))
        .collect();
    town.put_titles(&titles);
    let events_of = wait(events(&town, Cursor::default(), 3));
    let sizes: Vec<usize> = events_of.iter().map(|event| event.changes.len()).collect();
    assert_eq!(sizes, [3, 500, 400]);
    assert_eq!(events_of[1].cursor.rows, Some(500));
    // The day's thousand records are used up.
    town.clock.advance(DAY);
    let again = wait(events(&town, events_of[1].cursor, 1));
    assert_eq!(
        content(&again[0])["changes"],
        content(&events_of[2])["changes"]
    );
}

#[test]
fn a_deleted_record_is_gone_and_its_key_is_not_told_where_rows_are_filtered() {
    let town = Town::new();
    delete(&town, "T1", "P1");
    let events = wait(events(&town, Cursor::default(), 2));
    let (before, gone) = (content(&events[0]), content(&events[1]));
    assert_eq!(gone["changes"][0]["gone"], true);
    assert_eq!(gone["changes"][0]["values"], json!({}));
    assert_eq!(gone["changes"][0]["record"], before["changes"][0]["record"]);
}

#[test]
fn who_has_no_agreement_does_not_follow_and_a_revocation_ends_a_stream() {
    let town = Town::new();
    wait(async {
        let stranger = town
            .exchange
            .changes(
                town.caller("registry-systems", "matter/x"),
                "titles",
                None,
                None,
            )
            .await;
        assert!(matches!(stranger.map(|_| ()), Err(Denial::Agreement(_))));
        let persons = town
            .exchange
            .changes(town.tax(), "persons", None, None)
            .await;
        assert!(
            matches!(persons.map(|_| ()), Err(Denial::Agreement(_))),
            "look-ups alone are allowed"
        );
        let mut changes = town
            .exchange
            .changes(town.tax(), "titles", None, None)
            .await
            .unwrap();
        let end = town.sign(
            "housing-office",
            "titles-for-tax",
            pool::exchange::Step::Revoke,
        );
        town.exchange.step(&end).unwrap();
        town.put_titles(&[("T1", "P1", 5, "valid")]);
        assert!(matches!(
            changes.next().await.map(|_| ()),
            Err(Denial::Agreement(_))
        ));
    });
}

#[test]
fn a_stream_wakes_when_something_is_written() {
    let town = Town::new();
    wait(async {
        let mut changes = town
            .exchange
            .changes(town.tax(), "titles", Some(vec!["area".into()]), None)
            .await
            .unwrap();
        let waiting =
            tokio::time::timeout(std::time::Duration::from_millis(50), changes.next()).await;
        assert!(waiting.is_err(), "nothing has changed yet");
        town.put_persons(&[("P3", "赵云")]);
        town.put_titles(&[("T7", "P3", 33, "valid")]);
        let event = tokio::time::timeout(std::time::Duration::from_secs(10), changes.next())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(content(&event)["changes"][0]["values"], json!({"area": 33}));
    });
}
