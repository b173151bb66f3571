//! One shard's io_uring: operations, what each holds on to, and how it ended.
//!
//! Why handing memory to the kernel is sound here:
//! - everything that an entry points to (memory, a path, a counter) is owned by its [`Job`], and the job lives in `ops` from
//!   before the entry is queued until its completion has been seen, whoever has lost interest meanwhile;
//! - what the jobs own does not move when the job does: it is on the heap;
//! - each entry has exactly one completion, so a key is used again only after the kernel is done with it;
//! - a ring that is dropped waits for what is under way.
//!
//! Completions are taken when the shard asks for them, not by interrupting it, where the kernel can do that (6.1).
#![allow(unsafe_code)] // entries carry raw pointers; the argument stands above

use std::ffi::CString;
use std::io::{Error, ErrorKind};
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use io_uring::types::{Fd, FsyncFlags, SubmitArgs, Timespec};
use io_uring::{IoUring, opcode, squeue};
use slab::Slab;

use super::memory::Memory;
use crate::Result;

/// What the kernel is asked to do, and all that it needs for it.
pub(super) enum Job {
    /// Opens a file.
    Open {
        path: CString,
        flags: libc::c_int,
        mode: libc::mode_t,
    },
    /// Reads at `position` until the memory is full or the file ends; afterwards the memory holds what was read.
    Read {
        file: Rc<OwnedFd>,
        memory: Memory,
        position: u64,
    },
    /// Writes the memory from byte `from` on, at `position`.
    Write {
        file: Rc<OwnedFd>,
        memory: Memory,
        from: usize,
        position: u64,
    },
    /// Makes a file's bytes durable, and as much about it as is needed to read them.
    Sync { file: Rc<OwnedFd> },
    /// Waits until a socket is ready for one of `events`.
    Poll {
        socket: Rc<OwnedFd>,
        events: libc::c_short,
    },
    /// Waits until another thread has counted the event up.
    Wake {
        event: Rc<OwnedFd>,
        count: Box<[u8; 8]>,
    },
    /// Wakes the ring after a time or at its next completion, on kernels that cannot wait for a limited time.
    Limit { after: Box<Timespec> },
}

/// The largest part of a write or read that is one operation; the kernel takes no more than about 2 GiB.
const LARGEST: usize = 1 << 30;

impl Job {
    /// The entry for the submission queue. It points into what `self` owns.
    fn entry(&mut self) -> squeue::Entry {
        let fd = |file: &Rc<OwnedFd>| Fd(file.as_raw_fd());
        match self {
            Job::Open { path, flags, mode } => {
                opcode::OpenAt::new(Fd(libc::AT_FDCWD), path.as_ptr())
                    .flags(*flags)
                    .mode(*mode)
                    .build()
            }
            Job::Read {
                file,
                memory,
                position,
            } => {
                let len = memory.capacity().min(LARGEST) as u32;
                opcode::Read::new(fd(file), memory.start(), len)
                    .offset(*position)
                    .build()
            }
            Job::Write {
                file,
                memory,
                from,
                position,
            } => {
                let rest = &memory.as_slice()[*from..];
                opcode::Write::new(fd(file), rest.as_ptr(), rest.len().min(LARGEST) as u32)
                    .offset(*position)
                    .build()
            }
            Job::Sync { file } => opcode::Fsync::new(fd(file))
                .flags(FsyncFlags::DATASYNC)
                .build(),
            Job::Poll { socket, events } => {
                opcode::PollAdd::new(fd(socket), *events as u32).build()
            }
            Job::Wake { event, count } => {
                opcode::Read::new(fd(event), count.as_mut_ptr(), count.len() as u32).build()
            }
            Job::Limit { after } => opcode::Timeout::new(&raw const **after).count(1).build(),
        }
    }

    /// The kernel is done: `result` is its answer.
    fn ended(&mut self, result: i32) {
        if let (Job::Read { memory, .. }, Ok(read)) = (self, usize::try_from(result)) {
            // SAFETY: a read's answer is the number of bytes that the kernel has put at the memory's start.
            unsafe { memory.written(read) };
        }
    }

    /// May wait for ever, so it is taken back when nobody waits for it.
    fn is_endless(&self) -> bool {
        matches!(
            self,
            Job::Poll { .. } | Job::Wake { .. } | Job::Limit { .. }
        )
    }
}

enum State {
    /// Under way; who waits for it.
    UnderWay(Option<Waker>),
    /// Ended with this answer, which nobody has taken yet.
    Ended(i32),
    /// Under way, and nobody will ask.
    Abandoned,
}

struct Op {
    job: Job,
    state: State,
}

/// Completions of cancellations; nobody waits for them.
const CANCELLATION: u64 = u64::MAX;

/// How completions are delivered; the first that the kernel knows is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivery {
    /// When asked for (Linux 6.1).
    Deferred,
    /// At the next system call (5.19).
    Cooperative,
    /// By interrupting the thread.
    Immediate,
}

/// Best first.
const DELIVERIES: [Delivery; 3] = [
    Delivery::Deferred,
    Delivery::Cooperative,
    Delivery::Immediate,
];

