//! A department's PostgreSQL: by a cursor column, and by its log.

use pool::sources::{Definition, Follow, Pulled, QuerySource, ReplicationSource, follow};

use crate::server::{database, database_with_tls};
use crate::town::{Town, citizen};

/// Runs statements on the department's database.
fn run(url: &str, sql: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
            .await
            .unwrap();
        let connection = tokio::spawn(connection);
        client.batch_execute(sql).await.unwrap();
        drop(client);
        connection.await.unwrap().unwrap();
    });
}

fn pull(town: &Town, definition: &Definition) -> Result<Pulled, pool::ingest::Error> {
    follow(
        &town.pool,
        definition,
        &Follow {
            once: true,
            stop: &|| false,
            progress: &|_| {},
        },
    )
}

const TABLE: &str = "CREATE TABLE card (no text PRIMARY KEY, holder char(18) NOT NULL, note text, changed timestamptz NOT NULL DEFAULT now(), gone boolean NOT NULL DEFAULT false);";

fn query(url: &str) -> Definition {
    Definition::PostgresQuery(QuerySource {
        dataset: "cards".into(),
        url: url.into(),
        query: None,
        table: Some("public.card".into()),
        cursor: "changed".into(),
        columns: [("number".to_owned(), "no".to_owned())].into(),
        deleted: Some("gone".into()),
        settle: 0.0,
        batch: 3,
        zone: None,
    })
}

fn replication(url: &str) -> Definition {
    Definition::PostgresReplication(ReplicationSource {
        dataset: "cards".into(),
        url: url.into(),
        table: "card".into(),
        slot: Some(format!("s{}", url.rsplit('/').next().unwrap())),
        publication: None,
        columns: [("number".to_owned(), "no".to_owned())].into(),
        batch: 4,
        zone: None,
    })
}

#[test]
fn rows_with_the_same_cursor_are_neither_missed_nor_taken_twice() {
    let Some(url) = database() else { return };
    let town = Town::new();
    run(&url, TABLE);
    let holder = citizen(1);
    run(
        &url,
        &format!(
            "INSERT INTO card (no, holder, changed) SELECT 'c' || i, '{holder}', '2026-01-01T00:00:00Z' FROM generate_series(1, 10) i"
        ),
    );
    let first = pull(&town, &query(&url)).unwrap();
    assert_eq!((first.counts.records, town.count("cards")), (10, 10));
    assert_eq!(pull(&town, &query(&url)).unwrap().counts.records, 0);
    run(
        &url,
        "UPDATE card SET note = 'new', changed = '2026-01-02T00:00:00.000001Z' WHERE no IN ('c1', 'c2'); UPDATE card SET gone = true, changed = '2026-01-02' WHERE no = 'c3'",
    );
    let town = town.reopened();
    let second = pull(&town, &query(&url)).unwrap();
    assert_eq!((second.counts.records, town.count("cards")), (3, 9));
    assert_eq!(town.value("cards", "c1", "note").unwrap(), "new");
}

#[test]
fn a_source_is_read_over_tls_from_the_server_that_is_meant() {
    let Some((url, root)) = database_with_tls() else {
        return;
    };
    let town = Town::new();
    let (one, table) = (citizen(1), TABLE);
    run(
        &url,
        &format!("{table} INSERT INTO card (no, holder) VALUES ('c', '{one}')"),
    );
    let with = |host: &str| {
        let url = url.replace("127.0.0.1", host);
        query(&format!(
            "{url}?sslmode=verify-full&sslrootcert={}",
            root.display()
        ))
    };
    let error = pull(&town, &with("localhost")).unwrap_err();
    assert!(error.to_string().contains("localhost"), "{error}");
    assert_eq!(pull(&town, &with("127.0.0.1")).unwrap().counts.records, 1);
}

#[test]
fn a_wrong_source_says_what_would_be_right() {
    let Some(url) = database() else { return };
    let town = Town::new();
    let error = pull(&town, &query(&url)).unwrap_err().to_string();
    assert!(error.contains("public.card"), "{error}");
    run(&url, "CREATE TABLE card (no text, owner text, changed int)");
    let error = pull(&town, &query(&url)).unwrap_err().to_string();
    assert!(error.contains("`holder`"), "{error}");
    let away = query("postgres://nobody:secret@127.0.0.1:1/none");
    let error = pull(&town, &away).unwrap_err();
    assert!(
        error.is_passing() && !error.to_string().contains("secret"),
        "{error}"
    );
}

