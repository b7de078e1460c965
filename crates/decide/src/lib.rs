//! Decisions: the typed subset of FEEL, checked against fields and evaluated by row with a trace.
