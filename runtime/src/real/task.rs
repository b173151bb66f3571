//! Tasks on a glommio executor: two task queues, made when the shard starts.

use std::{
    cell::Cell,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use glommio::{Latency, LocalExecutor, Shares, TaskQueueHandle, timer::Timer};

use crate::{
    shards::{Shard, ShardId},
    task::Share,
};

#[derive(Clone, Copy)]
struct Here {
    shard: ShardId,
    foreground: TaskQueueHandle,
    background: TaskQueueHandle,
}

thread_local! {
    /// The shard of this thread while its main runs.
    static HERE: Cell<Option<Here>> = const { Cell::new(None) };
}

/// Runs a shard's main function to its end.
pub(super) fn run_main<F, Fut, T>(executor: &LocalExecutor, id: ShardId, main: F, shard: Shard) -> T
where
    F: Fn(Shard) -> Fut + 'static,
    Fut: Future<Output = T> + 'static,
    T: 'static,
{
    executor.run(async move {
        let queue = |shares, name| {
            glommio::executor().create_task_queue(
                Shares::Static(shares),
                Latency::NotImportant,
                name,
            )
        };
        let foreground = queue(1000, "foreground");
        let background = queue(100, "background");
        HERE.set(Some(Here {
            shard: id,
            foreground,
            background,
        }));
        let pulse = spawn(Share::Foreground, pulse());
        let result = spawn(Share::Foreground, async move { main(shard).await }).await;
        drop(pulse);
        result
    })
}

/// Time between two beats of a shard's pulse.
const PULSE: Duration = Duration::from_secs(1);

/// Wakes the executor now and then; see `shards::PREEMPT` for why. Once a second is no measurable CPU.
async fn pulse() {
    loop {
        Timer::new(PULSE).await;
    }
}

/// Goes once around the executor's loop: a task that only woke itself would stay in its queue, and the
/// executor looks for io when the queues are empty.
pub(crate) async fn yield_now() {
    Timer::new(Duration::from_nanos(500)).await;
    futures_lite::future::yield_now().await;
}

/// A glommio task that may also be dropped while its executor is torn down, when glommio's own handle would
/// panic: what is left of a shard's tasks then drops the handles it holds. Those are leaked; the thread is
/// about to end.
pub(crate) struct Task<T>(Option<glommio::Task<T>>);

impl<T> Task<T> {
    pub(crate) fn detach(mut self) {
        match self.0.take() {
            Some(task) if on_shard() => drop(task.detach()),
            other => std::mem::forget(other),
        }
    }
}

impl<T> Future for Task<T> {
    type Output = T;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match &mut self.0 {
            Some(task) => Pin::new(task).poll(cx),
            // Only a detached handle is empty, and that one is gone.
            None => Poll::Pending,
        }
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if !on_shard() {
            std::mem::forget(self.0.take());
        }
    }
}

/// The shard of this thread has ended, well or by a panic.
pub(super) fn leave() {
    HERE.set(None);
}

pub(crate) fn on_shard() -> bool {
    HERE.get().is_some()
}

fn here() -> Here {
    HERE.get()
        .expect("called outside a shard: only code under shards::run or in a simulation may")
}

pub(crate) fn shard() -> ShardId {
    here().shard
}

pub(crate) fn spawn<F>(share: Share, future: F) -> Task<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let here = here();
    let queue = match share {
        Share::Foreground => here.foreground,
        Share::Background => here.background,
    };
    let task = glommio::spawn_local_into(future, queue);
    Task(Some(task.expect(
        "a shard's task queues live as long as its executor",
    )))
}
