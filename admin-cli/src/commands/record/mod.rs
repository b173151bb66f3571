//! Records: in from stdin, out to stdout.

mod as_member;
pub mod consume;
pub mod lines;
pub mod produce;
