//! The terms of controlled vocabularies that the export in DCAT-AP uses, with their classes and
//! names: so that a harvester without the vocabularies at hand can check and show the catalogue.

use std::collections::BTreeSet;

use super::turtle::{Node, Object};

/// The vocabularies of the EU's publications office.
const AUTHORITY: &str = "http://publications.europa.eu/resource/authority/";

/// The vocabularies of the publications office that are used, and the class of their terms.
const SCHEMES: [(&str, &str, &str, &str); 7] = [
    (
        "access-right",
        "dct:RightsStatement",
        "访问权限",
        "Access rights",
    ),
    ("data-theme", "skos:Concept", "数据主题", "Data themes"),
    (
        "file-type",
        "dct:MediaTypeOrExtent",
        "文件类型",
        "File types",
    ),
    ("frequency", "dct:Frequency", "更新频率", "Frequencies"),
    ("language", "dct:LinguisticSystem", "语言", "Languages"),
    ("licence", "dct:LicenseDocument", "许可", "Licences"),
    (
        "planned-availability",
        "skos:Concept",
        "计划可用性",
        "Planned availability",
    ),
];

/// The terms of these vocabularies that may be used: vocabulary, code, names.
const TERMS: [(&str, &str, &str, &str); 27] = [
    ("access-right", "PUBLIC", "公开", "public"),
    ("access-right", "RESTRICTED", "受限", "restricted"),
    ("access-right", "NON_PUBLIC", "不公开", "non-public"),
    (
        "data-theme",
        "AGRI",
        "农业、渔业、林业和食品",
        "Agriculture, fisheries, forestry and food",
    ),
    ("data-theme", "ECON", "经济和金融", "Economy and finance"),
    (
        "data-theme",
        "EDUC",
        "教育、文化和体育",
        "Education, culture and sport",
    ),
    ("data-theme", "ENER", "能源", "Energy"),
    ("data-theme", "ENVI", "环境", "Environment"),
    (
        "data-theme",
        "GOVE",
        "政府和公共部门",
        "Government and public sector",
    ),
    ("data-theme", "HEAL", "健康", "Health"),
    (
        "data-theme",
        "JUST",
        "司法、法律制度和公共安全",
        "Justice, legal system and public safety",
    ),
    ("data-theme", "REGI", "区域和城市", "Regions and cities"),
    ("data-theme", "SOCI", "人口和社会", "Population and society"),
    ("data-theme", "TECH", "科学和技术", "Science and technology"),
    ("data-theme", "TRAN", "交通", "Transport"),
    ("file-type", "JSON", "JSON", "JSON"),
    (
        "frequency",
        "UPDATE_CONT",
        "持续更新",
        "continuously updated",
    ),
    ("frequency", "HOURLY", "每小时", "hourly"),
    ("frequency", "DAILY", "每日", "daily"),
    ("frequency", "WEEKLY", "每周", "weekly"),
    ("frequency", "MONTHLY", "每月", "monthly"),
    ("frequency", "QUARTERLY", "每季度", "quarterly"),
    ("frequency", "ANNUAL", "每年", "annual"),
    ("language", "ENG", "英语", "English"),
    ("language", "ZHO", "中文", "Chinese"),
    (
        "licence",
        "OP_DATPRO",
        "临时数据许可",
        "Provisional data licence",
    ),
    ("planned-availability", "AVAILABLE", "可用", "available"),
];

/// A term of a vocabulary that is not the publications office's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fixed(&'static str);

impl Fixed {
    pub(super) fn object(self) -> Object {
        Object::Node(self.0.to_owned())
    }
}

/// The licence, for want of one in the definitions.
pub(super) const LICENCE: Fixed =
    Fixed("http://publications.europa.eu/resource/authority/licence/OP_DATPRO");
/// Of which type a department is.
pub(super) const PUBLISHER: Fixed = Fixed("http://purl.org/adms/publishertype/LocalAuthority");
/// The media type of what the exchange answers.
pub(super) const JSON: Fixed =
    Fixed("http://www.iana.org/assignments/media-types/application/json");
/// The media type of Parquet files.
pub(super) const PARQUET: Fixed =
    Fixed("https://www.iana.org/assignments/media-types/application/vnd.apache.parquet");
/// Of which type the licence is.
const UNKNOWN_IPR: Fixed = Fixed("http://purl.org/adms/licencetype/UnknownIPR");

