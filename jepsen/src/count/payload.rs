//! The records that Kafka's ProducerPerformance sends: capital letters drawn from Java's SplittableRandom, seed 0, one letter a draw.

use super::Tally;

/// Java's SplittableRandom, as its documentation and the paper (Steele, Lea, Flood 2014) define it.
struct SplittableRandom(u64);

impl SplittableRandom {
    fn next_int(&mut self) -> i32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 33)).wrapping_mul(0x62A9_D9ED_7997_05F5);
        z = (z ^ (z >> 28)).wrapping_mul(0xCB24_D0A5_C88C_35B3);
        (z >> 32) as i32
    }

    /// A number in `0..bound`, where `bound` is no power of two: draws that would favour low numbers are drawn again.
    fn below(&mut self, bound: i32) -> i32 {
        loop {
            let drawn = (self.next_int() as u32 >> 1) as i32;
            let rest = drawn % bound;
            if drawn.wrapping_add(bound - 1).wrapping_sub(rest) >= 0 {
                return rest;
            }
        }
    }
}

/// The tally of the first `records` payloads of `size` bytes.
pub fn tally(records: u64, size: usize) -> Tally {
    let mut random = SplittableRandom(0);
    let mut payload = vec![0u8; size];
    let mut tally = Tally::default();
    for _ in 0..records {
        payload.fill_with(|| b'A' + random.below(26) as u8);
        tally.add(&payload);
    }
    tally
}
