//! Group commit. Frames gather in a buffer; the pump places buffers one after the other in the file and starts their
//! writes; finished writes are reported in order.
//!
//! Self-clocking: with nothing in flight whatever has gathered goes at once; while a write is in flight the rest
//! gathers, until it is worth a write of its own (`gather_bytes`) and fewer than `in_flight` are out.
//!
//! Invariants: ordinals ascend by one in placing order; no two writes share a block; waiters hear of run N only after
//! all runs before N; after a failure nobody ever hears "flushed" again.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::rc::Rc;
use std::time::Duration;

use ottla_runtime::fs::Buf;
use ottla_runtime::sync::oneshot;
use ottla_runtime::task::{self, Share};
use ottla_runtime::time;

use super::files::{self, JournalHandle, Sync};
use super::tracks::Note;
use super::{Failed, Inner};
use crate::error::StorageError;
use crate::format::frame::{ALIGN, Frame, Seed};
use crate::format::run::{self, Run};
use crate::format::{BLOCK, block_up};
use crate::mutants::{Mutant, planted};

/// How often a full disk is asked for the room of a file.
const TRY_AGAIN: Duration = Duration::from_millis(500);

type Waiter = oneshot::Sender<Result<(), Failed>>;

/// Frames that will be one run.
pub(super) struct Gather {
    /// Room for the run's header, then frames.
    buf: Buf,
    frames: u32,
    ordinal: u64,
    seed: Seed,
    notes: Vec<Note>,
    waiters: Vec<Waiter>,
}

impl Gather {
    fn new(journal: &[u8; 16], nonce: u64, ordinal: u64, room: usize) -> Gather {
        let mut buf = Buf::with_capacity(run::HEAD + room);
        buf.resize(run::HEAD);
        let seed = Seed::new(journal, nonce, ordinal);
        Gather {
            buf,
            frames: 0,
            ordinal,
            seed,
            notes: Vec::new(),
            waiters: Vec::new(),
        }
    }

    fn add(&mut self, frame: &Frame) {
        let (head, body) = frame.encode(self.seed, self.buf.len() as u32);
        self.buf.extend_from_slice(&head);
        self.buf.extend_from_slice(&body);
        self.buf.pad_to(ALIGN);
        self.frames += 1;
        self.notes.push(Note::of(frame));
    }
}

/// A run whose write has been started.
struct Flight {
    ordinal: u64,
    sequence: u64,
    landed: bool,
    notes: Vec<Note>,
    waiters: Vec<Waiter>,
}

/// The part of the journal's state that the pump works on.
pub(super) struct PumpState {
    gathers: VecDeque<Gather>,
    flights: VecDeque<Flight>,
    /// A pump task runs.
    pumping: bool,
    pub position: u64,
    next_ordinal: u64,
    /// Last ordinal whose run, and all before, are durable; and the file it is in.
    pub flushed: (u64, u64),
    previous: u32,
    nonce: u64,
    pub failed: Option<Failed>,
}

impl PumpState {
    pub fn new(position: u64, last: (u64, u32), sequence: u64, nonce: u64) -> PumpState {
        PumpState {
            gathers: VecDeque::new(),
            flights: VecDeque::new(),
            pumping: false,
            position,
            next_ordinal: last.0 + 1,
            flushed: (last.0, sequence),
            previous: last.1,
            nonce,
            failed: None,
        }
    }

    /// Nothing gathered, nothing in flight.
    pub fn idle(&self) -> bool {
        self.gathers.is_empty() && self.flights.is_empty() && !self.pumping
    }

    /// Encodes the frames into the gathering run, closing it and opening another where it gets too long.
    pub fn gather(&mut self, journal: &[u8; 16], frames: &[Frame], max_run: usize, waiter: Waiter) {
        let total: usize = frames.iter().map(Frame::encoded_len).sum();
        for frame in frames {
            let full = self
                .gathers
                .back()
                .is_none_or(|g| g.frames > 0 && g.buf.len() + frame.encoded_len() > max_run);
            if full {
                self.open(journal, total.min(max_run));
            }
            if let Some(gather) = self.gathers.back_mut() {
                gather.add(frame);
            }
        }
        if self.gathers.is_empty() {
            self.open(journal, 0);
        }
        if let Some(gather) = self.gathers.back_mut() {
            gather.waiters.push(waiter);
        }
    }

    fn open(&mut self, journal: &[u8; 16], room: usize) {
        let gather = Gather::new(journal, self.nonce, self.next_ordinal, room);
        self.next_ordinal += 1;
        self.gathers.push_back(gather);
    }

    /// The next run to write, if its time has come.
    fn take(&mut self, in_flight: usize, gather_bytes: usize) -> Option<Gather> {
        let out = self.flights.len();
        let worth = self.gathers.len() > 1
            || self
                .gathers
                .front()
                .is_some_and(|g| g.buf.len() >= gather_bytes);
        if self.failed.is_none() && (out == 0 || (out < in_flight && worth)) {
            self.gathers.pop_front()
        } else {
            None
        }
    }
}

/// Starts the pump unless it runs.
pub(super) fn kick(inner: &Rc<Inner>) {
    let mut state = inner.state.borrow_mut();
    if !state.pumping && !state.gathers.is_empty() {
        state.pumping = true;
        task::spawn(Share::Foreground, pump(inner.clone())).detach();
    }
}

async fn pump(inner: Rc<Inner>) {
    loop {
        let options = &inner.options;
        let Some(gather) = inner
            .state
            .borrow_mut()
            .take(options.in_flight, options.gather_bytes)
        else {
            break;
        };
        if let Err(error) = place(&inner, gather).await {
            fail(&inner, &error);
            break;
        }
    }
    inner.state.borrow_mut().pumping = false;
    inner.changed.notify_all();
}

