//! What can keep the server from running.

use std::net::SocketAddr;

/// Everything that can go wrong in this crate, with the facts needed to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address could not be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The server stopped because of an input or output error.
    #[error("the server stopped: {0}")]
    Serve(#[source] std::io::Error),
    /// The configuration contradicts itself.
    #[error("{0}")]
    Config(String),
    /// A controller could not be built for the network.
    #[error("the controller {id:?} cannot be used here: {source}")]
    Controller {
        /// Its id.
        id: String,
        /// What is wrong.
        #[source]
        source: signals::Error,
    },
    /// The signals could not be put under control.
    #[error("the signals cannot be controlled: {0}")]
    Signals(#[source] signals::Error),
    /// The thread of the live run could not be started.
    #[error("the live run could not be started: {0}")]
    Thread(#[source] std::io::Error),
    /// The live run is gone or does not answer in time.
    #[error("the live run does not answer")]
    Unanswered,
    /// The live run panicked at what was asked of it.
    #[error(
        "the server made a mistake at this; the city goes on, from the start of its run if this was to change it"
    )]
    Panicked,
    /// Too much is asked for at the same time.
    #[error("{limit} {what}, as many as may at the same time")]
    Limit {
        /// The limit's name.
        name: &'static str,
        /// What there are so many of, for example `comparisons run`.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// A lane cannot be closed because no other lane of its link is open.
    #[error(
        "lane {lane} is the last open lane of link {link:?}; vehicles bound for it would wait for ever: open another lane of it first"
    )]
    LastLane {
        /// Index of the lane.
        lane: u32,
        /// Id of its link.
        link: String,
    },
    /// There is no way for a unit.
    #[error(
        "no way leads from {} to link {to:?}; pick a scene that can be driven to",
        .from.as_ref().map_or_else(|| "any unit".to_owned(), |from| format!("link {from:?}"))
    )]
    NoWay {
        /// Id of the link where it would start; `None` for every unit of the city.
        from: Option<String>,
        /// Id of the link of the scene.
        to: String,
    },
    /// As many missions are under way in the running world as may.
    #[error("{limit} missions are under way, as many as may at the same time: end one first")]
    MissionsMax {
        /// How many may be.
        limit: usize,
    },
    /// All units that could go are out.
    #[error(
        "every unit of the ability {ability:?} that could get there is out: end a mission, wait, or name the link where a vehicle starts"
    )]
    AllOut {
        /// What the unit would have to be able to do.
        ability: &'static str,
    },
    /// A mission could not be sent or went wrong.
    #[error("the mission: {0}")]
    Mission(#[from] missions::Error),
    /// Links do not follow one another.
    #[error("no turn leads from link {from} to link {to}")]
    Corridor {
        /// Index of a link.
        from: u32,
        /// Index of the next.
        to: u32,
    },
    /// Too many commands are waiting for the live run.
    #[error("more than {limit} commands wait for the live run")]
    Busy {
        /// How many may wait.
        limit: usize,
    },
}
