//! All partitions of one shard: calls find them here.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_runtime::sync::Semaphore;
use ottla_runtime::task::{self, Share};

use super::Partition;
use super::calls::{Answer, Call, EndTxn, Fetch, Fetched, Produce, Produced};
use super::fetch::not_here;
use super::produce::Batches;
use super::waiters::Watch;
use crate::shard::Shard;
use ottla_storage::StorageError;
use ottla_storage::journal::{Recovered, RecoveredPartition};

/// The partitions that this shard owns.
pub struct Partitions {
    shard: Rc<Shard>,
    table: RefCell<BTreeMap<PartitionId, Rc<Partition>>>,
    /// What the journal recovered of partitions that have not been opened yet.
    recovered: RefCell<Recovered>,
    /// Opened, and not serving yet: nothing of them may be checkpointed, cleaned or asked for.
    opened: RefCell<BTreeMap<PartitionId, Rc<Partition>>>,
    /// Whose turn it is to open and delete.
    turn: Rc<Semaphore>,
}

impl Partitions {
    /// None yet; `recovered` waits to be opened.
    pub fn new(shard: Rc<Shard>, recovered: Recovered) -> Rc<Self> {
        Rc::new(Self {
            shard,
            table: RefCell::default(),
            recovered: RefCell::new(recovered),
            opened: RefCell::default(),
            turn: Rc::new(Semaphore::new(1)),
        })
    }

    /// The shard.
    pub fn shard(&self) -> &Rc<Shard> {
        &self.shard
    }

    /// A partition by its id.
    pub fn find(&self, id: PartitionId) -> Option<Rc<Partition>> {
        self.table.borrow().get(&id).cloned()
    }

    /// What the journal recovered of a partition, once.
    pub fn take_recovered(&self, id: PartitionId) -> Option<RecoveredPartition> {
        self.recovered.borrow_mut().remove(&id)
    }

    /// The partitions that were recovered and never opened.
    pub fn take_leftovers(&self) -> Vec<PartitionId> {
        std::mem::take(&mut *self.recovered.borrow_mut())
            .into_keys()
            .collect()
    }

    /// All of them, in the order of their ids.
    pub fn all(&self) -> Vec<Rc<Partition>> {
        self.table.borrow().values().cloned().collect()
    }

    /// Has all segment files end with their data: see [`Log::trim`](ottla_storage::Log::trim).
    ///
    /// # Errors
    /// The disk's, with the first file that it concerns.
    pub async fn trim(&self) -> Result<(), StorageError> {
        for partition in self.all() {
            partition.log.trim().await?;
        }
        Ok(())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.table.borrow().len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.table.borrow().is_empty()
    }

    /// Held by whoever opens and deletes.
    pub(super) fn turn(&self) -> &Rc<Semaphore> {
        &self.turn
    }

    /// A partition that serves or will.
    pub(super) fn known(&self, id: PartitionId) -> Option<Rc<Partition>> {
        self.find(id)
            .or_else(|| self.opened.borrow().get(&id).cloned())
    }

    /// The ids of those that serve or will.
    pub(super) fn known_ids(&self) -> Vec<PartitionId> {
        let (table, opened) = (self.table.borrow(), self.opened.borrow());
        table.keys().chain(opened.keys()).copied().collect()
    }

    /// Adds a partition that does not serve yet.
    pub(super) fn opened(&self, partition: Rc<Partition>) {
        self.opened.borrow_mut().insert(partition.id(), partition);
    }

    /// One that does not serve yet.
    pub(super) fn next_opened(&self) -> Option<Rc<Partition>> {
        self.opened.borrow().values().next().cloned()
    }

    /// Adds a partition that serves.
    pub fn insert(&self, partition: Rc<Partition>) {
        self.opened.borrow_mut().remove(&partition.id());
        self.table.borrow_mut().insert(partition.id(), partition);
    }

