//! What a session sees, and what it does not.

use lake::TableGrant;

use crate::support::{Town, answer, person, persons, refusal, titles, town, who};

async fn full() -> Town {
    let mut town = town().await;
    let table = town.table("persons");
    let rows = [
        person("A", "xihu", 1),
        person("B", "yuhang", 0),
        person("C", "yuhang", 3),
    ];
    town.feed
        .write("persons", persons(&table, &rows), &[true; 3]);
    let table = town.table("land-titles");
    let rows = [
        ("T1", "A", 100, "current"),
        ("T2", "C", 200, "seized"),
        ("T3", "C", 300, "current"),
    ];
    town.feed
        .write("land-titles", titles(&table, &rows), &[true; 3]);
    town.keeper.flush().await.unwrap();
    town
}

pub(crate) fn grant(fields: &[&str], rows: Option<&str>) -> TableGrant {
    TableGrant {
        table: "civil-affairs/persons".to_owned(),
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        rows: rows.map(str::to_owned),
        agreement: "persons-to-housing".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_agreement_a_conditional_dataset_is_not_there() {
    let town = full().await;
    let session = town.session("housing", vec![]).await;
    let refused = refusal(&session, "SELECT * FROM civil_affairs.persons")
        .await
        .unwrap();
    assert!(
        refused.contains("civil_affairs.persons") && refused.contains("not found"),
        "{refused}"
    );
    insta::assert_snapshot!(answer(&session, "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema <> 'information_schema' ORDER BY 1, 2").await, @r"
    +--------------+-------------+
    | table_schema | table_name  |
    +--------------+-------------+
    | housing      | land_titles |
    | pool         | records     |
    +--------------+-------------+
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shared_with_all_shows_its_public_and_internal_fields() {
    let town = full().await;
    let session = town.session("civil-affairs", vec![]).await;
    insta::assert_snapshot!(answer(&session, "SELECT * FROM housing.land_titles ORDER BY title_number").await, @r"
    +--------------+------+---------+
    | title_number | area | status  |
    +--------------+------+---------+
    | T1           | 1.00 | current |
    | T2           | 2.00 | seized  |
    | T3           | 3.00 | current |
    +--------------+------+---------+
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_shows_its_fields_of_its_rows_with_identifiers_as_tokens() {
    let town = full().await;
    let grants = vec![grant(
        &["number", "born", "points", "illness"],
        Some("district = 'yuhang'"),
    )];
    let session = town.session("housing", grants).await;
    let text = answer(
        &session,
        "SELECT * FROM civil_affairs.persons ORDER BY points",
    )
    .await;
    assert!(
        text.contains("| number ") && text.contains("| born ") && text.contains("| points "),
        "{text}"
    );
    assert!(
        !text.contains("illness") && !text.contains("district") && !text.contains("name"),
        "{text}"
    );
    assert_eq!(text.matches("tok_").count(), 2, "{text}");
    // Tables of both departments can be joined by tokens, and by nothing else.
    let joined = "SELECT t.title_number, p.points FROM land_titles t JOIN civil_affairs.persons p ON p.number = t.owner_token ORDER BY 1";
    insta::assert_snapshot!(answer(&session, joined).await, @r"
    +--------------+--------+
    | title_number | points |
    +--------------+--------+
    | T2           | 3      |
    | T3           | 3      |
    +--------------+--------+
    ");
    let clear = "SELECT count(*) FROM civil_affairs.persons WHERE number = 'B'";
    assert!(answer(&session, clear).await.contains("| 0        |"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_another_purpose_are_others() {
    let town = full().await;
    let ask = async |purpose: &str| {
        let who = lake::Who {
            purpose: purpose.to_owned(),
            ..who("housing")
        };
        let session = town
            .lake
            .session(who, vec![grant(&["number"], None)])
            .await
            .unwrap();
        answer(
            &session,
            "SELECT number FROM civil_affairs.persons ORDER BY 1",
        )
        .await
    };
    assert_eq!(ask("analysis/a").await, ask("analysis/a").await);
    assert_ne!(ask("analysis/a").await, ask("analysis/b").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_agreements_each_shows_its_fields_in_its_own_rows_only() {
    let town = full().await;
    let grants = vec![
        grant(&["points"], Some("district = 'xihu'")),
        grant(&["born", "points"], Some("points > 0")),
    ];
    let session = town.session("housing", grants).await;
    insta::assert_snapshot!(answer(&session, "SELECT points, born FROM civil_affairs.persons ORDER BY points").await, @r"
    +--------+------------+
    | points | born       |
    +--------+------------+
    | 1      | 1989-03-02 |
    | 3      | 1989-03-02 |
    +--------+------------+
    ");
    let grants = vec![
        grant(&["points"], None),
        grant(&["born"], Some("points > 1")),
    ];
    let session = town.session("housing", grants).await;
    insta::assert_snapshot!(answer(&session, "SELECT points, born FROM civil_affairs.persons WHERE born IS NULL OR points > 1 ORDER BY points").await, @r"
    +--------+------------+
    | points | born       |
    +--------+------------+
    | 0      |            |
    | 1      |            |
    | 3      | 1989-03-02 |
    +--------+------------+
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_a_question_tells_of_no_hidden_row() {
    let town = full().await;
    // B, whose points are 0, is hidden: dividing by points fails only where B is seen.
    let session = town
        .session("housing", vec![grant(&["points"], Some("points > 0"))])
        .await;
    let divided = "SELECT sum(6 / points) FROM civil_affairs.persons WHERE 6 / points > 0";
    assert!(answer(&session, divided).await.contains("| 8 "));
    let session = town
        .session("housing", vec![grant(&["points"], None)])
        .await;
    let refused = refusal(&session, divided).await.unwrap();
    assert!(
        refused.to_lowercase().contains("divide by zero"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_shows_a_barrier_and_nothing_behind_it() {
    let town = full().await;
    let session = town
        .session(
            "housing",
            vec![grant(&["points"], Some("district = 'yuhang'"))],
        )
        .await;
    for how in [
        "EXPLAIN",
        "EXPLAIN VERBOSE",
        "EXPLAIN ANALYZE",
        "EXPLAIN ANALYZE VERBOSE",
    ] {
        let text = answer(
            &session,
            &format!("{how} SELECT points FROM civil_affairs.persons WHERE points > 0"),
        )
        .await;
        assert!(
            text.contains("BarrierExec: table=civil-affairs/persons"),
            "{text}"
        );
        for hidden in [
            "district",
            "yuhang",
            "parquet",
            "_current",
            "_from",
            town.folder.path().to_str().unwrap(),
        ] {
            assert!(!text.contains(hidden), "{how} shows {hidden}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_files_give_an_error_without_their_names() {
    let town = full().await;
    let mut files = Vec::new();
    walk(
        &town.folder.path().join("history/civil-affairs/persons"),
        &mut files,
    );
    for file in files
        .iter()
        .filter(|file| file.extension().is_some_and(|end| end == "parquet"))
    {
        let bytes = std::fs::metadata(file).unwrap().len();
        std::fs::write(file, vec![0; usize::try_from(bytes).unwrap()]).unwrap();
    }
    let town = town.restart().await;
    let session = town.session("civil-affairs", vec![]).await;
    let refused = refusal(&session, "SELECT sum(points) FROM persons")
        .await
        .unwrap();
    assert!(
        refused.contains("civil-affairs/persons cannot be read"),
        "{refused}"
    );
    assert!(
        !refused.contains("parquet") && !refused.contains('='),
        "{refused}"
    );
}

fn walk(folder: &std::path::Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_tells_what_it_read_and_why_it_might() {
    let town = full().await;
    let session = town
        .session("housing", vec![grant(&["number", "points"], None)])
        .await;
    let question = "WITH p AS (SELECT points FROM civil_affairs.persons) SELECT max(points), (SELECT count(*) FROM land_titles WHERE area > 1) FROM p";
    let answer = session.query(question).await.unwrap();
    let reads: Vec<String> = answer
        .reads()
        .iter()
        .map(|read| format!("{} {:?} {:?}", read.table, read.fields, read.reasons))
        .collect();
    assert!(
        reads.contains(&r#"civil-affairs/persons ["points"] ["persons-to-housing"]"#.to_owned()),
        "{reads:?}"
    );
    assert!(
        reads
            .iter()
            .any(|read| read.starts_with("housing/land-titles")),
        "{reads:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_filter_that_cannot_be_understood_opens_no_session() {
    let town = full().await;
    let session = town
        .lake
        .session(
            who("housing"),
            vec![grant(&["points"], Some("nonsense = 1"))],
        )
        .await;
    let error = session.unwrap_err().to_string();
    assert!(
        error.contains("persons-to-housing") && error.contains("nonsense"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_written_in_each_form() {
    use futures::TryStreamExt;
    use lake::questions::Format;
    let town = full().await;
    let session = town.session("civil-affairs", vec![]).await;
    let written = async |question: &str, format: Format| -> Vec<u8> {
        let pieces: Vec<bytes::Bytes> = session
            .query(question)
            .await
            .unwrap()
            .written(format)
            .try_collect()
            .await
            .unwrap();
        pieces.concat()
    };
    let question = "SELECT number, points FROM persons ORDER BY number LIMIT 2";
    let text = async |format: Format| String::from_utf8(written(question, format).await).unwrap();
    insta::assert_snapshot!(text(Format::Json).await, @r#"[{"number":"A","points":1},{"number":"B","points":0}]"#);
    insta::assert_snapshot!(text(Format::NdJson).await, @r#"
    {"number":"A","points":1}
    {"number":"B","points":0}
    "#);
    insta::assert_snapshot!(text(Format::Csv).await, @r"
    number,points
    A,1
    B,0
    ");
    let bytes = written(question, Format::Arrow).await;
    let reader = arrow::ipc::reader::StreamReader::try_new(bytes.as_slice(), None).unwrap();
    assert_eq!(
        reader.map(|batch| batch.unwrap().num_rows()).sum::<usize>(),
        2
    );
    let nothing = "SELECT number FROM persons WHERE number = 'nobody'";
    assert_eq!(
        String::from_utf8(written(nothing, Format::Json).await).unwrap(),
        "[]\n"
    );
    assert_eq!(
        String::from_utf8(written(nothing, Format::Csv).await).unwrap(),
        "number\n"
    );
}
