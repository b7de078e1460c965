//! The ways around the barrier that the lake's tests try, tried on a cluster: what comes out has
//! nothing hidden in it, and nothing of the cluster.

use std::sync::Arc;

use lake::TableGrant;
use pool::HistoryUrl;

use crate::asked::told;
use crate::running::running;
use crate::support::{person, persons, titles, town};

const CORPUS: &str = include_str!("../../../lake/tests/it/escapes.txt");
/// What must not stand in any answer or message.
const HIDDEN: [&str; 14] = [
    "HIDDENNUMBER",
    "secret illness",
    "MR ",
    "gongshu",
    "parquet",
    "/history",
    "history://",
    "127.0.0.1",
    "CarriedExec",
    "Shuffle",
    "Ballista",
    "executor",
    "Job ",
    "may-know",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_way_leads_around_the_barrier_of_a_cluster() {
    let mut town = town().await;
    let table = town.table("persons");
    let rows = [
        person("HIDDENNUMBER1", "gongshu", 77),
        person("B", "yuhang", 2),
    ];
    town.feed
        .write("persons", persons(&table, &rows), &[true; 2]);
    let table = town.table("land-titles");
    let rows = [("T1", "HIDDENNUMBER2", 1, "current")];
    town.feed
        .write("land-titles", titles(&table, &rows), &[true]);
    town.keeper.flush().await.unwrap();
    // And one who is not to be seen, in the overlay.
    let table = town.table("persons");
    let late = [person("HIDDENNUMBER3", "gongshu", 78)];
    town.feed.write("persons", persons(&table, &late), &[true]);
    while town.keeper.step().await.unwrap() {}
    let grants = vec![TableGrant {
        table: "civil-affairs/persons".to_owned(),
        fields: ["number", "points", "illness"].map(str::to_owned).to_vec(),
        rows: Some("district = 'yuhang'".to_owned()),
        agreement: "persons-to-parks".to_owned(),
    }];
    let history = HistoryUrl::Folder(town.folder.path().join("history"));
    let alone = town.session("parks", grants.clone()).await;
    let cluster = running(&history, 1).await;
    town.lake.use_engine(Some(Arc::clone(&cluster.engine)));
    let together = town.session("parks", grants).await;
    let mut faults = Vec::new();
    let mut tried = 0;
    for line in CORPUS
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
    {
        let (_, question) = line.split_once('|').unwrap();
        tried += 1;
        let (alone, together) = (
            told(&alone, question.trim()).await,
            told(&together, question.trim()).await,
        );
        let text = together.as_ref().map_or_else(Clone::clone, Clone::clone);
        // Words of the question itself may come back.
        let shown = HIDDEN
            .iter()
            .find(|word| text.contains(**word) && !question.contains(**word));
        if alone.is_ok() != together.is_ok() || shown.is_some() {
            faults.push(format!(
                "{question}\n{alone:?}\n{together:?}\nshows {shown:?}"
            ));
        }
    }
    assert!(tried > 80, "{tried}");
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}
