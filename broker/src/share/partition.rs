//! A share partition at work: reads records, hands them out, has written down what becomes of them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_runtime::sync::Semaphore;
use ottla_runtime::time;
use ottla_storage::mutants::{Mutant, planted};

use super::flight::{Flight, Moved};
use super::settings::{Reset, ShareSettings};
use crate::coordinator::host::Coordinators;
use crate::coordinator::share::{Change, Command, Key, Refusal, Verb};
use crate::partition::Partition;
use crate::partition::calls::ListOffset;
use crate::partition::waiters::Watchers;

/// A coordinator that is not ready is asked again after this,
const AGAIN: Duration = Duration::from_millis(100);
/// so often.
const ATTEMPTS: usize = 20;

/// A partition as one group reads it. Lives on: the shard that owns the partition.
pub struct SharePartition {
    /// Which.
    pub key: Key,
    /// What is read.
    pub partition: Rc<Partition>,
    /// What is in whose hands.
    pub flight: RefCell<Flight>,
    /// Who waits for something to be handed out.
    pub watchers: RefCell<Watchers>,
    /// Sessions that have read it.
    pub sessions: RefCell<BTreeSet<u64>>,
    /// Locks are looked after.
    pub ticking: Cell<bool>,
    /// What is kept is not what is here: another has to take its place, and nothing of this one is written any more.
    pub is_stale: Cell<bool>,
    /// How many have something written.
    writers: Cell<usize>,
    state_epoch: i32,
    leader_epoch: i32,
    /// Held by whoever has something written: in the order in which it happened.
    writing: Rc<Semaphore>,
    coordinators: Rc<Coordinators>,
}

impl SharePartition {
    /// Goes on where the share coordinator says that the group is.
    ///
    /// # Errors
    /// 6, 3, 124.
    pub async fn load(
        key: Key,
        partition: Rc<Partition>,
        coordinators: Rc<Coordinators>,
    ) -> Result<Rc<SharePartition>, ErrorCode> {
        let leader_epoch = partition.leader_epoch();
        let read = Verb::Read { leader_epoch };
        let known = ask(&coordinators, &key, read).await?;
        let known = known.ok_or(ErrorCode::UNKNOWN_SERVER_ERROR)?;
        let is_new = known.start < 0;
        let start = match is_new {
            true => begin(&key, &partition, &coordinators).await?,
            false => known.start,
        };
        let batches = match planted(Mutant::ShareStateForgotten) {
            true => &[],
            false => &known.batches[..],
        };
        let mut flight = Flight::new(start, batches);
        flight.begin_at(partition.log().start_offset());
        let share = Rc::new(SharePartition {
            key,
            partition,
            flight: RefCell::new(flight),
            watchers: RefCell::default(),
            sessions: RefCell::default(),
            ticking: Cell::new(false),
            is_stale: Cell::new(false),
            writers: Cell::new(0),
            state_epoch: known.state_epoch,
            leader_epoch,
            writing: Rc::new(Semaphore::new(1)),
            coordinators,
        });
        if is_new {
            // Kept at once: after a restart the group shall not begin somewhere else.
            share.write(&Moved::default()).await?;
        }
        Ok(share)
    }

    /// What the group goes by.
    pub fn settings(&self) -> ShareSettings {
        ShareSettings::of(&self.key.group, &self.coordinators.image())
    }

    /// Has the coordinator write what moved, after all that moved before. What could not be written makes it stale, or a later write
    /// would tell a member that records are done which its successor has handed to somebody else.
    ///
    /// # Errors
    /// 6, 3, 124; or what the coordinator says.
    pub async fn write(&self, moved: &Moved) -> Result<(), ErrorCode> {
        self.writers.set(self.writers.get() + 1);
        let written = self.write_in_turn(moved).await;
        self.writers.set(self.writers.get() - 1);
        written
    }

    async fn write_in_turn(&self, moved: &Moved) -> Result<(), ErrorCode> {
        let _turn = self.writing.acquire(1).await;
        if self.is_stale.get() {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        }
        if planted(Mutant::ShareUnwritten) && !moved.0.is_empty() {
            return Ok(());
        }
        let change = {
            let flight = self.flight.borrow();
            Change {
                state_epoch: self.state_epoch,
                leader_epoch: self.leader_epoch,
                start: flight.start(),
                complete_count: flight.complete_count(),
                batches: moved.0.clone(),
            }
        };
        let write = Verb::Write(change);
        let written = ask(&self.coordinators, &self.key, write).await;
        if let Err(code) = written {
            tracing::warn!(
                group = &*self.key.group,
                partition = %self.key.partition,
                "what became of records could not be written: {}",
                code.message()
            );
            self.is_stale.set(true);
        }
        written.map(drop)
    }

    /// Does nobody read it, nor have anything of it, nor is anything being written?
    pub fn is_unused(&self) -> bool {
        let is_read = !self.sessions.borrow().is_empty();
        !is_read && self.writers.get() == 0 && self.flight.borrow().is_idle()
    }

    /// Up to where the group may read.
    pub fn readable_end(&self, committed_only: bool) -> i64 {
        match committed_only {
            true => self.partition.last_stable_offset(),
            false => self.partition.high_watermark(),
        }
    }

    /// Whoever waits looks again.
    pub fn wake(&self) {
        self.watchers.borrow_mut().fire_all();
    }
}

/// Where a group begins that has not read the partition.
async fn begin(
    key: &Key,
    partition: &Partition,
    coordinators: &Coordinators,
) -> Result<i64, ErrorCode> {
    let settings = ShareSettings::of(&key.group, &coordinators.image());
    let search = |timestamp: i64| ListOffset {
        id: key.partition,
        timestamp,
        current_leader_epoch: -1,
        committed_only: false,
    };
    let at = match settings.reset {
        Reset::Earliest => EARLIEST,
        Reset::Latest => LATEST,
        Reset::Within(age) => {
            let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
            time::wall_ms().saturating_sub(age).max(0)
        }
    };
    let found = partition.list_offset(search(at)).await?.offset;
    match found {
        // Nothing is so young.
        ..0 => Ok(partition.list_offset(search(LATEST)).await?.offset),
        found => Ok(found),
    }
}

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

/// Asks the share coordinator, until it is ready.
async fn ask(
    coordinators: &Coordinators,
    key: &Key,
    verb: Verb,
) -> Result<Option<crate::coordinator::share::Known>, ErrorCode> {
    let mut attempts = 0;
    loop {
        let command = Command {
            key: key.clone(),
            verb: verb.clone(),
        };
        match coordinators.share(command).await {
            Ok(Ok(known)) => return Ok(known),
            Ok(Err(refusal)) => return Err(for_clients(&refusal, key.partition)),
            Err(code) => {
                attempts += 1;
                if attempts == ATTEMPTS {
                    tracing::warn!(
                        group = &*key.group,
                        "the share coordinator cannot be reached: {}",
                        code.message()
                    );
                    return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
                }
                time::sleep(AGAIN).await;
            }
        }
    }
}

/// What a consumer is told of a coordinator's refusal.
fn for_clients(refusal: &Refusal, id: PartitionId) -> ErrorCode {
    tracing::debug!(partition = %id, "the share coordinator refuses: {}", refusal.message);
    match refusal.code {
        ErrorCode::FENCED_LEADER_EPOCH => ErrorCode::NOT_LEADER_OR_FOLLOWER,
        // Not initialized: the group was deleted, or was never told of the partition.
        ErrorCode::INVALID_REQUEST => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        code => code,
    }
}
