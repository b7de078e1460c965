//! The city's units: what they are good for and where they stand.

use roads::{LinkId, Network};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Most units of a city.
const UNITS_MAX: usize = 100_000;

/// Where a unit stands or a scene is: on a link, so many metres from its start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The link.
    pub link: LinkId,
    /// Metres from its start.
    pub at: f64,
}

/// A unit that can be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// Its name.
    pub id: String,
    /// What it can do, such as `ambulance` or `fire-engine`.
    pub abilities: Vec<String>,
    /// Where it stands.
    pub place: Place,
}

impl Unit {
    /// Whether it can do this.
    pub fn can(&self, ability: &str) -> bool {
        self.abilities.iter().any(|own| own == ability)
    }
}

/// `units.yaml` of a city's traffic folder.
///
/// ```yaml
/// units:
///   - { id: ambulance-1, abilities: [ambulance], at: [200, 100] }
///   - { id: engine-3, abilities: [fire-engine, rescue], link: wude_n_4 }
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitsFile {
    /// The units.
    pub units: Vec<UnitSpec>,
}

/// A unit in the file: it stands on a link, or on the one nearest to a point.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitSpec {
    /// Its name.
    pub id: String,
    /// What it can do.
    pub abilities: Vec<String>,
    /// Name of the link it stands on.
    #[serde(default)]
    pub link: Option<String>,
    /// Where it stands, metres in the network's plane.
    #[serde(default)]
    pub at: Option<[f64; 2]>,
}

/// All units.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Units {
    /// The units, in the order of the file.
    pub units: Vec<Unit>,
}

impl Units {
    /// Puts the units of a file on a network's links.
    ///
    /// # Errors
    /// Names the unit and what is wrong with it.
    pub fn new(network: &Network, file: &UnitsFile) -> Result<Self, Error> {
        if file.units.len() > UNITS_MAX {
            return Err(Error::Units(format!(
                "there are {}; at most {UNITS_MAX} can be kept",
                file.units.len()
            )));
        }
        let mut units: Vec<Unit> = Vec::with_capacity(file.units.len());
        let mut names = std::collections::BTreeSet::new();
        for spec in &file.units {
            if !names.insert(&spec.id) {
                return Err(Error::Units(format!("{:?} is there twice", spec.id)));
            }
            if spec.abilities.is_empty() {
                return Err(Error::Units(format!(
                    "{:?} has no abilities; name one, such as ambulance",
                    spec.id
                )));
            }
            units.push(Unit {
                id: spec.id.clone(),
                abilities: spec.abilities.clone(),
                place: spec.place(network)?,
            });
        }
        Ok(Self { units })
    }

    /// The units that can do this.
    pub fn able<'a>(&'a self, ability: &'a str) -> impl Iterator<Item = &'a Unit> + 'a {
        self.units.iter().filter(move |unit| unit.can(ability))
    }
}

impl UnitSpec {
    fn place(&self, network: &Network) -> Result<Place, Error> {
        let link = match (&self.link, self.at) {
            (Some(name), None) => network.link_named(name).ok_or_else(|| {
                Error::Units(format!(
                    "{:?} stands on link {name:?}, which the network does not have",
                    self.id
                ))
            })?,
            (None, Some(point)) => nearest_link(network, point).ok_or_else(|| {
                Error::Units(format!(
                    "{:?} stands at {point:?}, and no link that leads on is near",
                    self.id
                ))
            })?,
            _ => {
                return Err(Error::Units(format!(
                    "{:?} needs either `link` or `at`, and not both",
                    self.id
                )));
            }
        };
        Ok(Place { link, at: 0.0 })
    }
}

/// The link that leads on whose middle is nearest to a point; links of elevated roads are left out,
/// for no station stands there.
fn nearest_link(network: &Network, [x, y]: [f64; 2]) -> Option<LinkId> {
    if !(x.is_finite() && y.is_finite()) {
        return None;
    }
    let away = |id: &LinkId| {
        let shape = &network.links[id.index()].shape;
        let middle = shape[shape.len() / 2];
        (middle.x - x).hypot(middle.y - y)
    };
    (0..network.links.len())
        .map(LinkId::from)
        .filter(|id| {
            let link = &network.links[id.index()];
            let leads_on = network
                .lanes_of(*id)
                .iter()
                .any(|lane| !lane.outgoing.is_empty());
            !link.elevated && leads_on
        })
        .min_by(|one, other| away(one).total_cmp(&away(other)))
}
