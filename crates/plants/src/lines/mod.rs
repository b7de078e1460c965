//! Plants and brains in any language: one JSON object a line, over standard input and output.
//!
//! The protocol has two ends. The *plant's* end says `init` once and then `obs`, tick by tick; the
//! *controller's* end answers each `obs` with `phases`. Either may be ours: [`LinesPlant`] is the
//! controller's end of another's plant, [`ProcessBrain`] the plant's end of another's controller.
//! `docs/plants.md` describes it with examples.

mod brain;
mod describe;
mod message;
mod network;
mod pipe;
mod plant;

pub use brain::ProcessBrain;
pub use describe::{describe, observed};
pub use message::{
    Answer, FromPlant, Init, Junction, Lane, LaneSeen, Movement, Obs, Phase, Shown, VERSION,
};
pub use network::build;
pub use plant::LinesPlant;
