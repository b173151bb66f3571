//! The one source of chance of the real-process suites: a seed gives the same choices again (not the same timing).

/// SplitMix64: enough for choices, never for secrets.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// A generator whose choices follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Another generator, apart from this one, for the part numbered `part`.
    pub fn split(&mut self, part: u64) -> Self {
        Self(self.next() ^ part.wrapping_mul(0xD6E8_FEB8_6659_FD93))
    }

    /// The next 64 bits.
    #[allow(clippy::should_implement_trait)] // not an iterator: it never ends
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `low..high`; `low` when the range is empty.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        if high <= low {
            low
        } else {
            low + self.next() % (high - low)
        }
    }

    /// True once in `n` calls on average.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.between(0, n) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn a_seed_gives_the_same_choices() {
        let rolls = |seed| {
            (0..50)
                .scan(Dice::new(seed), |d, _| Some(d.between(3, 9)))
                .collect::<Vec<_>>()
        };
        assert_eq!(rolls(7), rolls(7));
        assert_ne!(rolls(7), rolls(8));
        assert!(rolls(7).iter().all(|n| (3..9).contains(n)));
    }

    #[test]
    fn parts_differ() {
        let mut whole = Dice::new(1);
        assert_ne!(whole.split(1).next(), whole.split(2).next());
    }
}
