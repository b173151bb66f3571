//! The partition owner: what one replica of one partition does on its shard.
//!
//! Lives on: the owner shard. It joins the two that do not know each other: the pure [`Replica`] decides, the
//! [`Log`] and the shard's journal keep.
//!
//! The way of a batch here: [`produce`] checks it, stamps offset and epoch and proposes it; the write cycle calls
//! [`gather`](Group::gather), which turns the replica's appends into journal frames and log appends; after the flush
//! [`flushed`](Group::flushed) lets the replica commit, and the commit answers producers and wakes fetches.
//!
//! Invariants:
//! - log start <= last stable offset <= high watermark <= log end; neither of these two falls while the partition is open.
//! - whoever waits for an offset below the high watermark has been answered.
//! - frames of one replica reach the journal in the order of its appends.

pub mod calls;
mod checks;
pub mod clean;
mod commands;
mod fetch;
pub mod internal;
mod lifecycle;
mod offsets;
mod open;
mod produce;
pub mod producers;
mod state;
pub mod table;
#[cfg(test)]
mod tests;
mod txns;
pub mod waiters;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_raft::{Action, Append, Entry, Input, Kind, Replica};
use ottla_runtime::sync::oneshot;
use ottla_runtime::task::{self, Share};
use ottla_storage::Frame;
use ottla_storage::log::Log;
use ottla_storage::mutants::{Mutant, planted};

pub use self::internal::Own;
use self::produce::Ack;
use self::producers::Producers;
use self::waiters::{Acks, Watchers};
use crate::config::TopicConfig;
use crate::metrics::Metrics;
use crate::shard::Shard;
use crate::shard::write_cycle::Group;

/// Bytes of one log that are worth a write to its segments.
const FLUSH_AT: u64 = 8 << 20;

/// One replica of one partition.
pub struct Partition {
    id: PartitionId,
    topic: String,
    shard: Rc<Shard>,
    log: Log,
    state: RefCell<State>,
    queued: Cell<bool>,
    /// A flush of the log that nobody waits for is under way.
    flushing: Cell<bool>,
    me: Weak<Partition>,
}

/// Hears the first offset that a command left, or why it was lost.
type CommandWaiter = oneshot::Sender<Result<i64, ErrorCode>>;

struct State {
    replica: Replica,
    config: Arc<TopicConfig>,
    producers: Producers,
    acks: Acks<Ack>,
    /// Fetches that wait for the high watermark to move.
    watchers: Watchers,
    /// Those that wait for the last stable offset.
    stable_watchers: Watchers,
    /// Who waits for a command, by the command's index and term.
    commands: Vec<(u64, u64, CommandWaiter)>,
    /// Who waits until this replica serves.
    serving: Vec<oneshot::Sender<()>>,
    high_watermark: i64,
    /// Frames that no write cycle has taken yet, and the append that they complete.
    frames: Vec<Frame>,
    appended: Option<u64>,
    /// Deleted or stopping: nothing is taken any more.
    closed: bool,
}

impl Partition {
    /// Its id.
    pub fn id(&self) -> PartitionId {
        self.id
    }

    /// Its topic's name.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Where its shard counts.
    pub fn metrics(&self) -> &Metrics {
        &self.shard.metrics
    }

    /// Its log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// First offset not committed.
    pub fn high_watermark(&self) -> i64 {
        self.state.borrow().high_watermark
    }

    /// The offset that the next record gets.
    pub fn next_offset(&self) -> i64 {
        self.state.borrow().replica.next_offset()
    }

    /// The topic's settings changed.
    pub fn configure(&self, config: &Arc<TopicConfig>) {
        if Arc::ptr_eq(&self.state.borrow().config, config) {
            return;
        }
        self.log.configure(open::log_config(config));
        self.state.borrow_mut().config = config.clone();
    }

    /// Takes nothing more and sends everybody away who waits: the partition is deleted here, or the broker stops.
    pub fn close(&self, why: ErrorCode) {
        let mut state = self.state.borrow_mut();
        state.closed = true;
        state.fail_waiting(why);
    }

    /// The write cycle has to look at this partition.
    fn mark(&self) {
        if let Some(me) = self.me.upgrade() {
            let group: Rc<dyn Group> = me;
            self.shard.writes.mark(&group);
        }
    }

    /// Carries out what the replica wants done, in its order.
    fn drive(&self) {
        let mut state = self.state.borrow_mut();
        while let Some(action) = state.replica.poll() {
            match action {
                Action::Append(append) => self.append(&mut state, append),
                Action::Commit(entries) => self.commit(&mut state, &entries),
                Action::Lost { .. } => state.fail_waiting(ErrorCode::NOT_LEADER_OR_FOLLOWER),
                Action::Role(_) => state.fire_watchers(),
                Action::Serving { .. } => {
                    state.fire_watchers();
                    for waiter in state.serving.drain(..) {
                        // Whoever asked may be gone.
                        let _ = waiter.send(());
                    }
                }
                Action::Fault(fault) => {
                    tracing::error!(partition = %self.id, topic = self.topic, "partition off line: {fault}");
                    state.closed = true;
                    state.fail_waiting(ErrorCode::KAFKA_STORAGE_ERROR);
                }
                // A group of one has no peers, and its members do not change before there are other nodes.
                other => {
                    tracing::error!(partition = %self.id, "a replica without peers asked for {other:?}")
                }
            }
        }
    }

