//! `/bureau/catalogue.ttl` and `.jsonld`: the catalogue in DCAT-AP 3, for national and European
//! data portals to harvest. Datasets that are not shared stand in it too, without a way to them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use city::kinds::{Agreement, Cycle, Department, Openness, Share, Use};
use pool::quality;
use pool::{Moment, Table};

use super::dcat_terms::{self, LICENCE, PUBLISHER, term};
use super::desk::Desk;
use super::miss::Miss;
use super::turtle::{Node, Object, json_ld, turtle};
use crate::address::base;

/// Words of a department's id, and the theme that they stand for; the first that fits counts.
const THEMES: [(&[&str], &str); 11] = [
    (
        &["transport", "traffic", "metro", "rail", "bus", "airport"],
        "TRAN",
    ),
    (
        &["health", "medical", "hospital", "drug", "insurance"],
        "HEAL",
    ),
    (
        &["education", "culture", "sport", "archive", "radio"],
        "EDUC",
    ),
    (
        &[
            "court",
            "justice",
            "police",
            "security",
            "procuratorate",
            "prison",
        ],
        "JUST",
    ),
    (
        &[
            "environment",
            "ecology",
            "water",
            "forest",
            "park",
            "meteorolog",
        ],
        "ENVI",
    ),
    (&["agricultur", "farm", "grain", "food"], "AGRI"),
    (&["energy", "electric", "gas", "power"], "ENER"),
    (
        &[
            "tax",
            "finance",
            "market",
            "commerce",
            "customs",
            "econom",
            "provident",
            "statistic",
        ],
        "ECON",
    ),
    (
        &["housing", "planning", "urban", "construction", "land"],
        "REGI",
    ),
    (&["science", "technology", "data"], "TECH"),
    (&["civil", "human", "social", "veteran", "disabled"], "SOCI"),
];

pub(super) async fn as_turtle(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
) -> Result<Response, Miss> {
    let nodes = read(&desk, &headers).await?;
    Ok(file(
        turtle(&nodes).into_bytes(),
        "text/turtle; charset=utf-8",
    ))
}

pub(super) async fn as_json_ld(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
) -> Result<Response, Miss> {
    let document = json_ld(&read(&desk, &headers).await?);
    let bytes = serde_json::to_vec(&document).map_err(|error| Miss::broken(&error))?;
    Ok(file(bytes, "application/ld+json"))
}

async fn read(desk: &Arc<Desk>, headers: &HeaderMap) -> Result<Vec<Node>, Miss> {
    let base = base(headers);
    desk.blocking(move |desk| {
        let latest = quality::latest(desk.exchange().pool().meta())?;
        let loaded = latest.into_iter().map(|newest| (newest.dataset, newest.at));
        Ok(nodes(desk, &base, &loaded.collect()))
    })
    .await
}

