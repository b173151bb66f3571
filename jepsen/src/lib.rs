//! Simulator scenarios, the real-process fault suite, history checkers.

pub mod client;
pub mod count;
pub mod dice;
pub mod kill;
pub mod mutants;
pub mod node_sim;
pub mod storage_sim;
