//! Which logs are worth compacting, how far, and which segments become one. Pure.

use super::Policy;
use crate::log::state::{MARKERS_MOST, Segment, State};

/// How much of a log compaction could look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dirtiness {
    /// First offset that no compaction has looked at.
    pub from: i64,
    /// Base offset of the first segment that may not be looked at now.
    pub until: i64,
    /// Bytes of the segments wholly below `from`.
    pub clean_bytes: u64,
    /// Bytes of those from there to `until`.
    pub dirty_bytes: u64,
    /// A record there is older than a record may stay uncompacted.
    pub overdue: bool,
    /// Bytes that a round writes at most before it removes what they replace.
    pub room: u64,
}

impl Dirtiness {
    /// Dirty part of what could be looked at, 0 to 1.
    pub fn ratio(&self) -> f64 {
        let all = self.clean_bytes + self.dirty_bytes;
        if all == 0 {
            0.0
        } else {
            self.dirty_bytes as f64 / all as f64
        }
    }

    /// Is it time?
    pub fn is_due(&self, policy: &Policy) -> bool {
        self.dirty_bytes > 0 && (self.overdue || self.ratio() > policy.min_dirty_ratio)
    }
}

/// A closed segment: the offsets that it may hold, and what is known of its batches.
#[derive(Clone, Copy, Debug)]
pub(in crate::log) struct Closed {
    pub segment: Segment,
    pub end: i64,
}

impl State {
    /// The closed segments that end at or below `limit`.
    pub(super) fn closed(&self, limit: i64) -> Vec<Closed> {
        let pairs = self.segments.windows(2);
        pairs
            .map(|pair| Closed {
                segment: pair[0],
                end: pair[1].base,
            })
            // What lies below the start only waits for its removal.
            .skip_while(|closed| closed.end <= self.start_offset)
            .take_while(|closed| closed.end <= limit)
            .collect()
    }

    /// First offset that no compaction has looked at.
    pub(super) fn first_dirty(&self) -> i64 {
        self.compacted.clean_to.max(self.start_offset)
    }
}

/// Splits segments into groups that become one each: in order, as many as fit the size of one, and as far as offsets within
/// a segment may go (Kafka's tools hold them relative to the base in 32 bits). `aborted` says how many aborted transactions
/// each one's index has: that of a group has at most as many as that of any segment.
pub(super) fn groups(
    segments: &[Closed],
    aborted: &[usize],
    segment_bytes: u64,
) -> Vec<Vec<Closed>> {
    let mut groups: Vec<Vec<Closed>> = Vec::new();
    // Of the last group.
    let (mut bytes, mut marks) = (0, 0);
    for (next, aborted) in segments.iter().zip(aborted) {
        let length = next.segment.length;
        let joins = groups.last().is_some_and(|group| {
            let near = next.end - 1 - group[0].segment.base <= i64::from(i32::MAX);
            bytes + length <= segment_bytes
                && marks + aborted <= MARKERS_MOST as usize
                && (near || length == 0)
        });
        match groups.last_mut() {
            Some(group) if joins => {
                group.push(*next);
                (bytes, marks) = (bytes + length, marks + aborted);
            }
            _ => {
                groups.push(vec![*next]);
                (bytes, marks) = (length, *aborted);
            }
        }
    }
    groups
}

/// Bytes of the largest of the groups that these segments make.
pub(super) fn largest_group(segments: &[Closed], segment_bytes: u64) -> u64 {
    let unmarked = vec![0; segments.len()];
    let groups = groups(segments, &unmarked, segment_bytes);
    let bytes = |group: &Vec<Closed>| group.iter().map(|c| c.segment.length).sum();
    groups.iter().map(bytes).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(base: i64, end: i64, length: u64) -> Closed {
        let segment = Segment {
            base,
            length,
            max_timestamp: None,
            first_timestamp: None,
            gaps: false,
        };
        Closed { segment, end }
    }

    #[test]
    fn groups_are_in_order_and_fit_one_segment() {
        let far = i64::from(i32::MAX);
        let all = [
            closed(0, 10, 40),
            closed(10, 20, 60),
            closed(20, 30, 1),
            closed(30, 40, 200),
            closed(40, 50, 0),
            closed(50, 60, 50),
            closed(60, 61 + far, 1),
            closed(61 + far, 62 + far, 0),
        ];
        let bases = |group: &Vec<Closed>| group.iter().map(|c| c.segment.base).collect::<Vec<_>>();
        let found: Vec<_> = groups(&all, &[0; 8], 100).iter().map(bases).collect();
        let wanted = vec![
            vec![0, 10],
            vec![20],
            vec![30],
            vec![40, 50],
            vec![60, 61 + far],
        ];
        assert_eq!(found, wanted);
        assert_eq!(largest_group(&all, 100), 200);
        assert_eq!(largest_group(&all[..3], 100), 100);
    }

    /// Small segments of nothing but markers became one whose index had no bound, and an index comes into memory as a whole.
    #[test]
    fn a_group_has_no_more_aborted_transactions_than_a_segment() {
        let most = MARKERS_MOST as usize;
        let all = [closed(0, 10, 1), closed(10, 20, 1), closed(20, 30, 1)];
        let sizes = |aborted: [usize; 3]| {
            let found = groups(&all, &aborted, 100);
            found.iter().map(Vec::len).collect::<Vec<_>>()
        };
        assert_eq!(sizes([most - 2, 1, 1]), [3]);
        assert_eq!(sizes([most - 1, 1, 1]), [2, 1]);
        assert_eq!(sizes([most + 1, 0, 1]), [1, 2]);
    }

    #[test]
    fn a_log_is_due_by_ratio_or_by_age_and_never_without_dirt() {
        let policy = Policy {
            min_dirty_ratio: 0.5,
            ..Policy::default()
        };
        let mut dirt = Dirtiness {
            clean_bytes: 50,
            dirty_bytes: 50,
            ..Dirtiness::default()
        };
        assert!(!dirt.is_due(&policy), "the ratio must be exceeded");
        dirt.dirty_bytes = 51;
        assert!(dirt.is_due(&policy));
        dirt.dirty_bytes = 1;
        dirt.overdue = true;
        assert!(dirt.is_due(&policy));
        dirt.dirty_bytes = 0;
        assert!(!dirt.is_due(&policy));
    }
}
