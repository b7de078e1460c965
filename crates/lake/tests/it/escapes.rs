//! Ways around the barrier that were thought of, as a file: each is refused for the stated reason,
//! or answered without anything hidden in the answer.

use crate::guard::grant;
use crate::support::{person, persons, refusal, titles, town};

const CORPUS: &str = include_str!("escapes.txt");
/// What must not stand in any answer or message.
const HIDDEN: [&str; 6] = [
    "HIDDENNUMBER",
    "secret illness",
    "MR ",
    "gongshu",
    "parquet",
    "/history",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_way_leads_around_the_barrier() {
    let mut town = town().await;
    let table = town.table("persons");
    let rows = [
        person("HIDDENNUMBER1", "gongshu", 77),
        person("B", "yuhang", 2),
    ];
    town.feed
        .write("persons", persons(&table, &rows), &[true; 2]);
    let table = town.table("land-titles");
    town.feed.write(
        "land-titles",
        titles(&table, &[("T1", "HIDDENNUMBER2", 1, "current")]),
        &[true],
    );
    town.keeper.flush().await.unwrap();
    let grants = vec![grant(
        &["number", "points", "illness"],
        Some("district = 'yuhang'"),
    )];
    // A third department: it sees persons by the agreement and titles as all do.
    let session = town.session("parks", grants).await;
    let mut faults = Vec::new();
    let mut tried = 0;
    for line in CORPUS
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
    {
        let (expected, question) = line.split_once('|').unwrap();
        let (expected, question) = (expected.trim(), question.trim());
        tried += 1;
        let (outcome, text) = match session.query(question).await {
            Err(error) => ("refused", error.to_string()),
            Ok(answer) => match answer.collect().await {
                Err(error) => ("refused", error.to_string()),
                Ok(batches) => (
                    "answered",
                    arrow::util::pretty::pretty_format_batches(&batches)
                        .unwrap()
                        .to_string(),
                ),
            },
        };
        for hidden in HIDDEN {
            // A message may repeat what the question itself says.
            if text.contains(hidden) && !question.contains(hidden) {
                faults.push(format!(
                    "{question}\n  shows {hidden}: {}",
                    text.chars().take(300).collect::<String>()
                ));
            }
        }
        let met = match expected {
            "answered" => outcome == "answered",
            "either" => true,
            reason => outcome == "refused" && text.to_lowercase().contains(&reason.to_lowercase()),
        };
        if !met {
            faults.push(format!(
                "{question}\n  expected {expected}, but it was {outcome}: {}",
                text.chars().take(300).collect::<String>()
            ));
        }
    }
    assert!(tried > 60, "only {tried} ways were tried");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_that_are_too_much_are_refused_before_they_cost_anything() {
    let town = town().await;
    let session = town.session("parks", vec![]).await;
    let chain = |count: usize| format!("SELECT {}", vec!["1"; count].join("+"));
    assert_eq!(refusal(&session, &chain(250)).await, None);
    let refused = refusal(&session, &chain(2_000)).await.unwrap();
    assert!(refused.contains("QUESTION_OPERATORS_MAX"), "{refused}");
    let refused = refusal(
        &session,
        &format!("SELECT {}1{}", "(".repeat(3_000), ")".repeat(3_000)),
    )
    .await
    .unwrap();
    assert!(refused.to_lowercase().contains("limit"), "{refused}");
    let refused = refusal(&session, &format!("SELECT '{}'", "x".repeat(100_000)))
        .await
        .unwrap();
    assert!(refused.contains("QUESTION_BYTES_MAX"), "{refused}");
    // Each WITH doubles the one before.
    let mut doubling = "WITH w0 AS (SELECT 1 AS a)".to_owned();
    for at in 1..30 {
        doubling += &format!(", w{at} AS (SELECT l.a FROM w{0} l, w{0} r)", at - 1);
    }
    let refused = refusal(&session, &format!("{doubling} SELECT count(*) FROM w29"))
        .await
        .unwrap();
    assert!(refused.contains("QUESTION_"), "{refused}");
}
