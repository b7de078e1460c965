//! A made-up population, consistent across departments, to try the pool with.
