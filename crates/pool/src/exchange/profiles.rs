//! Profiles for Delta Sharing.
//!
//! That protocol's clients show a bearer token and cannot sign each request. So a client's own key
//! asks once for a token: for one purpose and reference, for a while. What is kept of it is its
//! hash; it lets its bearer take in bulk what the client's agreements let it take at that moment,
//! and nothing else. Making and revoking one stands in the ledger.

use std::fmt::Write as _;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use city::kinds::Use;

use super::calls::{About, Exchange, Prepared, Recorded};
use super::compiled::check_role;
use super::denial::{Denial, use_word};
use super::entry::{Entry, ProfileStep, SharingProfile, evidence_text};
use super::tokens::{Caller, TokenFault, sha256, shortened};
use crate::clock::Moment;
use crate::error::Error;
use crate::sql::Row;
use crate::values;

/// Longest life of a profile, seconds: thirty days. It ends with the last agreement that it is for.
pub const PROFILE_LIFE_MAX_S: i64 = 30 * 86_400;
/// Most profiles of one client that are good at the same time.
pub const PROFILES_MAX: usize = 100;
/// For how long a profile that is over is remembered, microseconds.
const REMEMBERED_US: i64 = 7 * 86_400 * 1_000_000;
/// Random bytes of a profile's name.
const ID_BYTES: usize = 8;
/// Random bytes of a bearer token's secret.
const SECRET_BYTES: usize = 32;
/// Most bytes of a bearer token.
const BEARER_BYTES_MAX: usize = 200;

/// A profile that was made. The token is told this once.
#[derive(Clone, Debug)]
pub struct IssuedProfile {
    /// Its name, with which the token begins.
    pub id: String,
    /// The bearer token.
    pub bearer: String,
    /// Until when it is good.
    pub expires_at: Moment,
}

impl Recorded for IssuedProfile {
    fn recorded(&mut self, _first: u64) {}
}

/// Somebody who shows a profile's bearer token, or something that was signed for its bearer.
#[derive(Clone, Debug)]
pub struct Sharer {
    /// The profile.
    pub profile: String,
    /// The client whose it is, bound to the profile's purpose.
    pub caller: Caller,
}

impl Recorded for Sharer {
    fn recorded(&mut self, _first: u64) {}
}

/// A profile as it is kept.
struct Kept {
    id: String,
    bearer: String,
    client: String,
    purpose: String,
    reference: Option<String>,
    expires_at: Moment,
    revoked: bool,
}

const COLUMNS: &str = "id, bearer, client, purpose, reference, expires_at, revoked_at";

impl Exchange {
    /// Makes a profile for what the caller's agreements let it take in bulk. Blocks.
    ///
    /// # Errors
    /// [`Denial::Role`]; [`Denial::NothingInBulk`] without such an agreement; [`Denial::Request`]
    /// when the client has too many.
    pub fn issue_profile(&self, caller: &Caller) -> Result<IssuedProfile, Denial> {
        let now = self.now();
        let made = self.checked_term(caller, now).and_then(|expires_at| {
            let (id, bearer) = fresh()?;
            Ok(IssuedProfile {
                id,
                bearer,
                expires_at,
            })
        });
        let entries = match &made {
            Ok(made) => vec![entry(
                caller,
                &made.id,
                &evidence_text(&sha256(made.bearer.as_bytes())),
                ProfileStep::Issue,
                made.expires_at,
                now,
            )],
            Err(denial) => self.denied(Some(caller), None, denial, about()),
        };
        // The ledger first: what is not in it has no effect.
        let made = self.record_wait(Prepared::of(made, entries))?;
        let bearer = evidence_text(&sha256(made.bearer.as_bytes()));
        self.pool
            .meta()
            .transaction(|transaction| {
                transaction.execute(
                    "DELETE FROM share_profile WHERE expires_at < $1",
                    &values![now.0 - REMEMBERED_US],
                )?;
                transaction.execute(
                    "INSERT INTO share_profile (id, bearer, client, purpose, reference, issued_at, expires_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7)",
                    &values![
                        &made.id,
                        bearer,
                        &*caller.client.id,
                        &*caller.purpose,
                        caller.reference.as_deref(),
                        now,
                        made.expires_at
                    ],
                )
            })
            .map_err(|error| storage(&error))?;
        Ok(made)
    }

