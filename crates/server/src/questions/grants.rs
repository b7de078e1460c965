//! Agreements as the lake takes them.

use lake::TableGrant;
use pool::exchange::{Agreed, Grant, Offer, Rows};

/// What agreements let be seen.
pub(crate) fn table_grants(agreed: &[Agreed]) -> Vec<TableGrant> {
    let of = |one: &Agreed| -> Vec<TableGrant> {
        let grants = one.grants.iter();
        grants.map(|grant| table_grant(&one.offer, grant)).collect()
    };
    agreed.iter().flat_map(of).collect()
}

fn table_grant(offer: &Offer, grant: &Grant) -> TableGrant {
    TableGrant {
        table: offer.table.name(),
        fields: offer.names_of(&grant.fields),
        rows: grant.rows.as_ref().map(Rows::to_sql),
        agreement: grant.agreement.to_string(),
    }
}
