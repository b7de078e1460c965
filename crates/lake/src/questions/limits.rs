//! Limits on questions. Each stands here with its unit, and errors name it.

use std::time::Duration;

/// Most bytes of a question.
pub const QUESTION_BYTES_MAX: usize = 32 << 10;
/// Most words and signs of a question.
pub const QUESTION_TOKENS_MAX: usize = 6_000;
/// Most operators of a question: each may be one more level of an expression.
pub const QUESTION_OPERATORS_MAX: usize = 300;
/// Most steps of a question's plan.
pub const QUESTION_NODES_MAX: usize = 2_000;
/// Most tables that a question may name, each time counted.
pub const QUESTION_TABLES_MAX: usize = 64;
/// Longest time for an answer.
pub const ANSWER_TIME_MAX: Duration = Duration::from_mins(2);
/// Most rows of an answer.
pub const ANSWER_ROWS_MAX: usize = 5_000_000;
/// Most bytes of an answer, as columns in memory.
pub const ANSWER_BYTES_MAX: usize = 1 << 30;
/// Most rows of an answer that are recorded as one disclosure, and leave once it is durable.
pub const RECORDED_ROWS: usize = 65_536;
/// Most bytes of the same, as columns in memory.
pub const RECORDED_BYTES: usize = 16 << 20;
/// Memory that one question may use.
pub const MEMORY_BYTES_MAX: usize = 4 << 30;
/// Bytes of footers of history's files that are kept in memory, for all sessions.
pub const FOOTER_BYTES_MAX: usize = 256 << 20;
/// Questions that are worked on at the same time; others wait their turn.
pub const QUESTIONS_AT_ONCE: usize = 8;
/// Longest text of a purpose.
pub const PURPOSE_BYTES_MAX: usize = 200;
