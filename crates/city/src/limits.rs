//! Every limit that guards against hostile or mistaken city folders, in one place.

/// Largest definition file, in bytes. A real one has a few thousand.
pub const FILE_BYTES_MAX: u64 = 1 << 20;

/// Most files a city folder may hold, definitions and others together.
pub const FILES_MAX: usize = 100_000;

/// Deepest folder below the city folder.
pub const FOLDER_DEPTH_MAX: usize = 8;

/// Deepest nesting of lists and mappings in one file.
pub const NESTING_MAX: usize = 32;

/// Most values (texts, lists, mappings) in one file.
pub const NODES_MAX: usize = 100_000;

/// Most faults reported for one file; the rest are counted.
pub const FAULTS_PER_FILE_MAX: usize = 50;

/// Longest word, in bytes, for which the nearest right one is sought or which a message repeats.
pub const WORD_BYTES_MAX: usize = 80;
