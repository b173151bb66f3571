//! One partition's consensus as a pure machine over raft-rs
