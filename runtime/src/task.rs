//! Tasks of a shard.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use crate::{real, shards::ShardId, sim};

/// Which share of the core a task gets.
///
/// The two queues are scheduled by time used: when both have work, foreground gets about ten times as much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// Work that somebody waits for.
    Foreground,
    /// Flushing, retention, compaction, recovery beside service.
    Background,
}

/// A spawned task. Await it for its result; dropping it cancels the task (its future is dropped soon, on
/// this shard, and never polled again); [`Task::detach`] lets it run on its own.
#[must_use = "dropping a task cancels it; detach it or await it"]
pub struct Task<T>(TaskKind<T>);

enum TaskKind<T> {
    Real(real::task::Task<T>),
    Sim(sim::task::Task<T>),
}

impl<T: 'static> Task<T> {
    /// Lets the task run to its end without a handle.
    pub fn detach(self) {
        match self.0 {
            TaskKind::Real(task) => task.detach(),
            TaskKind::Sim(task) => task.detach(),
        }
    }
}

impl<T> Task<T> {
    pub(crate) fn simulated(task: sim::task::Task<T>) -> Self {
        Task(TaskKind::Sim(task))
    }
}

impl<T> Future for Task<T> {
    type Output = T;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match &mut self.0 {
            TaskKind::Real(task) => Pin::new(task).poll(cx),
            TaskKind::Sim(task) => Pin::new(task).poll(cx),
        }
    }
}

/// Starts a task on the current shard. It runs for the first time after the caller yields.
///
/// # Panics
/// Outside a shard.
pub fn spawn<F>(share: Share, future: F) -> Task<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    Task(match sim::current() {
        Some(sim) => TaskKind::Sim(sim.spawn(share, future)),
        None => TaskKind::Real(real::task::spawn(share, future)),
    })
}

/// Lets other ready tasks run, and the shard look at its io, before the caller goes on. Long loops without
/// io call it now and then; it costs about a microsecond.
pub async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The shard that the caller runs on.
///
/// # Panics
/// Outside a shard.
pub fn shard() -> ShardId {
    sim::current().map_or_else(real::task::shard, |sim| sim.shard())
}

/// Whether the caller runs on a shard that still accepts tasks; false while a shard is torn down, when drop
/// code may run outside of it.
pub(crate) fn on_shard() -> bool {
    sim::current().map_or_else(real::task::on_shard, |sim| sim.is_alive())
}
