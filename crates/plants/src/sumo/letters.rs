//! From what the envelope commands to the letters that SUMO shows: one for each connection that a
//! signal controls, ours and those that no car may use.

use roads::Aspect;
use roads::sumo::aspect;

/// How long connections that are not ours show yellow after green, seconds of SUMO's clock.
const YELLOW: f64 = 3.0;

/// The letters of one signal.
#[derive(Clone, Debug)]
pub(super) struct Letters {
    /// By link of SUMO's: the position in the signal's movements, if it is one of ours.
    ours: Vec<Option<usize>>,
    /// By phase of the plan: its letters.
    phases: Vec<Vec<u8>>,
    /// What was shown last, and since when.
    shown: Vec<u8>,
    since: Vec<f64>,
}

impl Letters {
    /// `links` is SUMO's link of each movement.
    pub(super) fn new(links: &[u32], phases: Vec<Vec<u8>>) -> Self {
        let count = phases.iter().map(Vec::len).max().unwrap_or(0);
        let mut ours = vec![None; count];
        for (position, &link) in links.iter().enumerate() {
            if let Some(place) = ours.get_mut(link as usize) {
                *place = Some(position);
            }
        }
        Self {
            ours,
            phases,
            shown: vec![b'r'; count],
            since: vec![f64::NEG_INFINITY; count],
        }
    }

    /// The letters for a command at time `now`, seconds.
    pub(super) fn show(&mut self, phase: Option<usize>, aspects: &[Aspect], now: f64) -> String {
        let whole = phase.and_then(|phase| self.phases.get(phase));
        for link in 0..self.ours.len() {
            let was = self.shown[link];
            let letter = match (whole.and_then(|letters| letters.get(link)), self.ours[link]) {
                (Some(&letter), _) => letter,
                (None, Some(position)) => {
                    aspects.get(position).map_or(b'r', |&aspect| letter(aspect))
                }
                (None, None) => Self::without_plan(was, now - self.since[link]),
            };
            if letter != was {
                self.shown[link] = letter;
                self.since[link] = now;
            }
        }
        self.shown
            .iter()
            .map(|&letter| char::from(letter))
            .collect()
    }

    /// What a connection that is not ours shows on the way from phase to phase.
    fn without_plan(was: u8, since: f64) -> u8 {
        match was {
            b'G' | b'g' | b's' => b'y',
            b'y' if since < YELLOW => b'y',
            _ => b'r',
        }
    }

    /// What the signal's movements are shown by these letters of SUMO's; `None` if there are too
    /// few, or one that has no meaning.
    pub(super) fn read(&self, state: &str, aspects: &mut Vec<Aspect>) -> Option<()> {
        let movements = self.ours.iter().flatten().count();
        let state = state.as_bytes();
        aspects.clear();
        aspects.resize(movements, Aspect::Red);
        for (link, position) in self.ours.iter().enumerate() {
            if let Some(position) = position {
                *aspects.get_mut(*position)? = aspect(char::from(*state.get(link)?))?;
            }
        }
        Some(())
    }
}

const fn letter(aspect: Aspect) -> u8 {
    match aspect {
        Aspect::Red => b'r',
        Aspect::Yellow => b'y',
        Aspect::Permissive => b'g',
        Aspect::Protected => b'G',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_car_may_use_follows_whole_phases_and_is_cleared_between_them() {
        use Aspect::{Protected, Red, Yellow};
        // Movements are links 2 and 0; link 1 is a crossing for people.
        let phases = vec![b"rGG".to_vec(), b"Grr".to_vec()];
        let mut letters = Letters::new(&[2, 0], phases);
        assert_eq!(letters.show(Some(0), &[Protected, Red], 0.0), "rGG");
        assert_eq!(letters.show(None, &[Yellow, Red], 10.0), "ryy");
        assert_eq!(letters.show(None, &[Red, Red], 13.0), "rrr");
        assert_eq!(letters.show(Some(1), &[Red, Protected], 15.0), "Grr");
        let mut aspects = Vec::new();
        letters.read("ryG", &mut aspects).unwrap();
        assert_eq!(aspects, [Protected, Red]);
        assert!(letters.read("rr", &mut aspects).is_none());
        assert!(letters.read("r?x", &mut aspects).is_none());
    }
}
