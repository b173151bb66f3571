//! Records that wait for their batch to be full or old enough, as Kafka's client has them: a queue of batches per partition.

use std::collections::VecDeque;

use crate::wire::template::{key_bytes, key_hash};
use crate::workload::KeyDistributor;

/// How many keys there are, as upstream has it.
const KEYS: u16 = 10_000;

/// A batch that is being filled, waits, or is in flight.
#[derive(Debug, Default)]
pub struct Pending {
    /// Where it goes.
    pub partition: usize,
    /// How many records.
    pub count: usize,
    /// The intended time of each record; one for all when there is no pace.
    pub stamps: Vec<u64>,
    /// The key of each record, if they have any.
    pub keys: Vec<u16>,
    /// When it is to go even if it is not full.
    deadline: u64,
}

impl Pending {
    /// A full batch of records that are all due now.
    pub fn unpaced(partition: usize, count: usize, now: u64) -> Self {
        Self {
            partition,
            count,
            stamps: vec![now],
            ..Self::default()
        }
    }
}

/// One producer's records that are not sent yet.
#[derive(Debug)]
pub struct Accumulator {
    queues: Vec<VecDeque<Pending>>,
    /// Partitions that were reported as ready and not taken since.
    ready: Vec<bool>,
    /// In order: when a batch may have to go.
    deadlines: VecDeque<(u64, usize)>,
    keys: Keys,
    capacity: usize,
    linger: u64,
    records: usize,
    records_max: usize,
    spare: Vec<Pending>,
}

/// How a record finds its partition.
#[derive(Debug)]
enum Keys {
    /// The partition now in use, and how many records it got.
    Sticky(usize, usize),
    /// The next key; partitions by key; by chance or in turn.
    Keyed {
        next: u64,
        partitions: Vec<u32>,
        random: bool,
    },
}

impl Accumulator {
    /// For batches of `capacity` records that wait `linger` nanoseconds, `records_max` records together. `number` keeps producers from
    /// beginning with the same partition.
    pub fn new(
        distributor: KeyDistributor,
        partitions: usize,
        capacity: usize,
        linger: u64,
        records_max: usize,
        number: usize,
    ) -> Self {
        let keys = match distributor {
            KeyDistributor::NoKey => Keys::Sticky(number % partitions, 0),
            other => Keys::Keyed {
                next: number as u64 * 97 + 1,
                partitions: (0..KEYS)
                    .map(|n| key_hash(&key_bytes(n)) % partitions as u32)
                    .collect(),
                random: other == KeyDistributor::RandomNano,
            },
        };
        Self {
            queues: (0..partitions).map(|_| VecDeque::new()).collect(),
            ready: vec![false; partitions],
            deadlines: VecDeque::new(),
            keys,
            capacity,
            linger,
            records: 0,
            records_max: records_max.max(1),
            spare: Vec::new(),
        }
    }

    /// True when records must wait outside, as `send()` would block.
    pub fn is_full(&self) -> bool {
        self.records >= self.records_max
    }

    /// Takes a record. Returns its partition when that has become ready.
    pub fn add(&mut self, stamp: u64) -> Option<usize> {
        let (partition, key) = self.keys.choose(self.queues.len(), self.capacity);
        let queue = &mut self.queues[partition];
        if queue.back().is_none_or(|b| b.count == self.capacity) {
            let mut fresh = self.spare.pop().unwrap_or_default();
            fresh.partition = partition;
            fresh.deadline = stamp + self.linger;
            self.deadlines.push_back((fresh.deadline, partition));
            queue.push_back(fresh);
        }
        let batch = queue.back_mut()?;
        batch.stamps.push(stamp);
        batch.keys.extend(key);
        batch.count += 1;
        self.records += 1;
        let full = batch.count == self.capacity;
        (full && !std::mem::replace(&mut self.ready[partition], true)).then_some(partition)
    }

    /// The next partition that has become ready by its batch's age.
    pub fn expired(&mut self, now: u64) -> Option<usize> {
        while let Some(&(deadline, partition)) = self.deadlines.front() {
            if deadline > now {
                return None;
            }
            self.deadlines.pop_front();
            let old = |b: &Pending| b.deadline <= now;
            if !self.ready[partition] && self.queues[partition].front().is_some_and(old) {
                self.ready[partition] = true;
                return Some(partition);
            }
        }
        None
    }

