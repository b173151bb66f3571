//! What is known of a compacted topic, and what must hold. A key is written by one writer only, so its values have an order.
//!
//! 1. An offset holds one record for ever, or none any more; a record has one offset.
//! 2. A key's records stand in the order written. What was aborted is not read.
//! 3. Whoever reads from the beginning to the end finds for each key the newest record that was committed when the reading began,
//!    or a newer one. Otherwise a tombstone has come since that compaction has taken already.
//! 4. A transaction of which one record was read counts as committed from then on.

use std::collections::BTreeMap;

use crate::node_sim::txn::book::Fate;

/// A key: its writer, and its number there.
pub type Key = (u32, u32);

/// A record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its key.
    pub key: Key,
    /// The how manieth of the key.
    pub nth: u32,
}

impl Entry {
    /// As the note of a record; tombstones have no value.
    pub fn encode(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&self.key.0.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.key.1.to_be_bytes());
        bytes[8..].copy_from_slice(&self.nth.to_be_bytes());
        bytes
    }

    /// The part of a note that is the record's key.
    pub fn key_of(note: &[u8; 12]) -> &[u8] {
        &note[..8]
    }

    /// From a record's note.
    pub fn decode(note: &[u8]) -> Option<Entry> {
        let bytes: &[u8; 12] = note.try_into().ok()?;
        let number = |at: usize| {
            let four = bytes[at..at + 4].iter();
            four.fold(0, |sum, byte| sum << 8 | u32::from(*byte))
        };
        Some(Entry {
            key: (number(0), number(4)),
            nth: number(8),
        })
    }
}

#[derive(Clone, Copy, Debug)]
struct Written {
    /// Which transaction of its writer.
    txn: u64,
    tombstone: bool,
}

/// The newest record of each key that a reading has to find, or a newer one.
pub type Floor = BTreeMap<Key, u32>;

/// What is known.
#[derive(Debug, Default)]
pub struct Table {
    /// Partitions of the topic; 0: there is none.
    pub partitions: u32,
    /// Its tombstones stay.
    pub keeps_tombstones: bool,
    keys: BTreeMap<Key, Vec<Written>>,
    fates: BTreeMap<(u32, u64), Fate>,
    /// Per writer: all transactions below this have come to their end, and their markers are written.
    ended: BTreeMap<u32, u64>,
    facts: BTreeMap<(u32, i64), Entry>,
    offsets: BTreeMap<Entry, i64>,
}

impl Table {
    /// A writer is about to write the next record of a key.
    pub fn writes(&mut self, key: Key, txn: u64, tombstone: bool) -> Entry {
        self.fates.entry((key.0, txn)).or_insert(Fate::Never);
        let written = self.keys.entry(key).or_default();
        written.push(Written { txn, tombstone });
        Entry {
            key,
            nth: written.len() as u32 - 1,
        }
    }

    /// What is known of a transaction's end changes.
    pub fn ends(&mut self, writer: u32, txn: u64, fate: Fate) -> Result<(), String> {
        let known = self.fates.entry((writer, txn)).or_insert(fate);
        if fate == Fate::Never && *known == Fate::Committed {
            return Err(format!(
                "the commit of transaction {txn} of writer {writer} was refused, but its records were read"
            ));
        }
        *known = fate;
        Ok(())
    }

    /// All transactions of a writer below this one have ended, markers and all.
    pub fn ended(&mut self, writer: u32, txn: u64) {
        self.ended.insert(writer, txn);
    }

    /// How far the writers have come.
    pub fn ended_by_now(&self) -> BTreeMap<u32, u64> {
        self.ended.clone()
    }

    /// What a reading has to find that began when the writers had come so far, and reached these offsets of the partitions.
    pub fn floor(&self, ended: &BTreeMap<u32, u64>, ends: &[i64]) -> Floor {
        let newest = |(key, written): (&Key, &Vec<Written>)| {
            let ended = ended.get(&key.0).copied().unwrap_or(0);
            let end = ends[key.1 as usize % ends.len()];
            let is_there = |(nth, w): &(u32, &Written)| {
                let offset = self.offsets.get(&Entry {
                    key: *key,
                    nth: *nth,
                });
                let committed = self.fates.get(&(key.0, w.txn)) == Some(&Fate::Committed);
                committed && w.txn < ended && offset.is_some_and(|at| *at < end)
            };
            let there = (0u32..).zip(written).filter(is_there);
            Some((*key, there.last()?.0))
        };
        self.keys.iter().filter_map(newest).collect()
    }

    /// The end is reached for good: nothing is under way any more.
    pub fn all_ended(&mut self) {
        for key in self.keys.keys() {
            self.ended.insert(key.0, u64::MAX);
        }
    }

    /// Has nobody written anything?
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Transactions known to be committed.
    pub fn committed(&self) -> u64 {
        let fates = self.fates.values();
        fates.filter(|fate| **fate == Fate::Committed).count() as u64
    }