/// The ring of one shard. Not to leave its thread.
pub(super) struct Ring {
    uring: IoUring,
    /// The kernel can wait for a limited time (5.11).
    waits_for_a_time: bool,
    ops: Slab<Op>,
    /// Woken by what was taken to make room; `collect` hands them out.
    early: Vec<Waker>,
}

impl Ring {
    /// With room for `depth` entries between two submissions.
    pub(super) fn new(depth: u32) -> Result<Ring> {
        let mut refused = Error::from(ErrorKind::Unsupported);
        for delivery in DELIVERIES {
            match Ring::with(depth, delivery) {
                Ok(ring) => return Ok(ring),
                // Flags that this kernel does not know.
                Err(error) if error.kind() == ErrorKind::InvalidInput => refused = error,
                Err(error) => return Err(error),
            }
        }
        Err(refused)
    }

    fn with(depth: u32, delivery: Delivery) -> Result<Ring> {
        let mut builder = IoUring::builder();
        match delivery {
            Delivery::Deferred => builder
                .setup_single_issuer()
                .setup_defer_taskrun()
                .setup_taskrun_flag(),
            Delivery::Cooperative => builder.setup_coop_taskrun().setup_taskrun_flag(),
            Delivery::Immediate => &mut builder,
        };
        let uring = builder.dontfork().build(depth)?;
        Ok(Ring {
            waits_for_a_time: uring.params().is_feature_ext_arg(),
            uring,
            ops: Slab::new(),
            early: Vec::new(),
        })
    }

    /// Starts a job; the key is for the calls below.
    pub(super) fn start(&mut self, job: Job) -> usize {
        let key = self.ops.insert(Op {
            job,
            state: State::UnderWay(None),
        });
        let entry = self.ops[key].job.entry().user_data(key as u64);
        self.push(&entry);
        key
    }

    fn push(&mut self, entry: &squeue::Entry) {
        // SAFETY: what the entry points to is owned by a job in `ops`, which keeps it (see the top of this file).
        while unsafe { self.uring.submission().push(entry) }.is_err() {
            // The queue is full: what is in it goes to the kernel first. One with completions that nobody takes may refuse.
            self.enter(None);
            let mut early = std::mem::take(&mut self.early);
            self.take_ended(&mut early);
            self.early = early;
        }
    }

    /// The job and the kernel's answer, once it has ended; the key is void then.
    pub(super) fn poll(&mut self, key: usize, cx: &Context<'_>) -> Poll<(Job, Result<usize>)> {
        let op = &mut self.ops[key];
        match &mut op.state {
            State::Ended(_) => {}
            State::UnderWay(waker) => {
                if waker.as_ref().is_none_or(|w| !w.will_wake(cx.waker())) {
                    *waker = Some(cx.waker().clone());
                }
                return Poll::Pending;
            }
            State::Abandoned => unreachable!("an abandoned operation has no owner"),
        }
        let Op { job, state } = self.ops.remove(key);
        let State::Ended(answer) = state else {
            unreachable!("looked at above")
        };
        let answer = usize::try_from(answer).map_err(|_| Error::from_raw_os_error(-answer));
        Poll::Ready((job, answer))
    }

    /// Nobody waits for this operation any more. Writes and the like go on to their end; waiting is taken back.
    pub(super) fn abandon(&mut self, key: usize) {
        let op = &mut self.ops[key];
        if matches!(op.state, State::Ended(_)) {
            self.ops.remove(key);
            return;
        }
        op.state = State::Abandoned;
        if op.job.is_endless() {
            let cancel = opcode::AsyncCancel::new(key as u64).build();
            self.push(&cancel.user_data(CANCELLATION));
        }
    }

    /// Gives the kernel what has been started, if anything, and lets it deliver what has ended.
    pub(super) fn submit(&mut self) {
        let queue = self.uring.submission();
        if !queue.is_empty() || queue.taskrun() || queue.cq_overflow() {
            drop(queue);
            self.enter(None);
        }
    }

    /// As `submit`, and sleeps until something ends, for at most `limit`.
    pub(super) fn wait(&mut self, limit: Option<Duration>) {
        if !self.early.is_empty() {
            return self.submit();
        }
        let Some(limit) = limit else {
            return self.enter(Some(None));
        };
        let limit = Timespec::from(limit);
        if self.waits_for_a_time {
            return self.enter(Some(Some(&limit)));
        }
        let key = self.start(Job::Limit {
            after: Box::new(limit),
        });
        if self.early.is_empty() {
            self.enter(Some(None));
        }
        self.abandon(key);
    }

