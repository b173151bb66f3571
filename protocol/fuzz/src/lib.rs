//! The fuzz targets. `tests/corpora` runs the same functions over the committed inputs on a stable compiler.

#[path = "../../tests/cross/ours.rs"]
mod ours;
pub mod targets;
