//! The states of agreements: which versions were proposed, approved and revoked, by whose signature.
//!
//! A version is pinned: what was signed is kept, and stays in force when its file changes, until
//! the changed one has been proposed and approved (which ends the older version), or it is revoked
//! or its term is over. Each step stands in the ledger before it has any effect.

use std::sync::{Arc, PoisonError};

use city::Definition;
use city::kinds::Agreement;
use serde::Serialize;

use super::calls::Exchange;
use super::compiled::Compiled;
use super::entry::{Entry, SignedStep};
use super::grants::InForce;
use super::steps::{Standing, State, Statement, Step, StepFault, take};
use crate::clock::Moment;
use crate::error::Error;
use crate::sql::{Row, Sql};
use crate::values;

/// Why a step had no effect.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It may not be taken.
    #[error(transparent)]
    Step(#[from] StepFault),
    /// The ledger could not record it.
    #[error("the step cannot be recorded, so it has no effect")]
    Ledger(#[from] ledger::Error),
    /// The meta database failed.
    #[error("the state of agreements cannot be read or written")]
    State(#[from] Error),
}

/// A version of an agreement, and how it stands.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// The agreement's id.
    pub id: String,
    /// The hash of the definition.
    pub version: String,
    /// Whether that is what its file says now.
    pub current: bool,
    /// The department that lets read.
    pub provider: String,
    /// The department that reads.
    pub consumer: String,
    /// How it stands today.
    pub standing: Standing,
    /// What was signed, or what the file says.
    pub definition: Agreement,
    /// The steps that were taken, oldest first.
    pub steps: Vec<TakenStep>,
}

/// A step that was taken.
#[derive(Clone, Debug, Serialize)]
pub struct TakenStep {
    /// The step.
    pub step: Step,
    /// The client that signed it.
    pub client: String,
    /// When it took effect.
    pub at: String,
    /// The signed statement.
    pub statement: String,
    /// Its entry in the ledger.
    pub entry: u64,
}

/// A version as it is kept.
struct Kept {
    id: String,
    version: String,
    provider: String,
    definition: Agreement,
    state: State,
}

impl Exchange {
    /// Takes a signed step: checks it, records it, and brings what follows into force.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn step(&self, statement: &str) -> Result<Listed, Refused> {
        let mut taken = self.steps(std::slice::from_ref(&statement.to_owned()));
        let id = taken
            .pop()
            .unwrap_or(Err(Refused::Step(StepFault::Statement("it is missing"))))?;
        let listed = self
            .agreements()?
            .into_iter()
            .find(|listed| (&listed.id, &listed.version) == (&id.0, &id.1));
        listed.ok_or(Refused::Step(StepFault::Unknown(id.0)))
    }

    /// Takes many steps in order; each has its own result: agreement and version. What follows
    /// comes into force once, at the end.
    pub fn steps(&self, statements: &[String]) -> Vec<Result<(String, String), Refused>> {
        // One at a time: a panic of another left the database as it was.
        let _stepping = self.stepping.lock().unwrap_or_else(PoisonError::into_inner);
        let compiled = self.compiled();
        let taken = statements
            .iter()
            .map(|statement| self.take_one(&compiled, statement))
            .collect();
        if let Err(error) = self.reload(Arc::clone(&compiled.city)) {
            tracing::error!(%error, "agreements could not be read again; what was in force stays so");
        }
        taken
    }

    fn take_one(&self, compiled: &Compiled, text: &str) -> Result<(String, String), Refused> {
        let now = self.clock.now();
        let (statement, client) = Statement::read(text, &compiled.clients, now)?;
        let sql = self.pool.meta();
        let current = compiled.city.get::<Agreement>(&statement.agreement);
        let kept = kept_version(sql, &statement.agreement, &statement.hash)?;
        let is_current = current.is_some_and(|current| current.hash.to_string() == statement.hash);
        if !is_current && (statement.step != Step::Revoke || kept.is_none()) {
            return Err(not_current(&statement, current).into());
        }
        let Some(kept) = kept.or_else(|| current.map(draft)) else {
            return Err(StepFault::Unknown(statement.agreement).into());
        };
        let state = take(
            kept.state,
            statement.step,
            client,
            (&kept.definition, &kept.provider),
            compiled.date(now),
        )?;
        let entry = Entry::AgreementStep(SignedStep {
            at: now.0,
            agreement: statement.agreement.clone(),
            hash: statement.hash.clone(),
            step: statement.step,
            client: statement.client.clone(),
            statement: text.to_owned(),
        });
        let entry = self.ledger.append(entry.to_bytes()).wait()?;
        put(sql, &kept, state, &statement, text, now, entry.index)?;
        Ok((statement.agreement, statement.hash))
    }

    /// All agreements: every version that somebody signed, and what the files say now.
    ///
    /// # Errors
    /// When the meta database cannot be read.
    pub fn agreements(&self) -> Result<Vec<Listed>, Error> {
        let compiled = self.compiled();
        let today = compiled.date(self.clock.now());
        let mut kept = kept_versions(self.pool.meta())?;
        for definition in compiled.city.all::<Agreement>() {
            let version = definition.hash.to_string();
            if !kept
                .iter()
                .any(|kept| kept.id == definition.id && kept.version == version)
            {
                kept.push(draft(definition));
            }
        }
        kept.sort_by(|a, b| a.id.cmp(&b.id));
        let mut steps = taken_steps(self.pool.meta())?;
        let listed = kept.into_iter().map(|kept| {
            let current = compiled.city.get::<Agreement>(&kept.id);
            Listed {
                current: current.is_some_and(|current| current.hash.to_string() == kept.version),
                standing: kept
                    .state
                    .on(today, (kept.definition.from, kept.definition.until)),
                consumer: kept.definition.consumer.id().to_owned(),
                steps: steps
                    .remove(&(kept.id.clone(), kept.version.clone()))
                    .unwrap_or_default(),
                provider: kept.provider,
                definition: kept.definition,
                id: kept.id,
                version: kept.version,
            }
        });
        Ok(listed.collect())
    }

    /// The agreements that were approved and not revoked, as they were signed. Whether their term
    /// has begun or is over, each call looks for itself.
    pub(super) fn in_force(&self) -> Result<Vec<InForce>, Error> {
        let kept = kept_versions(self.pool.meta())?
            .into_iter()
            .filter(|kept| kept.state == State::Approved);
        let in_force = kept.map(|kept| InForce {
            agreement: kept.definition,
            provider: kept.provider,
            version: Arc::from(kept.version),
        });
        Ok(in_force.collect())
    }
}

