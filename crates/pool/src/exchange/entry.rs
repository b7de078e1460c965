//! What the exchange writes into the ledger: one JSON object an entry, and no personal identifier
//! in it but a keyed hash.
//!
//! Transfers are written by hand, since there is one for every answer; everything is read back
//! with serde, and a test holds the two together.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::steps::Step;
use crate::clock::Moment;

/// How a transfer's entry begins.
const TRANSFER_BEGINS: &[u8] = br#"{"kind":"transfer","at":"#;

/// One entry of the exchange's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Entry {
    /// Something was disclosed.
    Transfer(Transfer),
    /// Something was not.
    Denial(DeniedCall),
    /// Somebody signed a step of an agreement.
    AgreementStep(SignedStep),
    /// A profile for Delta Sharing was made or revoked.
    Profile(SharingProfile),
}

/// One disclosure: whose record, who read what of it, when, why, under which agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Microseconds since 1970.
    pub at: i64,
    /// The client that read.
    pub client: String,
    /// Its department.
    pub consumer: String,
    /// The department whose record it was.
    pub provider: String,
    /// The dataset.
    pub dataset: String,
    /// `look-up`, `batch`, `link`, `subscribe`, `query`, `bulk`.
    pub way: String,
    /// The fields that were disclosed.
    pub fields: Vec<String>,
    /// The keyed hash of whom it was about, if it was about one.
    pub subject: Option<String>,
    /// For what.
    pub purpose: String,
    /// A case number or the like.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The agreement, or `own` or `unconditional`.
    pub agreement: String,
    /// The hash of the agreement's definition.
    pub agreement_version: Option<String>,
    /// How many records.
    pub records: u64,
    /// The SHA-256 of the token or certificate that proved who called, base64url.
    pub evidence: String,
}

/// One call that was not answered, or many of the same sort.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeniedCall {
    /// Microseconds since 1970.
    pub at: i64,
    /// The client that called, if it was proven.
    pub client: Option<String>,
    /// Its department.
    pub consumer: Option<String>,
    /// `department/dataset`, if the call came as far as that.
    pub dataset: Option<String>,
    /// In which way.
    pub way: String,
    /// The keyed hash of whom it was about.
    pub subject: Option<String>,
    /// For what.
    pub purpose: Option<String>,
    /// A case number or the like.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The kind of denial.
    pub denied: String,
    /// What the caller was told.
    pub detail: String,
    /// How many calls this entry stands for.
    pub times: u64,
    /// The SHA-256 of the token that was shown, base64url.
    pub evidence: Option<String>,
}

/// A step of an agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedStep {
    /// Microseconds since 1970.
    pub at: i64,
    /// The agreement.
    pub agreement: String,
    /// The hash of the definition that was signed.
    pub hash: String,
    /// The step.
    pub step: Step,
    /// The client that signed.
    pub client: String,
    /// The statement, a compact JWS.
    pub statement: String,
}

/// A profile for Delta Sharing, made or revoked. Its transfers have `bearer` as their evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharingProfile {
    /// Microseconds since 1970.
    pub at: i64,
    /// What was done.
    pub step: ProfileStep,
    /// The profile.
    pub profile: String,
    /// The client whose it is.
    pub client: String,
    /// Its department.
    pub consumer: String,
    /// For what it is good.
    pub purpose: String,
    /// A case number or the like.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The SHA-256 of the bearer token, base64url.
    pub bearer: String,
    /// Until when it is good, microseconds since 1970.
    pub until: i64,
    /// The SHA-256 of the token or certificate that asked for it, base64url.
    pub evidence: String,
}

/// What can be done with a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProfileStep {
    /// It was made.
    Issue,
    /// It was revoked.
    Revoke,
}

impl Entry {
    /// As the ledger keeps it.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Texts and numbers alone: there is nothing that serde_json could refuse.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Read back; `None` for what another part of the program wrote.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        // Nearly all are transfers that begin as we write them. Reading one by its kind would keep
        // a copy of each of its parts first.
        if bytes.starts_with(TRANSFER_BEGINS) {
            return serde_json::from_slice(bytes).ok().map(Self::Transfer);
        }
        serde_json::from_slice(bytes).ok()
    }
}

/// A transfer that is about to be written, in parts that are there already.
pub(crate) struct Facts<'a, 'n> {
    pub(crate) at: Moment,
    pub(crate) client: &'a str,
    pub(crate) consumer: &'a str,
    pub(crate) provider: &'a str,
    pub(crate) dataset: &'a str,
    pub(crate) way: &'a str,
    /// Names with `:` behind them, quoted, as an [`Offer`](super::grants::Offer) has them.
    pub(crate) fields: &'a mut dyn Iterator<Item = &'n str>,
    pub(crate) subject: Option<&'a str>,
    pub(crate) purpose: &'a str,
    pub(crate) reference: Option<&'a str>,
    pub(crate) agreement: &'a str,
    pub(crate) agreement_version: Option<&'a str>,
    pub(crate) records: u64,
    pub(crate) evidence: &'a [u8; 32],
}

