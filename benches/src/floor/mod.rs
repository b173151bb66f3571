//! Floor and ceiling: what the disk gives to a program that does nothing else, and what the generator gives to a broker that keeps
//! nothing.

pub mod null;
pub mod probe;
