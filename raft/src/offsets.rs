//! Where terms start, in offsets: what Kafka's leader epochs need of the log.

/// The first entry of a term in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochStart {
    /// The term; Kafka's leader epoch.
    pub term: u64,
    /// Index of its first entry.
    pub index: u64,
    /// The first offset that can belong to the term (KIP-101's start offset).
    pub start_offset: i64,
}

/// The terms of the part of the log that is in view, oldest first. Terms only grow along a log, so one list does.
#[derive(Debug, Default)]
pub(crate) struct Epochs {
    starts: Vec<EpochStart>,
}

impl Epochs {
    pub fn starts(&self) -> &[EpochStart] {
        &self.starts
    }

    /// An entry was appended; only the first of each term is noted.
    pub fn appended(&mut self, term: u64, index: u64, start_offset: i64) {
        if self.starts.last().is_none_or(|last| last.term < term) {
            self.starts.push(EpochStart {
                term,
                index,
                start_offset,
            });
        }
    }

    /// Entries from `index` on are gone.
    pub fn truncated(&mut self, index: u64) {
        while self.starts.last().is_some_and(|last| last.index >= index) {
            self.starts.pop();
        }
    }

    /// Entries up to `index` left the view: terms that ended there are forgotten, the one that goes on is kept.
    pub fn compacted(&mut self, index: u64) {
        let ended = self
            .starts
            .partition_point(|s| s.index <= index + 1)
            .saturating_sub(1);
        self.starts.drain(..ended);
    }

    /// Nothing of the old log is left.
    pub fn clear(&mut self) {
        self.starts.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_append_truncate_compact() {
        let mut epochs = Epochs::default();
        for (term, index, offset) in [(2, 2, 0), (2, 3, 0), (4, 4, 10), (4, 5, 12), (7, 6, 15)] {
            epochs.appended(term, index, offset);
        }
        let terms = |e: &Epochs| e.starts().iter().map(|s| s.term).collect::<Vec<_>>();
        assert_eq!(terms(&epochs), [2, 4, 7]);
        epochs.truncated(6);
        assert_eq!(terms(&epochs), [2, 4]);
        epochs.compacted(2);
        assert_eq!(terms(&epochs), [2, 4]);
        epochs.compacted(3);
        assert_eq!(terms(&epochs), [4]);
        epochs.compacted(9);
        assert_eq!(
            epochs.starts(),
            [EpochStart {
                term: 4,
                index: 4,
                start_offset: 10
            }]
        );
    }
}
