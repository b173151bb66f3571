//! Waiting, overdraft, eviction.
