//! The exchange itself: what it holds, who may call, and how a call's ledger entry becomes durable
//! before its answer leaves.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use city::City;
use ledger::{Log, SubjectKey, SubjectToken};

use super::clients::{Clients, KnownClient};
use super::compiled::{Compiled, subject_word};
use super::denial::Denial;
use super::denials::Denials;
use super::entry::{DeniedCall, Entry, evidence_text};
use super::grants::{Grants, time_zone};
use super::meters::Meters;
use super::tokens::{Call, Caller, Gate, TokenFault, is_plain, sha256, shortened};
use crate::clock::{Clock, Moment};
use crate::error::Error;
use crate::pool::Pool;

/// How an exchange is opened.
#[derive(Clone)]
pub struct Options {
    /// Whether this is a demonstration, whose made-up clients may call.
    pub demonstration: bool,
    /// The secret behind the keyed hashes of subjects in the ledger. To lose it is to lose whose
    /// transfers are whose; to publish it is to publish that.
    pub subject_secret: [u8; 32],
}

/// The exchange. Share it in an `Arc`.
pub struct Exchange {
    pub(super) pool: Arc<Pool>,
    pub(super) ledger: Arc<Log>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) meters: Arc<Meters>,
    /// One change of an agreement's state at a time.
    pub(super) stepping: Mutex<()>,
    pub(super) subjects: SubjectKey,
    gate: Gate,
    denials: Denials,
    demonstration: bool,
    compiled: RwLock<Arc<Compiled>>,
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange").finish_non_exhaustive()
    }
}

/// A call that has been worked out: what will be answered once `entries` are in the ledger.
pub(super) struct Prepared<T> {
    pub(super) answer: Result<T, Denial>,
    pub(super) entries: Vec<Vec<u8>>,
}

/// An answer that says where in the ledger it stands.
pub(super) trait Recorded {
    /// The first of the call's neighbouring entries.
    fn recorded(&mut self, first: u64);
}

/// What a denial was about, as far as it is known.
#[derive(Clone, Copy, Default)]
pub(super) struct About<'a> {
    pub(super) way: &'static str,
    pub(super) dataset: Option<&'a str>,
    pub(super) subject: Option<&'a SubjectToken>,
}

/// Who was denied something.
#[derive(Clone, Copy)]
pub(super) struct Whom<'a> {
    pub(super) client: &'a str,
    pub(super) consumer: &'a str,
    pub(super) purpose: &'a str,
    pub(super) reference: Option<&'a str>,
    pub(super) evidence: &'a [u8; 32],
}

impl<'a> From<&'a Caller> for Whom<'a> {
    fn from(caller: &'a Caller) -> Self {
        Self {
            client: &caller.client.id,
            consumer: &caller.client.department,
            purpose: &caller.purpose,
            reference: caller.reference.as_deref(),
            evidence: &caller.evidence,
        }
    }
}

impl Exchange {
    /// Opens the exchange over a pool and a ledger.
    ///
    /// # Errors
    /// When the meta database cannot be read, or the machine has no randomness.
    pub fn open(
        options: &Options,
        pool: Arc<Pool>,
        ledger: Arc<Log>,
        city: Arc<City>,
    ) -> Result<Arc<Self>, Error> {
        let clock = Arc::clone(pool.clock());
        let mut seed = [0; 8];
        SystemRandom::new().fill(&mut seed).or(Err(Error::Stopped(
            "the system gives no random numbers".to_owned(),
        )))?;
        let audience = city.settings().map_or_else(
            || "city".to_owned(),
            |settings| settings.value.id.to_string(),
        );
        let meters = Arc::new(Meters::default());
        meters.restore(pool.meta())?;
        let empty = Compiled {
            tables: pool.tables(),
            clients: Clients::default(),
            grants: Grants::default(),
            zone: time_zone(&city),
            city: Arc::clone(&city),
        };
        let exchange = Self {
            gate: Gate::new(&audience, clock.now(), u64::from_le_bytes(seed)),
            subjects: SubjectKey::new(&options.subject_secret),
            denials: Denials::default(),
            demonstration: options.demonstration,
            compiled: RwLock::new(Arc::new(empty)),
            stepping: Mutex::new(()),
            pool,
            ledger,
            clock,
            meters,
        };
        exchange.reload(city)?;
        Ok(Arc::new(exchange))
    }

