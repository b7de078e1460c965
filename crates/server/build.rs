//! Rebuilds when the page's assets change, which release builds carry inside.

fn main() {
    println!("cargo::rerun-if-changed=../../web/dist");
    println!("cargo::rerun-if-changed=templates");
}