/// The terms that are not the publications office's: address, class, vocabulary, names.
const OTHERS: [(Fixed, &str, Option<&str>, &str, &str); 4] = [
    (
        PUBLISHER,
        "skos:Concept",
        Some("http://purl.org/adms/publishertype/1.0"),
        "地方政府部门",
        "Local authority",
    ),
    (
        UNKNOWN_IPR,
        "skos:Concept",
        Some("http://purl.org/adms/licencetype/1.0"),
        "知识产权未知",
        "Unknown IPR",
    ),
    (JSON, "dct:MediaType", None, "JSON", "JSON"),
    (
        PARQUET,
        "dct:MediaType",
        None,
        "Apache Parquet",
        "Apache Parquet",
    ),
];

/// Vocabularies that are not the publications office's, with their titles.
const OTHER_SCHEMES: [(&str, &str, &str); 2] = [
    (
        "http://purl.org/adms/publishertype/1.0",
        "发布者类型",
        "Publisher types",
    ),
    (
        "http://purl.org/adms/licencetype/1.0",
        "许可类型",
        "Licence types",
    ),
];

/// A term of the publications office.
pub(super) fn term(list: &str, code: &str) -> Object {
    Object::Node(format!("{AUTHORITY}{list}/{code}"))
}

/// A vocabulary of the publications office.
pub(super) fn scheme(list: &str) -> Object {
    Object::Node(format!("{AUTHORITY}{list}"))
}

/// What all terms and vocabularies are that `nodes` lead to.
pub(super) fn described(nodes: &[Node]) -> Vec<Node> {
    let objects = nodes.iter().flat_map(|node| &node.properties);
    let addresses = objects.filter_map(|(_, object)| match object {
        Object::Node(address) => Some(address.clone()),
        _ => None,
    });
    let mut used: BTreeSet<String> = addresses.collect();
    if used.contains(LICENCE.0) {
        used.insert(UNKNOWN_IPR.0.to_owned());
    }
    let mut out = Vec::new();
    for (list, class, zh, en) in SCHEMES {
        let address = format!("{AUTHORITY}{list}");
        let terms = TERMS.iter().filter(|(of, ..)| *of == list);
        let before = out.len();
        for (_, code, zh, en) in terms {
            let term = format!("{address}/{code}");
            if used.contains(&term) {
                out.push(concept(term, class, Some(&address), zh, en));
            }
        }
        if out.len() > before || used.contains(&address) {
            out.push(vocabulary(&address, zh, en));
        }
    }
    for (fixed, class, scheme, zh, en) in OTHERS {
        if used.contains(fixed.0) {
            out.push(concept(fixed.0.to_owned(), class, scheme, zh, en));
            let titled = OTHER_SCHEMES.iter().find(|(of, ..)| Some(*of) == scheme);
            out.extend(titled.map(|(of, zh, en)| vocabulary(of, zh, en)));
        }
    }
    out
}

fn concept(address: String, class: &'static str, scheme: Option<&str>, zh: &str, en: &str) -> Node {
    let licence = address == LICENCE.0;
    let mut node = Node::new(address, class).text("skos:prefLabel", &text(zh, en));
    if class != "skos:Concept" && scheme.is_some() {
        node = node.with("rdf:type", Object::Node(CONCEPT.to_owned()));
    }
    if let Some(scheme) = scheme {
        node = node.with("skos:inScheme", Object::Node(scheme.to_owned()));
    }
    if licence {
        node = node.with("dct:type", UNKNOWN_IPR.object());
    }
    node
}

/// The class of terms, in full.
const CONCEPT: &str = "http://www.w3.org/2004/02/skos/core#Concept";

fn vocabulary(address: &str, zh: &str, en: &str) -> Node {
    Node::new(address, "skos:ConceptScheme").text("dct:title", &text(zh, en))
}

fn text(zh: &str, en: &str) -> city::Text {
    city::Text {
        zh: zh.to_owned(),
        en: en.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_used_is_described_with_its_vocabulary() {
        let node = Node::new("x", "dcat:Dataset")
            .with("dct:language", term("language", "ZHO"))
            .with("dct:relation", Object::Node("http://elsewhere/".to_owned()));
        let described = described(&[node]);
        let addresses: Vec<&str> = described.iter().map(|node| node.address.as_str()).collect();
        assert_eq!(
            addresses,
            [
                "http://publications.europa.eu/resource/authority/language/ZHO",
                "http://publications.europa.eu/resource/authority/language",
            ]
        );
    }
}
