//! `/bureau/catalogue.ttl` and `.jsonld`: the catalogue in DCAT-AP 3, for national and European
//! data portals to harvest. Datasets that are not shared stand in it too, without a way to them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use city::kinds::{Agreement, Cycle, Department, Openness, Share, Use};
use pool::Table;

use super::desk::Desk;
use super::turtle::{Node, Object, json_ld, turtle};
use crate::address::base;

/// The vocabularies of the EU's publications office.
const AUTHORITY: &str = "http://publications.europa.eu/resource/authority/";
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

pub(super) async fn as_turtle(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    file(
        turtle(&nodes(&desk, &base(&headers))).into_bytes(),
        "text/turtle; charset=utf-8",
    )
}

pub(super) async fn as_json_ld(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    let document = json_ld(&nodes(&desk, &base(&headers)));
    file(
        serde_json::to_vec(&document).unwrap_or_default(),
        "application/ld+json",
    )
}

fn file(bytes: Vec<u8>, kind: &'static str) -> Response {
    let mut response = bytes.into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn authority(list: &str, code: &str) -> Object {
    Object::Node(format!("{AUTHORITY}{list}/{code}"))
}

fn nodes(desk: &Desk, base: &str) -> Vec<Node> {
    let compiled = desk.compiled();
    let city = &compiled.city;
    let catalogue = format!("{base}/bureau/catalogue");
    let mut nodes = vec![catalogue_node(desk, base, &catalogue)];
    let mut served_in_bulk = false;
    nodes.extend(place(desk, base));
    for department in city.all::<Department>() {
        nodes.extend(department_nodes(base, department));
    }
    for table in compiled.tables.iter() {
        let in_bulk = city.all::<Agreement>().any(|agreement| {
            agreement.dataset.id() == table.dataset && agreement.allows(Use::Bulk)
        });
        served_in_bulk |= in_bulk && table.definition.share != Share::NotShared;
        nodes.extend(dataset_nodes(base, table, in_bulk));
    }
    if served_in_bulk {
        nodes.push(bulk_service_node(base));
    }
    nodes
}

fn catalogue_node(desk: &Desk, base: &str, address: &str) -> Node {
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
    let mut node = Node::new(address, "dcat:Catalog")
        .text("dct:title", &named)
        .text("dct:description", &said)
        .with("foaf:homepage", Object::Node(address.to_owned()))
        .with("dct:language", authority("language", "ZHO"))
        .with("dct:language", authority("language", "ENG"))
        .with("dct:spatial", Object::Node(place_address(base)))
        .with(
            "dcat:themeTaxonomy",
            Object::Node(format!("{AUTHORITY}data-theme")),
        );
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

fn place_address(base: &str) -> String {
    format!("{base}/bureau/catalogue#place")
}

/// Where the city is.
fn place(desk: &Desk, base: &str) -> Option<Node> {
    let compiled = desk.compiled();
    let at = &compiled.city.settings()?.location;
    let point = Object::Typed(format!("POINT({} {})", at.lon, at.lat), "geo:wktLiteral");
    Some(Node::new(place_address(base), "dct:Location").with("dcat:centroid", point))
}

fn department_address(base: &str, id: &str) -> String {
    format!("{base}/bureau/catalogue?department={id}#department")
}

fn dataset_address(base: &str, id: &str) -> String {
    format!("{base}/bureau/datasets/{id}")
}

fn department_nodes(base: &str, department: &Department) -> [Node; 2] {
    let address = department_address(base, department.id.as_str());
    let kind = "http://purl.org/adms/publishertype/LocalAuthority";
    let agent = Node::new(address.clone(), "foaf:Agent")
        .text("foaf:name", &department.title)
        .with("dct:type", Object::Node(kind.to_owned()));
    let contact = Node::new(format!("{address}-contact"), "vcard:Kind")
        .text("vcard:fn", &department.title)
        .with(
            "vcard:hasEmail",
            Object::Node(format!("mailto:{}", department.contact.email)),
        );
    [agent, contact]
}

fn dataset_nodes(base: &str, table: &Table, in_bulk: bool) -> Vec<Node> {
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
        .with("dct:spatial", Object::Node(place_address(base)))
        .with("dct:identifier", Object::Plain(table.name()))
        .with("dct:publisher", Object::Node(publisher.clone()))
        .with(
            "dcat:contactPoint",
            Object::Node(format!("{publisher}-contact")),
        )
        .with(
            "dcat:theme",
            authority("data-theme", theme(&table.department)),
        )
        .with(
            "dct:accrualPeriodicity",
            authority("frequency", frequency(definition.updates)),
        )
        .with("dct:accessRights", authority("access-right", access))
        .with("dct:language", authority("language", "ZHO"))
        .with("dcat:landingPage", Object::Node(address.clone()))
        .with(
            "dcat:keyword",
            Object::Text(definition.title.zh.clone(), "zh"),
        )
        .with(
            "dcat:keyword",
            Object::Text(definition.title.en.to_lowercase(), "en"),
        );
    let mut nodes = vec![Node::new(address.clone(), "foaf:Document")];
    if definition.share != Share::NotShared {
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
        .with(
            "dcat:accessURL",
            Object::Node(format!("{base}/exchange/v1/openapi.json")),
        )
        .with("dct:format", authority("file-type", "JSON"))
        .with(
            "dcatap:availability",
            authority("planned-availability", "AVAILABLE"),
        )
        .with("dct:license", authority("licence", "OP_DATPRO"))
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
    let parquet = "https://www.iana.org/assignments/media-types/application/vnd.apache.parquet";
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
        .with("dcat:mediaType", Object::Node(parquet.to_owned()))
        .with(
            "dcatap:availability",
            authority("planned-availability", "AVAILABLE"),
        )
        .with("dct:license", authority("licence", "OP_DATPRO"))
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
            Object::Node(format!("{base}/exchange/v1/openapi.json")),
        )
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
