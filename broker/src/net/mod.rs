//! Connections: frames in, frames out, in order and within the memory budget.
