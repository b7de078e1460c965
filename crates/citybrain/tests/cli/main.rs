//! The command line through its public door: the real binary, its output, its exit codes.

mod bench;
mod city;
mod config;
mod docs;
mod errors;
mod help;
mod roads;
mod support;
mod traffic;
mod up;
