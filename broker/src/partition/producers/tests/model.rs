//! Against a model that keeps the whole log and computes everything anew: appends, commits, cuts and restarts at random.

use std::collections::BTreeSet;

use ottla_protocol::record::EndMarker;

use super::*;
use crate::tests::Numbers;

/// What was appended, in order, and how much of it is committed.
#[derive(Default)]
struct Log {
    entries: Vec<Appended>,
    committed: usize,
}

impl Log {
    fn end(&self) -> i64 {
        self.entries.last().map_or(0, |e| e.last_offset + 1)
    }

    fn high_watermark(&self) -> i64 {
        let last = self.entries[..self.committed].last();
        last.map_or(0, |e| e.last_offset + 1)
    }

    /// Begin of the transaction that `id` has open after these entries.
    fn open(entries: &[Appended], id: i64) -> Option<i64> {
        let of = entries.iter().filter(|e| e.what.producer().0 == id);
        of.fold(None, |open, e| match e.what {
            Effect::Marker(_) => None,
            Effect::Batch(b) if b.transactional => open.or(Some(e.base_offset)),
            Effect::Batch(_) => open,
        })
    }

    fn last_stable(&self) -> i64 {
        let committed = &self.entries[..self.committed];
        let ids: BTreeSet<i64> = committed.iter().map(|e| e.what.producer().0).collect();
        let first = ids
            .into_iter()
            .filter_map(|id| Self::open(committed, id))
            .min();
        first.unwrap_or(self.high_watermark())
    }

    /// Producer, first and last offset of the aborted transactions.
    fn aborted(&self) -> Vec<(i64, i64, i64)> {
        let committed = &self.entries[..self.committed];
        let ended = committed
            .iter()
            .enumerate()
            .filter_map(|(at, e)| match e.what {
                Effect::Marker(m) if !m.end.committed => {
                    let first = Self::open(&committed[..at], m.producer_id)?;
                    Some((m.producer_id, first, e.base_offset))
                }
                _ => None,
            });
        ended.collect()
    }

    fn epoch(&self, id: i64) -> i16 {
        let of = self
            .entries
            .iter()
            .rev()
            .find(|e| e.what.producer().0 == id);
        of.map_or(0, |e| e.what.producer().1)
    }

    /// Sequence that the producer's next batch in its current epoch has.
    fn next_sequence(&self, id: i64) -> i32 {
        let epoch = self.epoch(id);
        let batches = self.entries.iter().rev().filter_map(|e| match e.what {
            Effect::Batch(b) if b.producer_id == id && b.epoch == epoch => Some(b.last + 1),
            _ => None,
        });
        batches.take(1).next().unwrap_or(0)
    }
}

fn random_append(p: &mut Producers, log: &mut Log, numbers: &mut Numbers) {
    let id = numbers.below(4) as i64;
    let (at, records) = (log.end(), 1 + numbers.below(3) as i32);
    let open = Log::open(&log.entries, id);
    let what = if numbers.below(3) == 0 {
        let marker = Marker {
            producer_id: id,
            epoch: log.epoch(id) + numbers.below(2) as i16,
            end: EndMarker {
                committed: numbers.below(2) == 0,
                coordinator_epoch: 1,
            },
        };
        assert_eq!(p.check_marker(marker, 1), Ok(()));
        Effect::Marker(marker)
    } else {
        let first = log.next_sequence(id);
        let batch = Sequenced {
            producer_id: id,
            epoch: log.epoch(id),
            first,
            last: first + records - 1,
            transactional: open.is_some() || numbers.below(2) == 0,
        };
        let who = Beginning {
            producer_id: id,
            epoch: batch.epoch,
            sequence: first,
            bumps: false,
        };
        let guard = match batch.transactional {
            true => p.begin(who, 0).expect("not fenced"),
            false => None,
        };
        assert_eq!(guard.is_none(), open.is_some() || !batch.transactional);
        assert_eq!(
            p.check(batch, Some(guard.unwrap_or_default())),
            Ok(Verdict::New)
        );
        Effect::Batch(batch)
    };
    let records = if let Effect::Marker(_) = what {
        1
    } else {
        records
    };
    let appended = Appended {
        what,
        base_offset: at,
        last_offset: at + i64::from(records) - 1,
        timestamp: at,
    };
    p.append(what, at, appended.last_offset, at);
    log.entries.push(appended);
}

/// What a start finds: a checkpoint, and the entries of the journal, of which some are in the checkpoint, too.
fn restarted(p: &Producers, log: &Log) -> Producers {
    let encoded = crate::partition::state::encode(p);
    let mut q = crate::partition::state::decode(&encoded).expect("as encoded");
    for e in &log.entries[log.committed / 2..] {
        q.replay(e.what, e.base_offset, e.last_offset, e.timestamp);
    }
    q
}

fn compare(p: &Producers, log: &Log, numbers: &mut Numbers) {
    assert_eq!(p.last_stable(0, log.high_watermark()), log.last_stable());
    let (from, to) = (numbers.below(60) as i64, numbers.below(60) as i64);
    let overlapping = |(_, first, last): &(i64, i64, i64)| *last >= from && *first < to;
    let expected: Vec<_> = log.aborted().into_iter().filter(overlapping).collect();
    let found = p.aborted(from, to);
    let found: Vec<_> = found
        .map(|t| (t.producer_id, t.first_offset, t.last_offset))
        .collect();
    assert_eq!(found, expected, "{from}..{to}");
    for txn in p.aborted(0, i64::MAX) {
        let at = log
            .entries
            .partition_point(|e| e.base_offset <= txn.last_offset);
        let before = Log {
            entries: log.entries[..at].to_vec(),
            committed: at,
        };
        assert_eq!(txn.last_stable_offset, before.last_stable());
    }
}

#[test]
fn it_says_what_the_whole_log_says() {
    for seed in 0..400 {
        let mut numbers = Numbers::new(seed);
        let (mut p, mut log) = (Producers::default(), Log::default());
        for _ in 0..60 {
            match numbers.below(10) {
                0 => p = restarted(&p, &log),
                1 => {
                    log.entries.truncate(log.committed);
                    p.truncate(log.high_watermark());
                }
                2..=4 => {
                    let open = (log.entries.len() - log.committed) as u64;
                    log.committed += numbers.below(open + 1) as usize;
                    p.commit(log.high_watermark());
                }
                _ => random_append(&mut p, &mut log, &mut numbers),
            }
            compare(&p, &log, &mut numbers);
        }
    }
}
