//! What there is to ask for: every dataset with its fields, its share and whom to ask.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use city::kinds::{Field, Share};
use pool::exchange::{Compiled, Offer};
use serde::Serialize;
use utoipa::ToSchema;

use super::answers;
use super::state::ExchangeState;

/// All datasets.
#[derive(Serialize, ToSchema)]
pub(super) struct Catalogue {
    /// The city's id: the `aud` of tokens.
    city: String,
    /// By department and id.
    datasets: Vec<CatalogueDataset>,
}

/// A dataset.
#[derive(Serialize, ToSchema)]
pub(super) struct CatalogueDataset {
    /// Its id.
    dataset: String,
    /// The department that holds it.
    department: String,
    /// The hash of its definition.
    version: String,
    /// What it is called, in Chinese and English.
    title: CatalogueText,
    /// What one record says.
    description: CatalogueText,
    /// `unconditional`, `conditional` or `not-shared`.
    share: &'static str,
    /// The key's fields, in order.
    key: Vec<String>,
    /// The field that holds whom or what a record is about.
    subject_field: String,
    /// Whom to ask for an agreement.
    contact: Option<String>,
    /// Its fields.
    fields: Vec<CatalogueField>,
}

/// A field.
#[derive(Serialize, ToSchema)]
pub(super) struct CatalogueField {
    /// Its name.
    name: String,
    /// What it is called.
    title: CatalogueText,
    /// `text`, `integer`, `decimal`, `money`, `boolean`, `date` or `datetime`.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: city::kinds::FieldType,
    /// `public`, `internal`, `personal` or `sensitive`.
    #[schema(value_type = String)]
    sensitivity: city::kinds::Sensitivity,
    /// The dataset and field that its value refers to.
    references: Option<String>,
}

/// A text in both languages.
#[derive(Serialize, ToSchema)]
pub(super) struct CatalogueText {
    /// In Chinese.
    zh: String,
    /// In English.
    en: String,
}

/// What there is to ask for
#[utoipa::path(get, path = "/exchange/v1/catalogue", tag = "exchange", responses((status = 200, body = Catalogue)))]
pub(super) async fn catalogue(State(state): State<ExchangeState>) -> Response {
    let city = state.exchange().audience().to_owned();
    answers::json(state.catalogue(|compiled| make(city, compiled)))
}

fn make(city: String, compiled: &Compiled) -> Bytes {
    let mut datasets: Vec<CatalogueDataset> = compiled
        .grants
        .offers()
        .map(|offer| dataset(offer))
        .collect();
    datasets.sort_by(|a, b| (&a.department, &a.dataset).cmp(&(&b.department, &b.dataset)));
    // Texts alone: nothing that serde_json could refuse.
    serde_json::to_vec(&Catalogue { city, datasets })
        .unwrap_or_default()
        .into()
}

fn dataset(offer: &Offer) -> CatalogueDataset {
    let definition = &offer.table.definition;
    CatalogueDataset {
        dataset: offer.table.dataset.clone(),
        department: offer.table.department.clone(),
        version: offer.table.version.to_string(),
        title: text(&definition.title),
        description: text(&definition.description),
        share: match definition.share {
            Share::Unconditional => "unconditional",
            Share::Conditional => "conditional",
            Share::NotShared => "not-shared",
        },
        key: definition.key.clone(),
        subject_field: definition.subject_field.clone(),
        contact: offer.contact.clone(),
        fields: definition.fields.iter().map(field).collect(),
    }
}

fn field(field: &Field) -> CatalogueField {
    CatalogueField {
        name: field.name.clone(),
        title: text(&field.title),
        kind: field.kind,
        sensitivity: field.sensitivity,
        references: field
            .references
            .as_ref()
            .map(|to| format!("{}.{}", to.dataset.id(), to.field)),
    }
}

fn text(text: &city::Text) -> CatalogueText {
    CatalogueText {
        zh: text.zh.clone(),
        en: text.en.clone(),
    }
}
