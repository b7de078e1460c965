//! Signal controllers at the kerb that speak NTCIP 1202 (versions 02 and 03) over SNMP.
//!
//! Such a controller times its own yellow and clearance, and has limits of its own. It is told
//! which of its phases to serve: *hold* and *call* for those of the phase that the envelope is on
//! the way to, *omit* for the others, *force off* for those that are green beyond it. It reports
//! what it shows. Its own watchdog is the backup timer: if nothing is set for
//! [`BACKUP_SECONDS`], it goes back to its own plan, whatever has become of us.

mod objects;
mod plant;

pub use objects::{Masks, PHASES_MAX};
pub use plant::{ASTRAY_AFTER, BACKUP_SECONDS, Cabinet, NtcipPlant};
