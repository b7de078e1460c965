//! The pool, ledger and exchange that are measured, and what is measured of them in this process.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use ledger::{Algorithm, LocalSigner, Log, SecretKey};
use pool::exchange::{
    Call, Caller, Entry, Exchange, Keeper, Key, LookUp, Options, Signer, Statement, Step,
};
use pool::{Clock, Moment, Pool, Table, Write};
use server::clock::WallClock;

use super::city::{CITY, DEPARTMENTS, PURPOSE, agreement, city, client, consumer_of, dataset};
use super::figures::{Latencies, micros};
use crate::cli::bench_exchange::ExchangeArgs;
use crate::error::Error;

/// Records that are loaded at once.
const LOAD_ROWS: u64 = 1_000_000;
/// Entries of the ledger that are read at once.
const ENTRIES_AT_ONCE: u64 = 256;
/// The secret behind hashes of subjects; nobody's secret is at stake here.
const SUBJECT_SECRET: [u8; 32] = [7; 32];
/// An odd number near 2^64 ÷ φ: spreads consecutive numbers over all records.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// What is measured.
pub(super) struct Bench {
    pub(super) pool: Arc<Pool>,
    pub(super) ledger: Arc<Log>,
    pub(super) exchange: Arc<Exchange>,
    pub(super) signers: Vec<Arc<Signer>>,
    pub(super) folder: std::path::PathBuf,
    per_department: u64,
    /// Indexes transfers while calls are measured, as it does in a server.
    _keeper: Keeper,
}

/// How many transfers the ledger has, and a sum over the hashes of their tokens.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Evidence {
    pub(super) count: u64,
    pub(super) sum: u64,
}

impl Bench {
    /// Makes the city, loads its records and signs its agreements.
    pub(super) fn open(folder: &Path, args: &ExchangeArgs) -> Result<Self, Error> {
        let city = city(args.agreements)?;
        let clock: Arc<dyn Clock> = Arc::new(WallClock);
        let run = clock.now().0.unsigned_abs();
        let signer = |department| {
            Signer::demonstration(&client(department), run)
                .map(Arc::new)
                .map_err(Error::internal)
        };
        let signers = (0..DEPARTMENTS)
            .map(signer)
            .collect::<Result<Vec<_>, _>>()?;
        let pool = Pool::open(pool::Options::new(folder), &city, Arc::clone(&clock))
            .map_err(Error::internal)?;
        let key = SecretKey::generate(CITY, Algorithm::Log).map_err(Error::internal)?;
        let signer = Arc::new(LocalSigner::new(key).map_err(Error::internal)?);
        let ledger_clock = Arc::clone(&clock);
        let ledger = Log::open(
            ledger::Options::new(&folder.join("ledger"), signer),
            Arc::new(move || ledger_clock.now().0),
        );
        let ledger = Arc::new(ledger.map_err(Error::internal)?);
        let options = Options {
            demonstration: true,
            subject_secret: SUBJECT_SECRET,
        };
        let exchange = Exchange::open(
            &options,
            Arc::clone(&pool),
            Arc::clone(&ledger),
            Arc::clone(&city),
        )
        .map_err(Error::internal)?;
        let keeper = exchange.keeper().map_err(Error::internal)?;
        let bench = Self {
            _keeper: keeper,
            pool,
            ledger,
            exchange,
            signers,
            folder: folder.to_owned(),
            per_department: args.records / DEPARTMENTS,
        };
        bench.load()?;
        bench.agree(&city, args.agreements)?;
        Ok(bench)
    }

    fn load(&self) -> Result<(), Error> {
        for department in 0..DEPARTMENTS {
            let table = self.table(department)?;
            let mut from = self.pool.count(&table).map_err(Error::internal)?;
            while from < self.per_department {
                let until = (from + LOAD_ROWS).min(self.per_department);
                let write = Write {
                    batch: records(&table, department, from..until, 0)?,
                    table: Arc::clone(&table),
                    deletes: None,
                    source: "bench".to_owned(),
                    idempotency_key: None,
                };
                self.pool.load(write).map_err(Error::internal)?;
                from = until;
            }
        }
        Ok(())
    }

    fn agree(&self, city: &city::City, agreements: u64) -> Result<(), Error> {
        let now = self.exchange.now();
        for step in [Step::Propose, Step::Approve] {
            let sign = |number| {
                let (id, provider, consumer) = agreement(number);
                let by = if step == Step::Propose {
                    consumer
                } else {
                    provider
                };
                let definition = city.get::<city::kinds::Agreement>(&id)?;
                let signer = self.signers.get(by as usize)?;
                Some(Statement::sign(
                    signer,
                    &id,
                    &definition.hash.to_string(),
                    step,
                    now,
                ))
            };
            let statements: Vec<String> = (0..agreements).filter_map(sign).collect();
            for taken in self.exchange.steps(&statements) {
                taken.map_err(Error::internal)?;
            }
        }
        Ok(())
    }

    /// The table that department `provider`'s calls read.
    pub(super) fn table(&self, provider: u64) -> Result<Arc<Table>, Error> {
        self.pool.table(&dataset(provider)).map_err(Error::internal)
    }

    /// Which department's record the call with this number is for, and its number.
    pub(super) fn target(&self, call: u64) -> (u64, String) {
        let spread = call.wrapping_mul(SPREAD) >> 16;
        (
            call % DEPARTMENTS,
            number(spread % self.per_department.max(1)),
        )
    }

