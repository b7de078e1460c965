//! Measures questions: makes history of as many records as asked for, spread over departments,
//! and asks. The command `citybrain bench pool` prints what this finds.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, new_null_array,
};
use city::Definitions;
use object_store::path::Path;
use pool::{DataFile, Entry, HistoryUrl, Moment, Payload, Table, TableId, Tables};
use serde::Serialize;
use tokio::sync::watch;

use crate::engine::Engine;
use crate::error::Error;
use crate::feed::Feed;
use crate::history::{Keeper, KeeperOptions, bucket_of, stored_schema, write_file};
use crate::lake::Lake;
use crate::questions::{Secret, Who};

/// What is measured.
#[derive(Clone, Debug, Serialize)]
pub struct Parameters {
    /// Records of all departments together.
    pub records: u64,
    /// Departments, each with one dataset.
    pub departments: u32,
    /// How often each question is asked when all is warm.
    pub repeat: u32,
    /// Where history is: `folder`, or an object store's address.
    pub history: String,
    /// The cluster that is asked besides this process.
    pub cluster: Option<ClusterParameters>,
}

/// A cluster that is measured.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ClusterParameters {
    /// Executors, each a process.
    pub executors: u32,
    /// Tasks that each works on at the same time.
    pub slots: u32,
    /// Tasks into which each stage is cut.
    pub partitions: u32,
}

/// How long one question took, in seconds.
#[derive(Clone, Debug, Serialize)]
pub struct Asked {
    /// What it is.
    pub name: &'static str,
    /// The question.
    pub question: String,
    /// Rows of the answer.
    pub rows: usize,
    /// The first time, with nothing in this program's caches.
    pub first_s: f64,
    /// The fastest of the later ones.
    pub least_s: f64,
    /// The middle one of the later ones.
    pub median_s: f64,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// What was measured.
    pub parameters: Parameters,
    /// Making and committing history, in seconds; not a measure of loading.
    pub made_s: f64,
    /// Bytes of history's files for each record.
    pub bytes_per_record: f64,
    /// The questions, answered by this process.
    pub asked: Vec<Asked>,
    /// The same, answered by the cluster, with the same answers.
    pub asked_of_cluster: Option<Vec<Asked>>,
}

const STATUSES: [&str; 8] = [
    "active",
    "expired",
    "pending",
    "revoked",
    "suspended",
    "closed",
    "draft",
    "merged",
];
/// Rows of one file.
const FILE_ROWS: u64 = 1_000_000;
/// A subject has this many records in each dataset.
const RECORDS_OF_SUBJECT: u64 = 10;
/// When all records were written.
const WRITTEN: Moment = Moment(1_760_000_000_000_000);

fn files(departments: u32, records: u64) -> Vec<(String, String)> {
    let mut files = vec![(
        "city.yaml".to_owned(),
        "id: bench\ntitle: {zh: 测, en: Bench}\ntime_zone: Asia/Shanghai\nlanguages: [zh, en]\n"
            .to_owned(),
    )];
    for at in 0..departments {
        files.push((
            format!("departments/d{at}/department.yaml"),
            format!("id: d{at}\ntitle: {{zh: 局{at}, en: Department {at}}}\n"),
        ));
        let dataset = format!(
            "id: r{at}\ntitle: {{zh: 记录, en: Records}}\ndescription: {{zh: 记录, en: A record}}\nsubject: person\nsubject_field: person\nkey: [person, number]\nshare: conditional\nshare_note: {{zh: 协议, en: By agreement}}\nupdates: daily\nexpected_records: {records}\nfields:\n  - {{name: person, title: {{zh: 人, en: Person}}, type: text, sensitivity: personal, max_length: 18}}\n  - {{name: number, title: {{zh: 号, en: Number}}, type: integer}}\n  - {{name: status, title: {{zh: 状态, en: Status}}, type: text, one_of: [{}]}}\n  - {{name: amount, title: {{zh: 额, en: Amount}}, type: money}}\n  - {{name: opened, title: {{zh: 日, en: Opened}}, type: date}}\n",
            STATUSES.join(", ")
        );
        files.push((format!("departments/d{at}/datasets/r{at}.yaml"), dataset));
    }
    files
}

/// A mixing of numbers in which nothing repeats: good enough to spread values.
fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 31)).wrapping_mul(0x7fb5_d329_728e_a185);
    (number ^ (number >> 27)).wrapping_mul(0x81da_def4_bc2d_d44d) >> 11
}

