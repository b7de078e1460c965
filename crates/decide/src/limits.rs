//! Every limit that guards against hostile or mistaken rules, in one place.

/// Longest rule, in bytes.
pub const RULE_BYTES_MAX: usize = 8_192;

/// Most words, numbers, texts and signs in one rule.
pub const TOKENS_MAX: usize = 1_000;

/// Deepest nesting of parts of a rule.
pub const NESTING_MAX: usize = 100;

/// Most bytes that a compiled pattern of `matches` may take.
pub const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Longest word for which the nearest right one is sought, in bytes.
pub const WORD_BYTES_MAX: usize = 80;
