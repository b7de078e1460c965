//! Properties of matching.