/// Finds the run its place, seals its header, and starts the write.
async fn place(inner: &Rc<Inner>, mut gather: Gather) -> Result<(), StorageError> {
    let length = gather.buf.len() as u32;
    let need = block_up(length.into());
    let handle = room(inner, need).await?;
    gather.buf.pad_to(BLOCK);
    let mut state = inner.state.borrow_mut();
    let position = state.position;
    let run = Run {
        sequence: handle.sequence,
        position,
        ordinal: gather.ordinal,
        flushed: state.flushed.0,
        nonce: state.nonce,
        previous: state.previous,
        length,
        frames: gather.frames,
    };
    let (head, crc) = run.encode(&inner.folder.journal);
    gather.buf[..run::HEAD].copy_from_slice(&head);
    state.previous = crc;
    state.position += need;
    let flight = Flight {
        ordinal: gather.ordinal,
        sequence: handle.sequence,
        landed: false,
        notes: gather.notes,
        waiters: gather.waiters,
    };
    state.flights.push_back(flight);
    drop(state);
    if planted(Mutant::AckBeforeFlush) {
        land(inner, gather.ordinal);
    }
    task::spawn(
        Share::Foreground,
        write(inner.clone(), handle, gather.buf, position, gather.ordinal),
    )
    .detach();
    Ok(())
}

/// The file in which `need` bytes fit at the current position; the next file when they do not.
async fn room(inner: &Rc<Inner>, need: u64) -> Result<Rc<JournalHandle>, StorageError> {
    let mut handle = inner.current();
    if inner.state.borrow().position + need > handle.size {
        handle = next_file(inner, need).await?;
        inner.state.borrow_mut().position = BLOCK as u64;
    }
    let end = inner.state.borrow().position + need;
    while handle.ready.get() < end {
        still_sound(inner)?;
        handle.moved.notified().await;
    }
    if end > handle.size / 2 {
        inner.prepare_next();
    }
    Ok(handle)
}

/// An error once the journal is poisoned: whoever waits for it waits no longer.
fn still_sound(inner: &Inner) -> Result<(), StorageError> {
    match &inner.state.borrow().failed {
        Some(failed) => Err(StorageError::Io(std::io::Error::other(failed.to_string()))),
        None => Ok(()),
    }
}

/// The next file; waits for space when the disk is full. The broker keeps a reserve for its journal, so this is somebody else's
/// doing, and theirs to undo.
async fn next_file(inner: &Rc<Inner>, need: u64) -> Result<Rc<JournalHandle>, StorageError> {
    loop {
        match inner.next_file(need).await {
            Err(StorageError::Io(error)) if error.kind() == ErrorKind::StorageFull => {
                inner.full.set(true);
                time::sleep(TRY_AGAIN).await;
                still_sound(inner)?;
            }
            done => {
                inner.full.set(false);
                return done;
            }
        }
    }
}

async fn write(inner: Rc<Inner>, handle: Rc<JournalHandle>, buf: Buf, position: u64, ordinal: u64) {
    let mut written = handle.file.write_at(buf, position).await.map(drop);
    if written.is_ok() && inner.sync == Sync::After && !planted(Mutant::SkipFlush) {
        written = handle.file.sync().await;
    }
    match written {
        Ok(()) => land(&inner, ordinal),
        Err(error) => fail(&inner, &StorageError::Io(error)),
    }
    kick(&inner);
    inner.changed.notify_all();
}

/// A write is durable: everybody whose turn has come hears of it.
fn land(inner: &Inner, ordinal: u64) {
    let mut due = Vec::new();
    {
        let mut state = inner.state.borrow_mut();
        if state.failed.is_some() {
            return;
        }
        if let Some(flight) = state.flights.iter_mut().find(|f| f.ordinal == ordinal) {
            flight.landed = true;
        }
        let mut tracks = inner.tracks.borrow_mut();
        while state.flights.front().is_some_and(|f| f.landed) {
            let Some(flight) = state.flights.pop_front() else {
                break;
            };
            for note in flight.notes {
                tracks.note(note, flight.sequence);
            }
            state.flushed = (flight.ordinal, flight.sequence);
            due.extend(flight.waiters);
        }
    }
    for waiter in due {
        // Whoever does not wait any more has no use for the answer.
        let _ = waiter.send(Ok(()));
    }
}

/// Poisons the journal: a failed flush is never retried, since what is on the disk is unknown from here on.
pub(super) fn fail(inner: &Inner, error: &StorageError) {
    let mut told = Vec::new();
    let failed = {
        let mut state = inner.state.borrow_mut();
        let failed = state
            .failed
            .get_or_insert_with(|| Failed::new(error))
            .clone();
        for flight in state.flights.drain(..) {
            told.extend(flight.waiters);
        }
        for gather in state.gathers.drain(..) {
            told.extend(gather.waiters);
        }
        failed
    };
    for waiter in told {
        let _ = waiter.send(Err(failed.clone()));
    }
    inner.current().moved.notify_all();
    inner.changed.notify_all();
}

/// Fills a new file's rest with zeroes in the background.
pub(super) fn fill_behind(inner: &Rc<Inner>, handle: Rc<JournalHandle>) {
    if handle.ready.get() >= handle.size {
        return;
    }
    let inner = inner.clone();
    inner.filling.set(inner.filling.get() + 1);
    task::spawn(Share::Background, async move {
        if let Err(error) = files::fill(&handle, &inner.settled).await {
            fail(&inner, &error);
            handle.moved.notify_all();
        }
        inner.filling.set(inner.filling.get() - 1);
        inner.changed.notify_all();
    })
    .detach();
}
