//! Records: in from stdin, out to stdout.

pub mod consume;
pub mod lines;
pub mod produce;
