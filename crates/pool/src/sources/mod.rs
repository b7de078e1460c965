//! Where records come from: files, departments' databases, messages. Each source gives raw records
//! and knows how to go on where it stopped; whether they are right is for [`crate::ingest`].

pub mod file;