    /// Takes other definitions into force. Agreements stay as they were signed.
    ///
    /// # Errors
    /// When the meta database cannot be read.
    pub fn reload(&self, city: Arc<City>) -> Result<(), Error> {
        let in_force = self.in_force()?;
        let tables = self.pool.tables();
        let compiled = Compiled {
            clients: Clients::of(&city, self.demonstration),
            grants: Grants::compile(&city, &tables, &in_force, &self.meters),
            zone: time_zone(&city),
            tables,
            city,
        };
        *self
            .compiled
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(compiled);
        Ok(())
    }

    /// What follows from the definitions and the agreements in force, as of now.
    pub fn compiled(&self) -> Arc<Compiled> {
        Arc::clone(&self.compiled.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The city's id, which tokens must name as their audience.
    pub fn audience(&self) -> &str {
        self.gate.audience()
    }

    /// The pool behind it.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// The ledger that it writes to.
    pub fn ledger(&self) -> &Arc<Log> {
        &self.ledger
    }

    /// Now.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// What stands for a person, an enterprise, a place or a thing in the ledger.
    pub fn subject_token(&self, kind: city::kinds::Subject, id: &str) -> SubjectToken {
        self.subjects.token(subject_word(kind), id)
    }

    /// Who calls, if `token` proves it for `call`. What is wrong is recorded.
    ///
    /// # Errors
    /// [`Denial::Token`].
    pub async fn caller(&self, token: Option<&str>, call: Call<'_>) -> Result<Caller, Denial> {
        let admitted = match token {
            Some(token) => self
                .gate
                .admit(&self.compiled().clients, token, call, self.clock.now()),
            None => Err(TokenFault::Missing),
        };
        let fault = match admitted {
            Ok(caller) => return Ok(caller),
            Err(fault) => fault,
        };
        let denial = Denial::Token(fault);
        let evidence = token.map(|token| sha256(token.as_bytes()));
        let entries = self.denied(
            None,
            evidence.as_ref(),
            &denial,
            About {
                way: "token",
                ..About::default()
            },
        );
        self.record(Prepared::of(Err(denial), entries)).await
    }

    /// Who calls over a connection whose certificate has this hash; for `purpose`.
    ///
    /// # Errors
    /// [`Denial::Token`] when the certificate is no client's, or the purpose is none.
    pub fn caller_of_certificate(
        &self,
        sha256: &[u8; 32],
        purpose: &str,
        reference: Option<&str>,
    ) -> Result<Caller, Denial> {
        let compiled = self.compiled();
        let client = compiled
            .clients
            .of_certificate(sha256)
            .ok_or(TokenFault::Missing)?;
        if !is_plain(purpose) {
            return Err(TokenFault::Text("purpose").into());
        }
        if reference.is_some_and(|reference| !is_plain(reference)) {
            return Err(TokenFault::Text("ref").into());
        }
        Ok(Caller {
            client: Arc::clone(client),
            purpose: purpose.into(),
            reference: reference.map(Into::into),
            evidence: *sha256,
        })
    }

    /// An engine of this very program that reads for a client of a department. There is no way
    /// around the exchange for our own either.
    ///
    /// # Errors
    /// [`Denial::Token`] when there is no such client, or the purpose is none.
    pub fn engine(
        &self,
        client: &str,
        purpose: &str,
        reference: Option<&str>,
    ) -> Result<Caller, Denial> {
        let compiled = self.compiled();
        let client = compiled
            .clients
            .get(client)
            .ok_or_else(|| TokenFault::UnknownClient(shortened(client)))?;
        if !is_plain(purpose) || reference.is_some_and(|reference| !is_plain(reference)) {
            return Err(TokenFault::Text("purpose").into());
        }
        Ok(Caller {
            client: Arc::clone(client),
            purpose: purpose.into(),
            reference: reference.map(Into::into),
            evidence: sha256(format!("engine {}", client.id).as_bytes()),
        })
    }

    /// Writes down what is used of the rates and what was only counted of the denials. To be called
    /// every few seconds, and once at the end with `last`.
    ///
    /// # Errors
    /// When the meta database cannot be written.
    pub fn keep(&self, last: bool) -> Result<(), Error> {
        for rest in self.denials.turn(self.clock.now(), last) {
            let consumer = rest
                .client
                .as_deref()
                .and_then(|client| self.client(client));
            let entry = Entry::Denial(DeniedCall {
                at: rest.last.0,
                consumer: consumer.map(|client| client.department.to_string()),
                client: rest.client.map(Into::into),
                dataset: None,
                way: "several".to_owned(),
                subject: None,
                purpose: None,
                reference: None,
                denied: rest.code.to_owned(),
                detail: format!(
                    "{} further calls were denied within a minute; the last of them is named",
                    rest.times
                ),
                times: rest.times,
                evidence: None,
            });
            if let Err(error) = self.ledger.append(entry.to_bytes()).wait() {
                tracing::error!(%error, times = rest.times, "denials that were counted could not be recorded");
            }
        }
        self.meters.write_down(self.pool.meta())
    }

    fn client(&self, id: &str) -> Option<Arc<KnownClient>> {
        self.compiled().clients.get(id).cloned()
    }

    /// Waits until the call's entries are durable; only then is there an answer.
    pub(super) async fn record<T: Recorded>(&self, prepared: Prepared<T>) -> Result<T, Denial> {
        let Prepared {
            answer,
            mut entries,
        } = prepared;
        let first = match entries.len() {
            0 => return answer,
            1 => self
                .ledger
                .append(entries.swap_remove(0))
                .await
                .map(|receipt| receipt.index),
            _ => self
                .ledger
                .append_many(entries)
                .await
                .map(|receipts| receipts.first().map_or(0, |receipt| receipt.index)),
        };
        settled(answer, first)
    }

    /// The same, waiting on the thread.
    pub(super) fn record_wait<T: Recorded>(&self, prepared: Prepared<T>) -> Result<T, Denial> {
        let Prepared {
            answer,
            mut entries,
        } = prepared;
        let first = match entries.len() {
            0 => return answer,
            1 => self
                .ledger
                .append(entries.swap_remove(0))
                .wait()
                .map(|receipt| receipt.index),
            _ => self
                .ledger
                .append_many(entries)
                .wait()
                .map(|receipts| receipts.first().map_or(0, |receipt| receipt.index)),
        };
        settled(answer, first)
    }

    /// The entry about a denial, if it gets one of its own.
    pub(super) fn denied(
        &self,
        caller: Option<&Caller>,
        evidence: Option<&[u8; 32]>,
        denial: &Denial,
        about: About<'_>,
    ) -> Vec<Vec<u8>> {
        self.denied_to(caller.map(Whom::from), evidence, denial, about)
    }

    /// The same, of whoever it was.
    pub(super) fn denied_to(
        &self,
        whom: Option<Whom<'_>>,
        evidence: Option<&[u8; 32]>,
        denial: &Denial,
        about: About<'_>,
    ) -> Vec<Vec<u8>> {
        let now = self.clock.now();
        let client = whom.map(|whom| whom.client);
        if !denial.is_attempt() || !self.denials.take(client, denial.code(), now) {
            return Vec::new();
        }
        let entry = Entry::Denial(DeniedCall {
            at: now.0,
            client: client.map(str::to_owned),
            consumer: whom.map(|whom| whom.consumer.to_owned()),
            dataset: about.dataset.map(str::to_owned),
            way: about.way.to_owned(),
            subject: about.subject.map(ToString::to_string),
            purpose: whom.map(|whom| whom.purpose.to_owned()),
            reference: whom.and_then(|whom| whom.reference).map(str::to_owned),
            denied: denial.code().to_owned(),
            detail: denial.to_string(),
            times: 1,
            evidence: whom
                .map(|whom| whom.evidence)
                .or(evidence)
                .map(evidence_text),
        });
        vec![entry.to_bytes()]
    }
}

fn settled<T: Recorded>(
    answer: Result<T, Denial>,
    first: Result<u64, ledger::Error>,
) -> Result<T, Denial> {
    match (answer, first) {
        (Ok(mut answer), Ok(first)) => {
            answer.recorded(first);
            Ok(answer)
        }
        // A denial is a denial, whether or not it could be recorded.
        (Err(denial), Ok(_)) => Err(denial),
        (Err(denial), Err(error)) => {
            tracing::error!(%error, denied = denial.code(), "a denial could not be recorded");
            Err(denial)
        }
        (Ok(_), Err(ledger::Error::Busy { .. })) => Err(Denial::Busy {
            limit: "ledger.queue_entries",
        }),
        (Ok(_), Err(error)) => {
            tracing::error!(%error, "a transfer could not be recorded; it is not answered");
            Err(Denial::Ledger(error.to_string()))
        }
    }
}

impl Recorded for () {
    fn recorded(&mut self, _first: u64) {}
}

impl Recorded for Caller {
    fn recorded(&mut self, _first: u64) {}
}

impl<T> Prepared<T> {
    pub(super) fn of(answer: Result<T, Denial>, entries: Vec<Vec<u8>>) -> Self {
        Self { answer, entries }
    }
}
