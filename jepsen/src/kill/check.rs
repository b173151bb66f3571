//! Judges what was read back from one topic partition against what its producers know.
//!
//! What must hold, whatever was killed and whenever:
//! 1. offsets are 0, 1, 2 ... without a gap, and each value is whole;
//! 2. a value that nobody sent is not there;
//! 3. each producer's records stand in the order sent, none twice, none left out before one that is there;
//! 4. an acknowledged record is there, at the offset that the acknowledgement named;
//! 5. what was read once is read again, at the same offset, for ever.

use std::collections::BTreeMap;

use super::value::{Damage, Identity};

/// A batch that a producer sent to the slot: records `first .. first + count` of that producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acked {
    /// The producer.
    pub producer: u32,
    /// Its first record's number.
    pub first: u64,
    /// How many records.
    pub count: u32,
    /// The offset of the first record, as acknowledged.
    pub offset: i64,
}

/// What the producers of a slot know. `acked` must be taken before the read began, `issued` after it ended.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Acknowledged batches, in any order.
    pub acked: Vec<Acked>,
    /// Per producer, how many records it ever tried to send.
    pub issued: BTreeMap<u32, u64>,
}

/// A record as read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Its offset.
    pub offset: i64,
    /// Which record it says it is.
    pub record: Result<Identity, Damage>,
}

/// A broken promise. The fields are what the sentence above each one names.
#[allow(missing_docs)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anomaly {
    /// The offsets do not follow each other.
    Gap { want: i64, found: i64 },
    /// A value is not as it was written.
    Damaged { offset: i64, why: Damage },
    /// A value that nobody sent, or that was sent to another partition.
    Phantom { offset: i64, record: Identity },
    /// One record at two offsets.
    Duplicate {
        record: Identity,
        first: i64,
        again: i64,
    },
    /// A record stands behind one that its producer sent later.
    Reordered {
        offset: i64,
        record: Identity,
        after: u64,
    },
    /// A record is there although one that its producer sent before is not.
    Hole {
        offset: i64,
        record: Identity,
        want: u64,
    },
    /// Acknowledged, and its offset is at or beyond the end of the log.
    Lost {
        producer: u32,
        number: u64,
        offset: i64,
        end: i64,
    },
    /// Acknowledged at an offset where another record stands.
    Displaced {
        producer: u32,
        number: u64,
        offset: i64,
        found: Identity,
    },
    /// An offset now holds another record than it did at an earlier read.
    Changed {
        offset: i64,
        before: Identity,
        now: Option<Identity>,
    },
}

/// Judges a read of `slot` that began at offset `from` and went to the high watermark. Judgements on order and completeness reach as
/// far as the read: `from` = 0 is the full verdict. `before` is what earlier reads saw, indexed by offset.
pub fn check(
    slot: u32,
    from: i64,
    seen: &[Seen],
    known: &Known,
    before: &[Identity],
) -> Vec<Anomaly> {
    let mut found = Vec::new();
    contiguous(from, seen, &mut found);
    identities(slot, seen, known, &mut found);
    order(from, seen, &mut found);
    acknowledged(from, seen, known, &mut found);
    stable(from, seen, before, &mut found);
    found
}

fn contiguous(from: i64, seen: &[Seen], found: &mut Vec<Anomaly>) {
    let mut want = from;
    for record in seen {
        if record.offset != want {
            found.push(Anomaly::Gap {
                want,
                found: record.offset,
            });
        }
        want = record.offset + 1;
    }
}

fn identities(slot: u32, seen: &[Seen], known: &Known, found: &mut Vec<Anomaly>) {
    for &Seen { offset, record } in seen {
        match record {
            Err(why) => found.push(Anomaly::Damaged { offset, why }),
            Ok(record) => {
                let issued = known.issued.get(&record.producer).copied().unwrap_or(0);
                if record.slot != slot || record.number >= issued {
                    found.push(Anomaly::Phantom { offset, record });
                }
            }
        }
    }
}

fn order(from: i64, seen: &[Seen], found: &mut Vec<Anomaly>) {
    // Per producer: the number that must come next, and where each number was seen.
    let mut next: BTreeMap<u32, u64> = BTreeMap::new();
    let mut places: BTreeMap<(u32, u64), i64> = BTreeMap::new();
    for &Seen { offset, record } in seen {
        let Ok(record) = record else { continue };
        if let Some(&first) = places.get(&(record.producer, record.number)) {
            found.push(Anomaly::Duplicate {
                record,
                first,
                again: offset,
            });
            continue;
        }
        places.insert((record.producer, record.number), offset);
        let want = match next.get(&record.producer) {
            Some(&want) => want,
            None if from == 0 => 0,
            None => record.number,
        };
        if record.number < want {
            found.push(Anomaly::Reordered {
                offset,
                record,
                after: want - 1,
            });
            continue;
        }
        if record.number > want {
            found.push(Anomaly::Hole {
                offset,
                record,
                want,
            });
        }
        next.insert(record.producer, record.number + 1);
    }
}

fn acknowledged(from: i64, seen: &[Seen], known: &Known, found: &mut Vec<Anomaly>) {
    let by_offset: BTreeMap<i64, Identity> = seen
        .iter()
        .filter_map(|s| Some((s.offset, s.record.ok()?)))
        .collect();
    let end = seen.last().map_or(from, |s| s.offset + 1);
    for batch in &known.acked {
        for nth in 0..batch.count {
            let (offset, number) = (batch.offset + i64::from(nth), batch.first + u64::from(nth));
            if offset < from {
                continue;
            }
            match by_offset.get(&offset) {
                Some(at) if at.producer == batch.producer && at.number == number => {}
                Some(&at) => found.push(Anomaly::Displaced {
                    producer: batch.producer,
                    number,
                    offset,
                    found: at,
                }),
                None => found.push(Anomaly::Lost {
                    producer: batch.producer,
                    number,
                    offset,
                    end,
                }),
            }
        }
    }
}

fn stable(from: i64, seen: &[Seen], before: &[Identity], found: &mut Vec<Anomaly>) {
    let by_offset: BTreeMap<i64, Option<Identity>> =
        seen.iter().map(|s| (s.offset, s.record.ok())).collect();
    for (offset, &earlier) in (0i64..)
        .zip(before)
        .skip(usize::try_from(from).unwrap_or(0))
    {
        let now = by_offset.get(&offset).copied().flatten();
        if now != Some(earlier) {
            found.push(Anomaly::Changed {
                offset,
                before: earlier,
                now,
            });
        }
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
