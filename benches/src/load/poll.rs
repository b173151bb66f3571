//! Waiting for sockets with a precision of microseconds: at 10,000 records a second a millisecond would be ten records late.

use std::io;
use std::num::NonZeroU64;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::{Timespec, epoll};

/// A set of sockets.
#[allow(missing_debug_implementations)]
pub struct Poll {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
}

/// What to be told of.
fn flags(writable: bool) -> epoll::EventFlags {
    if writable {
        epoll::EventFlags::IN | epoll::EventFlags::OUT
    } else {
        epoll::EventFlags::IN
    }
}

impl Poll {
    /// For the calling thread, whose timers become precise.
    pub fn new() -> io::Result<Self> {
        rustix::thread::set_current_timer_slack(NonZeroU64::new(1_000))?;
        Ok(Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(1024),
        })
    }

    /// Watches a socket for something to read.
    pub fn add(&self, socket: impl AsFd, token: u64) -> io::Result<()> {
        let data = epoll::EventData::new_u64(token);
        Ok(epoll::add(&self.epoll, socket, data, flags(false))?)
    }

    /// Whether to watch it for room to write, too.
    pub fn watch_room(&self, socket: impl AsFd, token: u64, writable: bool) -> io::Result<()> {
        let data = epoll::EventData::new_u64(token);
        Ok(epoll::modify(&self.epoll, socket, data, flags(writable))?)
    }

    /// The sockets with something to do, after at most `limit`.
    pub fn wait(&mut self, limit: Duration) -> io::Result<impl Iterator<Item = u64> + use<'_>> {
        let timeout = Timespec {
            tv_sec: limit.as_secs() as i64,
            tv_nsec: limit.subsec_nanos().into(),
        };
        self.events.clear();
        let spare = rustix::buffer::spare_capacity(&mut self.events);
        match epoll::wait(&self.epoll, spare, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        Ok(self.events.iter().map(|e| e.data.u64()))
    }
}