    /// A record was read as committed.
    pub fn read(
        &mut self,
        partition: u32,
        offset: i64,
        entry: Entry,
        tombstone: bool,
    ) -> Result<(), String> {
        let written = self.keys.get(&entry.key);
        let written = written.and_then(|w| w.get(entry.nth as usize).copied());
        let Some(written) = written.filter(|w| w.tombstone == tombstone) else {
            return Err(format!("nobody wrote {entry:?} (tombstone: {tombstone})"));
        };
        let fate = self.fates.entry((entry.key.0, written.txn));
        let fate = fate.or_insert(Fate::Never);
        if *fate == Fate::Never {
            return Err(format!("{entry:?} is not committed"));
        }
        *fate = Fate::Committed;
        self.stands(partition, offset, entry)
    }

    /// A record is at an offset: its acknowledgement says so, or who has read it.
    pub fn stands(&mut self, partition: u32, offset: i64, entry: Entry) -> Result<(), String> {
        let before = self.facts.insert((partition, offset), entry);
        if let Some(other) = before.filter(|other| *other != entry) {
            return Err(format!("it holds {entry:?}, before it held {other:?}"));
        }
        let before = self.offsets.insert(entry, offset);
        if let Some(other) = before.filter(|other| *other != offset) {
            return Err(format!("{entry:?} is at {other} already"));
        }
        Ok(())
    }

    /// A reading that had to find `floor` found these as the last of their keys. Gives a key of which it found an old value,
    /// which it may if the newer ones went while it read, tombstone and all.
    pub fn is_complete(&self, floor: &Floor, found: &Floor) -> Result<Option<Key>, String> {
        let mut doubtful = None;
        for (key, least) in floor {
            let last = found.get(key);
            if last.is_some_and(|nth| nth >= least) {
                continue;
            }
            let written = &self.keys[key][*least as usize..];
            let may_be_gone = |w: &Written| {
                let may_go = w.tombstone && !self.keeps_tombstones;
                may_go && self.fates.get(&(key.0, w.txn)) != Some(&Fate::Never)
            };
            match (written.iter().any(may_be_gone), last) {
                (true, None) => {}
                (true, Some(_)) => doubtful = Some(*key),
                (false, _) => {
                    return Err(format!(
                        "the last value of key {key:?} is {last:?}, {least} was committed, and no tombstone came since"
                    ));
                }
            }
        }
        Ok(doubtful)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = (0, 0);

    /// Value 0 is committed by transaction 1, tombstone 1 is under way in 2.
    fn table() -> Table {
        let mut table = Table::default();
        let first = table.writes(KEY, 1, false);
        table.stands(0, 7, first).unwrap();
        table.ends(0, 1, Fate::Committed).unwrap();
        table.ended(0, 2);
        let second = table.writes(KEY, 2, true);
        table.stands(0, 9, second).unwrap();
        table
    }

    fn floor_at(table: &Table, end: i64) -> Floor {
        table.floor(&table.ended_by_now(), &[end])
    }

    fn entry(nth: u32) -> Entry {
        Entry { key: KEY, nth }
    }

    #[test]
    fn a_value_stays_until_a_tombstone_may_have_come() {
        let mut table = table();
        let floor = floor_at(&table, 8);
        assert_eq!(floor, Floor::from([(KEY, 0)]));
        assert_eq!(table.is_complete(&floor, &floor), Ok(None));
        assert!(table.is_complete(&floor, &Floor::new()).is_err());
        table.ends(0, 2, Fate::Unknown).unwrap();
        assert_eq!(table.is_complete(&floor, &Floor::new()), Ok(None));
        table.ends(0, 2, Fate::Committed).unwrap();
        table.ended(0, 3);
        assert_eq!(floor_at(&table, 8), floor);
        let later = floor_at(&table, 10);
        assert_eq!(table.is_complete(&later, &floor), Ok(Some(KEY)));
        assert_eq!(table.is_complete(&later, &Floor::new()), Ok(None));
        table.keeps_tombstones = true;
        assert!(table.is_complete(&later, &floor).is_err());
        assert!(table.is_complete(&later, &Floor::new()).is_err());
    }

    #[test]
    fn an_old_value_is_none() {
        let mut table = table();
        table.ends(0, 2, Fate::Never).unwrap();
        let third = table.writes(KEY, 3, false);
        table.stands(0, 11, third).unwrap();
        table.ends(0, 3, Fate::Committed).unwrap();
        table.ended(0, 4);
        let old = Floor::from([(KEY, 0)]);
        assert!(table.is_complete(&floor_at(&table, 12), &old).is_err());
    }

    #[test]
    fn a_record_is_what_was_committed_and_where_it_was() {
        let mut table = table();
        table.read(0, 7, entry(0), false).unwrap();
        table.read(0, 7, entry(0), false).unwrap();
        assert!(table.read(0, 8, entry(0), false).is_err());
        assert!(table.read(0, 9, entry(1), true).is_err());
        table.ends(0, 2, Fate::Unknown).unwrap();
        assert!(table.read(0, 7, entry(1), true).is_err());
        assert!(table.read(0, 9, entry(1), false).is_err());
        assert_eq!(Entry::decode(&entry(5).encode()), Some(entry(5)));
    }
}
