//! Tasks on a glommio executor: two task queues, made when the shard starts.

use std::{cell::Cell, time::Duration};

use glommio::{Latency, LocalExecutor, Shares, TaskQueueHandle, timer::Timer};

pub(crate) use glommio::Task;

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
        HERE.set(None);
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
    glommio::spawn_local_into(future, queue)
        .expect("a shard's task queues live as long as its executor")
}
