//! What is forgotten without anybody asking: old offsets, groups that have nothing left, offsets of deleted topics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ottla_protocol::ids::Uuid;
use ottla_runtime::time::Instant;

use super::admin::TOMBSTONES_AT_ONCE;
use super::kind::Group;
use super::offsets::Committed;
use super::{Groups, Record};
use crate::coordinator::{Effects, Now};
use crate::metadata::{Image, Topics};

/// The topics as they were when this was last looked at.
#[derive(Default)]
pub(super) struct Seen(Topics);

impl Seen {
    /// Those that have gone since, by id.
    fn gone(&mut self, image: &Image) -> BTreeMap<Uuid, Arc<str>> {
        let now = image.topics.clone();
        let before = std::mem::replace(&mut self.0, now);
        let gone = before
            .iter()
            .filter(|topic| self.0.with_id(topic.id).is_none());
        gone.map(|topic| (topic.id, topic.name.clone())).collect()
    }
}

impl Groups {
    /// From now on topics that go are noticed, and old offsets looked for.
    pub(super) fn watch(&mut self, now: &mut Now<'_>) {
        self.topics.gone(now.image);
        self.plan_search(now);
    }

    fn plan_search(&mut self, now: &mut Now<'_>) {
        let every = now.image.broker_config.groups.offsets_check_interval_ms;
        let every = Duration::from_millis(u64::try_from(every).unwrap_or(1).max(1));
        self.next_search = Some(now.at + every);
    }

    /// The next search for old offsets, if it is due.
    pub(super) fn search_is_due(&self, now: Instant) -> bool {
        self.next_search.is_some_and(|at| at <= now)
    }

    /// Forgets offsets past their retention that nobody reads any more, and groups that then have nothing and nobody.
    pub(super) fn forget_old(&mut self, now: &mut Now<'_>) -> Effects<Groups> {
        self.plan_search(now);
        let mut effects = Effects::none();
        for (name, group) in &self.groups {
            let (mut records, nothing_left) = self.old(name, group, now);
            if nothing_left && group.is_empty() {
                records.extend(group.tombstones(name));
            }
            write(&mut effects, &records);
        }
        effects
    }

    /// The tombstones of a group's old offsets; and whether no offset, committed or pending, stays.
    fn old(&self, name: &str, group: &Group, now: &Now<'_>) -> (Vec<Record>, bool) {
        let config = &now.image.broker_config.groups;
        let pending = self.offsets.has_pending_of(name);
        let Some(expiry) = group.expiry() else {
            return (Vec::new(), false);
        };
        let (mut records, mut stay) = (Vec::new(), pending);
        for ((topic, partition), offset) in self.offsets.of_group(name) {
            let old = !group.is_subscribed_to(topic)
                && expiry.has_come(offset, config.offsets_retention_ms, now.wall_ms);
            let forgotten = (old || has_no_topic(offset, now))
                && !(pending && self.offsets.has_pending(name, topic, *partition));
            match forgotten {
                true => records.extend(self.offsets.tombstone(name, topic, *partition)),
                false => stay = true,
            }
        }
        (records, !stay)
    }

    /// Forgets offsets of topics that are not there any more.
    pub(super) fn forget_deleted_topics(&mut self, image: &Image) -> Effects<Groups> {
        let gone = self.topics.gone(image);
        let mut effects = self.share_topics_gone(&gone);
        for (id, name) in gone {
            write(&mut effects, &self.offsets.tombstones_of_topic(&name, id));
        }
        effects
    }
}

/// Was its topic deleted, and nobody noticed, as in a crash? Of a new one this shard may not have heard yet.
fn has_no_topic(offset: &Committed, now: &Now<'_>) -> bool {
    let search_ms = now.image.broker_config.groups.offsets_check_interval_ms;
    !offset.topic_id.is_zero()
        && now.image.topics.with_id(offset.topic_id).is_none()
        && now.wall_ms.saturating_sub(offset.commit_ms) >= search_ms
}

fn write(effects: &mut Effects<Groups>, records: &[Record]) {
    for some in records.chunks(TOMBSTONES_AT_ONCE) {
        effects.write(some.to_vec());
    }
}
