//! The write cycle: gathers what all groups of this shard want durable into one journal append, and tells them when it is.
//!
//! One append carries the frames of every group touched since the last one, so a flush is shared by hundreds of
//! partitions. It clocks itself: appends are handed to the journal as they come, the journal writes at once when
//! nothing is in flight and gathers while something is. No timer, no batch window.
//!
//! Invariants: a group is in `dirty` at most once; groups hear of flushes in the order in which they were gathered.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use ottla_runtime::sync::{Notify, queue};
use ottla_runtime::task;
use ottla_runtime::time::{self, Instant};
use ottla_storage::Frame;
use ottla_storage::journal::{Append, Failed, Journal};

use super::checkpoint::Checkpointer;
use crate::metrics::Metrics;

/// A Raft group as the write cycle sees it.
pub trait Group {
    /// Moves everything that must be durable into `frames`; the token returned is handed back when it is.
    fn gather(&self, frames: &mut Vec<Frame>) -> Option<u64>;
    /// Everything gathered up to `token` is flushed.
    fn flushed(&self, token: u64);
    /// Set while the group stands in the list of groups to gather.
    fn queued(&self) -> &Cell<bool>;
}

/// Appends that may wait for their flush at the same time; past it the cycle gathers on, into the next append.
const IN_FLIGHT: usize = 4;

/// The groups of this shard that have something to write.
pub struct WriteCycle {
    checkpointer: Rc<Checkpointer>,
    metrics: Rc<Metrics>,
    dirty: RefCell<Vec<Rc<dyn Group>>>,
    wake: Notify,
}

type Gathered = Vec<(Rc<dyn Group>, u64)>;

/// An append on its way to the disk, and who hears of it.
struct Flight {
    append: Append,
    began: Instant,
    groups: Gathered,
}

impl WriteCycle {
    /// Tells `checkpointer` and `metrics` of each append.
    pub fn new(checkpointer: Rc<Checkpointer>, metrics: Rc<Metrics>) -> Self {
        Self {
            checkpointer,
            metrics,
            dirty: RefCell::default(),
            wake: Notify::new(),
        }
    }

    /// The group has something to write; it is gathered in the next cycle.
    pub fn mark(&self, group: &Rc<dyn Group>) {
        if !group.queued().replace(true) {
            self.dirty.borrow_mut().push(group.clone());
            self.wake.notify_one();
        }
    }

    /// Runs until the journal fails; the failure is for good and the caller must stop the process.
    pub async fn run(self: Rc<Self>, journal: Rc<Journal>) -> Failed {
        let (flights, mut arrivals) = queue::bounded(IN_FLIGHT);
        let cycle = self.clone();
        let _gathering = task::spawn(task::Share::Foreground, async move {
            cycle.gather_all(&journal, &flights).await;
        });
        while let Some(Flight {
            append,
            began,
            groups,
        }) = arrivals.recv().await
        {
            if let Err(failed) = append.await {
                return failed;
            }
            self.metrics.journal_appends.inc();
            self.metrics.append_time.record(began.elapsed());
            for (group, token) in groups {
                group.flushed(token);
            }
            self.checkpointer.written();
        }
        unreachable!("the task that gathers holds the other end for as long as this runs")
    }

    async fn gather_all(&self, journal: &Journal, flights: &queue::Sender<Flight>) {
        loop {
            self.wake.notified().await;
            self.checkpointer.has_room().await;
            // This task runs after all that were ready when it was woken, so a burst of requests shares this append.
            let (frames, groups) = self.gather();
            if groups.is_empty() && frames.is_empty() {
                continue;
            }
            let began = time::now();
            let append = journal.append(frames);
            if flights
                .send(Flight {
                    append,
                    began,
                    groups,
                })
                .await
                .is_err()
            {
                return;
            }
        }
    }

    fn gather(&self) -> (Vec<Frame>, Gathered) {
        let groups = std::mem::take(&mut *self.dirty.borrow_mut());
        let mut frames = Vec::new();
        let mut gathered = Vec::with_capacity(groups.len());
        for group in groups {
            group.queued().set(false);
            if let Some(token) = group.gather(&mut frames) {
                gathered.push((group, token));
            }
        }
        (frames, gathered)
    }
}