fn file(bytes: Vec<u8>, kind: &'static str) -> Response {
    let mut response = bytes.into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// All that is said; `loaded` is when each dataset was last loaded.
fn nodes(desk: &Desk, base: &str, loaded: &BTreeMap<String, Moment>) -> Vec<Node> {
    let compiled = desk.compiled();
    let city = &compiled.city;
    let newest = loaded.values().max().copied();
    let (place, node) = place(desk, base);
    let mut nodes = vec![
        catalogue_node(desk, base, &place, newest),
        service_node(&compiled.tables, base),
        Node::new(catalogue_address(base), "foaf:Document"),
    ];
    let mut served_in_bulk = false;
    nodes.extend(node);
    for department in city.all::<Department>() {
        nodes.extend(department_nodes(base, department));
    }
    let bulk: BTreeSet<&str> = city
        .all::<Agreement>()
        .filter(|agreement| agreement.allows(Use::Bulk))
        .map(|agreement| agreement.value.dataset.id())
        .collect();
    for table in compiled.tables.iter() {
        let in_bulk = is_shared(table) && bulk.contains(table.dataset.as_str());
        served_in_bulk |= in_bulk;
        let modified = loaded.get(&table.dataset).copied();
        nodes.extend(dataset_nodes(base, &place, table, modified, in_bulk));
    }
    if served_in_bulk {
        nodes.push(bulk_service_node(base));
    }
    // Last, since it goes by what the others name.
    nodes.extend(dcat_terms::described(&nodes));
    nodes
}

fn catalogue_address(base: &str) -> String {
    format!("{base}/bureau/catalogue")
}

fn moment(at: Moment) -> Object {
    Object::Typed(at.rfc3339(), "xsd:dateTime")
}

fn catalogue_node(desk: &Desk, base: &str, place: &str, modified: Option<Moment>) -> Node {
    let compiled = desk.compiled();
    let settings = compiled.city.settings();
    let title = settings.map(|settings| settings.title.clone());
    let title = title.unwrap_or_else(|| city::Text {
        zh: "城市".to_owned(),
        en: "City".to_owned(),
    });
    let named = city::Text {
        zh: format!("{}数据目录", title.zh),
        en: format!("Data catalogue of {}", title.en),
    };
    let said = city::Text {
        zh: format!("{}各部门的数据集：内容、共享条件和更新周期。", title.zh),
        en: format!(
            "The datasets of the departments of {}: what they hold, on which condition they are shared, how often they are updated.",
            title.en
        ),
    };
    let mut node = Node::new(catalogue_address(base), "dcat:Catalog")
        .text("dct:title", &named)
        .text("dct:description", &said)
        .with("foaf:homepage", Object::Node(catalogue_address(base)))
        .with("dct:language", term("language", "ZHO"))
        .with("dct:language", term("language", "ENG"))
        .with("dct:license", LICENCE.object())
        .with("dct:spatial", Object::Node(place.to_owned()))
        .with("dcat:themeTaxonomy", dcat_terms::scheme("data-theme"))
        .with("dcat:service", Object::Node(service_address(base)));
    if let Some(modified) = modified {
        node = node.with("dct:modified", moment(modified));
    }
    if let Some(settings) = settings {
        node = node.with(
            "dct:publisher",
            Object::Node(department_address(base, settings.operator.id())),
        );
    }
    for table in compiled.tables.iter() {
        node = node.with(
            "dcat:dataset",
            Object::Node(dataset_address(base, &table.dataset)),
        );
    }
    node
}

fn service_address(base: &str) -> String {
    format!("{base}/exchange/v1")
}

/// The exchange, by which records of all shared datasets are read.
fn service_node(tables: &pool::Tables, base: &str) -> Node {
    let title = city::Text {
        zh: "数据交换服务".to_owned(),
        en: "The data exchange".to_owned(),
    };
    let note = city::Text {
        zh: "凭签名令牌并在协议范围内，按主键或主体查询记录；每次查询都记入账本。".to_owned(),
        en: "Looks up records by key or by subject, with a signed token and within an agreement; each look-up is an entry of the ledger.".to_owned(),
    };
    let address = service_address(base);
    let mut node = Node::new(address.clone(), "dcat:DataService")
        .text("dct:title", &title)
        .text("dct:description", &note)
        .with("dcat:endpointURL", Object::Node(address))
        .with(
            "dcat:endpointDescription",
            Object::Node(description_address(base)),
        )
        .with("dct:accessRights", term("access-right", "RESTRICTED"))
        .with("dct:license", LICENCE.object());
    for table in tables.iter().filter(|table| is_shared(table)) {
        node = node.with(
            "dcat:servesDataset",
            Object::Node(dataset_address(base, &table.dataset)),
        );
    }
    node
}

fn description_address(base: &str) -> String {
    format!("{base}/exchange/v1/openapi.json")
}

fn is_shared(table: &Table) -> bool {
    table.definition.share != Share::NotShared
}

/// The address of the place where the city is, and what is known of it.
fn place(desk: &Desk, base: &str) -> (String, Option<Node>) {
    let compiled = desk.compiled();
    let at = compiled.city.settings().map(|settings| settings.location);
    // By GeoNames, where the definitions say so: harvesters know the place by that.
    let known = at.and_then(|at| at.geonames);
    let address = known.map_or_else(
        || format!("{base}/bureau/catalogue#place"),
        |number| format!("https://sws.geonames.org/{number}/"),
    );
    let node = at.map(|at| {
        let point = Object::Typed(format!("POINT({} {})", at.lon, at.lat), "geo:wktLiteral");
        Node::new(address.clone(), "dct:Location").with("dcat:centroid", point)
    });
    (address, node)
}

fn department_address(base: &str, id: &str) -> String {
    format!("{base}/bureau/catalogue?department={id}#department")
}

fn dataset_address(base: &str, id: &str) -> String {
    format!("{base}/bureau/datasets/{id}")
}

fn department_nodes(base: &str, department: &Department) -> [Node; 2] {
    let address = department_address(base, department.id.as_str());
    let agent = Node::new(address.clone(), "foaf:Agent")
        .text("foaf:name", &department.title)
        .with("dct:type", PUBLISHER.object());
    let contact = Node::new(format!("{address}-contact"), "vcard:Kind")
        .text("vcard:fn", &department.title)
        .with(
            "vcard:hasEmail",
            Object::Node(format!("mailto:{}", department.contact.email)),
        );
    [agent, contact]
}

fn dataset_nodes(
    base: &str,
    place: &str,
    table: &Table,
    modified: Option<Moment>,
    in_bulk: bool,
) -> Vec<Node> {
    let definition = &table.definition;
    let address = dataset_address(base, &table.dataset);
    let publisher = department_address(base, &table.department);
    let access = match (definition.openness, definition.share) {
        (Openness::Open, _) => "PUBLIC",
        (_, Share::NotShared) => "NON_PUBLIC",
        _ => "RESTRICTED",
    };
    let mut node = Node::new(address.clone(), "dcat:Dataset")
        .text("dct:title", &definition.title)
        .text("dct:description", &definition.description)
        .with("dct:spatial", Object::Node(place.to_owned()))
        .with("dct:identifier", Object::Plain(table.name()))
        .with("dct:publisher", Object::Node(publisher.clone()))
        .with(
            "dcat:contactPoint",
            Object::Node(format!("{publisher}-contact")),
        )
        .with("dcat:theme", term("data-theme", theme(&table.department)))
        .with(
            "dct:accrualPeriodicity",
            term("frequency", frequency(definition.updates)),
        )
        .with("dct:accessRights", term("access-right", access))
        .with("dct:language", term("language", "ZHO"))
        .with("dcat:landingPage", Object::Node(address.clone()))
        .with(
            "dcat:keyword",
            Object::Text(definition.title.zh.clone(), "zh"),
        )
        .with(
            "dcat:keyword",
            Object::Text(definition.title.en.to_lowercase(), "en"),
        );
    if let Some(modified) = modified {
        node = node.with("dct:modified", moment(modified));
    }
    let mut nodes = vec![Node::new(address.clone(), "foaf:Document")];
    if is_shared(table) {
        let distribution = format!("{address}#exchange");
        node = node.with("dcat:distribution", Object::Node(distribution.clone()));
        nodes.push(distribution_node(base, &distribution, table));
        if in_bulk {
            let distribution = format!("{address}#delta-sharing");
            node = node.with("dcat:distribution", Object::Node(distribution.clone()));
            nodes.push(bulk_node(base, &distribution, table));
        }
    }
    nodes.insert(0, node);
    nodes
}

/// The way to a dataset: the exchange.
fn distribution_node(base: &str, address: &str, table: &Table) -> Node {
    let title = city::Text {
        zh: "数据交换接口".to_owned(),
        en: "By the exchange".to_owned(),
    };
    let note = city::Text {
        zh: "凭已签署的协议和签名令牌，按主键或主体查询。".to_owned(),
        en: "Records by key or subject, with a signed token and within an agreement.".to_owned(),
    };
    Node::new(address, "dcat:Distribution")
        .text("dct:title", &title)
        .text(
            "dct:description",
            table.definition.share_note.as_ref().unwrap_or(&note),
        )
        .with("dcat:accessURL", Object::Node(description_address(base)))
        .with("dcat:accessService", Object::Node(service_address(base)))
        .with("dct:format", term("file-type", "JSON"))
        .with("dcat:mediaType", dcat_terms::JSON.object())
        .with(
            "dcatap:availability",
            term("planned-availability", "AVAILABLE"),
        )
        .with("dct:license", LICENCE.object())
}

/// The way to a whole dataset: Delta Sharing, where there is an agreement for it.
fn bulk_node(base: &str, address: &str, table: &Table) -> Node {
    let title = city::Text {
        zh: "批量共享（Delta Sharing）".to_owned(),
        en: "In bulk, by Delta Sharing".to_owned(),
    };
    let note = city::Text {
        zh: "协议允许批量使用时，以 Parquet 文件整体提供；个人标识为代号。".to_owned(),
        en: "The whole dataset as Parquet files, within an agreement for use in bulk; personal identifiers are tokens.".to_owned(),
    };
    Node::new(address, "dcat:Distribution")
        .text("dct:title", &title)
        .text("dct:description", &note)
        .with(
            "dcat:accessURL",
            Object::Node(format!(
                "{base}/delta-sharing/shares/{}/schemas/default/tables/{}/metadata",
                table.department, table.dataset
            )),
        )
        .with("dcat:accessService", Object::Node(bulk_service(base)))
        .with("dcat:mediaType", dcat_terms::PARQUET.object())
        .with(
            "dcatap:availability",
            term("planned-availability", "AVAILABLE"),
        )
        .with("dct:license", LICENCE.object())
}

fn bulk_service(base: &str) -> String {
    format!("{base}/bureau/catalogue#delta-sharing")
}

/// The service of bulk transfers.
fn bulk_service_node(base: &str) -> Node {
    let title = city::Text {
        zh: "批量共享服务".to_owned(),
        en: "Bulk transfers by Delta Sharing".to_owned(),
    };
    Node::new(bulk_service(base), "dcat:DataService")
        .text("dct:title", &title)
        .with(
            "dcat:endpointURL",
            Object::Node(format!("{base}/delta-sharing/")),
        )
        .with(
            "dcat:endpointDescription",
            Object::Node(description_address(base)),
        )
        .with("dct:accessRights", term("access-right", "RESTRICTED"))
        .with("dct:license", LICENCE.object())
}

fn theme(department: &str) -> &'static str {
    let fits = |words: &[&str]| words.iter().any(|word| department.contains(word));
    THEMES
        .iter()
        .find(|(words, _)| fits(words))
        .map_or("GOVE", |(_, theme)| theme)
}

