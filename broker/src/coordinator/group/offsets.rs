//! What groups have committed, by group, topic and partition; and what transactions under way will commit.
//!
//! Whether a member may commit is its group's to say; here stands what was committed. Rules: reference `kafka.md` 2.8, KIP-98,
//! KIP-447.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;

use ottla_protocol::records::GroupRecord;
use ottla_protocol::records::offset_commit::{OffsetCommitKey, OffsetCommitValue};
use ottla_storage::mutants::{Mutant, planted};

use super::Record;
use crate::coordinator::census::{self, Census};
use crate::coordinator::{InTxn, Position};

/// Offsets to be committed by one request.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// The group.
    pub group: String,
    /// Who commits.
    pub member: Committer,
    /// Kept for so long, where an old client says so, ms.
    pub retention_ms: Option<i64>,
    /// The transaction that they are part of.
    pub txn: Option<InTxn>,
    /// The offsets.
    pub offsets: Vec<NewOffset>,
}

/// Who asks, as the request says it.
#[derive(Clone, Debug, Default)]
pub struct Committer {
    /// Version of the request.
    pub version: i16,
    /// Member id, "" for none.
    pub id: String,
    /// Instance id of a static member.
    pub instance: Option<String>,
    /// Generation of a classic group, epoch of the member in others; -1 for none.
    pub generation: i32,
}

/// One offset to be committed.
#[derive(Clone, Debug)]
pub struct NewOffset {
    /// The topic's name.
    pub topic: String,
    /// Its id as the client gave it, or zero.
    pub topic_id: Uuid,
    /// The partition.
    pub partition: i32,
    /// The next offset that the group wants.
    pub offset: i64,
    /// Epoch of the record before, -1 for none.
    pub leader_epoch: i32,
    /// A note of the client.
    pub metadata: String,
}

/// What was asked of a group's offsets.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// The group.
    pub group: String,
    /// Member and epoch, where the request has them (v9).
    pub member: Option<(String, i32)>,
    /// Topics by name and id with their partitions; `None`: all that there are.
    pub topics: Option<Vec<(String, Uuid, Vec<i32>)>>,
    /// Refuse to say what a transaction under way may change (KIP-447)?
    pub require_stable: bool,
}

/// One committed offset, or why it is not said.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetched {
    /// The partition.
    pub partition: i32,
    /// 0, or 88.
    pub error: ErrorCode,
    /// The offset, -1 for none.
    pub offset: i64,
    /// Epoch of the record before, -1 for none.
    pub leader_epoch: i32,
    /// The note.
    pub metadata: String,
}

/// Topics with what was committed of their partitions.
pub type FetchedTopics = Vec<(String, Uuid, Vec<Fetched>)>;

/// What was committed of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The next offset that the group wants.
    pub offset: i64,
    /// Epoch of the record before, -1 for none.
    pub leader_epoch: i32,
    /// The client's note.
    pub metadata: String,
    /// When, ms.
    pub commit_ms: i64,
    /// Kept until then, where an old client said so, ms.
    pub expire_ms: Option<i64>,
    /// The topic's id, zero when not known.
    pub topic_id: Uuid,
    /// Where the record stands: of two the later one counts.
    pub at: i64,
}

type ByPartition = BTreeMap<(String, i32), Committed>;

/// All offsets of one coordinator.
#[derive(Default)]
pub struct Offsets {
    committed: BTreeMap<String, ByPartition>,
    pending: BTreeMap<i64, BTreeMap<String, ByPartition>>,
}

impl Offsets {
    /// The record of a commit; `Err(12)` for a note that is too long. `metadata_max`: `offset.metadata.max.bytes`, in UTF-16 units as
    /// Kafka counts.
    pub fn record(
        &self,
        commit: &Commit,
        new: &NewOffset,
        metadata_max: usize,
        now_ms: i64,
    ) -> Result<Record, ErrorCode> {
        if new.metadata.encode_utf16().count() > metadata_max {
            return Err(ErrorCode::OFFSET_METADATA_TOO_LARGE);
        }
        let value = OffsetCommitValue {
            offset: new.offset,
            leader_epoch: new.leader_epoch,
            metadata: new.metadata.clone().into(),
            commit_timestamp: now_ms,
            expire_timestamp: commit
                .retention_ms
                .map_or(-1, |ms| now_ms.saturating_add(ms)),
            topic_id: new.topic_id,
        };
        let key = key(&commit.group, &new.topic, new.partition);
        Ok(GroupRecord::OffsetCommit(key, Some(value)))
    }

