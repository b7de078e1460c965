//! From settled places to passages: the links between two places, and when the vehicle passed
//! from one to the next.

use super::chain::Observation;
use super::hop::{Context, Place};
use super::passage::{Passage, Traversal};
use crate::model::LinkId;

/// Where a vehicle is on its way.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Drive {
    here: Option<Here>,
}

#[derive(Clone, Copy, Debug)]
struct Here {
    /// The latest settled place.
    place: Place,
    /// When it was last there.
    until: f64,
    /// Where and when the vehicle came on to this link.
    from: f32,
    entered: f64,
    /// It came from another link.
    drove_in: bool,
    /// The chain began on this link.
    starts: bool,
    /// How far it got: places may seem to go back a little.
    furthest: f32,
}

impl Drive {
    /// Goes on to the next place; links that were left are appended to `passages`. `links` is
    /// memory to use.
    pub(super) fn go(
        &mut self,
        context: Context<'_>,
        (place, observation): (Place, &Observation),
        links: &mut Vec<u32>,
        passages: &mut Vec<Passage>,
    ) {
        let stays = |here: &Here| context.hop(here.place, place).is_some_and(|hop| hop.stays);
        match &mut self.here {
            None => {
                self.here = Some(Here {
                    place,
                    until: observation.until,
                    from: place.along,
                    entered: observation.since,
                    drove_in: false,
                    starts: true,
                    furthest: place.along,
                });
            }
            Some(here) if stays(here) => {
                here.place = place;
                here.until = observation.until;
                here.furthest = here.furthest.max(place.along);
            }
            Some(here) => {
                links.clear();
                let (from, to) = (here.place.link, place.link);
                let map = context.map;
                let ends = (map.ways[from as usize].to, map.ways[to as usize].from);
                if !context.table.way(map, ends.0, ends.1, links) {
                    // Never: such a hop is not part of a chain.
                    self.finish(passages);
                    return self.go(context, (place, observation), links, passages);
                }
                *here = leave(context, *here, (place, observation), links, passages);
            }
        }
    }

    /// Ends the chain.
    pub(super) fn finish(&mut self, passages: &mut Vec<Passage>) {
        if let Some(here) = self.here.take() {
            passages.push(here.passage(here.furthest, here.until, false));
        }
    }
}

impl Here {
    fn passage(&self, to: f32, left: f64, drove_out: bool) -> Passage {
        Passage {
            traversal: Traversal {
                link: LinkId(self.place.link),
                entered: self.entered,
                left,
                whole: self.drove_in && drove_out,
            },
            from_m: f64::from(self.from),
            to_m: f64::from(to),
            starts: self.starts,
        }
    }
}

/// Leaves the link over `between` for the next place. The time between the two observations is
/// shared out as driving at the limits would.
fn leave(
    context: Context<'_>,
    here: Here,
    (place, observation): (Place, &Observation),
    between: &[u32],
    passages: &mut Vec<Passage>,
) -> Here {
    let ways = &context.map.ways;
    let takes = |link: u32, metres: f32| f64::from(metres.max(0.0) / ways[link as usize].speed);
    let from = &ways[here.place.link as usize];
    let rest = takes(here.place.link, from.length - here.furthest);
    let whole = |link: &u32| takes(*link, ways[*link as usize].length);
    let total = rest + between.iter().map(whole).sum::<f64>() + takes(place.link, place.along);
    let span = (observation.since - here.until).max(0.0);
    let scale = if total > 0.0 { span / total } else { 0.0 };
    let mut driven = rest;
    let mut now = here.until + driven * scale;
    passages.push(here.passage(from.length, now, true));
    for link in between {
        let entered = now;
        driven += whole(link);
        now = here.until + driven * scale;
        passages.push(Passage {
            traversal: Traversal {
                link: LinkId(*link),
                entered,
                left: now,
                whole: true,
            },
            from_m: 0.0,
            to_m: f64::from(ways[*link as usize].length),
            starts: false,
        });
    }
    Here {
        place,
        until: observation.until,
        from: 0.0,
        entered: now,
        drove_in: true,
        starts: false,
        furthest: place.along,
    }
}
