//! Addresses of an export's files: who has one may fetch the file until its time is over, and
//! nobody can make one or change it. They are signed with a key that is made at each start, since
//! exports do not outlive the process either.

use aws_lc_rs::hmac;

use crate::error::Error;
use crate::hex;

/// What an address names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The profile for whose bearer it was signed.
    pub profile: String,
    /// The export.
    pub export: String,
    /// The file, counted from 0.
    pub part: usize,
    /// Until when it is good, seconds since 1970.
    pub until: i64,
}

/// Why a file is not handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// The address is not one that was signed here since the start.
    #[error("the address is not signed by this server; query the table again for others")]
    Signature,
    /// Its time is over.
    #[error("the address is no longer good; query the table again for others")]
    Expired,
    /// The export has been deleted.
    #[error("the files have been deleted; query the table again for others")]
    Gone,
}

/// Signs addresses.
pub(super) struct Seal(hmac::Key);

impl Seal {
    /// With a new key.
    pub(super) fn new() -> Result<Self, Error> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &aws_lc_rs::rand::SystemRandom::new());
        key.map(Self).map_err(|error| Error::Key {
            path: "the key of exports' addresses".to_owned(),
            source: std::io::Error::other(error),
        })
    }

    /// An address's signature, in hexadecimal.
    pub(super) fn sign(&self, address: &Address) -> String {
        let tag = hmac::sign(&self.0, text(address).as_bytes());
        hex::digits(tag.as_ref())
    }

    /// Whether an address was signed with this key.
    pub(super) fn has_signed(&self, address: &Address, signature: &str) -> bool {
        hex::bytes(signature)
            .is_some_and(|bytes| hmac::verify(&self.0, text(address).as_bytes(), &bytes).is_ok())
    }
}

/// What is signed. No part can hold the mark between them, or it is another address's signature.
fn text(address: &Address) -> String {
    let Address {
        profile,
        export,
        part,
        until,
    } = address;
    format!(
        "{}/{profile}/{}/{export}/{part}/{until}",
        profile.len(),
        export.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        Address {
            profile: "p".to_owned(),
            export: "e".to_owned(),
            part: 0,
            until: 100,
        }
    }

    #[test]
    fn an_address_is_good_as_it_was_signed_and_in_no_other_way() {
        let seal = Seal::new().unwrap();
        let signature = seal.sign(&address());
        assert!(seal.has_signed(&address(), &signature));
        let others = [
            Address {
                profile: "q".to_owned(),
                ..address()
            },
            Address {
                export: "f".to_owned(),
                ..address()
            },
            Address {
                part: 1,
                ..address()
            },
            Address {
                until: 101,
                ..address()
            },
            // The same characters in other places.
            Address {
                profile: "p/1/e".to_owned(),
                export: String::new(),
                ..address()
            },
        ];
        for other in others {
            assert!(!seal.has_signed(&other, &signature), "{other:?}");
        }
        for wrong in [
            "",
            "zz",
            "é",
            &signature[2..],
            &format!("{signature}00"),
            &signature[1..],
        ] {
            assert!(!seal.has_signed(&address(), wrong), "{wrong}");
        }
        assert!(
            !Seal::new().unwrap().has_signed(&address(), &signature),
            "of another start"
        );
    }
}
