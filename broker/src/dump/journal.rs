//! A journal file: its header, then run after run with their frames.

use bytes::Bytes;
use ottla_admin_cli::CliError;
use ottla_admin_cli::commands::file::dump::Item;
use ottla_storage::format::frame::{self, Seed};
use ottla_storage::format::journal_file::JournalFile;
use ottla_storage::format::run::{self, Run};
use ottla_storage::format::{BLOCK, FormatError, block_up};
use ottla_storage::{Checkpoint, EntryKind, Frame};

use super::{Emit, Source};

/// Shows everything up to the first place where no run of this file follows. Whether that is the end, a torn tail or
/// damage cannot be told from one file alone: the broker decides it when it starts, from all files of the journal.
pub async fn read(source: Source, emit: &mut Emit<'_>) -> Result<(), CliError> {
    let block = source.read(0, BLOCK).await?;
    let header =
        JournalFile::decode(&block).map_err(|error| source.broken(0, &error.to_string()))?;
    let journal: String = header
        .journal
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    emit(
        Item::new(0, 0, "journal")
            .with("id", journal)
            .with("sequence", header.sequence)
            .with("size", header.size),
    )?;
    let mut position = BLOCK as u64;
    let mut last: Option<(u64, u32)> = None;
    while position + BLOCK as u64 <= source.size {
        let head = source.read(position, run::HEAD).await?;
        let (run, crc) = match Run::decode(&head, &header.journal, header.sequence, position) {
            Ok(found) => found,
            Err(error) => return emit(end(position, &error)),
        };
        if last.is_some_and(|(ordinal, crc)| (run.ordinal, run.previous) != (ordinal + 1, crc)) {
            let why = format!(
                "run {} does not follow: left from before a crash",
                run.ordinal
            );
            return emit(Item::new(position, 0, "end").with("because", why));
        }
        emit(run_item(&run))?;
        let bytes = source.read(position, run.length as usize).await?;
        frames(&source, &run, &bytes, &header, emit)?;
        last = Some((run.ordinal, crc));
        position += block_up(run.length.into());
    }
    emit(Item::new(position, 0, "end").with("because", "the file is full"))
}

fn end(position: u64, error: &FormatError) -> Item {
    let why = match error {
        FormatError::Blank => "nothing is written after it".to_owned(),
        other => format!("no run of this file: {other}"),
    };
    Item::new(position, 0, "end").with("because", why)
}

fn run_item(run: &Run) -> Item {
    Item::new(run.position, 0, "run")
        .with("ordinal", run.ordinal)
        .with("flushed", run.flushed)
        .with("bytes", run.length)
        .with("frames", run.frames)
}

fn frames(
    source: &Source,
    run: &Run,
    bytes: &Bytes,
    header: &JournalFile,
    emit: &mut Emit<'_>,
) -> Result<(), CliError> {
    let seed = Seed::new(&header.journal, run.nonce, run.ordinal);
    let mut at = run::HEAD;
    while at < run.length as usize {
        let place = run.position + at as u64;
        match frame::decode(bytes, at, seed) {
            Ok((frame, next)) => {
                emit(frame_item(place, &frame))?;
                at = next;
            }
            Err(error) => {
                let error = source.broken(place, &format!("a frame cannot be read: {error}"));
                return Err(error.next(
                    "if it is in the last run, it was torn by a crash and nobody was told of it",
                ));
            }
        }
    }
    Ok(())
}

fn frame_item(place: u64, frame: &Frame) -> Item {
    let item = |what| Item::new(place, 1, what).with("partition", frame.id().to_string());
    match frame {
        Frame::Entry { entry, .. } => {
            let (what, offsets) = match entry.kind {
                EntryKind::Data => ("entry", true),
                EntryKind::Empty => ("empty-entry", false),
                EntryKind::Command => ("command-entry", false),
                EntryKind::Config => ("config-entry", false),
            };
            let item = item(what)
                .with("index", entry.index)
                .with("term", entry.term);
            let item = if offsets {
                item.with("base_offset", entry.base_offset)
                    .with("records", entry.records)
            } else {
                item
            };
            item.with("bytes", entry.body.len())
        }
        Frame::HardState { hard, .. } => item("hard-state")
            .with("term", hard.term)
            .with("vote", hard.vote)
            .with("commit", hard.commit),
        Frame::Truncate { from, .. } => item("truncate").with("from_index", *from),
        Frame::Checkpoint { checkpoint, .. } => checkpoint_fields(item("checkpoint"), checkpoint),
        Frame::Forget { .. } => item("forget"),
    }
}

fn checkpoint_fields(item: Item, checkpoint: &Checkpoint) -> Item {
    let item = item
        .with("index", checkpoint.index)
        .with("term", checkpoint.term)
        .with("start_offset", checkpoint.start_offset)
        .with("end_offset", checkpoint.end_offset);
    let item = match &checkpoint.tail {
        Some(tail) => item
            .with("segment", tail.segment)
            .with("segment_bytes", tail.length),
        None => item,
    };
    item.with("state_bytes", checkpoint.state.len())
}
