//! Questions over many machines: Ballista's scheduler and executors, behind the feature `ballista`.
//!
//! *Knows*: nothing yet. The room is kept so that Ballista, which is ten minutes of compiling, never
//! comes into a crate that others need. *Does not know*: the exchange, and who may see what.