/// The records of subjects `from..to` that fall into a bucket.
fn batch(table: &Table, subjects: &[u64]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let all = || {
        subjects
            .iter()
            .flat_map(|subject| (0..RECORDS_OF_SUBJECT).map(move |number| (*subject, number)))
    };
    let value = |(subject, number): (u64, u64)| {
        mixed(subject * RECORDS_OF_SUBJECT + number + u64::from(table.id.0) * 7_919)
    };
    let rows = subjects.len() * RECORDS_OF_SUBJECT as usize;
    let amounts: Decimal128Array = all()
        .map(|row| Some(i128::from(value(row) % 1_000_000)))
        .collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(
            all()
                .map(|(subject, _)| Some(person(subject)))
                .collect::<StringArray>(),
        ),
        Arc::new(
            all()
                .map(|(_, number)| number.cast_signed())
                .collect::<Int64Array>(),
        ),
        Arc::new(
            all()
                .map(|row| Some(STATUSES[(value(row) % 8) as usize]))
                .collect::<StringArray>(),
        ),
        Arc::new(amounts.with_precision_and_scale(18, 2)?),
        Arc::new(
            all()
                .map(|row| i32::try_from(value(row) % 20_000).ok())
                .collect::<Date32Array>(),
        ),
        Arc::new(TimestampMicrosecondArray::from(vec![WRITTEN.0; rows]).with_timezone("UTC")),
        new_null_array(stored_schema(table).field(6).data_type(), rows),
    ];
    RecordBatch::try_new(stored_schema(table), columns)
}

/// The number of a person, in the order of their index.
fn person(subject: u64) -> String {
    format!("3301{subject:014}")
}

/// Entries that are handed to the keeper once.
struct Once {
    tables: Arc<Tables>,
    entries: Mutex<Vec<Entry>>,
    newest: watch::Sender<u64>,
}

impl Feed for Once {
    fn tables(&self) -> Arc<Tables> {
        Arc::clone(&self.tables)
    }

    fn entries_after(&self, seq: u64, limit: usize) -> Result<Vec<Entry>, Error> {
        let entries = self
            .entries
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(entries
            .iter()
            .filter(|entry| entry.seq > seq)
            .take(limit)
            .cloned()
            .collect())
    }

    fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    fn consumed(&self, _: u64) -> Result<(), Error> {
        Ok(())
    }

    fn cursor(&self) -> Result<u64, Error> {
        Ok(0)
    }

    fn now(&self) -> Moment {
        WRITTEN
    }
}

/// Makes history, unless it is there from an earlier run, and asks this process, and then the cluster
/// that `engine` leads to.
pub async fn run(
    history: &HistoryUrl,
    parameters: Parameters,
    engine: Option<Arc<dyn Engine>>,
) -> Result<Figures, Error> {
    let per_department = parameters.records / u64::from(parameters.departments.max(1));
    let (city, _) =
        Definitions::from_files("bench", files(parameters.departments, per_department)).check();
    let mut number = 0;
    let tables = Tables::of(&city, |_| {
        number += 1;
        Ok(TableId(number))
    });
    let tables = Arc::new(tables.map_err(|name| Error::NoTable { name })?);
    let lake = Lake::open(history, Arc::clone(&tables), Secret::new([7; 32])).await?;
    let began = Instant::now();
    let mut entries = Vec::new();
    for table in tables.iter() {
        if lake.held(&table.name()).await?.view().files.is_empty() {
            let files = make(&lake, table, per_department).await?;
            let seq = entries.len() as u64 + 1;
            entries.push(Entry {
                seq,
                table: Arc::clone(table),
                at: WRITTEN,
                source: "bench".to_owned(),
                payload: Payload::Files(files),
                moved: Vec::new(),
                replaced: Some(0),
            });
        }
    }
    let feed = Once {
        tables: Arc::clone(&tables),
        entries: Mutex::new(entries),
        newest: watch::channel(0).0,
    };
    Keeper::new(Arc::clone(&lake), Arc::new(feed), KeeperOptions::default())?
        .flush()
        .await?;
    let made_s = began.elapsed().as_secs_f64();
    let (mut bytes, mut rows) = (0, 0);
    for table in tables.iter() {
        for file in lake.held(&table.name()).await?.view().files.iter() {
            bytes += file.bytes;
            rows += file.rows;
        }
    }
    drop(lake);
    // A lake that knows nothing yet, as after a start.
    let lake = Lake::open(history, tables, Secret::new([7; 32])).await?;
    let (asked, answers) = ask_all(&lake, parameters.repeat).await?;
    let asked_of_cluster = match engine {
        Some(engine) => {
            lake.use_engine(Some(engine));
            Some(ask_cluster(&lake, parameters.repeat, &answers).await?)
        }
        None => None,
    };
    Ok(Figures {
        parameters,
        made_s,
        bytes_per_record: bytes as f64 / rows.max(1) as f64,
        asked,
        asked_of_cluster,
    })
}

/// Asks all questions; with their answers, as text.
async fn ask_all(lake: &Arc<Lake>, repeat: u32) -> Result<(Vec<Asked>, Vec<String>), Error> {
    let (mut asked, mut answers) = (Vec::new(), Vec::new());
    for (name, question) in questions() {
        let (figures, answer) = ask(lake, name, question, repeat).await?;
        asked.push(figures);
        answers.push(answer);
    }
    Ok((asked, answers))
}

