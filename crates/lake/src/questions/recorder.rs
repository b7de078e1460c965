//! Nothing of an answer leaves before whoever accounts for it has said so: rates are charged and
//! the ledger has it on the disk. A long answer is accounted for in pieces, so that the account
//! always tells how many records have left, and an answer that is cut off is not told as a whole.

use std::sync::Arc;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use datafusion::logical_expr::LogicalPlan;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt, stream};

use super::answer::{Answer, Read};
use super::limits::{RECORDED_BYTES, RECORDED_ROWS};
use super::session::Session;
use crate::error::Error;

/// Why an answer is withheld.
pub type Reason = Box<dyn std::error::Error + Send + Sync>;

/// Accounts for what questions read.
#[async_trait]
pub trait Recorder: Send + Sync {
    /// Lets a question that reads this be worked on, or not.
    async fn begin(&self, reads: &[Read]) -> Result<(), Reason>;

    /// Makes durable that so many rows of an answer leave. When it fails, they do not.
    async fn record(&self, reads: &[Read], rows: u64) -> Result<(), Reason>;
}

/// Somebody who may ask, and where what they read is accounted for.
#[derive(Clone)]
pub struct Guest {
    /// What may be asked.
    pub session: Session,
    /// Who accounts for it.
    pub recorder: Arc<dyn Recorder>,
}

impl std::fmt::Debug for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guest")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl Guest {
    /// Answers a question, on record.
    ///
    /// # Errors
    /// When the question is wrong or passes a limit; [`Error::Withheld`] when it is not let out.
    pub async fn ask(&self, question: &str) -> Result<Answer, Error> {
        self.on_record(self.session.query(question).await?).await
    }

    /// Answers a question that is understood already, on record.
    pub(crate) async fn answer(&self, plan: LogicalPlan) -> Result<Answer, Error> {
        self.on_record(self.session.answer(plan).await?).await
    }

    async fn on_record(&self, answer: Answer) -> Result<Answer, Error> {
        let reads = answer.reads().to_vec(); // an answer is not shared between threads
        self.recorder.begin(&reads).await.map_err(Error::Withheld)?;
        Ok(answer.recorded(Arc::clone(&self.recorder)))
    }
}

/// Batches, of which none comes before it is on record.
pub(crate) fn recorded(
    batches: BoxStream<'static, Result<RecordBatch, Error>>,
    reads: Vec<Read>,
    recorder: Arc<dyn Recorder>,
) -> impl Stream<Item = Result<RecordBatch, Error>> + Send {
    let account = Account {
        batches,
        reads,
        recorder,
        recorded: false,
        ended: false,
    };
    let pieces = stream::try_unfold(account, |mut account| async move {
        let piece = account.piece().await?;
        Ok::<_, Error>(piece.map(|piece| (piece, account)))
    });
    pieces
        .map_ok(|piece| stream::iter(piece.into_iter().map(Ok)))
        .try_flatten()
}

struct Account {
    batches: BoxStream<'static, Result<RecordBatch, Error>>,
    reads: Vec<Read>,
    recorder: Arc<dyn Recorder>,
    recorded: bool,
    ended: bool,
}

impl Account {
    /// The next piece, on record; `None` when all of it has left.
    async fn piece(&mut self) -> Result<Option<Vec<RecordBatch>>, Error> {
        if self.ended {
            return Ok(None);
        }
        let (mut piece, mut rows, mut bytes) = (Vec::new(), 0, 0);
        while rows < RECORDED_ROWS && bytes < RECORDED_BYTES {
            match self.batches.next().await {
                Some(Ok(batch)) => {
                    rows += batch.num_rows();
                    bytes += batch.get_array_memory_size();
                    piece.push(batch);
                }
                Some(Err(error)) => {
                    // What went wrong may tell something too, so it is on record as well.
                    self.ended = true;
                    self.record(0).await?;
                    return Err(error);
                }
                None => {
                    self.ended = true;
                    break;
                }
            }
        }
        self.record(rows).await?;
        Ok(Some(piece))
    }

    /// An answer without rows is on record once.
    async fn record(&mut self, rows: usize) -> Result<(), Error> {
        if rows > 0 || !self.recorded {
            let recorded = self.recorder.record(&self.reads, rows as u64).await;
            recorded.map_err(Error::Withheld)?;
            self.recorded = true;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use arrow::array::{ArrayRef, Int64Array};

    use super::*;

    /// Writes down how many rows leave, and lets at most so many out.
    struct Book(Mutex<Vec<u64>>, u64);

    #[async_trait]
    impl Recorder for Book {
        async fn begin(&self, _: &[Read]) -> Result<(), Reason> {
            Ok(())
        }

        async fn record(&self, _: &[Read], rows: u64) -> Result<(), Reason> {
            let mut book = self.0.lock().unwrap();
            if book.iter().sum::<u64>() + rows > self.1 {
                return Err("no more today".into());
            }
            book.push(rows);
            Ok(())
        }
    }

    fn batch(rows: i64) -> RecordBatch {
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
        RecordBatch::try_from_iter([("n", column)]).unwrap()
    }

    /// What comes out of batches with so many rows (less than 0 is a failure), and the book.
    async fn outcome(batches: &[i64], most: u64) -> (usize, Option<String>, Vec<u64>) {
        let book = Arc::new(Book(Mutex::default(), most));
        let made = batches.iter().map(|rows| match rows {
            ..0 => Err(Error::Hidden),
            rows => Ok(batch(*rows)),
        });
        let made: Vec<_> = made.collect();
        let mut stream = recorded(
            stream::iter(made).boxed(),
            Vec::new(),
            Arc::clone(&book) as _,
        )
        .boxed();
        let (mut rows, mut fault) = (0, None);
        while let Some(next) = stream.next().await {
            match next {
                Ok(batch) => rows += batch.num_rows(),
                Err(error) => fault = Some(error.to_string()),
            }
        }
        let book = book.0.lock().unwrap().clone();
        (rows, fault, book)
    }

    #[tokio::test]
    async fn what_leaves_is_on_record_piece_by_piece() {
        assert_eq!(outcome(&[5, 6], 100).await, (11, None, vec![11]));
        assert_eq!(
            outcome(&[], 100).await,
            (0, None, vec![0]),
            "nothing is told once"
        );
        let large = i64::try_from(RECORDED_ROWS).unwrap();
        let pieces = outcome(&[large, large, 3], u64::MAX / 2).await;
        assert_eq!(pieces.2, [RECORDED_ROWS as u64, RECORDED_ROWS as u64, 3]);
    }

    #[tokio::test]
    async fn what_is_not_let_out_does_not_leave() {
        let large = i64::try_from(RECORDED_ROWS).unwrap();
        let cut = outcome(&[large, 3], RECORDED_ROWS as u64).await;
        assert_eq!(cut.0, RECORDED_ROWS, "the first piece alone");
        assert_eq!(cut.1.as_deref(), Some("no more today"));
        assert_eq!(cut.2, [RECORDED_ROWS as u64]);
    }

    #[tokio::test]
    async fn a_failure_is_on_record_before_it_is_told() {
        let failed = outcome(&[4, -1], 100).await;
        assert_eq!((failed.0, failed.2), (0, vec![0]));
        assert!(failed.1.is_some());
    }
}