    /// Until when a profile of the caller's may be good.
    fn checked_term(&self, caller: &Caller, now: Moment) -> Result<Moment, Denial> {
        check_role(caller, Use::Bulk)?;
        let department = &caller.client.department;
        let agreed = self.agreed(department, &caller.purpose, Use::Bulk);
        let ends = agreed.iter().flat_map(|agreed| &agreed.grants);
        let last = ends.map(|grant| grant.until()).max();
        let last = last.ok_or_else(|| Denial::NothingInBulk {
            consumer: department.to_string(),
            purpose: caller.purpose.to_string(),
        })?;
        let rows = self.pool.meta().query(
            "SELECT count(*) FROM share_profile WHERE client = $1 AND expires_at > $2 AND revoked_at IS NULL",
            &values![&*caller.client.id, now],
        );
        let alive: usize = rows
            .and_then(|rows| rows.first().map_or(Ok(0), |row| row.get(0)))
            .map_err(|error| storage(&error))?;
        if alive >= PROFILES_MAX {
            return Err(Denial::Request(format!(
                "the client `{}` has {alive} sharing profiles, and {PROFILES_MAX} are allowed; revoke some",
                caller.client.id
            )));
        }
        Ok(last.min(Moment(now.0 + PROFILE_LIFE_MAX_S * 1_000_000)))
    }

    /// Revokes a profile of the caller's department. Blocks.
    ///
    /// # Errors
    /// [`Denial::Request`] when the department has no such profile.
    pub fn revoke_profile(&self, caller: &Caller, id: &str) -> Result<(), Denial> {
        let kept = self.kept(id).map_err(|error| storage(&error))?;
        let theirs = |kept: &Kept| {
            let compiled = self.compiled();
            compiled
                .clients
                .get(&kept.client)
                .is_some_and(|client| client.department == caller.client.department)
                || kept.client == *caller.client.id
        };
        let kept = kept.filter(theirs).ok_or_else(|| {
            Denial::Request(format!(
                "`{}` has no sharing profile `{}`",
                caller.client.department,
                shortened(id)
            ))
        })?;
        let now = self.now();
        let entry = entry(
            caller,
            &kept.id,
            &kept.bearer,
            ProfileStep::Revoke,
            kept.expires_at,
            now,
        );
        self.record_wait(Prepared::of(Ok(()), vec![entry]))?;
        self.pool
            .meta()
            .execute(
                "UPDATE share_profile SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
                &values![&kept.id, now],
            )
            .map_err(|error| storage(&error))?;
        Ok(())
    }

    /// Who shows this bearer token. What is wrong is recorded. Blocks.
    ///
    /// # Errors
    /// [`Denial::Token`] when it is none or no longer good.
    pub fn bearer(&self, token: Option<&str>) -> Result<Sharer, Denial> {
        let Some(token) = token else {
            return self.refuse(
                None,
                None,
                TokenFault::Profile(
                    "is missing: send `Authorization: Bearer` with its bearerToken",
                ),
            );
        };
        let evidence = sha256(token.as_bytes());
        let id = token.split_once('.').map_or("", |(id, _)| id);
        let kept = if token.len() > BEARER_BYTES_MAX {
            None
        } else {
            self.kept(id).map_err(|error| storage(&error))?
        };
        let kept = kept.filter(|kept| kept.bearer == evidence_text(&evidence));
        self.alive(kept, evidence)
    }

    /// Who has a profile, for what was signed for its bearer. What is wrong is recorded. Blocks.
    ///
    /// # Errors
    /// [`Denial::Token`] when it is no longer good.
    pub fn sharer(&self, profile: &str) -> Result<Sharer, Denial> {
        let kept = self.kept(profile).map_err(|error| storage(&error))?;
        let evidence = kept
            .as_ref()
            .and_then(|kept| URL_SAFE_NO_PAD.decode(&kept.bearer).ok()?.try_into().ok());
        self.alive(kept, evidence.unwrap_or_default())
    }

