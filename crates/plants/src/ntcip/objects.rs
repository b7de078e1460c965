//! The objects of NTCIP 1202, *Object Definitions for Actuated Signal Controllers (ASC)*, that are
//! read and set; names and numbers are the standard's, version 02, which version 03 keeps.

/// `asc`: iso.org.dod.internet.private.enterprises.nema.transportation.devices.asc.
const ASC: [u64; 10] = [1, 3, 6, 1, 4, 1, 1206, 4, 2, 1];

/// Highest phase: two groups of eight.
pub const PHASES_MAX: u8 = 16;
/// Phases of a group.
pub(super) const GROUP: u8 = 8;

/// Columns of `phaseStatusGroupTable`: what the phases of a group show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// `phaseStatusGroupReds`
    Reds = 2,
    /// `phaseStatusGroupYellows`
    Yellows = 3,
    /// `phaseStatusGroupGreens`
    Greens = 4,
}

/// Columns of `phaseControlGroupTable`: what the phases of a group are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    /// `phaseControlGroupPhaseOmit`
    PhaseOmit = 2,
    /// `phaseControlGroupHold`
    Hold = 4,
    /// `phaseControlGroupForceOff`
    ForceOff = 5,
    /// `phaseControlGroupVehCall`
    VehCall = 6,
}

fn asc(rest: &[u64]) -> Vec<u64> {
    [&ASC[..], rest].concat()
}

/// `maxPhases`: how many phases the controller has.
pub(super) fn max_phases() -> Vec<u64> {
    asc(&[1, 1, 0])
}

/// A column of `phaseStatusGroupTable`; groups count from 1.
pub(super) fn phase_status(column: Status, group: u64) -> Vec<u64> {
    asc(&[1, 4, 1, column as u64, group])
}

/// A column of `phaseControlGroupTable`; groups count from 1.
pub(super) fn phase_control(column: Control, group: u64) -> Vec<u64> {
    asc(&[1, 5, 1, column as u64, group])
}

/// `vehicleDetectorStatusGroupActive`: which detectors of a group of eight see a vehicle.
pub(super) fn detectors_active(group: u64) -> Vec<u64> {
    asc(&[2, 4, 1, 2, group])
}

/// `unitBackupTime`: after how many seconds without a command the controller goes its own way.
pub(super) fn unit_backup_time() -> Vec<u64> {
    asc(&[3, 3, 0])
}

/// Phases as the bits of their groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Masks(pub [u8; 2]);

impl Masks {
    /// Adds a phase, 1 to 16.
    pub fn add(&mut self, phase: u8) {
        if let Some((group, bit)) = place(phase) {
            self.0[group] |= bit;
        }
    }

    /// Whether it has a phase.
    pub fn has(self, phase: u8) -> bool {
        place(phase).is_some_and(|(group, bit)| self.0[group] & bit != 0)
    }

    /// Those that are in `self` and not in `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self([self.0[0] & !other.0[0], self.0[1] & !other.0[1]])
    }
}

/// The group of a phase, from 0, and its bit.
fn place(phase: u8) -> Option<(usize, u8)> {
    let index = phase.checked_sub(1).filter(|_| phase <= PHASES_MAX)?;
    Some((usize::from(index / GROUP), 1 << (index % GROUP)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_have_the_standards_numbers() {
        let text = |oid: Vec<u64>| {
            let numbers: Vec<String> = oid.iter().map(u64::to_string).collect();
            numbers.join(".")
        };
        let greens = text(phase_status(Status::Greens, 1));
        assert_eq!(greens, "1.3.6.1.4.1.1206.4.2.1.1.4.1.4.1");
        let hold = text(phase_control(Control::Hold, 2));
        assert_eq!(hold, "1.3.6.1.4.1.1206.4.2.1.1.5.1.4.2");
        assert_eq!(text(unit_backup_time()), "1.3.6.1.4.1.1206.4.2.1.3.3.0");
        assert_eq!(
            text(detectors_active(1)),
            "1.3.6.1.4.1.1206.4.2.1.2.4.1.2.1"
        );
    }

    #[test]
    fn phases_are_bits_of_their_group() {
        let mut masks = Masks::default();
        for phase in [0, 2, 6, 9, 16, 17] {
            masks.add(phase);
        }
        assert_eq!(masks, Masks([0b0010_0010, 0b1000_0001]));
        assert!(masks.has(16) && !masks.has(17) && !masks.has(0));
        assert_eq!(masks.without(Masks([2, 1])), Masks([32, 128]));
    }
}
