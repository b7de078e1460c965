//! What indices are made for: links, corridors (links of one street), districts (polygons of a
//! GeoJSON file), the city.

use std::collections::BTreeMap;
use std::path::Path;

use roads::LinkId;
use roads::geometry::Point;
use roads::model::Georeference;
use serde_json::Value;

use crate::error::Error;
use crate::facts::Roads;

/// Most bytes of a districts file.
pub const FILE_BYTES_MAX: u64 = 256 << 20;
/// Most corners of all polygons together.
const CORNERS_MAX: usize = 5_000_000;

/// A named set of links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// `city`, `district`, `corridor` or `link`.
    pub scope: String,
    /// Its id within the scope.
    pub id: String,
    /// Its links.
    pub links: Vec<LinkId>,
}

/// All links, as the city.
pub fn city(roads: &Roads, id: &str) -> Group {
    Group {
        scope: "city".to_owned(),
        id: id.to_owned(),
        links: (0..roads.links.len()).map(LinkId::from).collect(),
    }
}

/// Each link by itself.
pub fn links(roads: &Roads) -> Vec<Group> {
    let group = |(index, link): (usize, &crate::facts::LinkFacts)| Group {
        scope: "link".to_owned(),
        id: link.id.clone(),
        links: vec![LinkId::from(index)],
    };
    roads.links.iter().enumerate().map(group).collect()
}

/// Streets by name, each with all its links; nameless links are in none.
pub fn corridors(roads: &Roads) -> Vec<Group> {
    let mut streets: BTreeMap<&str, Vec<LinkId>> = BTreeMap::new();
    for (index, link) in roads.links.iter().enumerate() {
        if let Some(street) = link.street.as_deref() {
            streets.entry(street).or_default().push(LinkId::from(index));
        }
    }
    streets
        .into_iter()
        .map(|(street, links)| Group {
            scope: "corridor".to_owned(),
            id: street.to_owned(),
            links,
        })
        .collect()
}

/// A district: rings of corners, the first of each polygon its outline and the others holes.
#[derive(Clone, Debug, PartialEq)]
pub struct District {
    /// Its name.
    pub id: String,
    rings: Vec<Vec<Point>>,
}

impl District {
    /// Whether a point lies inside, by the even–odd rule: holes come out by themselves.
    pub fn contains(&self, point: Point) -> bool {
        let mut inside = false;
        for ring in &self.rings {
            for (i, a) in ring.iter().enumerate() {
                let b = ring[(i + 1) % ring.len()];
                let crosses = (a.y > point.y) != (b.y > point.y);
                if crosses && point.x < (b.x - a.x) * (point.y - a.y) / (b.y - a.y) + a.x {
                    inside = !inside;
                }
            }
        }
        inside
    }
}

/// Districts with the links whose middle lies in them; a link in two is in both.
pub fn districts(roads: &Roads, districts: &[District]) -> Vec<Group> {
    let group = |district: &District| {
        let inside = |(index, link): (usize, &crate::facts::LinkFacts)| {
            district.contains(link.middle).then(|| LinkId::from(index))
        };
        Group {
            scope: "district".to_owned(),
            id: district.id.clone(),
            links: roads.links.iter().enumerate().filter_map(inside).collect(),
        }
    };
    districts.iter().map(group).collect()
}

