//! Agreements as the lake takes them.

use decide::definitions::fields_of;
use lake::TableGrant;
use pool::Table;
use pool::exchange::{Agreed, Grant, Offer};

/// What agreements let be seen. One whose row filter cannot be said in SQL grants nothing, and is
/// taken out.
pub(crate) fn table_grants(agreed: &mut Vec<Agreed>) -> Vec<TableGrant> {
    let mut all = Vec::new();
    for one in agreed.iter_mut() {
        let offer = &one.offer;
        one.grants.retain(|grant| match table_grant(offer, grant) {
            Ok(grant) => {
                all.push(grant);
                true
            }
            Err(reason) => {
                tracing::error!(agreement = %grant.agreement, reason, "the row filter cannot be used; the agreement grants nothing");
                false
            }
        });
    }
    agreed.retain(|one| !one.grants.is_empty());
    all
}

fn table_grant(offer: &Offer, grant: &Grant) -> Result<TableGrant, String> {
    let rows = grant.rows_text.as_deref();
    Ok(TableGrant {
        table: offer.table.name(),
        fields: offer.names_of(&grant.fields),
        rows: rows.map(|text| condition(text, &offer.table)).transpose()?,
        agreement: grant.agreement.to_string(),
    })
}

/// An agreement's row filter as SQL over the table's fields.
fn condition(text: &str, table: &Table) -> Result<String, String> {
    let rule = decide::Rule::condition(text, &fields_of(&table.definition));
    let rule = rule.map_err(|faults| {
        faults
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; ")
    })?;
    Ok(decide::to_sql(&rule, |field| {
        format!("\"{}\"", field.replace('"', "\"\""))
    }))
}
