//! The end of a transaction, written to each of its partitions. An end that was decided is carried through: what cannot be
//! written now is tried again for as long as its coordinator lives, and after that by the next one, which finds the decision
//! in its log.

use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use std::time::Duration;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_protocol::record::EndMarker;
use ottla_runtime::shards::ShardId;
use ottla_runtime::time;

use super::Command;
use super::state::Partitions;
use crate::coordinator::Producer;
use crate::coordinator::group;
use crate::coordinator::host::Coordinators;
use crate::coordinator::topics::Kind;
use crate::partition::calls::{Answer, Call, EndTxn, Marker};

/// The first wait before markers that were refused are tried again; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(10);
/// The longest.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// Markers to be written.
#[derive(Debug)]
pub struct Markers {
    /// Gone when the coordinator's life is over: another may then have carried on, and begun the next transaction, which a late
    /// marker of this one would end.
    pub alive: Weak<()>,
    /// The transactional id.
    pub id: String,
    /// By which the coordinator knows the answer.
    pub round: u64,
    /// The coordinator's partition.
    pub coordinator: i32,
    /// Whose transaction ends.
    pub producer: Producer,
    /// Or is aborted.
    pub commit: bool,
    /// The transaction version that it ends by.
    pub version: i8,
    /// Where.
    pub partitions: Partitions,
}

/// A partition by its topic's name.
type Place = (String, i32);

impl Markers {
    /// Writes all of them. `None` when it is not for this coordinator to say any more.
    pub async fn write(self, world: Rc<Coordinators>) -> Option<Command> {
        let each = |(topic, numbers): (&String, &std::collections::BTreeSet<i32>)| {
            let places = numbers.iter().map(|n| (topic.clone(), *n));
            places.collect::<Vec<_>>()
        };
        let mut left: Vec<Place> = self.partitions.iter().flat_map(each).collect();
        let mut wait = FIRST_WAIT;
        loop {
            self.alive.upgrade()?;
            left = self.write_some(&world, left).await;
            if left.is_empty() {
                return Some(Command::Marked {
                    id: self.id,
                    round: self.round,
                });
            }
            time::sleep(wait).await;
            wait = (wait * 2).min(LAST_WAIT);
        }
    }

    /// One try. Answers with the places where it has to be tried again.
    async fn write_some(&self, world: &Rc<Coordinators>, places: Vec<Place>) -> Vec<Place> {
        let Some(epoch) = world.epoch(Kind::Transaction, self.coordinator) else {
            return places;
        };
        let image = world.image();
        let mut left = Vec::new();
        let mut by_owner: BTreeMap<ShardId, Vec<(Place, EndTxn)>> = BTreeMap::new();
        let mut of_groups = Vec::new();
        for place in places {
            let topic = image.topics.named(&place.0);
            match topic.filter(|topic| topic.partition(place.1).is_some()) {
                // Deleted, and the transaction's records with it.
                None => {}
                Some(_) if place.0 == Kind::Group.topic() => of_groups.push(place),
                Some(topic) => {
                    let id = topic.partition_id(place.1);
                    let end = self.end_of(id, epoch);
                    by_owner
                        .entry(world.owner(id))
                        .or_default()
                        .push((place, end));
                }
            }
        }
        let mut pending = Vec::with_capacity(by_owner.len());
        for (owner, ends) in by_owner {
            let (places, ends): (Vec<_>, Vec<_>) = ends.into_iter().unzip();
            match world.data.start(owner, Call::Markers(ends)).await {
                Ok(answer) => pending.push((places, answer)),
                // The broker stops.
                Err(_) => left.extend(places),
            }
        }
        for place in of_groups {
            if let Err(code) = self.end_in_group(world, place.1, epoch).await {
                left.extend(self.again(place, code));
            }
        }
        for (places, answer) in pending {
            match answer.await {
                Ok(Answer::Markers(written)) => {
                    let failed = places.into_iter().zip(written);
                    left.extend(failed.filter_map(|(place, w)| self.again(place, w.err()?)));
                }
                _ => left.extend(places),
            }
        }
        left
    }

    fn end_of(&self, id: PartitionId, coordinator_epoch: i32) -> EndTxn {
        EndTxn {
            id,
            marker: Marker {
                producer_id: self.producer.id,
                epoch: self.producer.epoch,
                end: EndMarker {
                    committed: self.commit,
                    coordinator_epoch,
                },
            },
            version: self.version,
        }
    }

    async fn end_in_group(
        &self,
        world: &Rc<Coordinators>,
        partition: i32,
        coordinator_epoch: i32,
    ) -> Result<(), ErrorCode> {
        let topic = world.topic(Kind::Group).await?;
        let command = group::Command::EndTransaction {
            producer: self.producer,
            coordinator_epoch,
            commit: self.commit,
            version: self.version,
        };
        world.group_at(&topic, partition, command).await.map(drop)
    }

    /// The place, if it has to be tried again.
    fn again(&self, place: Place, code: ErrorCode) -> Option<Place> {
        self.refused(&place, code);
        // The partition has heard of a later epoch: nothing of this one is open there.
        (code != ErrorCode::INVALID_PRODUCER_EPOCH).then_some(place)
    }

    fn refused(&self, (topic, partition): &Place, code: ErrorCode) {
        tracing::warn!(
            transactional_id = self.id,
            topic,
            partition,
            "the end of a transaction cannot be written: {}",
            code.message()
        );
    }
}
