//! Clocks and timers.

use std::{
    pin::Pin,
    sync::OnceLock,
    task::{Context, Poll},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// Where the process's monotonic clock starts, minus a little so that "an hour ago" exists.
fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(Instant::now)
}

/// The clock's reading at its start: one day.
const START_NS: u64 = 86_400_000_000_000;

pub(crate) fn now_ns() -> u64 {
    START_NS + start().elapsed().as_nanos() as u64
}

pub(crate) fn wall_ms() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_millis() as i64,
        Err(before) => -(before.duration().as_millis() as i64),
    }
}

pub(crate) fn timer(deadline_ns: u64) -> Timer {
    Timer {
        deadline_ns,
        inner: None,
    }
}

/// A glommio timer, made at the first poll, so that creating one that is never awaited costs nothing.
pub(crate) struct Timer {
    deadline_ns: u64,
    inner: Option<glommio::timer::Timer>,
}

/// The kernel's timers take no more; a longer sleep is slept in parts.
const LONGEST: Duration = Duration::from_secs(86_400 * 365);

impl Future for Timer {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if let Some(inner) = &mut self.inner
                && Pin::new(inner).poll(cx).is_pending()
            {
                return Poll::Pending;
            }
            let left = self.deadline_ns.saturating_sub(now_ns());
            if left == 0 {
                return Poll::Ready(());
            }
            self.inner = Some(glommio::timer::Timer::new(
                Duration::from_nanos(left).min(LONGEST),
            ));
        }
    }
}