    fn append(&self, state: &mut State, append: Append) {
        // First, so that a torn write never leaves an entry of a term that the hard state does not know.
        if let Some(hard) = append.hard {
            state.frames.push(Frame::HardState {
                id: self.id,
                hard: open::stored(hard),
            });
        }
        if let Some(from) = append.truncate_from {
            self.truncate(state, from);
        }
        for entry in append.entries {
            let entry = open::stored_entry(entry);
            if let Err(error) = open::append(&self.log, &entry) {
                unreachable!("consensus appends in order, and batches were checked: {error}");
            }
            state.frames.push(Frame::Entry { id: self.id, entry });
        }
        state.appended = Some(append.seq);
        self.mark();
    }

    fn truncate(&self, state: &mut State, from: u64) {
        let Some(last) = state.replica.point_at(from - 1) else {
            unreachable!(
                "consensus cuts only what it has in view, and {from} follows nothing there"
            );
        };
        if let Err(error) = self
            .log
            .truncate_to(last.end_offset, (last.index, last.term))
        {
            unreachable!("only committed entries are flushed, and those are never cut: {error}");
        }
        state.producers.truncate(last.end_offset);
        state.frames.push(Frame::Truncate { id: self.id, from });
    }

    fn commit(&self, state: &mut State, entries: &[Entry]) {
        let (stable, all_stable) = state.stable(self.log.start_offset());
        let mut bytes = 0;
        for entry in entries {
            match entry.kind {
                Kind::Data => {
                    bytes += entry.body.len();
                    state.high_watermark = entry.end_offset();
                }
                Kind::Command => self.apply_command(state, entry),
                Kind::Empty | Kind::Config => {}
            }
        }
        let high_watermark = state.high_watermark;
        state.producers.commit(high_watermark);
        let start = self.log.start_offset();
        while let Some(ack) = state.acks.committed(high_watermark) {
            ack.committed(start);
        }
        self.flush_if_much(state);
        if bytes > 0 {
            state.watchers.committed(bytes as i64);
            self.shard.metrics.produced_bytes.add(bytes as u64);
        }
        match state.stable(start) {
            (now, _) if now == stable => {}
            // Without transactions what is committed is what became stable; else the fetch has to look for itself.
            (_, true) if all_stable => state.stable_watchers.committed(bytes as i64),
            _ => state.stable_watchers.fire_all(),
        }
    }
}

impl Partition {
    /// Moves what is committed to the segments once a segment's worth is there, so that segments fill as records come
    /// and not all at once when the journal is full.
    fn flush_if_much(&self, state: &State) {
        let much = self.log.config().segment_bytes.min(FLUSH_AT);
        if (self.log.dirty_bytes() as u64) < much || self.flushing.replace(true) {
            return;
        }
        let (me, through) = (self.me.clone(), state.replica.applied().index);
        let log = self.log.clone();
        task::spawn(Share::Background, async move {
            if let Err(error) = log.flush(through).await {
                // It is all in the journal. A disk that failed for good stops the process with the next checkpoint.
                tracing::warn!(partition = %log.id(), "segments were not written: {error}");
            }
            if let Some(me) = me.upgrade() {
                me.flushing.set(false);
            }
        })
        .detach();
    }
}

impl State {
    /// Is this node the leader, with everything before its term applied?
    fn leads(&self) -> bool {
        !self.closed && self.replica.can_serve()
    }

    fn fail_waiting(&mut self, why: ErrorCode) {
        for ack in self.acks.lost_from(i64::MIN) {
            ack.failed(why);
        }
        for (_, _, waiter) in self.commands.drain(..) {
            // Whoever asked may be gone.
            let _ = waiter.send(Err(why));
        }
        self.serving.clear();
        self.fire_watchers();
    }

    fn fire_watchers(&mut self) {
        self.watchers.fire_all();
        self.stable_watchers.fire_all();
    }

    /// The last stable offset of a log that starts at `start`, and whether that is all there is.
    fn stable(&self, start: i64) -> (i64, bool) {
        let stable = self.last_stable(start);
        (stable, stable == self.high_watermark)
    }

    /// Compares the leader epoch that a client knows with ours: 74 if it is older, 75 if it is newer, fine if none.
    fn check_epoch(&self, known: i32) -> Result<(), ErrorCode> {
        let current = self.replica.term() as i32;
        match known {
            -1 => Ok(()),
            known if known < current => Err(ErrorCode::FENCED_LEADER_EPOCH),
            known if known > current => Err(ErrorCode::UNKNOWN_LEADER_EPOCH),
            _ => Ok(()),
        }
    }
}

impl Group for Partition {
    fn gather(&self, frames: &mut Vec<Frame>) -> Option<u64> {
        if self.state.borrow().closed && !planted(Mutant::EntryBehindForget) {
            // Its last word in the journal may have been that it is forgotten: an entry behind that has nothing to
            // follow, and the next start would take it for damage. Nobody was promised anything about it.
            return None;
        }
        self.drive();
        let mut state = self.state.borrow_mut();
        frames.append(&mut state.frames);
        state.appended.take()
    }

    fn flushed(&self, token: u64) {
        self.state
            .borrow_mut()
            .replica
            .handle(Input::Appended { seq: token });
        self.drive();
    }

    fn queued(&self) -> &Cell<bool> {
        &self.queued
    }
}
