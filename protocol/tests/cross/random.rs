//! Random numbers from a seed, the same on every machine.

pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// 0..n
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// Often an edge of the range of `bits`, else anything.
    pub fn integer(&mut self, bits: u32) -> i64 {
        let any = (self.next() as i64) >> (64 - bits);
        match self.below(8) {
            0 => 0,
            1 => -1,
            2 => i64::MAX >> (64 - bits),
            3 => i64::MIN >> (64 - bits),
            4 | 5 => any & 0x7f,
            _ => any,
        }
    }

    pub fn bytes(&mut self, most: u64) -> Vec<u8> {
        (0..self.below(most + 1))
            .map(|_| self.next() as u8)
            .collect()
    }

    pub fn text(&mut self) -> String {
        let most = if self.one_in(12) { 200 } else { 9 };
        let alphabet: Vec<char> = "abcXYZ019-_. /\"\\äß€😀".chars().collect();
        (0..self.below(most))
            .map(|_| alphabet[self.below(alphabet.len() as u64) as usize])
            .collect()
    }
}