impl Facts<'_, '_> {
    /// The entry's bytes.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(640);
        let mut number = itoa_buffer();
        out.extend_from_slice(TRANSFER_BEGINS);
        out.extend_from_slice(digits(&mut number, self.at.0));
        for (name, value) in [
            (&br#","client":"#[..], self.client),
            (br#","consumer":"#, self.consumer),
            (br#","provider":"#, self.provider),
            (br#","dataset":"#, self.dataset),
            (br#","way":"#, self.way),
        ] {
            out.extend_from_slice(name);
            quote(&mut out, value);
        }
        out.extend_from_slice(br#","fields":["#);
        for (at, field) in self.fields.enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(field.strip_suffix(':').unwrap_or(field).as_bytes());
        }
        out.extend_from_slice(br#"],"subject":"#);
        quote_or_null(&mut out, self.subject);
        out.extend_from_slice(br#","purpose":"#);
        quote(&mut out, self.purpose);
        if let Some(reference) = self.reference {
            out.extend_from_slice(br#","ref":"#);
            quote(&mut out, reference);
        }
        out.extend_from_slice(br#","agreement":"#);
        quote(&mut out, self.agreement);
        out.extend_from_slice(br#","agreement_version":"#);
        quote_or_null(&mut out, self.agreement_version);
        out.extend_from_slice(br#","records":"#);
        out.extend_from_slice(digits(&mut number, self.records.cast_signed()));
        out.extend_from_slice(br#","evidence":""#);
        let mut evidence = [0; 43];
        // 32 bytes are 43 characters, always.
        let _ = URL_SAFE_NO_PAD.encode_slice(self.evidence, &mut evidence);
        out.extend_from_slice(&evidence);
        out.extend_from_slice(br#""}"#);
        out
    }
}

/// Appends `text` as a JSON string.
pub(crate) fn quote(out: &mut Vec<u8>, text: &str) {
    let plain = text
        .bytes()
        .all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\');
    if plain {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        // Writing a text into memory cannot fail.
        let _ = serde_json::to_writer(out, text);
    }
}

pub(crate) fn quote_or_null(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => quote(out, text),
        None => out.extend_from_slice(b"null"),
    }
}

/// Room for the digits of any 64-bit number, and a sign.
pub(crate) const fn itoa_buffer() -> [u8; 20] {
    [0; 20]
}

/// The digits of `number`.
pub(crate) fn digits(buffer: &mut [u8; 20], number: i64) -> &[u8] {
    let mut at = buffer.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    &buffer[at..]
}

/// What stands in the ledger as evidence of a token: its SHA-256, base64url.
pub fn evidence_of(token: &str) -> String {
    evidence_text(&super::tokens::sha256(token.as_bytes()))
}

/// Evidence as it stands in entries.
pub(crate) fn evidence_text(evidence: &[u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(evidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_by_hand_is_read_back_by_serde() {
        for odd in ["plain", "with \"quotes\" and \\", "杭州", "a\u{1}b\n"] {
            let mut names = [r#""name":"#, r#""born_on":"#].into_iter();
            let bytes = Facts {
                at: Moment(1_795_000_000_000_000),
                client: "taxes-systems",
                consumer: "taxation",
                provider: "housing",
                dataset: "titles",
                way: "look-up",
                fields: &mut names,
                subject: Some("tok"),
                purpose: odd,
                reference: Some(odd),
                agreement: "own",
                agreement_version: None,
                records: 0,
                evidence: &[255; 32],
            }
            .into_bytes();
            let Some(Entry::Transfer(transfer)) = Entry::of_bytes(&bytes) else {
                panic!("{}", String::from_utf8_lossy(&bytes));
            };
            assert_eq!(transfer.purpose, odd);
            assert_eq!(transfer.reference.as_deref(), Some(odd));
            assert_eq!(transfer.fields, ["name", "born_on"]);
            assert_eq!((transfer.at, transfer.records), (1_795_000_000_000_000, 0));
            assert_eq!(
                Entry::Transfer(transfer).to_bytes(),
                bytes,
                "to the last byte"
            );
        }
    }

    #[test]
    fn numbers_have_all_their_digits() {
        for number in [0, 7, -1, i64::MIN, i64::MAX] {
            let mut buffer = itoa_buffer();
            assert_eq!(digits(&mut buffer, number), number.to_string().as_bytes());
        }
    }
}
