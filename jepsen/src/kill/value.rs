//! Records that describe themselves: who sent them, where to, which in the row; a checksum over all of it.
//!
//! ```text
//!  0  4  crc32c of all bytes after it
//!  4  4  producer        (big-endian, as all numbers)
//!  8  4  slot            the topic partition it was meant for, as the suite numbers them
//! 12  8  number          0, 1, 2 ... of this producer in this slot
//! 20  4  length          of the whole value
//! 24  .  filling         bytes that follow from producer, slot and number
//! ```

use crate::dice::Dice;

/// The least length of a value.
pub const HEAD: usize = 24;

/// Which record this is. Unique in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// The producer thread, from 0.
    pub producer: u32,
    /// The topic partition, as numbered by the suite.
    pub slot: u32,
    /// Position among the records that this producer sent to this slot, from 0.
    pub number: u64,
}

/// Why bytes are not a value that this suite wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// Fewer bytes than the head, or not as many as the head says.
    Length(usize),
    /// The checksum over the content does not hold.
    Checksum,
    /// The record has no value at all.
    Null,
}

impl Identity {
    /// The value of this record, `length` bytes long (at least [`HEAD`]).
    pub fn encode(self, length: usize) -> Vec<u8> {
        let length = length.max(HEAD);
        let mut value = Vec::with_capacity(length);
        value.extend_from_slice(&[0; 4]);
        value.extend_from_slice(&self.producer.to_be_bytes());
        value.extend_from_slice(&self.slot.to_be_bytes());
        value.extend_from_slice(&self.number.to_be_bytes());
        value.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        let mut dice = Dice::new(
            (u64::from(self.producer) << 40) ^ (u64::from(self.slot) << 32) ^ self.number,
        );
        while value.len() < length {
            let take = (length - value.len()).min(8);
            value.extend_from_slice(&dice.next().to_be_bytes()[..take]);
        }
        let crc = crc32c::crc32c(&value[4..]);
        value[..4].copy_from_slice(&crc.to_be_bytes());
        value
    }

    /// Reads a value back; the checksum covers every byte.
    pub fn decode(value: Option<&[u8]>) -> Result<Self, Damage> {
        let value = value.ok_or(Damage::Null)?;
        let word = |at: usize| {
            value
                .get(at..at + 4)
                .and_then(|b| b.try_into().ok())
                .map(u32::from_be_bytes)
        };
        let fields = (word(0), word(4), word(8), word(12), word(16), word(20));
        let (Some(crc), Some(producer), Some(slot), Some(high), Some(low), Some(length)) = fields
        else {
            return Err(Damage::Length(value.len()));
        };
        if length as usize != value.len() {
            return Err(Damage::Length(value.len()));
        }
        if crc32c::crc32c(&value[4..]) != crc {
            return Err(Damage::Checksum);
        }
        Ok(Self {
            producer,
            slot,
            number: (u64::from(high) << 32) | u64::from(low),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Identity = Identity {
        producer: 3,
        slot: 7,
        number: 0x1_0000_0002,
    };

    #[test]
    fn a_value_comes_back() {
        for length in [0, HEAD, HEAD + 1, HEAD + 7, 1000] {
            let value = ONE.encode(length);
            assert_eq!(value.len(), length.max(HEAD));
            assert_eq!(Identity::decode(Some(&value)), Ok(ONE));
        }
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        let value = ONE.encode(40);
        for bit in 0..value.len() * 8 {
            let mut bad = value.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Identity::decode(Some(&bad)).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn every_cut_is_seen() {
        let value = ONE.encode(40);
        for keep in 0..value.len() {
            assert_eq!(
                Identity::decode(Some(&value[..keep])),
                Err(Damage::Length(keep))
            );
        }
        assert_eq!(Identity::decode(None), Err(Damage::Null));
    }
}