    /// One system call; `wait`: for one completion, at most for that time.
    fn enter(&mut self, wait: Option<Option<&Timespec>>) {
        let submitter = self.uring.submitter();
        let done = match wait {
            None => submitter.submit(),
            Some(None) => submitter.submit_and_wait(1),
            Some(Some(limit)) => submitter.submit_with_args(1, &SubmitArgs::new().timespec(limit)),
        };
        match done {
            Ok(_) => {}
            // The time is up; a signal came; or the kernel wants its completions to be fetched, or is short of memory, in
            // which case what it did not take stays in the queue for the next time.
            Err(error)
                if matches!(
                    error.raw_os_error(),
                    Some(libc::ETIME | libc::EINTR | libc::EBUSY | libc::EAGAIN)
                ) => {}
            Err(error) => panic!("io_uring of this shard is gone: {error}"),
        }
    }

    /// Takes what has ended and adds whoever waits for it to `woken`.
    pub(super) fn collect(&mut self, woken: &mut Vec<Waker>) {
        woken.append(&mut self.early);
        self.take_ended(woken);
    }

    fn take_ended(&mut self, woken: &mut Vec<Waker>) {
        for completion in self.uring.completion() {
            if completion.user_data() == CANCELLATION {
                continue;
            }
            let key = completion.user_data() as usize;
            let op = &mut self.ops[key];
            op.job.ended(completion.result());
            match std::mem::replace(&mut op.state, State::Ended(completion.result())) {
                State::UnderWay(waker) => woken.extend(waker),
                State::Abandoned => drop(self.ops.remove(key)),
                State::Ended(_) => unreachable!("an operation ends once"),
            }
        }
    }

    /// Takes back what waits, and waits for the rest: afterwards the kernel holds nothing of ours.
    fn drain(&mut self) {
        let keys: Vec<usize> = self.ops.iter().map(|(key, _)| key).collect();
        for key in keys {
            // Making room for a cancellation may have taken this one's end.
            let waited_for = |op: &Op| !matches!(op.state, State::Abandoned);
            if self.ops.get(key).is_some_and(waited_for) {
                self.abandon(key);
            }
        }
        while !self.ops.is_empty() {
            self.enter(Some(None));
            self.collect(&mut Vec::new());
        }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        self.drain();
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::Instant;

    use super::*;

    fn finish(ring: &mut Ring, key: usize) -> (Job, Result<usize>) {
        let cx = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(done) = ring.poll(key, &cx) {
                return done;
            }
            ring.wait(None);
            ring.collect(&mut Vec::new());
        }
    }

    fn each_delivery(test: impl Fn(&mut Ring)) {
        let mut tried = 0;
        for delivery in DELIVERIES {
            for waits_for_a_time in [true, false] {
                match Ring::with(8, delivery) {
                    Ok(mut ring) => {
                        ring.waits_for_a_time &= waits_for_a_time;
                        test(&mut ring);
                        tried += 1;
                    }
                    Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidInput, "{delivery:?}"),
                }
            }
        }
        assert!(tried >= 2);
    }

    /// A file that has no name any more.
    fn file() -> Rc<OwnedFd> {
        let path = std::env::temp_dir().join(format!("ottla-ring-{}", super::super::rand::u64()));
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path);
        std::fs::remove_file(path).unwrap();
        Rc::new(file.unwrap().into())
    }

    #[test]
    fn more_operations_than_the_queue_holds_all_end() {
        each_delivery(|ring| {
            let file = file();
            let write = |i: u8| {
                let mut memory = Memory::with_capacity(4096);
                memory.push(&[i; 4096]);
                Job::Write {
                    file: file.clone(),
                    memory,
                    from: 0,
                    position: u64::from(i) * 4096,
                }
            };
            let keys: Vec<usize> = (0..50).map(|i| ring.start(write(i))).collect();
            for key in keys {
                assert_eq!(finish(ring, key).1.unwrap(), 4096);
            }
            let key = ring.start(Job::Read {
                file: file.clone(),
                memory: Memory::with_capacity(8192),
                position: 48 * 4096,
            });
            let (Job::Read { memory, .. }, Ok(8192)) = finish(ring, key) else {
                panic!("not what was asked for");
            };
            assert_eq!(memory.as_slice()[4095..4097], [48, 49]);
            assert!(ring.ops.is_empty());
        });
    }

    #[test]
    fn waiting_ends_in_time_and_can_be_taken_back() {
        each_delivery(|ring| {
            let (reader, _writer) = std::io::pipe().unwrap();
            let key = ring.start(Job::Poll {
                socket: Rc::new(reader.into()),
                events: libc::POLLIN,
            });
            let began = Instant::now();
            ring.wait(Some(Duration::from_millis(20)));
            ring.collect(&mut Vec::new());
            assert!(began.elapsed() >= Duration::from_millis(20));
            ring.abandon(key);
            ring.drain();
            assert!(ring.ops.is_empty());
        });
    }

    #[test]
    fn a_ring_that_is_dropped_takes_back_what_waits() {
        each_delivery(|ring| {
            let (reader, mut writer) = std::io::pipe().unwrap();
            let mut other = Ring::new(8).unwrap();
            other.start(Job::Poll {
                socket: Rc::new(reader.into()),
                events: libc::POLLIN,
            });
            drop(other);
            // The reading end is closed with the ring that held it.
            assert!(std::io::Write::write_all(&mut writer, b"x").is_err());
            ring.submit();
        });
    }
}