fn not_current(statement: &Statement, current: Option<&Definition<Agreement>>) -> StepFault {
    StepFault::Version {
        agreement: statement.agreement.clone(),
        signed: statement.hash.clone(),
        now: current.map(|current| current.hash.to_string()),
    }
}

/// An agreement of which nothing is kept yet.
fn draft(definition: &Definition<Agreement>) -> Kept {
    Kept {
        id: definition.id.clone(),
        version: definition.hash.to_string(),
        provider: definition.department.clone().unwrap_or_default(),
        definition: definition.value.clone(),
        state: State::Draft,
    }
}

const KEPT: &str = "SELECT agreement, hash, provider, definition, state FROM agreement_version";

fn kept_version(sql: &Sql, id: &str, version: &str) -> Result<Option<Kept>, Error> {
    let rows = sql.query(
        &format!("{KEPT} WHERE agreement = $1 AND hash = $2"),
        &values![id, version],
    )?;
    rows.first().map(kept).transpose()
}

fn kept_versions(sql: &Sql) -> Result<Vec<Kept>, Error> {
    sql.query(&format!("{KEPT} ORDER BY agreement, hash"), &[])?
        .iter()
        .map(kept)
        .collect()
}

fn kept(row: &Row) -> Result<Kept, Error> {
    let (definition, state): (String, String) = (row.get(3)?, row.get(4)?);
    let unreadable = |detail: String| Error::garbled("a kept agreement", detail);
    Ok(Kept {
        id: row.get(0)?,
        version: row.get(1)?,
        provider: row.get(2)?,
        definition: serde_json::from_str(&definition)
            .map_err(|error| unreadable(error.to_string()))?,
        state: State::of_word(&state).ok_or_else(|| unreadable(state.clone()))?,
    })
}

type StepsOf = std::collections::BTreeMap<(String, String), Vec<TakenStep>>;

fn taken_steps(sql: &Sql) -> Result<StepsOf, Error> {
    let mut steps = StepsOf::new();
    let rows = sql.query("SELECT agreement, hash, step, client, at, statement, entry FROM agreement_step ORDER BY id", &[])?;
    for row in rows {
        let (at, step): (Moment, String) = (row.get(4)?, row.get(2)?);
        let step: Step = serde_json::from_value(step.into())
            .map_err(|error| Error::garbled("a kept step", error))?;
        let taken = TakenStep {
            step,
            client: row.get(3)?,
            at: at.rfc3339(),
            statement: row.get(5)?,
            entry: row.get(6)?,
        };
        steps
            .entry((row.get(0)?, row.get(1)?))
            .or_default()
            .push(taken);
    }
    Ok(steps)
}

/// Keeps a step and the state it led to. The approval of a version ends the older ones.
fn put(
    sql: &Sql,
    kept: &Kept,
    state: State,
    statement: &Statement,
    text: &str,
    now: Moment,
    entry: u64,
) -> Result<(), Error> {
    let definition = serde_json::to_string(&kept.definition)
        .map_err(|error| Error::garbled("an agreement", error))?;
    let consumer = kept.definition.consumer.id();
    sql.transaction(|transaction| {
        transaction.execute(
            "INSERT INTO agreement_version (agreement, hash, provider, consumer, definition, state)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (agreement, hash) DO UPDATE SET state = excluded.state",
            &values![&kept.id, &kept.version, &kept.provider, consumer, definition, state.word()],
        )?;
        if state == State::Approved {
            transaction.execute(
                "UPDATE agreement_version SET state = $1 WHERE agreement = $2 AND hash <> $3 AND state = $4",
                &values![State::Revoked.word(), &kept.id, &kept.version, State::Approved.word()],
            )?;
        }
        transaction.execute(
            "INSERT INTO agreement_step (agreement, hash, step, client, at, statement, entry)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &values![&kept.id, &kept.version, statement.step.word(), &statement.client, now, text, entry],
        )?;
        Ok(())
    })
}