    /// What was committed, to a client whose group is fine.
    pub fn fetch(&self, fetch: &Fetch) -> FetchedTopics {
        let of_group = self.committed.get(&fetch.group);
        let unstable = |topic: &str, partition: i32| {
            fetch.require_stable
                && !planted(Mutant::UnstableServed)
                && self.has_pending(&fetch.group, topic, partition)
        };
        let Some(topics) = &fetch.topics else {
            return all(of_group, unstable);
        };
        let one = |topic: &str, id: Uuid, partition: i32| {
            if unstable(topic, partition) {
                return Fetched::unstable(partition);
            }
            let found = of_group.and_then(|g| g.get(&(topic.to_owned(), partition)));
            let same = |c: &&Committed| c.topic_id.is_zero() || id.is_zero() || c.topic_id == id;
            Fetched::of(partition, found.filter(same))
        };
        let each = |(topic, id, partitions): &(String, Uuid, Vec<i32>)| {
            let fetched = partitions.iter().map(|p| one(topic, *id, *p)).collect();
            (topic.clone(), *id, fetched)
        };
        topics.iter().map(each).collect()
    }

    /// The answer when a group has committed nothing that may be said.
    pub fn nothing(fetch: &Fetch) -> FetchedTopics {
        let each = |(topic, id, partitions): &(String, Uuid, Vec<i32>)| {
            let fetched = partitions.iter().map(|p| Fetched::of(*p, None)).collect();
            (topic.clone(), *id, fetched)
        };
        fetch.topics.iter().flatten().map(each).collect()
    }

    /// Has the group anything committed, or about to be?
    pub fn has_any(&self, group: &str) -> bool {
        self.committed.contains_key(group)
            || self
                .pending
                .values()
                .any(|groups| groups.contains_key(group))
    }

    /// What the group has committed, by topic and partition.
    pub fn of_group(&self, group: &str) -> impl Iterator<Item = (&(String, i32), &Committed)> {
        self.committed.get(group).into_iter().flatten()
    }

    /// The groups that have something committed, in the order of their names.
    pub fn groups(&self) -> impl Iterator<Item = &String> {
        self.committed.keys()
    }

    /// Adds what was committed.
    pub fn census(&self, census: &mut Census) {
        for (group, offsets) in &self.committed {
            let offsets = offsets
                .iter()
                .map(|((topic, partition), found)| census::Committed {
                    group: group.clone(),
                    topic: topic.clone(),
                    topic_id: found.topic_id,
                    partition: *partition,
                    offset: found.offset,
                });
            census.committed.extend(offsets);
        }
    }

    /// Is a transaction under way that commits this partition for the group?
    pub fn has_pending(&self, group: &str, topic: &str, partition: i32) -> bool {
        let key = (topic.to_owned(), partition);
        let of = |groups: &BTreeMap<String, ByPartition>| {
            groups.get(group).is_some_and(|g| g.contains_key(&key))
        };
        self.pending.values().any(of)
    }

    /// Is a transaction under way that commits anything for the group?
    pub fn has_pending_of(&self, group: &str) -> bool {
        self.pending
            .values()
            .any(|groups| groups.contains_key(group))
    }

    /// The tombstone of one partition, if there is anything to be deleted.
    pub fn tombstone(&self, group: &str, topic: &str, partition: i32) -> Option<Record> {
        let committed = self.committed.get(group);
        let known = committed.is_some_and(|g| g.contains_key(&(topic.to_owned(), partition)))
            || self.has_pending(group, topic, partition);
        known.then(|| deletion(group, topic, partition))
    }

    /// The tombstones of everything that the group has.
    pub fn tombstones(&self, group: &str) -> Vec<Record> {
        self.tombstones_if(group, |_, _| true)
    }

    /// The tombstones of all offsets, committed or pending, of a deleted topic.
    pub fn tombstones_of_topic(&self, topic: &str, id: Uuid) -> Vec<Record> {
        let groups: BTreeSet<&String> = self
            .committed
            .keys()
            .chain(self.pending.values().flat_map(BTreeMap::keys))
            .collect();
        let of =
            |name: &str, c: &Committed| name == topic && (c.topic_id.is_zero() || c.topic_id == id);
        groups
            .into_iter()
            .flat_map(|group| self.tombstones_if(group, of))
            .collect()
    }