    /// Takes the oldest batch of a ready partition; true when the partition is still ready.
    pub fn take(&mut self, partition: usize, now: u64) -> Option<(Pending, bool)> {
        let queue = &mut self.queues[partition];
        let batch = queue.pop_front()?;
        self.records -= batch.count;
        let more = queue
            .front()
            .is_some_and(|b| b.count == self.capacity || b.deadline <= now);
        self.ready[partition] = more;
        Some((batch, more))
    }

    /// Takes a batch back that is done with.
    pub fn recycle(&mut self, mut batch: Pending) {
        batch.stamps.clear();
        batch.keys.clear();
        batch.count = 0;
        self.spare.push(batch);
    }

    /// When there will be something to send, if the next record is due at `next` and one more every `step` nanoseconds.
    pub fn due(&self, next: u64, step: f64) -> u64 {
        let room = match self.keys {
            Keys::Sticky(_, used) => self.capacity - used,
            Keys::Keyed { .. } => self.capacity,
        };
        let filled = next + ((room - 1) as f64 * step) as u64;
        let lingered = self.deadlines.front().map_or(u64::MAX, |d| d.0);
        filled.min(next + self.linger).min(lingered)
    }
}

impl Keys {
    fn choose(&mut self, partitions: usize, capacity: usize) -> (usize, Option<u16>) {
        match self {
            Self::Sticky(partition, used) => {
                if *used == capacity {
                    (*partition, *used) = ((*partition + 1) % partitions, 0);
                }
                *used += 1;
                (*partition, None)
            }
            Self::Keyed {
                next,
                partitions,
                random,
            } => {
                *next = if *random {
                    let x = *next ^ *next << 13;
                    let x = x ^ x >> 7;
                    x ^ x << 17
                } else {
                    *next + 1
                };
                let key = (*next % u64::from(KEYS)) as u16;
                (partitions[usize::from(key)] as usize, Some(key))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sticky(capacity: usize) -> Accumulator {
        Accumulator::new(KeyDistributor::NoKey, 3, capacity, 100, 10, 0)
    }

    #[test]
    fn a_full_batch_is_ready_and_the_next_partition_is_used() {
        let mut a = sticky(2);
        let ready: Vec<_> = (0..5).map(|stamp| a.add(stamp)).collect();
        assert_eq!(ready, [None, Some(0), None, Some(1), None]);
        let (batch, more) = a.take(0, 5).expect("a batch");
        assert_eq!(
            (batch.stamps, batch.partition, more),
            (vec![0, 1], 0, false)
        );
    }

    #[test]
    fn an_old_batch_is_ready_once() {
        let mut a = sticky(10);
        a.add(7);
        assert_eq!(a.due(8, 1.0), 16, "nine more fill it before it is old");
        assert_eq!(a.due(50, 1000.0), 107);
        assert_eq!(a.expired(106), None);
        assert_eq!((a.expired(107), a.expired(107)), (Some(0), None));
        a.add(108); // joins the batch that is not sent yet
        let (batch, more) = a.take(0, 109).expect("a batch");
        assert_eq!((batch.count, more), (2, false));
    }

    #[test]
    fn a_batch_that_aged_behind_another_is_not_forgotten() {
        let mut a = Accumulator::new(KeyDistributor::NoKey, 1, 2, 100, 10, 0);
        a.add(1);
        assert_eq!(a.add(2), Some(0));
        a.add(3); // a second batch; its age is reached while the first one waits
        assert_eq!(a.expired(500), None, "the partition is ready already");
        assert!(a.take(0, 500).expect("the first").1, "and stays so");
        assert!(!a.take(0, 500).expect("the second").1);
    }

    #[test]
    fn memory_is_bounded() {
        let mut a = sticky(2);
        (0..10).for_each(|n| {
            a.add(n);
        });
        assert!(a.is_full());
        a.take(0, 0);
        assert!(!a.is_full());
    }

    #[test]
    fn keys_reach_every_partition() {
        for distributor in [KeyDistributor::KeyRoundRobin, KeyDistributor::RandomNano] {
            let mut a = Accumulator::new(distributor, 20, 1, 0, 1000, 3);
            let mut seen: Vec<_> = (0..400).filter_map(|n| a.add(n)).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), 20, "{distributor:?}");
        }
    }
}
