//! Randomness. Real: operating system entropy. Simulated: drawn from the seed, so a run can be repeated.

use crate::{real, sim};

/// A random number: quick, not for secrets (use [`fill`] for those).
pub fn u64() -> u64 {
    sim::current().map_or_else(real::rand::u64, |sim| sim.random())
}

/// A random number below `bound` (0 when `bound` is 0).
pub fn below(bound: u64) -> u64 {
    ((u128::from(u64()) * u128::from(bound)) >> 64) as u64
}

/// Fills `out` with random bytes; on the real backend each call asks the operating system, so they are fit
/// for ids, salts and nonces.
pub fn fill(out: &mut [u8]) {
    let Some(sim) = sim::current() else {
        return real::rand::fill(out);
    };
    for chunk in out.chunks_mut(8) {
        let word = sim.random().to_le_bytes();
        chunk.copy_from_slice(&word[..chunk.len()]);
    }
}

/// A small seeded generator (xoshiro256++) for code that must be repeatable from a seed it was given.
#[derive(Debug, Clone)]
pub struct Rng([u64; 4]);

impl Rng {
    /// The generator of `seed`; equal seeds give equal streams.
    pub fn new(mut seed: u64) -> Self {
        // splitmix64 spreads even tiny seeds over the whole state; its outputs are never all zero.
        let mut next = || {
            seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = seed;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        Rng([next(), next(), next(), next()])
    }

    /// The next number of the stream.
    pub fn u64(&mut self) -> u64 {
        let s = &mut self.0;
        let out = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// A number below `bound` (0 when `bound` is 0).
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.u64()) * u128::from(bound)) >> 64) as u64
    }

    /// A number in `low..=high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// True with probability `p` (`0.0..=1.0`). Draws nothing when `p` is 0, so that switching a fault off
    /// does not shift the rest of the stream more than needed.
    pub fn chance(&mut self, p: f64) -> bool {
        p > 0.0 && (self.u64() >> 11) as f64 / (1_u64 << 53) as f64 <= p
    }
}
