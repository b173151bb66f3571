//! What the shell asks of us.

pub mod completions;
