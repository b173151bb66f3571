//! Which simulation, node and shard the running code belongs to.

use std::{cell::RefCell, rc::Rc, task::Poll};

use super::{late::Late, task::Task, time::Timer, world::World};
use crate::{shards::ShardId, task::Share};

thread_local! {
    static CURRENT: RefCell<Option<Here>> = const { RefCell::new(None) };
}

/// The place of a task: everything that the free functions of this crate need.
#[derive(Clone)]
pub(crate) struct Here {
    world: Rc<World>,
    node: u16,
    epoch: u32,
    shard: ShardId,
}

/// The simulation that the running task is part of; none on the real backend.
pub(crate) fn current() -> Option<Here> {
    CURRENT.with_borrow(Clone::clone)
}

/// Runs `f` as code of `here`.
pub(super) fn enter<R>(here: Here, f: impl FnOnce() -> R) -> R {
    /// Restores what was before, also when `f` panics.
    struct Restore(Option<Here>);
    impl Drop for Restore {
        fn drop(&mut self) {
            let entered = CURRENT.replace(self.0.take());
            drop(entered);
        }
    }
    let _restore = Restore(CURRENT.replace(Some(here)));
    f()
}

impl Here {
    pub(super) fn new(world: Rc<World>, node: u16, shard: ShardId) -> Here {
        let epoch = world.with_node(node, |node| node.epoch);
        Here {
            world,
            node,
            epoch,
            shard,
        }
    }

    pub(super) fn world(&self) -> &Rc<World> {
        &self.world
    }

    pub(super) fn node(&self) -> u16 {
        self.node
    }

    pub(super) fn epoch(&self) -> u32 {
        self.epoch
    }

    pub(crate) fn shard(&self) -> ShardId {
        self.shard
    }

    /// False once the node has crashed, while what is left of its tasks is being dropped.
    pub(crate) fn is_alive(&self) -> bool {
        self.world.is_alive(self.node, self.epoch)
    }

    pub(crate) fn now_ns(&self) -> u64 {
        self.world.now()
    }

    pub(crate) fn wall_ms(&self) -> i64 {
        let start = self.world.options.borrow().wall_start_ms;
        let offset = self.world.with_node(self.node, |node| node.wall_offset_ms);
        start + offset + (self.world.now() / 1_000_000) as i64
    }

    pub(crate) fn random(&self) -> u64 {
        self.world.random()
    }

    pub(crate) fn sleep_until(&self, deadline_ns: u64) -> Timer {
        Timer::new(self.world.clone(), deadline_ns)
    }

    pub(crate) fn spawn<F>(&self, share: Share, future: F) -> Task<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let (often, lateness) = self.world.options.borrow().late;
        if share == Share::Background && often > 0.0 && self.world.chance(often) {
            return Task::spawn(self, Late::new(self, lateness, future));
        }
        Task::spawn(self, future)
    }

    /// The time a message takes from shard to shard.
    pub(crate) async fn cross_shards(&self) {
        let mesh = self.world.options.borrow().mesh;
        let delay = self.world.draw(mesh);
        if delay > 0 {
            self.sleep_until(self.world.now() + delay).await;
        }
    }

    /// Ends this node's process as soon as the running poll is over.
    pub(crate) fn abort(&self, why: &str) {
        if !self.is_alive() {
            return;
        }
        self.world
            .with_node(self.node, |node| node.aborted = Some(why.to_owned()));
        self.world.aborting.borrow_mut().push(self.node);
    }

    pub(crate) async fn terminated(&self) {
        std::future::poll_fn(|cx| {
            self.world.with_node(self.node, |node| {
                if node.terminated {
                    return Poll::Ready(());
                }
                if !node
                    .terminate_wakers
                    .iter()
                    .any(|waker| waker.will_wake(cx.waker()))
                {
                    node.terminate_wakers.push(cx.waker().clone());
                }
                Poll::Pending
            })
        })
        .await;
    }
}