    fn alive(&self, kept: Option<Kept>, evidence: [u8; 32]) -> Result<Sharer, Denial> {
        let compiled = self.compiled();
        let known = kept.and_then(|kept| {
            let client = compiled.clients.get(&kept.client)?;
            let caller = Caller {
                client: std::sync::Arc::clone(client),
                purpose: kept.purpose.as_str().into(),
                reference: kept.reference.as_deref().map(Into::into),
                evidence,
            };
            Some((kept, caller))
        });
        let Some((kept, caller)) = known else {
            return self.refuse(
                None,
                Some(&evidence),
                TokenFault::Profile("is none that is known"),
            );
        };
        if kept.revoked {
            return self.refuse(Some(&caller), None, TokenFault::Profile("was revoked"));
        }
        if self.now() >= kept.expires_at {
            return self.refuse(Some(&caller), None, TokenFault::Profile("has expired"));
        }
        if let Err(denial) = check_role(&caller, Use::Bulk) {
            let entries = self.denied(Some(&caller), None, &denial, about());
            return self.record_wait(Prepared::of(Err(denial), entries));
        }
        Ok(Sharer {
            profile: kept.id,
            caller,
        })
    }

    fn refuse(
        &self,
        caller: Option<&Caller>,
        evidence: Option<&[u8; 32]>,
        fault: TokenFault,
    ) -> Result<Sharer, Denial> {
        let denial = Denial::Token(fault);
        let entries = self.denied(caller, evidence, &denial, about());
        self.record_wait(Prepared::of(Err(denial), entries))
    }

    fn kept(&self, id: &str) -> Result<Option<Kept>, Error> {
        let sql = format!("SELECT {COLUMNS} FROM share_profile WHERE id = $1");
        let rows = self.pool.meta().query(&sql, &values![id])?;
        rows.first().map(kept).transpose()
    }
}

fn about() -> About<'static> {
    About {
        way: use_word(Use::Bulk),
        ..About::default()
    }
}

fn kept(row: &Row) -> Result<Kept, Error> {
    Ok(Kept {
        id: row.get(0)?,
        bearer: row.get(1)?,
        client: row.get(2)?,
        purpose: row.get(3)?,
        reference: row.get(4)?,
        expires_at: row.get(5)?,
        revoked: row.get::<Option<i64>>(6)?.is_some(),
    })
}

/// A new name and token.
fn fresh() -> Result<(String, String), Denial> {
    let mut bytes = [0; ID_BYTES + SECRET_BYTES];
    SystemRandom::new()
        .fill(&mut bytes)
        .or(Err(Denial::Storage(
            "the system gives no random numbers".to_owned(),
        )))?;
    let (id, secret) = bytes.split_at(ID_BYTES);
    let mut name = String::with_capacity(2 * ID_BYTES);
    for byte in id {
        // Writing to a String cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    let bearer = format!("{name}.{}", URL_SAFE_NO_PAD.encode(secret));
    Ok((name, bearer))
}

fn entry(
    caller: &Caller,
    profile: &str,
    bearer: &str,
    step: ProfileStep,
    until: Moment,
    now: Moment,
) -> Vec<u8> {
    Entry::Profile(SharingProfile {
        at: now.0,
        step,
        profile: profile.to_owned(),
        client: caller.client.id.to_string(),
        consumer: caller.client.department.to_string(),
        purpose: caller.purpose.to_string(),
        reference: caller.reference.as_deref().map(str::to_owned),
        bearer: bearer.to_owned(),
        until: until.0,
        evidence: evidence_text(&caller.evidence),
    })
    .to_bytes()
}

fn storage(error: &Error) -> Denial {
    tracing::error!(%error, "sharing profiles cannot be read or written");
    Denial::Storage("the meta database does not answer".to_owned())
}