    fn ask(&self, call: u64) -> LookUp {
        let (provider, number) = self.target(call);
        let key = Key::from_iter([("number".to_owned(), number.into())]);
        LookUp {
            dataset: dataset(provider),
            key: Some(key),
            ..LookUp::default()
        }
    }

    fn callers(&self) -> Result<Vec<Caller>, Error> {
        let caller = |provider| {
            self.exchange
                .engine(&client(consumer_of(provider)), PURPOSE, Some("case-1"))
        };
        (0..DEPARTMENTS)
            .map(caller)
            .collect::<Result<_, _>>()
            .map_err(Error::internal)
    }

    /// Look-ups without the ledger's disk.
    pub(super) fn rehearse(&self, count: u64) -> Result<Latencies, Error> {
        let callers = self.callers()?;
        let mut latencies = Vec::with_capacity(count as usize);
        for call in 0..count {
            let (ask, caller) = (self.ask(call), &callers[(call % DEPARTMENTS) as usize]);
            let began = Instant::now();
            let found = self
                .exchange
                .rehearse(caller, &ask)
                .map_err(Error::internal)?;
            latencies.push(micros(began.elapsed()));
            std::hint::black_box(found);
        }
        Ok(Latencies::of(latencies))
    }

    /// Look-ups one after the other, each waiting for the ledger's disk.
    pub(super) fn look_up(&self, count: u64) -> Result<Latencies, Error> {
        let callers = self.callers()?;
        let mut latencies = Vec::with_capacity(count as usize);
        for call in 0..count {
            let (ask, caller) = (self.ask(call), &callers[(call % DEPARTMENTS) as usize]);
            let began = Instant::now();
            let found = self
                .exchange
                .look_up_wait(caller, &ask)
                .map_err(Error::internal)?;
            latencies.push(micros(began.elapsed()));
            if found.records.len() != 1 {
                return Err(Error::internal(format!(
                    "{ask:?} found {} records",
                    found.records.len()
                )));
            }
        }
        Ok(Latencies::of(latencies))
    }

    /// Microseconds that the check of a token takes.
    pub(super) fn tokens(&self, count: u64) -> Result<f64, Error> {
        let gate = pool::exchange::Gate::new(CITY, Moment(0), 1);
        let compiled = self.exchange.compiled();
        let call = Call {
            method: "POST",
            target: "/exchange/v1/look-up",
            body: b"{}",
        };
        let now = self.exchange.now();
        let signer = &self.signers[0];
        let tokens: Vec<String> = (0..count)
            .map(|_| signer.token(CITY, PURPOSE, Some("case-1"), call, now))
            .collect();
        let began = Instant::now();
        for token in &tokens {
            gate.admit(&compiled.clients, token, call, now)
                .map_err(Error::internal)?;
        }
        Ok(began.elapsed().as_secs_f64() * 1e6 / count as f64)
    }

    /// What the ledger holds of transfers, over HTTP and not.
    pub(super) fn transfers_evidence(&self) -> Result<Evidence, Error> {
        let mut evidence = Evidence::default();
        let size = self.ledger.size();
        let mut from = 0;
        while from < size {
            let until = (from + ENTRIES_AT_ONCE).min(size);
            for entry in self.ledger.entries(from..until).map_err(Error::internal)? {
                if let Some(Entry::Transfer(transfer)) = Entry::of_bytes(&entry) {
                    evidence.count += 1;
                    evidence.sum = evidence.sum.wrapping_add(evidence_sum(&transfer.evidence));
                }
            }
            from = until;
        }
        Ok(evidence)
    }
}

/// A number out of the hash of a token as entries have it.
pub(super) fn evidence_sum(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let word = |at: usize| {
        bytes
            .get(at..at + 8)
            .and_then(|word| word.try_into().ok())
            .map_or(0, u64::from_le_bytes)
    };
    word(0)
        ^ word(8).rotate_left(7)
        ^ word(16).rotate_left(14)
        ^ word(24).rotate_left(21)
        ^ word(32).rotate_left(28)
}

/// A record's number: 18 digits.
pub(super) fn number(record: u64) -> String {
    format!("{record:018}")
}

/// Some records of a department's table; `version` shows in their code.
pub(super) fn records(
    table: &Table,
    department: u64,
    which: std::ops::Range<u64>,
    version: i64,
) -> Result<RecordBatch, Error> {
    let of = |make: fn(u64) -> String| StringArray::from_iter_values(which.clone().map(make));
    let all: Vec<i64> = which.clone().map(u64::cast_signed).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(of(number)),
        Arc::new(StringArray::from_iter_values(
            which
                .clone()
                .map(|record| format!("人{department}号{record}")),
        )),
        Arc::new(of(|record| {
            if record % 7 == 0 { "expired" } else { "valid" }.to_owned()
        })),
        Arc::new(Int64Array::from_iter_values(all.iter().map(|_| version))),
        Arc::new(
            Decimal128Array::from_iter_values(
                all.iter().map(|record| i128::from(record % 1_000_000)),
            )
            .with_precision_and_scale(18, 2)
            .map_err(Error::internal)?,
        ),
        Arc::new(Date32Array::from_iter_values(
            all.iter().map(|record| (record % 20_000) as i32),
        )),
        Arc::new(
            TimestampMicrosecondArray::from_iter_values(
                all.iter().map(|record| record * 1_000_003),
            )
            .with_timezone("UTC"),
        ),
        Arc::new(of(|record| format!("测试路{}号", record % 10_000))),
    ];
    RecordBatch::try_new(Arc::clone(&table.columns), columns).map_err(Error::internal)
}
