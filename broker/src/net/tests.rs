//! Whole connections.
