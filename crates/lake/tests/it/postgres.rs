//! PostgreSQL's own client and psycopg ask questions, and see no more than any session does.

use std::process::Command;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use lake::doors::{Porter, Postgres};
use lake::{Guest, Lake, Read, Recorder, TableGrant};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::guard::grant;
use crate::support::{Town, person, persons, program, python, town, who};

type Reason = Box<dyn std::error::Error + Send + Sync>;

/// Lets in who knows the password, and remembers what was read.
struct Gatekeeper {
    lake: Arc<Lake>,
    grants: Vec<TableGrant>,
    read: Arc<Book>,
}

#[derive(Default)]
struct Book(Mutex<Vec<String>>);

#[async_trait]
impl Porter for Gatekeeper {
    async fn admit(&self, client: &str, password: &str, _: &str) -> Result<Guest, String> {
        if (client, password) != ("housing-console", "right") {
            return Err("the token is not right".to_owned());
        }
        let session = self
            .lake
            .session(who("housing"), self.grants.clone())
            .await
            .map_err(|error| error.to_string())?;
        Ok(Guest {
            session,
            recorder: Arc::clone(&self.read) as Arc<dyn Recorder>,
        })
    }
}

#[async_trait]
impl Recorder for Book {
    async fn begin(&self, _: &[Read]) -> Result<(), Reason> {
        Ok(())
    }

    async fn record(&self, reads: &[Read], rows: u64) -> Result<(), Reason> {
        self.0
            .lock()
            .unwrap()
            .extend(reads.iter().map(|read| format!("{} {rows}", read.table)));
        Ok(())
    }
}

/// A door that is open, its port, and what is read through it.
async fn door(town: &Town) -> (u16, Arc<Book>, watch::Sender<bool>) {
    let read = Arc::new(Book::default());
    let porter = Gatekeeper {
        lake: Arc::clone(&town.lake),
        grants: vec![grant(&["number", "points"], Some("district = 'yuhang'"))],
        read: Arc::clone(&read),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(Postgres::new(Arc::new(porter)).serve(listener, stopped));
    (port, read, stop)
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
    town.keeper.flush().await.unwrap();
    town
}

/// What `psql` prints, and whether it was content.
async fn psql(port: u16, password: &'static str, question: &str) -> Option<(bool, String)> {
    let Some(psql) = program("psql") else {
        println!("skipped: there is no psql (script/setup test installs PostgreSQL)");
        return None;
    };
    let question = question.to_owned();
    let run = tokio::task::spawn_blocking(move || {
        Command::new(psql)
            .args([
                "-h",
                "127.0.0.1",
                "-p",
                &port.to_string(),
                "-U",
                "housing-console",
                "-d",
                "city",
                "-X",
                "-A",
                "-t",
                "-c",
                &question,
            ])
            .env("PGPASSWORD", password)
            .env("PGCONNECT_TIMEOUT", "20")
            .output()
            .unwrap()
    });
    let output = run.await.unwrap();
    let text = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8(text).unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn psql_asks_and_is_recorded() {
    let town = filled().await;
    let (port, read, _stop) = door(&town).await;
    let Some((content, text)) = psql(
        port,
        "right",
        "SELECT count(*), sum(points) FROM civil_affairs.persons",
    )
    .await
    else {
        return;
    };
    assert!(content, "{text}");
    assert_eq!(text.trim(), "2|5");
    assert_eq!(*read.0.lock().unwrap(), ["civil-affairs/persons 1"]);
    let (content, text) = psql(port, "wrong", "SELECT 1").await.unwrap();
    assert!(
        !content && text.contains("the token is not right"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn psql_lists_only_what_may_be_seen() {
    let town = filled().await;
    let (port, _, _stop) = door(&town).await;
    let Some((content, text)) = psql(port, "right", r"\d *.*").await else {
        return;
    };
    assert!(content || text.contains("persons"), "{text}");
    let listed = "SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_schema NOT IN ('information_schema', 'pg_catalog') ORDER BY 1";
    let (content, text) = psql(port, "right", listed).await.unwrap();
    assert!(content, "{text}");
    assert_eq!(
        text.trim(),
        "civil_affairs.persons\nhousing.land_titles\npool.records"
    );
    let (content, text) = psql(port, "right", r"\dt civil_affairs.*").await.unwrap();
    assert!(
        content && text.contains("persons") && !text.contains("land_titles"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn psql_gets_nowhere_with_what_is_no_question() {
    let town = filled().await;
    let (port, _, _stop) = door(&town).await;
    for statement in [
        "CREATE TABLE x AS SELECT 1",
        "COPY (SELECT 1) TO '/tmp/x.csv'",
        "INSERT INTO civil_affairs.persons VALUES ('x', 1)",
        "SET datafusion.execution.target_partitions = 1",
        "SHOW datafusion.runtime.temp_directory",
        "SELECT * FROM information_schema.df_settings",
        "DECLARE c CURSOR FOR SELECT 1",
        "CREATE EXTERNAL TABLE x STORED AS PARQUET LOCATION '/tmp'",
    ] {
        let Some((content, text)) = psql(port, "right", statement).await else {
            return;
        };
        assert!(!content, "{statement}: {text}");
    }
    let (content, text) = psql(
        port,
        "right",
        "BEGIN; SELECT max(points) FROM civil_affairs.persons; COMMIT",
    )
    .await
    .unwrap();
    assert!(content && text.contains('3'), "{text}");
}

/// Text and binary, with parameters and without.
const PSYCOPG: &str = r#"
import sys, psycopg
with psycopg.connect(host="127.0.0.1", port=int(sys.argv[1]), user="housing-console", password="right", dbname="city") as connection:
    for binary in (False, True):
        with connection.cursor(binary=binary) as cursor:
            cursor.execute("SELECT number, points FROM civil_affairs.persons WHERE points >= %s ORDER BY points", (3,))
            rows = cursor.fetchall()
            assert len(rows) == 1 and rows[0][1] == 3 and rows[0][0].startswith("tok_"), rows
            cursor.execute("SELECT count(*) FROM civil_affairs.persons")
            assert cursor.fetchone() == (2,)
    try:
        connection.execute("DROP TABLE civil_affairs.persons")
        sys.exit("dropped")
    except psycopg.Error as error:
        print(error.sqlstate)
"#;

#[tokio::test(flavor = "multi_thread")]
async fn psycopg_asks_with_parameters() {
    let town = filled().await;
    let (port, _, _stop) = door(&town).await;
    let Some(python) = python("psycopg") else {
        return;
    };
    let run = tokio::task::spawn_blocking(move || {
        Command::new(python)
            .args(["-c", PSYCOPG, &port.to_string()])
            .output()
            .unwrap()
    });
    let output = run.await.unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "42501");
}