    fn tombstones_if(&self, group: &str, which: impl Fn(&str, &Committed) -> bool) -> Vec<Record> {
        let pending = self.pending.values().filter_map(|groups| groups.get(group));
        let all = self
            .committed
            .get(group)
            .into_iter()
            .chain(pending)
            .flatten();
        let wanted: BTreeSet<_> = all
            .filter(|((topic, _), committed)| which(topic, committed))
            .map(|(key, _)| key)
            .collect();
        let delete = |(topic, partition): &(String, i32)| deletion(group, topic, *partition);
        wanted.into_iter().map(delete).collect()
    }

    /// A record stands in the log.
    pub fn apply(
        &mut self,
        key: OffsetCommitKey<'static>,
        value: Option<OffsetCommitValue<'static>>,
        at: &Position,
    ) {
        let place = (key.topic.into_owned(), key.partition);
        match (value, at.producer) {
            (Some(value), producer) => {
                let groups = match producer.filter(|_| !planted(Mutant::OffsetsTooEarly)) {
                    Some(producer) => self.pending.entry(producer.id).or_default(),
                    None => &mut self.committed,
                };
                let of_group = groups.entry(key.group.into_owned()).or_default();
                of_group.insert(place, committed(value, at));
            }
            (None, _) => {
                remove(&mut self.committed, &key.group, &place);
                for groups in self.pending.values_mut() {
                    remove(groups, &key.group, &place);
                }
                self.pending.retain(|_, groups| !groups.is_empty());
            }
        }
    }

    /// A transaction ended: what it would commit is committed, unless something later was; or it is forgotten.
    pub fn end_transaction(&mut self, producer_id: i64, commit: bool) {
        let Some(groups) = self.pending.remove(&producer_id).filter(|_| commit) else {
            return;
        };
        for (group, offsets) in groups {
            let committed = self.committed.entry(group).or_default();
            for (place, offset) in offsets {
                if committed.get(&place).is_none_or(|c| c.at < offset.at) {
                    committed.insert(place, offset);
                }
            }
        }
    }
}

fn remove(groups: &mut BTreeMap<String, ByPartition>, group: &str, place: &(String, i32)) {
    if let Some(offsets) = groups.get_mut(group) {
        offsets.remove(place);
        if offsets.is_empty() {
            groups.remove(group);
        }
    }
}

fn deletion(group: &str, topic: &str, partition: i32) -> Record {
    GroupRecord::OffsetCommit(key(group, topic, partition), None)
}

fn key(group: &str, topic: &str, partition: i32) -> OffsetCommitKey<'static> {
    OffsetCommitKey {
        group: group.to_owned().into(),
        topic: topic.to_owned().into(),
        partition,
    }
}

fn committed(value: OffsetCommitValue<'_>, at: &Position) -> Committed {
    Committed {
        offset: value.offset,
        leader_epoch: value.leader_epoch,
        metadata: value.metadata.into_owned(),
        commit_ms: value.commit_timestamp,
        expire_ms: Some(value.expire_timestamp).filter(|ms| *ms != -1),
        topic_id: value.topic_id,
        at: at.offset,
    }
}

fn all(of_group: Option<&ByPartition>, unstable: impl Fn(&str, i32) -> bool) -> FetchedTopics {
    let mut topics: FetchedTopics = Vec::new();
    for ((topic, partition), committed) in of_group.into_iter().flatten() {
        if topics.last().is_none_or(|(last, _, _)| last != topic) {
            topics.push((topic.clone(), Uuid::ZERO, Vec::new()));
        }
        if let Some((_, _, partitions)) = topics.last_mut() {
            partitions.push(match unstable(topic, *partition) {
                true => Fetched::unstable(*partition),
                false => Fetched::of(*partition, Some(committed)),
            });
        }
    }
    topics
}

impl Fetched {
    fn of(partition: i32, committed: Option<&Committed>) -> Self {
        Fetched {
            partition,
            error: ErrorCode::NONE,
            offset: committed.map_or(-1, |c| c.offset),
            leader_epoch: committed.map_or(-1, |c| c.leader_epoch),
            metadata: committed.map_or_else(String::new, |c| c.metadata.clone()),
        }
    }

    fn unstable(partition: i32) -> Self {
        Fetched {
            error: ErrorCode::UNSTABLE_OFFSET_COMMIT,
            ..Fetched::of(partition, None)
        }
    }
}

#[cfg(test)]
mod tests;
