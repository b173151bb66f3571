//! Tasks on the shard's executor.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use super::executor::here;
use crate::{shards::ShardId, task::Share};

pub(crate) use super::executor::on_shard;

/// A spawned task; dropping it cancels.
pub(crate) struct Task<T>(async_task::Task<T>);

impl<T> Task<T> {
    pub(crate) fn detach(self) {
        self.0.detach();
    }
}

impl<T> Future for Task<T> {
    type Output = T;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(cx)
    }
}

pub(crate) fn shard() -> ShardId {
    here().shard()
}

pub(crate) fn spawn<F>(share: Share, future: F) -> Task<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    Task(here().spawn(share, future))
}
