//! The traffic engine for Python, with the class and method names of the `cityflow` module.
//!
//! *Knows*: that module's configuration file, method names and number formats, and the names of
//! vehicles, lanes and roads. *Does not know*: how anything moves; that is `sim`'s.

mod engine;
mod replay;
mod settings;

use pyo3::prelude::*;

/// What `import cityflow` finds.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<engine::Engine>()?;
    module.add_class::<engine::Archive>()
}
