//! What is done without anybody asking: records that nobody needs are deleted, topics that are gone forgotten.

use std::rc::Rc;
use std::time::Duration;

use super::decide::{setting, snapshot, tombstone};
use super::state::State;
use super::{Command, Key, Prune, Shares};
use crate::coordinator::host::Coordinators;
use crate::coordinator::topics::Kind;
use crate::coordinator::{Effects, Now};
use crate::partition::calls::Call;
use crate::shard::placement;

/// Records of one batch.
const AT_ONCE: usize = 500;

impl Shares {
    pub(super) fn plan_look(&mut self, now: &Now<'_>) {
        let every = setting(now, "share.coordinator.state.topic.prune.interval.ms");
        let every = Duration::from_millis(u64::try_from(every).unwrap_or(1).max(1));
        self.next_look = Some(now.at + every);
    }

    /// Writes snapshots of share partitions that have not changed for long, so that what stands before them can go, and has
    /// deleted what is not needed.
    pub(super) fn look(&mut self, now: &Now<'_>) -> Effects<Shares> {
        self.plan_look(now);
        let mut effects = Effects::none();
        let cold = setting(now, "share.coordinator.cold.partition.snapshot.interval.ms");
        let is_cold = |state: &State| now.wall_ms - state.write_ms >= cold;
        // All quiet already: it would be the same snapshots again.
        if self
            .states
            .values()
            .any(|state| state.create_ms == state.write_ms)
        {
            let quiet = self.states.iter().filter(|(_, state)| is_cold(state));
            let again = |(key, state): (&Key, &State)| {
                let state = State {
                    snapshot_epoch: state.snapshot_epoch.wrapping_add(1),
                    write_ms: now.wall_ms,
                    ..state.clone()
                };
                snapshot(key, &state)
            };
            let records: Vec<_> = quiet.map(again).collect();
            for some in records.chunks(AT_ONCE) {
                effects.write(some.to_vec());
            }
        }
        let needed = self.states.values().map(|state| state.at).min();
        if let Some(below) = needed.filter(|below| *below > self.pruned) {
            self.pruned = below;
            effects.errands.push(Prune {
                number: self.number,
                below,
            });
        }
        effects
    }

    /// Forgets the state of topics that are not there any more.
    pub(super) fn forget_deleted_topics(&mut self, now: &Now<'_>) -> Effects<Shares> {
        let before = std::mem::replace(&mut self.topics, now.image.topics.clone());
        let is_gone = |key: &Key| {
            let topic = key.partition.topic;
            before.with_id(topic).is_some() && self.topics.with_id(topic).is_none()
        };
        let gone = self.states.keys().filter(|key| is_gone(key));
        let records: Vec<_> = gone.map(tombstone).collect();
        let mut effects = Effects::none();
        for some in records.chunks(AT_ONCE) {
            effects.write(some.to_vec());
        }
        effects
    }
}

/// Deletes records of the coordinator's own partition.
pub(super) async fn prune(errand: Prune, world: Rc<Coordinators>) -> Option<Command> {
    let image = world.image();
    let topic = image.topics.named(Kind::Share.topic())?;
    let id = topic.partition_id(errand.number);
    let owner = placement::owner(id, world.data.count());
    let call = Call::DeleteRecords(vec![(id, errand.below)]);
    // It is tried again with the next, if it fails.
    let _ = world.data.call(owner, call).await;
    None
}
