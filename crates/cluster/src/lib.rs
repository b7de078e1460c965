//! Questions over many machines: Ballista's scheduler and executors, behind the feature `ballista`.
