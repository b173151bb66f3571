//! What was sent to each key and what of it was acknowledged, and by that what may be found there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Tombstones remembered of a key, of those that are older than what was acknowledged.
const REMEMBERED: usize = 16;
/// The broker's clock and this one's may be so far apart.
const SLACK: Duration = Duration::from_millis(100);

/// A record: the next number of its key, with a value or without.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    pub key: u64,
    pub number: u64,
    pub tombstone: bool,
}

/// What is known of one key.
#[derive(Debug, Clone, Default)]
pub(super) struct Numbers {
    pub sent: u64,
    pub acked: u64,
    /// Which of the numbers were sent without a value, and when.
    tombstones: BTreeMap<u64, Instant>,
}

/// What the writers did, by key.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    keys: Mutex<BTreeMap<u64, Numbers>>,
    complaints: Mutex<Vec<String>>,
    pub paused: AtomicBool,
    pub stopping: AtomicBool,
}

impl Ledger {
    pub fn keys(&self) -> BTreeMap<u64, Numbers> {
        self.locked().clone()
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<u64, Numbers>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn paused(&self) -> bool {
        self.paused.load(Ordering::SeqCst)
    }

    pub fn stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// To be called before it is.
    pub fn sent(&self, all: &[Written]) {
        let (mut keys, now) = (self.locked(), Instant::now());
        for written in all {
            let key = keys.entry(written.key).or_default();
            key.sent = key.sent.max(written.number);
            if written.tombstone {
                key.tombstones.insert(written.number, now);
            }
        }
    }

    pub fn acked(&self, all: &[Written]) {
        let mut keys = self.locked();
        for written in all {
            let key = keys.entry(written.key).or_default();
            key.acked = key.acked.max(written.number);
            while key.tombstones.len() > REMEMBERED
                && let Some(oldest) = key.tombstones.first_entry()
                && *oldest.key() < key.acked
            {
                oldest.remove();
            }
        }
    }

    pub fn complain(&self, what: String) {
        let complaints = self.complaints.lock();
        complaints
            .unwrap_or_else(PoisonError::into_inner)
            .push(what);
    }

    pub fn complaints(&self) -> Vec<String> {
        let complaints = self.complaints.lock();
        complaints.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What is wrong with the last number of a key that a read gave, and whether that had no value. `before` is what was known when
/// the read began, `after` when it had ended, at `now`; `retention`: so long a tombstone stays at least.
pub(super) fn judge(
    before: &Numbers,
    after: &Numbers,
    found: Option<(u64, bool)>,
    (now, retention): (Instant, Duration),
) -> Option<String> {
    let known = after.tombstones.iter().chain(&before.tombstones);
    let Some((found, tombstone)) = found else {
        // Nothing there: a tombstone that nothing acknowledged followed has had its time, and went with all before it.
        let gone = |(number, sent): (&u64, &Instant)| {
            *number >= before.acked && now.duration_since(*sent) + SLACK >= retention
        };
        let acked = before.acked;
        return (acked > 0 && !known.into_iter().any(gone))
            .then(|| format!("number {acked} was acknowledged, nothing is there"));
    };
    if found < before.acked {
        let (acked, what) = (
            before.acked,
            match before.tombstones.contains_key(&before.acked) {
                true => "a tombstone",
                false => "a value",
            },
        );
        return Some(format!(
            "number {acked}, {what}, was acknowledged, the last one there is {found}"
        ));
    }
    if found > after.sent {
        return Some(format!("number {found} was never sent"));
    }
    let sent_so = known.into_iter().any(|(number, _)| *number == found);
    (sent_so != tombstone).then(|| match tombstone {
        true => format!("number {found} has lost its value"),
        false => format!("number {found} is a tombstone, and has a value"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    /// Numbers 1 to `sent`, of which those up to `acked` are acknowledged; these were tombstones, sent at `at`.
    fn numbers(sent: u64, acked: u64, tombstones: &[u64], at: Instant) -> Numbers {
        Numbers {
            sent,
            acked,
            tombstones: tombstones.iter().map(|n| (*n, at)).collect(),
        }
    }

    #[test]
    fn the_last_acknowledged_value_or_a_later_one_must_be_there() {
        let now = Instant::now();
        let key = numbers(7, 5, &[], now);
        let wrong = |found| judge(&key, &key, found, (now, HOUR));
        assert!(wrong(Some((5, false))).is_none() && wrong(Some((7, false))).is_none());
        for lost in [None, Some((4, false)), Some((8, false)), Some((6, true))] {
            assert!(wrong(lost).is_some(), "{lost:?}");
        }
        let unknown = numbers(3, 0, &[], now);
        assert!(judge(&unknown, &unknown, None, (now, HOUR)).is_none());
    }

    #[test]
    fn a_tombstone_goes_after_its_time_and_nothing_older_comes_back() {
        let sent = Instant::now();
        let (soon, late) = (sent + HOUR / 2, sent + HOUR);
        let key = numbers(5, 5, &[2, 5], sent);
        let wrong = |found, now| judge(&key, &key, found, (now, HOUR));
        assert!(wrong(Some((5, true)), soon).is_none());
        assert!(wrong(None, late).is_none());
        assert!(wrong(None, soon).is_some(), "too early");
        assert!(wrong(Some((5, false)), soon).is_some(), "it had no value");
        for back in [(4, false), (2, true)] {
            assert!(wrong(Some(back), late).is_some(), "{back:?}");
        }
        let followed = numbers(6, 6, &[2, 5], sent);
        assert!(judge(&followed, &followed, None, (late, HOUR)).is_some());
        let unsure = numbers(6, 5, &[6], sent);
        assert!(judge(&unsure, &unsure, None, (late, HOUR)).is_none());
    }
}
