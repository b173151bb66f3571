//! Handles of simulated tasks.

use std::{
    cell::RefCell,
    pin::Pin,
    rc::{Rc, Weak},
    task::{Context, Poll, Waker},
};

use super::{executor::TaskKey, here::Here, world::World};

struct Join<T> {
    result: Option<T>,
    waker: Option<Waker>,
}

pub(crate) struct Task<T> {
    join: Rc<RefCell<Join<T>>>,
    /// What to cancel on drop; none when detached, or when the node was already dead.
    task: Option<(Weak<World>, TaskKey)>,
}

impl<T: 'static> Task<T> {
    pub(super) fn spawn<F: Future<Output = T> + 'static>(here: &Here, future: F) -> Task<T> {
        let join = Rc::new(RefCell::new(Join {
            result: None,
            waker: None,
        }));
        if !here.is_alive() {
            return Task { join, task: None };
        }
        let theirs = join.clone();
        let body = Box::pin(async move {
            let result = future.await;
            let waker = {
                let mut join = theirs.borrow_mut();
                join.result = Some(result);
                join.waker.take()
            };
            if let Some(waker) = waker {
                waker.wake();
            }
        });
        let key = here.world().executor.spawn(here.clone(), body);
        Task {
            join,
            task: Some((Rc::downgrade(here.world()), key)),
        }
    }

    pub(crate) fn detach(mut self) {
        self.task = None;
    }

    /// The result if the task has ended.
    pub(super) fn take_result(&mut self) -> Option<T> {
        self.join.borrow_mut().result.take()
    }
}

impl<T> Future for Task<T> {
    type Output = T;
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut join = self.join.borrow_mut();
        match join.result.take() {
            Some(result) => Poll::Ready(result),
            None => {
                join.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if let Some((world, key)) = self.task.take()
            && let Some(world) = world.upgrade()
        {
            world.executor.cancel(key);
        }
    }
}
