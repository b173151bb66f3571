//! Entropy.

use std::cell::RefCell;

use super::sys;
use crate::rand::Rng;

thread_local! {
    /// One generator per shard, so that no two share state.
    static RNG: RefCell<Rng> = RefCell::new(Rng::new({
        let mut seed = [0; 8];
        sys::random(&mut seed);
        u64::from_le_bytes(seed)
    }));
}

pub(crate) fn u64() -> u64 {
    RNG.with_borrow_mut(Rng::u64)
}

pub(crate) fn fill(out: &mut [u8]) {
    sys::random(out);
}