#[test]
fn every_change_of_a_table_arrives_in_its_order() {
    let Some(url) = database() else { return };
    let town = Town::new();
    run(&url, TABLE);
    let (one, two) = (citizen(1), citizen(2));
    run(
        &url,
        &format!(
            "INSERT INTO card (no, holder, note) SELECT 'c' || i, '{one}', 'first' FROM generate_series(1, 10) i"
        ),
    );
    let source = replication(&url);
    assert_eq!(pull(&town, &source).unwrap().counts.records, 10);
    assert_eq!(town.count("cards"), 10);

    run(&url, &format!(
        "INSERT INTO card (no, holder) VALUES ('d', '{one}'); UPDATE card SET holder = '{two}' WHERE no = 'c1'; DELETE FROM card WHERE no = 'c2';
         UPDATE card SET no = 'e' WHERE no = 'c3'; INSERT INTO card (no, holder) VALUES ('f', '{one}'); DELETE FROM card WHERE no = 'f'"));
    pull(&town, &source).unwrap();
    let cards: Vec<String> = town.all("cards").into_keys().collect();
    assert_eq!(
        cards,
        ["c1", "c10", "c4", "c5", "c6", "c7", "c8", "c9", "d", "e"]
    );
    assert_eq!(town.value("cards", "c1", "holder").unwrap(), two);
    assert_eq!(pull(&town, &source).unwrap().counts.records, 0);

    run(
        &url,
        &format!(
            "BEGIN; INSERT INTO card (no, holder) VALUES ('g', '{one}'); TRUNCATE card; INSERT INTO card (no, holder) VALUES ('h', '{one}'); COMMIT"
        ),
    );
    let town = town.reopened();
    pull(&town, &source).unwrap();
    assert_eq!(town.all("cards").into_keys().collect::<Vec<_>>(), ["h"]);
}

#[test]
fn large_values_that_did_not_change_are_kept() {
    let Some(url) = database() else { return };
    let town = Town::new();
    run(
        &url,
        &format!("{TABLE} ALTER TABLE card ALTER note SET STORAGE EXTERNAL"),
    );
    let (one, two) = (citizen(1), citizen(2));
    run(
        &url,
        &format!(
            "INSERT INTO card (no, holder, note) VALUES ('c', '{one}', repeat('large', 2000))"
        ),
    );
    let source = replication(&url);
    pull(&town, &source).unwrap();
    run(
        &url,
        &format!(
            "UPDATE card SET holder = '{two}' WHERE no = 'c'; INSERT INTO card (no, holder, note) VALUES ('d', '{one}', repeat('other', 2000)); UPDATE card SET holder = '{two}' WHERE no = 'd'"
        ),
    );
    pull(&town, &source).unwrap();
    for (card, note) in [("c", "large"), ("d", "other")] {
        assert_eq!(town.value("cards", card, "holder").unwrap(), two);
        assert_eq!(
            town.value("cards", card, "note").unwrap(),
            note.repeat(2000)
        );
    }
}

#[test]
fn large_values_are_filled_in_from_earlier_parts_of_a_transaction() {
    let Some(url) = database() else { return };
    let town = Town::new();
    run(
        &url,
        &format!("{TABLE} ALTER TABLE card ALTER note SET STORAGE EXTERNAL"),
    );
    let source = replication(&url);
    pull(&town, &source).unwrap();
    let (one, two) = (citizen(1), citizen(2));
    // More than is written at once stands between a record and its update.
    run(
        &url,
        &format!(
            "BEGIN; INSERT INTO card (no, holder, note) VALUES ('c', '{one}', repeat('large', 2000));
             INSERT INTO card (no, holder) SELECT 'n' || i, '{one}' FROM generate_series(1, 20000) i;
             UPDATE card SET holder = '{two}' WHERE no = 'c'; COMMIT"
        ),
    );
    let pulled = pull(&town, &source).unwrap();
    assert_eq!(pulled.counts.quarantined, 0, "{pulled:?}");
    assert_eq!(town.count("cards"), 20_001);
    assert_eq!(town.value("cards", "c", "holder").unwrap(), two);
    let note = town.value("cards", "c", "note").unwrap();
    assert_eq!(note, "large".repeat(2000));
}

#[test]
fn a_pull_that_was_stopped_behind_a_write_knows_it_though_it_would_fill_in_otherwise() {
    let Some(url) = database() else { return };
    let town = Town::new();
    run(
        &url,
        &format!("{TABLE} ALTER TABLE card ALTER note SET STORAGE EXTERNAL"),
    );
    let (one, two) = (citizen(1), citizen(2));
    run(
        &url,
        &format!(
            "INSERT INTO card (no, holder, note) VALUES ('c', '{one}', repeat('large', 2000))"
        ),
    );
    let source = replication(&url);
    pull(&town, &source).unwrap();
    let state = |town: &Town| -> String {
        let rows = town
            .pool
            .meta()
            .query("SELECT state FROM source_state", &[]);
        rows.unwrap()[0].get(0).unwrap()
    };
    let before: serde_json::Value = serde_json::from_str(&state(&town)).unwrap();
    let slot = format!("s{}", url.rsplit('/').next().unwrap());
    run(
        &url,
        &format!("SELECT pg_copy_logical_replication_slot('{slot}', '{slot}_kept')"),
    );
    // The pool has `c` before and not after, and another note.
    run(
        &url,
        &format!(
            "BEGIN; UPDATE card SET holder = '{two}' WHERE no = 'c'; UPDATE card SET note = 'small' WHERE no = 'c';
             UPDATE card SET no = 'e' WHERE no = 'c'; COMMIT"
        ),
    );
    pull(&town, &source).unwrap();
    let newest = *town.pool.newest().borrow();
    let after: serde_json::Value = serde_json::from_str(&state(&town)).unwrap();
    let mut stopped = before;
    stopped["pending"] = serde_json::json!([after["applied"], 0]);
    run(
        &url,
        &format!(
            "SELECT pg_drop_replication_slot('{slot}'); SELECT pg_copy_logical_replication_slot('{slot}_kept', '{slot}')"
        ),
    );
    let values = pool::values![stopped.to_string()];
    let sql = "UPDATE source_state SET state = $1";
    town.pool.meta().execute(sql, &values).unwrap();
    let town = town.reopened();
    let pulled = pull(&town, &source).unwrap();
    assert_eq!(pulled.counts.quarantined, 0, "{pulled:?}");
    assert_eq!(
        *town.pool.newest().borrow(),
        newest,
        "nothing is written twice"
    );
    assert_eq!(town.all("cards").into_keys().collect::<Vec<_>>(), ["e"]);
    assert_eq!(town.value("cards", "e", "note").unwrap(), "small");
}

#[test]
fn a_pull_that_was_stopped_before_the_slot_moved_writes_nothing_twice() {
    let Some(url) = database() else { return };
    let town = Town::new();
    run(&url, TABLE);
    let source = replication(&url);
    pull(&town, &source).unwrap();
    let one = citizen(1);
    run(
        &url,
        &format!(
            "INSERT INTO card (no, holder) SELECT 'c' || i, '{one}' FROM generate_series(1, 10) i"
        ),
    );
    let state = |town: &Town| -> String {
        town.pool
            .meta()
            .query("SELECT state FROM source_state", &[])
            .unwrap()[0]
            .get(0)
            .unwrap()
    };
    let before = state(&town);
    let slot = format!("s{}", url.rsplit('/').next().unwrap());
    run(
        &url,
        &format!("SELECT pg_copy_logical_replication_slot('{slot}', '{slot}_kept')"),
    );
    pull(&town, &source).unwrap();
    let newest = *town.pool.newest().borrow();
    let after: serde_json::Value = serde_json::from_str(&state(&town)).unwrap();

    // As if it had stopped behind the write and before anything else: how far the changes go is
    // noted, and the slot is where it was.
    run(
        &url,
        &format!(
            "SELECT pg_drop_replication_slot('{slot}'); SELECT pg_copy_logical_replication_slot('{slot}_kept', '{slot}')"
        ),
    );
    let mut stopped: serde_json::Value = serde_json::from_str(&before).unwrap();
    stopped["pending"] = serde_json::json!([after["applied"], 0]);
    run(
        &url,
        &format!("INSERT INTO card (no, holder) VALUES ('later', '{one}')"),
    );
    town.pool
        .meta()
        .execute(
            "UPDATE source_state SET state = $1",
            &pool::values![stopped.to_string()],
        )
        .unwrap();
    let town = town.reopened();
    pull(&town, &source).unwrap();
    assert_eq!(
        *town.pool.newest().borrow(),
        newest + 1,
        "only what came later was written"
    );
    assert_eq!(town.count("cards"), 11);

    // And as if it had stopped between the note and the slot's move.
    run(
        &url,
        &format!(
            "SELECT pg_drop_replication_slot('{slot}'); SELECT pg_copy_logical_replication_slot('{slot}_kept', '{slot}')"
        ),
    );
    assert_eq!(pull(&town, &source).unwrap().counts.records, 0);
    run(&url, &format!("SELECT pg_drop_replication_slot('{slot}')"));
    let error = pull(&town, &source).unwrap_err().to_string();
    assert!(error.contains("dropped"), "{error}");
}