/// Reads districts from GeoJSON: a collection of polygons and multipolygons, named by the property
/// `name` or `id`. Coordinates are degrees where the network has a place on the globe, and metres
/// of its plane where it has none.
///
/// # Errors
/// When it is no such file, with the feature's number.
pub fn parse_districts(
    bytes: &[u8],
    path: &Path,
    place: Option<&Georeference>,
) -> Result<Vec<District>, Error> {
    let document: Value = serde_json::from_slice(bytes)
        .map_err(|error| Error::file(path, format!("is not JSON: {error}")))?;
    let Some(features) = document.get("features").and_then(Value::as_array) else {
        let message = "is no GeoJSON FeatureCollection: there is no list \"features\"";
        return Err(Error::file(path, message));
    };
    let mut found = Vec::new();
    let mut corners = 0;
    for (number, feature) in features.iter().enumerate() {
        let wrong = |what: &str| Error::file(path, format!("feature {number}: {what}"));
        let property = |key: &str| feature.get("properties").and_then(|p| p.get(key));
        let id = property("name")
            .or_else(|| property("id"))
            .or(feature.get("id"));
        let id = match id {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => return Err(wrong("it has no property \"name\" or \"id\"")),
        };
        let geometry = feature.get("geometry").unwrap_or(&Value::Null);
        let coordinates = geometry.get("coordinates").and_then(Value::as_array);
        let kind = geometry.get("type").and_then(Value::as_str);
        let polygons: Vec<&Value> = match (kind, coordinates) {
            (Some("Polygon"), Some(rings)) => rings.iter().collect(),
            (Some("MultiPolygon"), Some(polygons)) => polygons
                .iter()
                .filter_map(Value::as_array)
                .flatten()
                .collect(),
            _ => {
                return Err(wrong(
                    "its geometry is neither a Polygon nor a MultiPolygon",
                ));
            }
        };
        let mut rings = Vec::new();
        for ring in polygons {
            let ring = ring_of(ring, place).ok_or_else(|| {
                wrong("a ring is not a list of at least three positions of two numbers")
            })?;
            corners += ring.len();
            rings.push(ring);
        }
        if corners > CORNERS_MAX {
            return Err(Error::Limit {
                what: "number of corners of the districts",
                found: corners as u64,
                limit: CORNERS_MAX as u64,
            });
        }
        found.push(District { id, rings });
    }
    Ok(found)
}

fn ring_of(ring: &Value, place: Option<&Georeference>) -> Option<Vec<Point>> {
    let positions = ring.as_array()?;
    let position = |value: &Value| {
        let x = value.get(0)?.as_f64()?;
        let y = value.get(1)?.as_f64()?;
        let point = match place {
            None => Point::new(x, y),
            Some(origin) => origin.to_local(x, y),
        };
        point.is_finite().then_some(point)
    };
    let ring: Option<Vec<Point>> = positions.iter().map(position).collect();
    ring.filter(|ring| ring.len() >= 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use roads::generate::{GridSpec, grid};

    const SQUARE: &str = r#"{"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"name": "west"}, "geometry": {"type": "Polygon",
         "coordinates": [[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]], [[4, 4], [6, 4], [6, 6], [4, 6]]]}}]}"#;

    #[test]
    fn a_point_in_a_hole_is_outside() {
        let found = parse_districts(SQUARE.as_bytes(), Path::new("d.geojson"), None).unwrap();
        assert_eq!(found[0].id, "west");
        assert!(found[0].contains(Point::new(1.0, 1.0)));
        assert!(!found[0].contains(Point::new(5.0, 5.0)));
        assert!(!found[0].contains(Point::new(11.0, 5.0)));
    }

    #[test]
    fn two_halves_of_a_grid_hold_all_its_links_once() {
        let roads = Roads::of(&grid(&GridSpec::default()).unwrap());
        let half = |name: &str, west: f64, east: f64| {
            format!(
                r#"{{"type":"Feature","properties":{{"name":"{name}"}},"geometry":{{"type":"Polygon",
                "coordinates":[[[{west},-1e5],[{east},-1e5],[{east},1e5],[{west},1e5]]]}}}}"#
            )
        };
        let text = format!(
            r#"{{"features":[{},{}]}}"#,
            half("a", -1e5, 417.3),
            half("b", 417.3, 1e5)
        );
        let found = parse_districts(text.as_bytes(), Path::new("d.geojson"), None).unwrap();
        let groups = districts(&roads, &found);
        let links = groups[0].links.len() + groups[1].links.len();
        assert_eq!(links, roads.links.len());
        assert!(!groups[0].links.is_empty() && !groups[1].links.is_empty());
    }

    #[test]
    fn a_wrong_file_is_refused_with_the_feature() {
        let refused = |from: &str, to: &str| {
            let text = SQUARE.replace(from, to);
            parse_districts(text.as_bytes(), Path::new("d.geojson"), None)
                .unwrap_err()
                .to_string()
        };
        assert!(refused("\"name\"", "\"title\"").contains("feature 0"));
        assert!(refused("Polygon", "Point").contains("neither a Polygon"));
        assert!(refused("[10, 0]", "[10]").contains("a ring is not"));
        assert!(refused("features", "things").contains("features"));
        assert!(refused("{\"type\": \"FeatureCollection\"", "nonsense").contains("not JSON"));
    }
}