    /// Takes a partition out; whoever waits on it is sent away.
    pub fn remove(&self, id: PartitionId) -> Option<Rc<Partition>> {
        let opened = self.opened.borrow_mut().remove(&id);
        let removed = self.table.borrow_mut().remove(&id).or(opened);
        if let Some(partition) = &removed {
            partition.close(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        }
        removed
    }

    /// Handles a call in the order in which it came. What takes the disk or a commit goes on in a task of its own.
    pub fn handle(self: &Rc<Self>, call: Call, answer: impl FnOnce(Answer) + 'static) {
        let table = self.clone();
        match call {
            // Before anything else runs: the order of calls is the order of batches.
            Call::Produce(produce) => self.produce(produce, answer),
            Call::Markers(ends) => self.end_txns(ends, answer),
            Call::Begin(asked) => {
                let begin = |(id, who)| self.required(id)?.begin_txn(who);
                answer(Answer::Begin(asked.into_iter().map(begin).collect()));
            }
            Call::Watch(watch) => {
                task::spawn(Share::Foreground, table.watch(watch, answer)).detach();
            }
            other => {
                task::spawn(Share::Foreground, async move {
                    answer(table.answer(other).await)
                })
                .detach();
            }
        }
    }

    fn produce(&self, produce: Produce, answer: impl FnOnce(Answer) + 'static) {
        if produce.parts.is_empty() {
            return answer(Answer::Produce(Vec::new()));
        }
        let batches = Batches::new(produce.parts.len(), |produced| {
            answer(Answer::Produce(produced))
        });
        for (slot, (id, batch, guard)) in produce.parts.into_iter().enumerate() {
            match self.find(id) {
                Some(partition) => partition.produce(batch, guard, produce.rules, &batches, slot),
                None => batches.decide(slot, Produced::refused(ErrorCode::NOT_LEADER_OR_FOLLOWER)),
            }
        }
    }

    fn end_txns(&self, ends: Vec<EndTxn>, answer: impl FnOnce(Answer) + 'static) {
        if ends.is_empty() {
            return answer(Answer::Markers(Vec::new()));
        }
        let code = |produced: Produced| match produced.error {
            ErrorCode::NONE => Ok(()),
            error => Err(error),
        };
        let batches = Batches::new(ends.len(), move |produced| {
            answer(Answer::Markers(produced.into_iter().map(code).collect()));
        });
        for (slot, end) in ends.into_iter().enumerate() {
            match self.find(end.id) {
                Some(partition) => partition.end_txn(end.marker, end.version, &batches, slot),
                None => batches.decide(slot, Produced::refused(ErrorCode::NOT_LEADER_OR_FOLLOWER)),
            }
        }
    }

    async fn watch(self: Rc<Self>, watch: super::calls::Watch, answer: impl FnOnce(Answer)) {
        let (on, fired) = Watch::new(watch.missing, watch.deadline);
        for (id, seen) in watch.parts {
            match self.find(id) {
                Some(partition) => partition.watch(seen, watch.committed_only, &on),
                None => on.fire(),
            }
        }
        drop(on);
        // All partitions have let go of the watch: its time is over, and so is the fetch.
        if fired.await.is_ok() {
            answer(Answer::Watch);
        }
    }

    async fn answer(self: Rc<Self>, call: Call) -> Answer {
        match call {
            Call::Fetch(fetch) => Answer::Fetch(self.fetch(fetch).await),
            Call::ListOffsets(questions) => {
                let mut found = Vec::with_capacity(questions.len());
                for q in questions {
                    found.push(match self.required(q.id) {
                        Ok(partition) => partition.list_offset(q).await,
                        Err(code) => Err(code),
                    });
                }
                Answer::ListOffsets(found)
            }
            Call::EpochEnds(questions) => {
                let mut ends = Vec::with_capacity(questions.len());
                for q in questions {
                    ends.push(match self.required(q.id) {
                        Ok(partition) => partition.epoch_end_offset(q).await,
                        Err(code) => Err(code),
                    });
                }
                Answer::EpochEnds(ends)
            }
            Call::DeleteRecords(questions) => {
                let mut lows = Vec::with_capacity(questions.len());
                for (id, offset) in questions {
                    lows.push(match self.required(id) {
                        Ok(partition) => partition.delete_records(offset).await,
                        Err(code) => Err(code),
                    });
                }
                Answer::DeleteRecords(lows)
            }
            Call::Producers(ids) => Answer::Producers(
                ids.into_iter()
                    .map(|id| self.required(id)?.active_producers())
                    .collect(),
            ),
            Call::Sizes => Answer::Sizes(
                self.all()
                    .iter()
                    .map(|p| (p.id(), p.log().size()))
                    .collect(),
            ),
            Call::Produce(_) | Call::Watch(_) | Call::Begin(_) | Call::Markers(_) => {
                unreachable!("handled in the order in which they came")
            }
        }
    }

    fn required(&self, id: PartitionId) -> Result<Rc<Partition>, ErrorCode> {
        self.find(id).ok_or(ErrorCode::NOT_LEADER_OR_FOLLOWER)
    }

    async fn fetch(&self, fetch: Fetch) -> Vec<Fetched> {
        let mut left = fetch.max_bytes;
        let mut first = true;
        let mut fetched = Vec::with_capacity(fetch.parts.len());
        for part in fetch.parts {
            let Some(partition) = self.find(part.id) else {
                fetched.push(not_here(part.id));
                continue;
            };
            let most = left.min(part.max_bytes);
            let committed_only = fetch.committed_only;
            let mut got = partition.fetch(part, most, first, committed_only).await;
            if !first && got.len() > left {
                got.drop_records();
            }
            left = left.saturating_sub(got.len());
            first &= got.is_empty();
            fetched.push(got);
        }
        fetched
    }
}
