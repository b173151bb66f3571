//! Monotonic time, wall clock, sleeping and timeouts.
//!
//! The two clocks are separate on purpose: nothing but record timestamps and retention may look at the
//! wall clock, which can jump; the simulator makes it jump.

use std::{
    fmt,
    ops::{Add, AddAssign, Sub},
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use crate::{real, sim};

/// A point of the monotonic clock, in nanoseconds since an arbitrary start. Good for comparing within one
/// process run only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// From nanoseconds since the clock's start; for tests of pure code that takes instants.
    pub const fn from_nanos(ns: u64) -> Self {
        Instant(ns)
    }

    /// Nanoseconds since the clock's start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Time from `earlier` to here; zero if `earlier` is later.
    pub const fn since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// Time from here to now.
    pub fn elapsed(self) -> Duration {
        now().since(self)
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;
    /// Saturates: a duration of centuries means "never".
    fn add(self, rhs: Duration) -> Instant {
        Instant(
            self.0
                .saturating_add(u64::try_from(rhs.as_nanos()).unwrap_or(u64::MAX)),
        )
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, rhs: Duration) {
        *self = *self + rhs;
    }
}

impl Sub for Instant {
    type Output = Duration;
    /// Saturates at zero.
    fn sub(self, rhs: Instant) -> Duration {
        self.since(rhs)
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;
    /// Saturates at the clock's start.
    fn sub(self, rhs: Duration) -> Instant {
        Instant(
            self.0
                .saturating_sub(u64::try_from(rhs.as_nanos()).unwrap_or(u64::MAX)),
        )
    }
}

/// The monotonic clock.
pub fn now() -> Instant {
    Instant(sim::current().map_or_else(real::time::now_ns, |sim| sim.now_ns()))
}

/// The wall clock, in milliseconds since 1970 (UTC). May jump either way.
pub fn wall_ms() -> i64 {
    sim::current().map_or_else(real::time::wall_ms, |sim| sim.wall_ms())
}

/// Resolves once `duration` has passed (never earlier).
pub fn sleep(duration: Duration) -> Sleep {
    sleep_until(now() + duration)
}

/// Resolves once the monotonic clock has reached `deadline`; at once when that is past.
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep(match sim::current() {
        Some(sim) => SleepKind::Sim(sim.sleep_until(deadline.0)),
        None => SleepKind::Real(real::time::timer(deadline.0)),
    })
}

/// Future of [`sleep`] and [`sleep_until`]. Dropping it removes the timer.
#[must_use = "a sleep does nothing unless awaited"]
pub struct Sleep(SleepKind);

enum SleepKind {
    Real(real::time::Timer),
    Sim(sim::time::Timer),
}

impl Future for Sleep {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            SleepKind::Real(timer) => Pin::new(timer).poll(cx),
            SleepKind::Sim(timer) => Pin::new(timer).poll(cx),
        }
    }
}

/// The time given to [`timeout`] has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time allowed has passed")
    }
}

impl std::error::Error for Elapsed {}

impl From<Elapsed> for std::io::Error {
    fn from(elapsed: Elapsed) -> Self {
        std::io::Error::new(std::io::ErrorKind::TimedOut, elapsed)
    }
}

/// Runs `future` for at most `duration`; then it is dropped.
///
/// # Errors
/// [`Elapsed`] when the time passed first. A future that is ready when polled last wins over the timer.
pub async fn timeout<F: Future>(duration: Duration, future: F) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    let mut sleep = sleep(duration);
    std::future::poll_fn(|cx| {
        if let Poll::Ready(out) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(out));
        }
        Pin::new(&mut sleep).poll(cx).map(|()| Err(Elapsed))
    })
    .await
}
