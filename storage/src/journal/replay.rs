//! Replay: reads all runs of all files in order, and decides where the journal ends.
//!
//! The end is the first place where no run follows the last one. What stands there is a torn tail, or nothing, unless
//! some later run, anywhere, says that it was durable: then it is damage, and the journal is refused as it is.
//! Survivors of a torn tail (whole runs behind a torn one, which nobody was told of) are erased before anything is
//! appended; see `format::run`.

use std::collections::VecDeque;

use bytes::Bytes;
use ottla_runtime::fs::{Buf, File, OpenOptions};

use super::files::{Found, Sync, options};
use super::recovered::{self, Recovered};
use super::tracks::{Note, Tracks};
use crate::error::StorageError;
use crate::format::frame::{self, Frame, Seed};
use crate::format::run::{self, Run};
use crate::format::{BLOCK, FormatError, block_up};
use crate::mutants::{Mutant, planted};

/// Read in one go.
const WINDOW: usize = 1 << 20;

/// Where appending goes on and what was found.
pub(super) struct Replayed {
    pub partitions: Recovered,
    pub tracks: Tracks,
    /// Index in the list of files of the one that the journal ends in.
    pub file: usize,
    /// The end in that file.
    pub position: u64,
    /// Ordinal and checksum of the last run; 0 and 0 without one.
    pub last: (u64, u32),
    /// The last runs: those of which no other run says that they are durable.
    unproven: VecDeque<Place>,
}

/// Where a run stands.
struct Place {
    ordinal: u64,
    /// Index in the list of files.
    file: usize,
    position: u64,
    /// As they were read and checked.
    bytes: Bytes,
}

/// A whole run header behind the journal's end: torn off by a crash, or proof of damage.
struct Survivor {
    /// Index in the list of files.
    file: usize,
    position: u64,
    run: Run,
}

struct Replay<'a> {
    files: &'a [Found],
    out: Replayed,
    started: bool,
}

/// Replays files that `find` returned (at least one).
pub(super) async fn replay(files: &[Found]) -> Result<Replayed, StorageError> {
    let out = Replayed {
        partitions: Recovered::new(),
        tracks: Tracks::default(),
        file: 0,
        position: BLOCK as u64,
        last: (0, 0),
        unproven: VecDeque::new(),
    };
    let mut replay = Replay {
        files,
        out,
        started: false,
    };
    for number in 0..files.len() {
        if !replay.file(number).await? {
            break;
        }
    }
    let behind = replay.look_behind().await?;
    replay.refuse_damage(&behind)?;
    let out = replay.out;
    let end = &files[out.file];
    recovered::finish(&out.partitions)
        .map_err(|what| StorageError::corrupt(&end.path, out.position, what))?;
    settle(files, &out, &behind).await?;
    Ok(out)
}

impl Replay<'_> {
    /// Reads one file's runs; false when the journal ends before it.
    async fn file(&mut self, number: usize) -> Result<bool, StorageError> {
        let found = &self.files[number];
        let mut reader = Reader::open(found).await?;
        let mut position = BLOCK as u64;
        while let Some((run, crc, bytes)) = self.next_run(&mut reader, position).await? {
            if planted(Mutant::CutAckedTail)
                && self
                    .is_last(&mut reader, position + block_up(run.length.into()))
                    .await?
            {
                break;
            }
            let frames = frames_of(found, &run, &bytes)?;
            let Some(frames) = frames else { break };
            for frame in frames {
                self.out.tracks.note(Note::of(&frame), run.sequence);
                recovered::apply(&mut self.out.partitions, frame)
                    .map_err(|what| StorageError::corrupt(&found.path, position, what))?;
            }
            let length = block_up(run.length.into());
            let unproven = &mut self.out.unproven;
            unproven.retain(|place| place.ordinal > run.flushed);
            unproven.push_back(Place {
                ordinal: run.ordinal,
                file: number,
                position,
                bytes,
            });
            position += length;
            self.started = true;
            self.out.last = (run.ordinal, crc);
            (self.out.file, self.out.position) = (number, position);
        }
        if number == 0 && !self.started && found.header.sequence > 1 {
            // Older files are recycled only after a run in a younger one is flushed.
            return Err(StorageError::corrupt(
                &found.path,
                BLOCK as u64,
                "the oldest file's first run cannot be read",
            ));
        }
        // A file may end early because the next run did not fit: the chain in the next file tells.
        Ok(self.started)
    }

    /// The run at `position` if it follows the last one.
    async fn next_run(
        &self,
        reader: &mut Reader<'_>,
        position: u64,
    ) -> Result<Option<(Run, u32, Bytes)>, StorageError> {
        let header = &reader.found.header;
        if position + BLOCK as u64 > header.size {
            return Ok(None);
        }
        let head = reader.read(position, run::HEAD).await?;
        let Ok((run, crc)) = Run::decode(&head, &header.journal, header.sequence, position) else {
            return Ok(None);
        };
        let follows =
            !self.started || (run.ordinal, run.previous) == (self.out.last.0 + 1, self.out.last.1);
        if !follows || position + u64::from(run.length) > header.size {
            return Ok(None);
        }
        let bytes = reader.read(position, run.length as usize).await?;
        Ok((bytes.len() == run.length as usize).then_some((run, crc, bytes)))
    }

    /// A planted bug's help: no run follows at `position`.
    async fn is_last(&self, reader: &mut Reader<'_>, position: u64) -> Result<bool, StorageError> {
        let header = &reader.found.header;
        if position + BLOCK as u64 > header.size {
            return Ok(false);
        }
        let head = reader.read(position, run::HEAD).await?;
        Ok(Run::decode(&head, &header.journal, header.sequence, position).is_err())
    }

    /// All whole run headers behind the journal's end.
    async fn look_behind(&self) -> Result<Vec<Survivor>, StorageError> {
        let mut behind = Vec::new();
        for (number, found) in self.files.iter().enumerate().skip(self.out.file) {
            let at_end = number == self.out.file;
            let from = if at_end {
                self.out.position
            } else {
                BLOCK as u64
            };
            for (position, run) in survivors(found, from).await? {
                behind.push(Survivor {
                    file: number,
                    position,
                    run,
                });
            }
        }
        Ok(behind)
    }

    /// A run behind the end may prove that more was durable.
    fn refuse_damage(&self, behind: &[Survivor]) -> Result<(), StorageError> {
        let lost = self.out.last.0 + 1;
        let Some(proof) = behind.iter().find(|s| s.run.flushed >= lost) else {
            return Ok(());
        };
        let (at, file) = self.damaged_place();
        let what = format!(
            "run {lost} cannot be read, but run {} at byte {} of {} says that it was durable",
            proof.run.ordinal,
            proof.position,
            self.files[proof.file].path.display()
        );
        Err(StorageError::corrupt(&file.path, at, what))
    }

    fn damaged_place(&self) -> (u64, &Found) {
        let end = &self.files[self.out.file];
        match self.files.get(self.out.file + 1) {
            Some(next) if self.out.position + BLOCK as u64 > end.header.size => {
                (BLOCK as u64, next)
            }
            _ => (self.out.position, end),
        }
    }
}

