//! One clock for all threads: nanoseconds since 1970, never going back.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The clock.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
    since_epoch: u64,
}

impl Clock {
    /// Set by the system's.
    pub fn new() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            origin: Instant::now(),
            since_epoch: since_epoch.map_or(0, |d| d.as_nanos() as u64),
        }
    }

    /// Now.
    pub fn now(&self) -> u64 {
        self.since_epoch + self.origin.elapsed().as_nanos() as u64
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}
