//! How much a file may ask for. A reader that meets more than this stops with an error that names
//! the limit, so that neither a hostile nor a mistaken file can use up the machine.

/// Limits of the readers. The defaults let a country's roads through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a file, after decompression.
    pub file_bytes: u64,
    /// Bytes after decompression for each compressed byte (on top of a free mebibyte).
    pub expansion: u64,
    /// Elements: XML tags, JSON objects and arrays.
    pub elements: u64,
    /// Elements inside one another.
    pub depth: u32,
    /// Points of one line.
    pub points_per_shape: usize,
    /// Bytes of an identifier.
    pub id_bytes: usize,
    /// Links of one route.
    pub links_per_route: usize,
    /// Flows of a demand file, single vehicles included.
    pub flows: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 1 << 30,
            expansion: 100,
            elements: 50_000_000,
            depth: 64,
            points_per_shape: 20_000,
            id_bytes: 1024,
            links_per_route: 100_000,
            flows: 20_000_000,
        }
    }
}
