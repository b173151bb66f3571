//! The newest offset of each key, in memory of a fixed size: keys by a hash of 16 bytes, 24 bytes an entry.
//!
//! Two keys of the same hash would be one key to compaction, and the older one's value be lost. The hash is SipHash with a
//! secret of its own for each use of the table, so nobody can make such keys up, and a billion keys by chance have a pair
//! of them once in 10^20 times.

use siphasher::sip128::SipHasher24;

/// Hash in two halves, and the offset plus one: all zero is an empty slot.
type Slot = [u64; 3];

/// Slots that memory is taken for at a time, when the first of them is used: the whole table at once takes long to clear.
const PIECE: usize = 32 << 10;

/// The table.
pub(super) struct Keys {
    /// How many slots there are.
    slots: usize,
    /// The slots, in pieces; an empty piece stands for one of empty slots.
    pieces: Vec<Vec<Slot>>,
    used: usize,
    /// So many slots may be used: beyond that a look-up takes long.
    most: usize,
    hasher: SipHasher24,
}

impl Keys {
    /// A table of about `memory` bytes that is filled up to the fraction `load`; smaller when at most `keys` will come.
    pub fn new(memory: usize, load: f64, keys: u64, secret: [u64; 2]) -> Keys {
        let load = load.clamp(0.05, 0.95);
        let wanted = ((keys as f64 / load).ceil() as usize).saturating_add(1);
        let slots = (memory / size_of::<Slot>()).min(wanted).max(2);
        Keys {
            slots,
            pieces: vec![Vec::new(); slots.div_ceil(PIECE)],
            used: 0,
            most: ((slots as f64 * load) as usize).max(1),
            hasher: SipHasher24::new_with_keys(secret[0], secret[1]),
        }
    }

    /// Notes that `key` is at `offset`, above all before. False, and nothing noted, when the key is new and the table is full.
    pub fn put(&mut self, key: &[u8], offset: i64) -> bool {
        let (at, hash) = self.find(key);
        if self.slot(at)[2] == 0 {
            if self.used == self.most {
                return false;
            }
            self.used += 1;
        }
        let piece = &mut self.pieces[at / PIECE];
        if piece.is_empty() {
            let before = at - at % PIECE;
            *piece = vec![[0; 3]; PIECE.min(self.slots - before)];
        }
        piece[at % PIECE] = [hash[0], hash[1], offset as u64 + 1];
        true
    }

    /// The newest offset of `key`, if it was noted.
    pub fn newest(&self, key: &[u8]) -> Option<i64> {
        let (at, _) = self.find(key);
        let noted = self.slot(at)[2];
        noted.checked_sub(1).map(|offset| offset as i64)
    }

    fn slot(&self, at: usize) -> Slot {
        let piece = &self.pieces[at / PIECE];
        piece.get(at % PIECE).copied().unwrap_or_default()
    }

    /// The key's slot, or the empty one where it would go; and the hash. There always is an empty one.
    fn find(&self, key: &[u8]) -> (usize, [u64; 2]) {
        let hash = self.hasher.hash(key);
        let hash = [hash.h1, hash.h2];
        // The upper half of a product: any number of slots, without a division.
        let mut at = ((u128::from(hash[0]) * self.slots as u128) >> 64) as usize;
        loop {
            let slot = self.slot(at);
            if slot[2] == 0 || (slot[0] == hash[0] && slot[1] == hash[1]) {
                return (at, hash);
            }
            at += 1;
            if at == self.slots {
                at = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest_offset_of_each_key_until_it_is_full() {
        let mut keys = Keys::new(100 * 24, 0.9, 1000, [1, 2]);
        let name = |i: i64| format!("key {i}").into_bytes();
        let mut offset = 0;
        for round in 0..3 {
            for i in 0..90 {
                assert!(keys.put(&name(i), offset), "round {round}, key {i}");
                offset += 1;
            }
        }
        assert!(!keys.put(b"one more", offset), "full");
        assert!(keys.put(&name(7), offset), "known keys still move");
        assert_eq!(keys.newest(&name(7)), Some(270));
        for i in (0..90).filter(|i| *i != 7) {
            assert_eq!(keys.newest(&name(i)), Some(180 + i));
        }
        assert_eq!(keys.newest(b"one more"), None);
    }

    #[test]
    fn is_no_larger_than_needed_and_takes_a_key_however_small() {
        assert_eq!(Keys::new(1 << 30, 0.9, 90, [1, 2]).slots, 101);
        let mut keys = Keys::new(0, 0.9, u64::MAX, [1, 2]);
        assert!(keys.put(b"", 0) && !keys.put(b"b", 1));
        assert_eq!((keys.newest(b""), keys.newest(b"b")), (Some(0), None));
    }
    #[test]
    fn takes_memory_where_keys_are() {
        let slots = 2 * PIECE + 10;
        let mut keys = Keys::new(slots * size_of::<Slot>(), 0.95, u64::MAX, [1, 2]);
        assert!(keys.put(b"a", 1));
        let there = |keys: &Keys| keys.pieces.iter().map(Vec::len).sum::<usize>();
        assert!(there(&keys) <= PIECE);
        let mut names = (0..u32::MAX).map(u32::to_be_bytes);
        while keys.put(&names.next().expect("it is full before"), 7) {}
        assert_eq!((keys.slots, there(&keys)), (slots, slots));
        assert_eq!((keys.newest(b"a"), keys.used), (Some(1), keys.most));
    }
}