const fn frequency(cycle: Cycle) -> &'static str {
    match cycle {
        Cycle::RealTime => "UPDATE_CONT",
        Cycle::Hourly => "HOURLY",
        Cycle::Daily => "DAILY",
        Cycle::Weekly => "WEEKLY",
        Cycle::Monthly => "MONTHLY",
        Cycle::Quarterly => "QUARTERLY",
        Cycle::Yearly => "ANNUAL",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_and_cycle_is_a_term_that_is_described() {
        let cycles = [
            Cycle::RealTime,
            Cycle::Hourly,
            Cycle::Daily,
            Cycle::Weekly,
            Cycle::Monthly,
            Cycle::Quarterly,
            Cycle::Yearly,
        ];
        let themes = THEMES.iter().map(|(_, theme)| *theme).chain(["GOVE"]);
        let used = themes
            .map(|theme| term("data-theme", theme))
            .chain(cycles.map(|cycle| term("frequency", frequency(cycle))));
        let node = used.fold(Node::new("x", "dcat:Dataset"), |node, object| {
            node.with("dct:relation", object)
        });
        let described = dcat_terms::described(std::slice::from_ref(&node));
        for (_, object) in &node.properties {
            let Object::Node(address) = object else {
                panic!("{object:?} is no address");
            };
            assert!(
                described.iter().any(|term| term.address == *address),
                "{address} is not described"
            );
        }
    }
}
