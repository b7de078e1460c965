//! The life of an agreement: draft → proposed → approved → active → expired or revoked.
//!
//! What is kept is which steps were signed; whether an approved agreement is active or expired
//! follows from its term and the day. The machine is a pure function, so that a property test can
//! walk all of it. A step is a statement signed by a client of one of the two departments, over the
//! hash of the very definition it is about.

use city::kinds::{Agreement, Role};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::clients::{Clients, KnownClient};
use super::signer::Signer;
use crate::clock::Moment;

/// Most seconds between a statement's time and ours.
pub(crate) const STATEMENT_AGE_MAX_S: i64 = 600;
/// Most bytes of a statement.
pub(crate) const STATEMENT_BYTES_MAX: usize = 4_096;

/// `{"alg":"EdDSA","typ":"agreement-step+jwt"}`, encoded.
const HEADER: &str = "eyJhbGciOiJFZERTQSIsInR5cCI6ImFncmVlbWVudC1zdGVwK2p3dCJ9";

/// A step that somebody signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The consumer asks for it.
    Propose,
    /// The provider grants it.
    Approve,
    /// Either ends it, or declines or withdraws what was proposed.
    Revoke,
}

/// Which of the two departments somebody is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The one that lets read.
    Provider,
    /// The one that reads.
    Consumer,
}

/// How far the signatures on one version of an agreement have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nobody has signed anything.
    #[default]
    Draft,
    /// The consumer has asked for it.
    Proposed,
    /// The provider has granted it.
    Approved,
    /// It was ended, or never came to be. For good: a new version can be proposed.
    Revoked,
}

/// What a version of an agreement is on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Nobody has signed anything.
    Draft,
    /// The consumer has asked for it.
    Proposed,
    /// The provider has granted it, and its first day is to come.
    Approved,
    /// It is in force.
    Active,
    /// Its last day is over.
    Expired,
    /// It was ended before that.
    Revoked,
}

/// Why a step cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepFault {
    /// It does not follow.
    #[error("`{agreement}` is {state:?}, so it cannot be {}d", step.word())]
    Order {
        /// The agreement.
        agreement: String,
        /// How it stands.
        state: State,
        /// What was to be done.
        step: Step,
    },
    /// The other side has to do it.
    #[error("{} is for the {}, and `{department}` is not", step.noun(), step.of())]
    Side {
        /// What was to be done.
        step: Step,
        /// Who wanted to do it.
        department: String,
    },
    /// The client may not sign for its department.
    #[error("the client `{client}` may not sign this: it does not have the role `{role}`")]
    Role {
        /// The client.
        client: String,
        /// The role it would need.
        role: &'static str,
    },
    /// Its last day is over.
    #[error(
        "the term of `{agreement}` ended on {last}: give it another term, which makes a new version"
    )]
    Over {
        /// The agreement.
        agreement: String,
        /// Its last day.
        last: Date,
    },
    /// There is no such agreement.
    #[error("there is no agreement `{0}`")]
    Unknown(String),
    /// It is about another version than the one that can be signed now.
    #[error("the statement is about version {signed} of `{agreement}`, but {}", now.as_ref().map_or_else(|| "its file is gone".to_owned(), |now| format!("its file is now {now}: read it, then sign that")))]
    Version {
        /// The agreement.
        agreement: String,
        /// What was signed.
        signed: String,
        /// What there is now.
        now: Option<String>,
    },
    /// It is not a statement signed by one of our clients.
    #[error("the statement cannot be used: {0}")]
    Statement(&'static str),
    /// It was signed at another time.
    #[error(
        "the statement was signed {0} s from now, and {STATEMENT_AGE_MAX_S} s are allowed: sign it anew"
    )]
    Time(i64),
}

impl Step {
    /// The word in commands and in the ledger.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Propose => "propose",
            Self::Approve => "approve",
            Self::Revoke => "revoke",
        }
    }

    const fn noun(self) -> &'static str {
        match self {
            Self::Propose => "a proposal",
            Self::Approve => "an approval",
            Self::Revoke => "a revocation",
        }
    }

    const fn of(self) -> &'static str {
        match self {
            Self::Propose => "consumer",
            Self::Approve => "provider",
            Self::Revoke => "provider or the consumer",
        }
    }
}

impl State {
    /// The word that is kept.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::Revoked => "revoked",
        }
    }

    /// The state that `word` stands for.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Draft, Self::Proposed, Self::Approved, Self::Revoked]
            .into_iter()
            .find(|state| state.word() == word)
    }

    /// The state after `step` by `side`, if it can be taken.
    pub fn after(self, step: Step, side: Side) -> Option<Self> {
        match (self, step, side) {
            (Self::Draft, Step::Propose, Side::Consumer) => Some(Self::Proposed),
            (Self::Proposed, Step::Approve, Side::Provider) => Some(Self::Approved),
            (Self::Proposed | Self::Approved, Step::Revoke, _) => Some(Self::Revoked),
            _ => None,
        }
    }

    /// What this comes to on a day.
    pub fn on(self, day: Date, term: (Date, Date)) -> Standing {
        match self {
            Self::Revoked => Standing::Revoked,
            Self::Draft => Standing::Draft,
            Self::Proposed => Standing::Proposed,
            Self::Approved if day < term.0 => Standing::Approved,
            Self::Approved if day > term.1 => Standing::Expired,
            Self::Approved => Standing::Active,
        }
    }
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The client that signs.
    pub client: String,
    /// The agreement's id.
    pub agreement: String,
    /// The hash of the definition that it is about.
    pub hash: String,
    /// The step.
    pub step: Step,
    /// When it was signed, in seconds since 1970.
    pub time: i64,
}

