//! With a cluster and without, the same is answered.

use std::sync::Arc;

use lake::Lake;
use pool::HistoryUrl;

use crate::asked::{changed, sessions, told};
use crate::running::running;
use crate::support::{Town, answer, who};

/// One question a line. `{p}` is the table of persons, `{t}` that of titles.
const QUESTIONS: &str = include_str!("questions.txt");

/// What is answered to all questions in all sessions: name, question, answer.
async fn answers(town: &Town, past: pool::Moment) -> Vec<(String, Result<String, String>)> {
    let mut answers = Vec::new();
    for (name, session) in sessions(town, past).await {
        for line in QUESTIONS.lines() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let question = line
                .replace("{p}", "civil_affairs.persons")
                .replace("{t}", "housing.land_titles");
            // Which of several wrong values is met first is chance: a reason counts up to it.
            let cut = |why: String| why.split('\'').next().unwrap_or_default().to_owned();
            println!("{name}: {question}");
            let told = told(&session, &question).await.map_err(cut);
            answers.push((format!("{name}: {question}"), told));
        }
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn every_question_has_the_same_answer_with_a_cluster_and_without() {
    let (town, past) = changed().await;
    let history = HistoryUrl::Folder(town.folder.path().join("history"));
    let alone = answers(&town, past).await;
    let cluster = running(&history, 2).await;
    town.lake.use_engine(Some(Arc::clone(&cluster.engine)));
    let together = answers(&town, past).await;
    let answered = alone.iter().filter(|(_, told)| told.is_ok()).count();
    assert!(answered > alone.len() / 2, "{answered} of {}", alone.len());
    let faults: Vec<String> = alone
        .iter()
        .zip(&together)
        .filter(|(alone, together)| alone != together)
        .map(|((question, alone), (_, together))| {
            format!("{question}\nalone:\n{alone:?}\ntogether:\n{together:?}")
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_worked_out_by_executors_and_not_here() {
    let (town, _) = changed().await;
    // Executors that look elsewhere find nothing: so it is they who look.
    let elsewhere = tempfile::tempdir().unwrap();
    let history = HistoryUrl::Folder(elsewhere.path().to_owned());
    let cluster = running(&history, 1).await;
    town.lake.use_engine(Some(Arc::clone(&cluster.engine)));
    let session = town.session("civil-affairs", vec![]).await;
    let told = told(
        &session,
        "SELECT district, count(*) FROM persons GROUP BY district",
    )
    .await;
    let refused = told.unwrap_err();
    let why = "civil-affairs/persons cannot be read at the moment; the server's log says why";
    assert!(refused.ends_with(why), "{refused}");
    // What needs no history is answered all the same.
    assert!(
        answer(&session, "SELECT 1 + 1 AS two")
            .await
            .contains("| 2   |")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_away_is_told_of_and_does_not_stop_what_needs_none() {
    let (town, _) = changed().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", port.local_addr().unwrap());
    drop(port);
    let away = cluster::Cluster::new(&url, 2).unwrap();
    town.lake.use_engine(Some(Arc::new(away)));
    let session = town.session("civil-affairs", vec![]).await;
    let refused = told(
        &session,
        "SELECT district, count(*) FROM persons GROUP BY district",
    )
    .await
    .unwrap_err();
    assert!(
        refused.starts_with("the cluster does not answer"),
        "{refused}"
    );
    assert!(!refused.contains("127.0.0.1"), "{refused}");
    assert!(
        told(&session, "EXPLAIN SELECT * FROM persons")
            .await
            .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_table_is_empty_for_a_cluster_too() {
    let town = crate::support::town().await;
    let history = HistoryUrl::Folder(town.folder.path().join("history"));
    let cluster = running(&history, 1).await;
    let lake: &Arc<Lake> = &town.lake;
    lake.use_engine(Some(Arc::clone(&cluster.engine)));
    let session = lake.session(who("civil-affairs"), vec![]).await.unwrap();
    let rows = told(&session, "SELECT number FROM persons").await.unwrap();
    assert!(rows.lines().count() < 5, "{rows}"); // a frame and a head at most
    let sum = "SELECT count(number), sum(points) FROM persons WHERE points > 1";
    assert!(answer(&session, sum).await.contains("| 0 "));
}
