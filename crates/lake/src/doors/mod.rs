//! Doors to questions that are not HTTP.
