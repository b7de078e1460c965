//! The migrations of the meta database, oldest first. See `README.md` beside them.

/// A migration: its number, its name, its statements.
pub(crate) struct Migration {
    pub(crate) number: u32,
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

macro_rules! migrations {
    ($($number:literal $name:literal,)*) => {
        &[$(Migration {
            number: $number,
            name: $name,
            sql: include_str!(concat!($name, ".sql")),
        }),*]
    };
}

/// All of them.
pub(crate) const MIGRATIONS: &[Migration] = migrations![
    1 "0001_outbox",
    2 "0002_state",
    10 "0010_ingest",
    20 "0020_agreements",
    21 "0021_transfers",
    22 "0022_share_profiles",
];
