//! History on an S3-compatible store: SeaweedFS, from its package on PyPI.

use std::sync::Arc;

use lake::{Feed, Keeper, KeeperOptions, Lake};
use pool::HistoryUrl;

use crate::support::{SECRET, answer, person, persons, town, who};
use crate::weed::Weed;

#[tokio::test(flavor = "multi_thread")]
async fn history_lies_on_seaweedfs() {
    let Some(weed) = Weed::with_bucket("history") else {
        println!("skipped: there is no SeaweedFS (script/setup test installs it)");
        return;
    };
    let history = HistoryUrl::Store {
        url: "s3://history/town".to_owned(),
        options: weed.options(),
    };
    let town = town().await;
    let table = town.table("persons");
    let open = async || {
        let lake = Lake::open(&history, town.feed.tables(), SECRET)
            .await
            .unwrap();
        let keeper = Keeper::new(
            Arc::clone(&lake),
            Arc::clone(&town.feed) as Arc<dyn Feed>,
            KeeperOptions::default(),
        )
        .unwrap();
        (lake, keeper)
    };
    let (lake, mut keeper) = open().await;
    let people: Vec<_> = (0..50)
        .map(|at| person(&format!("P{at:02}"), "xihu", at))
        .collect();
    town.feed
        .write("persons", persons(&table, &people), &[true; 50]);
    keeper.flush().await.unwrap();
    town.feed
        .write("persons", persons(&table, &people[..5]), &[false; 5]);
    keeper.flush().await.unwrap();
    let question = "SELECT count(*), min(number), sum(points) FROM persons";
    let before = answer(
        &lake.session(who("civil-affairs"), vec![]).await.unwrap(),
        question,
    )
    .await;
    assert!(before.contains("| 45       | P05"), "{before}");
    drop((lake, keeper));
    let (lake, mut keeper) = open().await;
    keeper.flush().await.unwrap();
    assert_eq!(
        answer(
            &lake.session(who("civil-affairs"), vec![]).await.unwrap(),
            question
        )
        .await,
        before
    );
}
