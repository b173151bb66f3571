//! Work that nobody waits for, and that gets its core late: as when other work keeps the core busy for as long as it lasts.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use super::{here::Here, options::Latency, time::Timer};

/// A task that, each time it is woken, waits for a while before it goes on.
pub(super) struct Late<F> {
    here: Here,
    lateness: Latency,
    wait: Option<Timer>,
    task: Pin<Box<F>>,
}

impl<F> Late<F> {
    pub(super) fn new(here: &Here, lateness: Latency, task: F) -> Self {
        Self {
            here: here.clone(),
            lateness,
            wait: None,
            task: Box::pin(task),
        }
    }
}

impl<F: Future> Future for Late<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self {
            here,
            lateness,
            wait,
            task,
        } = &mut *self;
        let timer = wait.get_or_insert_with(|| {
            let until = here.now_ns() + here.world().draw(*lateness);
            here.sleep_until(until)
        });
        if Pin::new(timer).poll(cx).is_pending() {
            return Poll::Pending;
        }
        *wait = None;
        task.as_mut().poll(cx)
    }
}