/// Asks a cluster, which has to answer the same.
async fn ask_cluster(
    lake: &Arc<Lake>,
    repeat: u32,
    answers: &[String],
) -> Result<Vec<Asked>, Error> {
    // The first question waits until executors are there.
    ask(
        lake,
        "",
        "SELECT max(number) FROM d0.r0 WHERE number < 0",
        1,
    )
    .await?;
    let (asked, others) = ask_all(lake, repeat).await?;
    for ((asked, answer), other) in asked.iter().zip(answers).zip(&others) {
        if answer != other {
            let message = format!(
                "the cluster answers {:?} otherwise than this process:\n{other}\nand not:\n{answer}",
                asked.question
            );
            return Err(Error::Question { message });
        }
    }
    Ok(asked)
}

fn questions() -> [(&'static str, &'static str); 6] {
    [
        (
            "group by department and status",
            "SELECT department, status, sum(records) FROM pool.records GROUP BY department, status",
        ),
        (
            "group one dataset by status",
            "SELECT status, count(*) FROM d0.r0 GROUP BY status",
        ),
        (
            "sums of one dataset by status",
            "SELECT status, count(*), sum(amount) FROM d0.r0 WHERE opened >= DATE '1980-01-01' GROUP BY status",
        ),
        (
            "join of two departments",
            "SELECT a.status, count(*), sum(b.amount) FROM d0.r0 a JOIN d1.r1 b ON a.person = b.person AND a.number = b.number WHERE b.status = 'active' GROUP BY a.status",
        ),
        (
            "join of two departments by person",
            "SELECT a.status, count(*) FROM d0.r0 a JOIN (SELECT person, sum(amount) AS total FROM d1.r1 GROUP BY person) b ON a.person = b.person WHERE b.total > 50000 GROUP BY a.status",
        ),
        ("count of all of one dataset", "SELECT count(*) FROM d0.r0"),
    ]
}

async fn ask(
    lake: &Arc<Lake>,
    name: &'static str,
    question: &str,
    repeat: u32,
) -> Result<(Asked, String), Error> {
    let who = Who {
        department: "bureau".to_owned(),
        purpose: "analysis/bench".to_owned(),
        client: "bench".to_owned(),
        admin: true,
    };
    let session = lake.session(who, Vec::new()).await?;
    lake.forget_counts();
    let mut times = Vec::new();
    let mut answer = Vec::new();
    for _ in 0..=repeat.max(1) {
        let began = Instant::now();
        answer = session.query(question).await?.collect().await?;
        times.push(began.elapsed().as_secs_f64());
    }
    let first_s = times.remove(0);
    times.sort_by(f64::total_cmp);
    let (least_s, median_s) = (times[0], times[times.len() / 2]);
    let asked = Asked {
        name,
        question: question.to_owned(),
        rows: answer.iter().map(RecordBatch::num_rows).sum(),
        first_s,
        least_s,
        median_s,
    };
    Ok((asked, text(&answer)?))
}

/// An answer as text, in an order of its own.
fn text(answer: &[RecordBatch]) -> Result<String, Error> {
    let text = arrow::util::pretty::pretty_format_batches(answer);
    let text = text.map_err(|error| Error::Question {
        message: error.to_string(),
    })?;
    let text = text.to_string();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    Ok(lines.join("\n"))
}

/// Writes the files of a table, bucket by bucket.
async fn make(lake: &Lake, table: &Arc<Table>, records: u64) -> Result<Vec<DataFile>, Error> {
    let wrong =
        |error: Box<dyn std::error::Error + Send + Sync>| Error::table(table, "make a file", error);
    let subjects = (records / RECORDS_OF_SUBJECT).max(1);
    let mut made = Vec::new();
    for bucket in 0..table.buckets {
        let own: Vec<u64> = (0..subjects)
            .filter(|subject| bucket_of(&person(*subject), table.buckets) == bucket)
            .collect();
        for (part, own) in own
            .chunks((FILE_ROWS / RECORDS_OF_SUBJECT) as usize)
            .enumerate()
        {
            let path = format!("_current=true/_bucket={bucket}/bench-{part}.parquet");
            let rows = batch(table, own).map_err(|error| wrong(error.into()))?;
            let full = Path::from(format!("{}/{path}", table.name()));
            let written = write_file(lake.place(), &full, table, rows)
                .await
                .map_err(wrong)?;
            let (subject_min, subject_max) = written.subjects.unwrap_or_default();
            made.push(DataFile {
                path,
                bucket,
                buckets: table.buckets,
                rows: written.rows,
                bytes: written.bytes,
                subject_min,
                subject_max,
            });
        }
    }
    Ok(made)
}
