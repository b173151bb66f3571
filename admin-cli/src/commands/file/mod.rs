//! Files of a data folder, read without a broker.

pub mod dump;
