//! A town with all that can make an answer differ: several files, an overlay of changes that history
//! has not taken, other versions in the past; and what is answered in it.

use arrow::util::pretty::pretty_format_batches;
use lake::{Session, TableGrant, Who};
use pool::Moment;

use crate::support::{Person, Town, person, persons, titles, town};

/// Persons in history's files.
const PERSONS: i64 = 400;
const DISTRICTS: [&str; 3] = ["xihu", "gongshu", "yuhang"];

fn number(at: i64) -> String {
    format!("P{at:04}")
}

fn somebody(at: i64) -> Person {
    let mut person = person(
        &number(at),
        DISTRICTS[(at % 3).unsigned_abs() as usize],
        at % 17,
    );
    person.born = (at % 5 != 0).then(|| i32::try_from(at).unwrap());
    person.status =
        Some(["living", "moved", "dead"][(at % 7 % 3).unsigned_abs() as usize].to_owned());
    person
}

/// The town, and the moment before its last changes.
pub(crate) async fn changed() -> (Town, Moment) {
    let mut town = town().await;
    let table = town.table("persons");
    let rows: Vec<Person> = (0..PERSONS).map(somebody).collect();
    let before = town
        .feed
        .write("persons", persons(&table, &rows), &vec![true; rows.len()]);
    let titles_table = town.table("land-titles");
    let names: Vec<(String, String)> = (0..PERSONS * 2)
        .map(|at| (format!("T{at:05}"), number(at * 7 % (PERSONS + 20))))
        .collect();
    let rows: Vec<(&str, &str, i128, &str)> = names
        .iter()
        .enumerate()
        .map(|(at, (title, owner))| {
            let status = if at % 4 == 0 { "seized" } else { "current" };
            (title.as_str(), owner.as_str(), at as i128 * 10, status)
        })
        .collect();
    let kept = vec![true; rows.len()];
    town.feed
        .write("land-titles", titles(&titles_table, &rows), &kept);
    town.keeper.flush().await.unwrap();
    let at = town.feed.at(before);
    // Changes that stay in memory: some persons move, some are no more, some are new.
    let mut moved: Vec<Person> = (0..20).map(|at| somebody(at * 3)).collect();
    for person in &mut moved {
        person.district = Some("yuhang".to_owned());
        person.points = Some(99);
    }
    moved.extend((PERSONS..PERSONS + 10).map(somebody));
    let kept = vec![true; moved.len()];
    town.feed.write("persons", persons(&table, &moved), &kept);
    let gone: Vec<Person> = (50..60).map(somebody).collect();
    town.feed
        .write("persons", persons(&table, &gone), &[false; 10]);
    while town.keeper.step().await.unwrap() {}
    (town, at)
}

/// Who asks in the tests: the department itself; one with two agreements of different rows and
/// fields; the bureau; and the department about the past.
pub(crate) async fn sessions(town: &Town, past: Moment) -> Vec<(&'static str, Session)> {
    let who = |department: &str, admin| Who {
        department: department.to_owned(),
        purpose: "analysis/test".to_owned(),
        client: "test".to_owned(),
        admin,
    };
    let grant = |fields: &[&str], rows: &str| TableGrant {
        table: "civil-affairs/persons".to_owned(),
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        rows: Some(rows.to_owned()),
        agreement: "persons-to-housing".to_owned(),
    };
    let grants = vec![
        grant(&["number", "district", "points"], "district <> 'gongshu'"),
        grant(&["number", "born", "status"], "points > 5"),
    ];
    let lake = &town.lake;
    let own = lake.session(who("civil-affairs", false), vec![]);
    let other = lake.session(who("housing", false), grants);
    let bureau = lake.session(who("bureau", true), vec![]);
    let then = lake.session_as_of(who("civil-affairs", false), vec![], Some(past));
    vec![
        ("own", own.await.unwrap()),
        ("other", other.await.unwrap()),
        ("bureau", bureau.await.unwrap()),
        ("then", then.await.unwrap()),
    ]
}

/// What a question is answered, or why it is not; in no order, unless it asks for one.
pub(crate) async fn told(session: &Session, question: &str) -> Result<String, String> {
    let answer = session.query(question).await;
    let answer = answer.map_err(|error| error.to_string())?;
    let batches = answer.collect().await;
    let batches = batches.map_err(|error| error.to_string())?;
    let text = pretty_format_batches(&batches).unwrap().to_string();
    if question.contains("ORDER BY") {
        return Ok(text);
    }
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    Ok(lines.join("\n"))
}