/// The frames of a run; `None` when it is torn.
fn frames_of(found: &Found, run: &Run, bytes: &Bytes) -> Result<Option<Vec<Frame>>, StorageError> {
    let seed = Seed::new(&found.header.journal, run.nonce, run.ordinal);
    let mut frames = Vec::new();
    let mut at = run::HEAD;
    while at < bytes.len() {
        match frame::decode(bytes, at, seed) {
            Ok((frame, next)) => {
                frames.push(frame);
                at = next;
            }
            // The checksums are right, so it was written like this: no crash explains it, and no cut would be safe.
            Err(FormatError::Value(what)) => {
                return Err(StorageError::corrupt(
                    &found.path,
                    run.position + at as u64,
                    what,
                ));
            }
            Err(_) => return Ok(None),
        }
    }
    Ok((frames.len() == run.frames as usize).then_some(frames))
}

/// All whole run headers of this file at or behind `from`.
async fn survivors(found: &Found, from: u64) -> Result<Vec<(u64, Run)>, StorageError> {
    let mut reader = Reader::open(found).await?;
    let mut runs = Vec::new();
    let mut position = from;
    while position + BLOCK as u64 <= found.header.size {
        let head = reader.read(position, run::HEAD).await?;
        if let Ok((run, _)) = Run::decode(
            &head,
            &found.header.journal,
            found.header.sequence,
            position,
        ) {
            runs.push((position, run));
        }
        position += BLOCK as u64;
    }
    Ok(runs)
}

/// Makes what was found durable, and makes sure that nothing behind the end can ever be taken for a run.
///
/// What a replay reads need not be durable: a killed process leaves writes that the system has and the disk may not,
/// and they are about to be taken for acknowledged. So every file is synced, not only those that are changed. And a sync
/// that failed may have dropped what no later sync will write: the last runs, of which nothing says that they were
/// flushed, are written once more.
async fn settle(files: &[Found], out: &Replayed, behind: &[Survivor]) -> Result<(), StorageError> {
    for (number, found) in files.iter().enumerate() {
        let file = File::open(&found.path, &options(Sync::After)).await?;
        let mut blocks: Vec<u64> = behind
            .iter()
            .filter(|s| s.file == number)
            .map(|s| s.position)
            .collect();
        // The block at the end too, whatever stands in it.
        if number == out.file
            && out.position + BLOCK as u64 <= found.header.size
            && !blocks.contains(&out.position)
        {
            blocks.push(out.position);
        }
        for at in blocks {
            file.write_at(Buf::zeroed(BLOCK), at).await?;
        }
        let unproven = out.unproven.iter().filter(|p| p.file == number);
        for place in unproven.filter(|_| !planted(Mutant::TailNotRewritten)) {
            // Not read once more: what was sound a moment ago may be rotten now, and would be written back as it is.
            let mut buf = Buf::from(&place.bytes[..]);
            buf.pad_to(BLOCK);
            file.write_at(buf, place.position).await?;
        }
        file.sync().await?;
        file.close().await?;
    }
    Ok(())
}

/// Reads a file in windows, since runs are small and follow each other.
struct Reader<'a> {
    found: &'a Found,
    file: File,
    window: Bytes,
    start: u64,
}

impl<'a> Reader<'a> {
    async fn open(found: &'a Found) -> Result<Reader<'a>, StorageError> {
        let file = File::open(&found.path, &OpenOptions::read_only().direct()).await?;
        Ok(Reader {
            found,
            file,
            window: Bytes::new(),
            start: 0,
        })
    }

    /// `len` bytes at `position`, fewer at the end of the file. The bytes are a copy unless they are large, so that
    /// a small entry does not hold a whole window in memory.
    async fn read(&mut self, position: u64, len: usize) -> Result<Bytes, StorageError> {
        let inside = position >= self.start
            && position + len as u64 <= self.start + self.window.len() as u64;
        if !inside {
            self.window = self.file.read_at(position, len.max(WINDOW)).await?;
            self.start = position;
        }
        let from = (position - self.start) as usize;
        let to = self.window.len().min(from + len);
        Ok(if len < WINDOW / 4 {
            Bytes::copy_from_slice(&self.window[from..to])
        } else {
            self.window.slice(from..to)
        })
    }
}
