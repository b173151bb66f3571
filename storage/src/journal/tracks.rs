//! Which journal files each partition still needs. Pure bookkeeping, so that a file is recycled only when no
//! recovery could want anything in it.
//!
//! A partition needs the file of its newest checkpoint and all files from the first entry after that checkpoint on;
//! without a checkpoint, all files from its first frame on.

use std::collections::BTreeMap;

use ottla_protocol::ids::PartitionId;

use crate::format::frame::Frame;

/// What a flushed frame means for the files.
#[derive(Clone, Copy, Debug)]
pub(super) struct Note {
    id: PartitionId,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Entry(u64),
    Other,
    Checkpoint(u64),
    Forget,
}

impl Note {
    pub(super) fn of(frame: &Frame) -> Note {
        let what = match frame {
            Frame::Entry { entry, .. } => What::Entry(entry.index),
            Frame::HardState { .. } | Frame::Truncate { .. } => What::Other,
            Frame::Checkpoint { checkpoint, .. } => What::Checkpoint(checkpoint.index),
            Frame::Forget { .. } => What::Forget,
        };
        Note {
            id: frame.id(),
            what,
        }
    }
}

#[derive(Debug)]
struct Track {
    /// Oldest file that holds any frame which is not covered by a checkpoint; or the checkpoint's own.
    anchor: u64,
    /// Index of the newest checkpoint.
    checkpoint: u64,
    /// Per file, ascending: the highest entry index in it. Files whose highest is covered are dropped.
    spans: Vec<(u64, u64)>,
}

impl Track {
    fn oldest(&self) -> u64 {
        self.spans
            .first()
            .map_or(self.anchor, |s| s.0.min(self.anchor))
    }
}

/// The needs of all partitions.
#[derive(Debug, Default)]
pub(super) struct Tracks(BTreeMap<PartitionId, Track>);

impl Tracks {
    /// A frame in `file` is durable.
    pub(super) fn note(&mut self, note: Note, file: u64) {
        if let What::Forget = note.what {
            self.0.remove(&note.id);
            return;
        }
        let track = self.0.entry(note.id).or_insert_with(|| Track {
            anchor: file,
            checkpoint: 0,
            spans: Vec::new(),
        });
        match note.what {
            What::Entry(index) if index > track.checkpoint => match track.spans.last_mut() {
                Some((last, highest)) if *last == file => *highest = index.max(*highest),
                _ => track.spans.push((file, index)),
            },
            What::Checkpoint(index) if index >= track.checkpoint => {
                track.checkpoint = index;
                track.anchor = file;
                track.spans.retain(|(_, highest)| *highest > index);
            }
            _ => {}
        }
    }

    /// The partitions that need `file` or an older one.
    pub(super) fn pinning(&self, file: u64) -> Vec<PartitionId> {
        self.0
            .iter()
            .filter(|(_, track)| track.oldest() <= file)
            .map(|(id, _)| *id)
            .collect()
    }

    /// Whether any partition needs `file` or an older one.
    pub(super) fn pinned(&self, file: u64) -> bool {
        self.0.values().any(|track| track.oldest() <= file)
    }
}
