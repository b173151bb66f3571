//! Share groups as the owners of partitions serve them (KIP-932): records are handed out one by one, to whoever comes, and are
//! done when he says so.
//!
//! | file | what |
//! |---|---|
//! | [`flight`] | one share partition's deliveries, pure |
//! | [`read`] | from the log into a member's hands |
//! | [`partition`] | where the group is in it, and has that written down |
//! | [`leaders`] | the share partitions of one shard |
//! | [`sessions`] | what each member reads, as this shard's connections say |
//! | [`settings`] | what a group goes by |
//! | [`calls`] | crosses the mesh |
//!
//! A share partition lives on the shard that owns the partition. What has become of its records is kept by the share coordinator
//! (`coordinator::share`); an acknowledgement is answered once it is committed there.

pub mod calls;
pub mod flight;
pub mod leaders;
mod partition;
mod read;
pub mod sessions;
pub mod settings;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_runtime::mesh::{Calls, Pending};
use ottla_runtime::shards::ShardId;

use self::calls::{Answer, Call};
use self::sessions::{Closed, Sessions};
use crate::metadata::Image;
use crate::shard::placement;

/// Are share groups switched on?
pub fn are_served(image: &Image) -> bool {
    let level = image.features.get("share.version");
    level.is_some_and(|level| *level > 0) || image.broker_config.groups.has("share")
}

/// The way to share partitions, from one shard; and the sessions that its connections have.
pub struct Shares {
    calls: Rc<Calls<Call, Answer>>,
    /// The sessions.
    pub sessions: RefCell<Sessions>,
}

impl Shares {
    /// Over the mesh that `calls` stands on; at most `slots` sessions.
    pub fn new(calls: Rc<Calls<Call, Answer>>, slots: usize) -> Shares {
        let sessions = RefCell::new(Sessions::new(slots, calls.me().0));
        Shares { calls, sessions }
    }

    /// The shard of a share partition.
    pub fn owner(&self, id: PartitionId) -> u16 {
        placement::owner(id, self.calls.count()).0
    }

    /// Partitions by their shard, in their order.
    pub fn by_owner<T>(
        &self,
        parts: impl IntoIterator<Item = T>,
        id: impl Fn(&T) -> PartitionId,
    ) -> Vec<(u16, Vec<T>)> {
        let mut shards: Vec<(u16, Vec<T>)> = Vec::new();
        let mut places: BTreeMap<u16, usize> = BTreeMap::new();
        for part in parts {
            let owner = self.owner(id(&part));
            let place = *places.entry(owner).or_insert_with(|| {
                shards.push((owner, Vec::new()));
                shards.len() - 1
            });
            shards[place].1.push(part);
        }
        shards
    }

    /// Puts a call into the owner's queue.
    ///
    /// # Errors
    /// 6: the broker stops.
    pub async fn start(&self, shard: u16, call: Call) -> Result<Pending<Answer>, ErrorCode> {
        let started = self.calls.start(ShardId(shard), call).await;
        started.map_err(|_| ErrorCode::NOT_LEADER_OR_FOLLOWER)
    }

    /// Asks a shard.
    ///
    /// # Errors
    /// 6: the broker stops.
    pub async fn call(&self, shard: u16, call: Call) -> Result<Answer, ErrorCode> {
        let answer = self.calls.call(ShardId(shard), call).await;
        answer.map_err(|_| ErrorCode::NOT_LEADER_OR_FOLLOWER)
    }

    /// A session has ended: what it has goes back.
    pub async fn release(&self, closed: Closed) {
        for (shard, parts) in self.by_owner(closed.parts, |id| *id) {
            let call = Call::Release {
                group: closed.group.clone(),
                session: closed.number,
                parts,
            };
            // The broker stops: nobody has anything any more.
            let _ = self.calls.send(ShardId(shard), call).await;
        }
    }

    /// Sessions have ended.
    pub async fn release_all(&self, closed: Vec<Closed>) {
        for closed in closed {
            self.release(closed).await;
        }
    }
}

#[cfg(test)]
mod tests;
