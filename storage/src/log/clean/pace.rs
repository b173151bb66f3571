//! Keeps a round from being felt: it works in short slices, with half of a core and half of the disk, and keeps to a rate.
//!
//! Giving way to the tasks of the shard is not enough: a thread that never sleeps holds up the kernel's own work on its core,
//! that which flushes the journal among it, until the scheduler takes the core away from it, milliseconds later. So a round
//! sleeps for as long as it has worked, and leaves the disk alone for as long as that has worked for it; one counts as the
//! other's pause.

use std::time::Duration;

use ottla_runtime::{task, time};

/// Time worked before other tasks get their turn.
const SLICE: Duration = Duration::from_micros(250);
/// As many bytes are worked on at most, whatever the clock says.
const TURN: u64 = 64 << 10;
/// Pauses are no shorter.
const SHORTEST: Duration = Duration::from_micros(500);
/// Of pauses that were longer than they had to be, so much is remembered.
const CREDIT: i64 = 500_000;

/// How fast a round goes.
pub(super) struct Pace {
    bytes_per_second: f64,
    began: time::Instant,
    done: u64,
    /// When it last got its turn, and what was done then.
    turn: (time::Instant, u64),
    /// For how long the disk has worked for it since.
    disk: Duration,
    /// Pauses owed to the core and to the disk, nanoseconds.
    owed: [i64; 2],
}

impl Pace {
    /// From now on, at most so many bytes in a second.
    pub fn new(bytes_per_second: f64) -> Pace {
        let now = time::now();
        Pace {
            bytes_per_second: bytes_per_second.max(1.0),
            began: now,
            done: 0,
            turn: (now, 0),
            disk: Duration::ZERO,
            owed: [0; 2],
        }
    }

    /// Waits for the disk.
    pub async fn disk<T>(&mut self, work: impl Future<Output = T>) -> T {
        let began = time::now();
        let done = work.await;
        self.disk += began.elapsed();
        done
    }

    /// So many bytes more were read or written: gives way when it is time.
    pub async fn done(&mut self, bytes: usize) {
        self.done += bytes as u64;
        let (since, before) = self.turn;
        let elapsed = since.elapsed();
        if self.done - before < TURN && elapsed < SLICE {
            return;
        }
        let disk = std::mem::take(&mut self.disk);
        let worked = elapsed.saturating_sub(disk);
        self.owe([nanos(worked) - nanos(disk), nanos(disk) - nanos(worked)]);
        let left = time::now();
        match self.pause() {
            Some(pause) => time::sleep(pause).await,
            None => task::yield_now().await,
        }
        self.owe([-nanos(left.elapsed()); 2]);
        self.turn = (time::now(), self.done);
    }

    fn owe(&mut self, more: [i64; 2]) {
        for (owed, more) in self.owed.iter_mut().zip(more) {
            *owed = owed.saturating_add(more).max(-CREDIT);
        }
    }

    /// For how long to do nothing, if that is worth a timer.
    fn pause(&self) -> Option<Duration> {
        let due = Duration::try_from_secs_f64(self.done as f64 / self.bytes_per_second)
            .unwrap_or(Duration::MAX);
        let ahead = due.saturating_sub(self.began.elapsed());
        let owed = self.owed[0].max(self.owed[1]).max(0) as u64;
        let pause = ahead.max(Duration::from_nanos(owed));
        (pause >= SHORTEST).then_some(pause)
    }
}

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{machine, on};

    /// In a simulation work takes no time, so that the disk alone decides.
    #[test]
    fn the_disk_rests_for_as_long_as_it_works() {
        let (sim, node) = machine(1);
        on(&sim, node, async {
            let (began, mut pace) = (time::now(), Pace::new(f64::MAX));
            for _ in 0..1000 {
                pace.disk(time::sleep(Duration::from_micros(100))).await;
                pace.done(10_000).await;
            }
            let took = began.elapsed().as_millis();
            assert!((195..205).contains(&took), "{took} ms");
        });
    }

    #[test]
    fn the_rate_is_kept() {
        let (sim, node) = machine(1);
        on(&sim, node, async {
            let (began, mut pace) = (time::now(), Pace::new(1e6));
            for _ in 0..1000 {
                pace.done(10_000).await;
            }
            let took = began.elapsed().as_millis();
            assert!((9_900..10_001).contains(&took), "{took} ms");
        });
    }
}
