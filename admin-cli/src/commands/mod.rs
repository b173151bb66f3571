//! One file per verb, by noun.
