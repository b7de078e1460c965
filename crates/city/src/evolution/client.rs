//! Changes of a client: calls that its key no longer opens.

use super::{About, Affected, Change, lacking};
use crate::city::Definition;
use crate::kinds::{Client, Role};

/// The changes of one client.
pub(super) fn compare(
    old: Option<&Definition<Client>>,
    new: Option<&Definition<Client>>,
    changes: &mut Vec<Change>,
) {
    let Some(any) = new.or(old) else { return };
    let mut about = About {
        what: format!("client {}", any.id),
        path: any.path.clone(),
        affects: vec![Affected::Department {
            department: any.department.clone().unwrap_or_default(),
        }],
        changes,
    };
    let (old, new) = match (old, new) {
        (Some(old), Some(new)) => (old, new),
        (Some(_), None) => return about.breaks("is removed: its calls are refused"),
        _ => return about.allows("is new"),
    };
    if old.department != new.department {
        about.breaks("acts for another department now");
    }
    if old.public_key != new.public_key {
        about.breaks("has another key: what is signed with the old one is refused");
    }
    if old.certificate_sha256 != new.certificate_sha256 && new.certificate_sha256.is_some() {
        about.breaks("has another certificate: connections with the old one are refused");
    }
    let roles = |client: &Client| -> Vec<String> {
        client
            .roles
            .iter()
            .map(|role| name(*role).to_owned())
            .collect()
    };
    if let Some(gone) = lacking(&roles(old), &roles(new)) {
        about.breaks(format!("may no longer {}", gone.replace('`', "")));
    }
    if let Some(added) = lacking(&roles(new), &roles(old)) {
        about.allows(format!("may {} too", added.replace('`', "")));
    }
}

fn name(role: Role) -> &'static str {
    match role {
        Role::Read => "read",
        Role::Write => "write",
        Role::Query => "query",
        Role::Propose => "propose",
        Role::Approve => "approve",
    }
}