impl Statement {
    /// Signs it: a compact JWS (RFC 7515).
    pub fn sign(signer: &Signer, agreement: &str, hash: &str, step: Step, now: Moment) -> String {
        let statement = Self {
            client: signer.client().to_owned(),
            agreement: agreement.to_owned(),
            hash: hash.to_owned(),
            step,
            time: now.seconds(),
        };
        let payload = serde_json::to_vec(&statement).unwrap_or_default();
        signer.jws(HEADER, &payload)
    }

    /// Reads one, with the client that signed it.
    ///
    /// # Errors
    /// When it is none, or was not signed with that client's key, or not just now.
    pub fn read<'a>(
        text: &str,
        clients: &'a Clients,
        now: Moment,
    ) -> Result<(Self, &'a KnownClient), StepFault> {
        use base64::Engine;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;

        if text.len() > STATEMENT_BYTES_MAX {
            return Err(StepFault::Statement("it is longer than 4096 bytes"));
        }
        let (signed, signature) = text
            .rsplit_once('.')
            .ok_or(StepFault::Statement("it is not a compact JWS"))?;
        let payload = signed
            .strip_prefix(HEADER)
            .and_then(|rest| rest.strip_prefix('.'));
        let payload = payload.ok_or(StepFault::Statement(
            r#"its header must be {"alg":"EdDSA","typ":"agreement-step+jwt"}"#,
        ))?;
        let payload = URL_SAFE_NO_PAD
            .decode(payload)
            .or(Err(StepFault::Statement("its payload is not base64url")))?;
        let statement: Self = serde_json::from_slice(&payload).or(Err(StepFault::Statement(
            "its payload must have client, agreement, hash, step and time",
        )))?;
        let client = clients
            .get(&statement.client)
            .ok_or(StepFault::Statement("its client is not known"))?;
        let signature = URL_SAFE_NO_PAD
            .decode(signature)
            .or(Err(StepFault::Statement("its signature is not base64url")))?;
        if !client.has_signed(signed.as_bytes(), &signature) {
            return Err(StepFault::Statement(
                "it is not signed with the client's key",
            ));
        }
        let age = now.seconds().saturating_sub(statement.time);
        if age.abs() > STATEMENT_AGE_MAX_S {
            return Err(StepFault::Time(age));
        }
        Ok((statement, client))
    }
}

/// The state after a signed step on a version of an agreement, or why it cannot be taken.
///
/// # Errors
/// See [`StepFault`].
pub(crate) fn take(
    state: State,
    step: Step,
    client: &KnownClient,
    (agreement, provider): (&Agreement, &str),
    today: Date,
) -> Result<State, StepFault> {
    let id = || agreement.id.as_str().to_owned();
    let side = match &*client.department {
        department if *department == *provider => Side::Provider,
        department if *department == *agreement.consumer.id() => Side::Consumer,
        department => {
            return Err(StepFault::Side {
                step,
                department: department.to_owned(),
            });
        }
    };
    let wrong_side = match step {
        Step::Propose => side == Side::Provider,
        Step::Approve => side == Side::Consumer,
        Step::Revoke => false,
    };
    if wrong_side {
        return Err(StepFault::Side {
            step,
            department: client.department.to_string(),
        });
    }
    let (role, word) = match side {
        Side::Provider => (Role::Approve, "approve"),
        Side::Consumer => (Role::Propose, "propose"),
    };
    if !client.may(role) {
        return Err(StepFault::Role {
            client: client.id.to_string(),
            role: word,
        });
    }
    if step != Step::Revoke && today > agreement.until {
        return Err(StepFault::Over {
            agreement: id(),
            last: agreement.until,
        });
    }
    state.after(step, side).ok_or_else(|| StepFault::Order {
        agreement: id(),
        state,
        step,
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn step() -> impl Strategy<Value = (Step, Side)> {
        let steps = prop_oneof![Just(Step::Propose), Just(Step::Approve), Just(Step::Revoke)];
        (
            steps,
            prop_oneof![Just(Side::Provider), Just(Side::Consumer)],
        )
    }

    proptest! {
        #[test]
        fn whatever_is_tried_an_agreement_is_in_force_only_with_both_signatures(
            steps in prop::collection::vec(step(), 0..12)
        ) {
            let mut state = State::Draft;
            let mut taken = Vec::new();
            for (step, side) in steps {
                if let Some(after) = state.after(step, side) {
                    prop_assert_ne!(state, State::Revoked, "nothing follows a revocation");
                    state = after;
                    taken.push((step, side));
                }
            }
            let term = (date(2026, 1, 1), date(2026, 12, 31));
            let active = state.on(date(2026, 6, 1), term) == Standing::Active;
            let signed = [(Step::Propose, Side::Consumer), (Step::Approve, Side::Provider)];
            prop_assert_eq!(active, taken == signed);
            prop_assert!(taken.len() <= 3);
            prop_assert!(state.on(date(2027, 1, 1), term) != Standing::Active);
        }
    }

    #[test]
    fn a_term_includes_its_first_and_last_day() {
        let term = (date(2026, 1, 1), date(2026, 12, 31));
        let on = |day| State::Approved.on(day, term);
        assert_eq!(on(date(2025, 12, 31)), Standing::Approved);
        assert_eq!(on(date(2026, 1, 1)), Standing::Active);
        assert_eq!(on(date(2026, 12, 31)), Standing::Active);
        assert_eq!(on(date(2027, 1, 1)), Standing::Expired);
    }

    #[test]
    fn states_are_kept_as_words() {
        for state in [
            State::Draft,
            State::Proposed,
            State::Approved,
            State::Revoked,
        ] {
            assert_eq!(State::of_word(state.word()), Some(state));
        }
        assert_eq!(State::of_word("active"), None);
    }
}
