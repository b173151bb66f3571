//! Walking the batches of a segment file.

use std::path::Path;

use bytes::{Buf as _, Bytes};
use ottla_protocol::record::{BatchHeader, BatchView, HEADER_LEN};
use ottla_runtime::fs::File;

use crate::error::StorageError;

/// Read in one go.
const WINDOW: u64 = 256 << 10;

/// The offset of the next batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// This one.
    At(i64),
    /// This one or a later one: compaction may have taken batches away.
    From(i64),
}

impl Expect {
    /// `offset` itself, unless batches may be missing.
    pub fn next(offset: i64, gaps: bool) -> Expect {
        if gaps {
            Expect::From(offset)
        } else {
            Expect::At(offset)
        }
    }

    /// May a batch of this header come?
    pub fn allows(self, header: &BatchHeader) -> bool {
        let right = match self {
            Expect::At(offset) => header.base_offset == offset,
            Expect::From(offset) => header.base_offset >= offset,
        };
        right && header.last_offset_delta >= 0
    }
}

impl std::fmt::Display for Expect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Expect::At(offset) => write!(f, "{offset}"),
            Expect::From(offset) => write!(f, "{offset} or later"),
        }
    }
}

/// Whole batches read from one place: header, and the bytes.
pub(crate) struct Walk<'a> {
    file: &'a File,
    path: &'a Path,
    /// Position of the next batch, and the end of what may be read.
    position: u64,
    end: u64,
    expect: Expect,
    /// Batches may be missing.
    gaps: bool,
    /// Read in one go.
    window_size: u64,
    window: Bytes,
}

impl<'a> Walk<'a> {
    /// From the batch at `from` to `end`, both known to be batch boundaries; the first one's offset is `offset`, and so are
    /// those of all others what follows from the one before, except where there are gaps.
    pub fn new(
        file: &'a File,
        path: &'a Path,
        (from, end): (u64, u64),
        offset: i64,
        gaps: bool,
    ) -> Walk<'a> {
        Walk {
            file,
            path,
            position: from,
            end,
            expect: Expect::next(offset, gaps),
            gaps,
            window_size: WINDOW,
            window: Bytes::new(),
        }
    }

    /// Reads so much in one go.
    pub fn reading(self, window_size: u64) -> Walk<'a> {
        Walk {
            window_size,
            ..self
        }
    }

    /// The next batch: its position, header and bytes, checksum verified. `None` at the end.
    pub async fn next(&mut self) -> Result<Option<(u64, BatchHeader, Bytes)>, StorageError> {
        if self.position >= self.end {
            return Ok(None);
        }
        self.fill(HEADER_LEN).await?;
        let header = BatchHeader::parse(&self.window).map_err(|e| self.damage(e.to_string()))?;
        self.fill(header.size()).await?;
        let batch = BatchView::parse(&self.window).map_err(|e| self.damage(e.to_string()))?;
        if !batch.crc_ok() {
            return Err(self.damage("the batch's checksum does not match".to_owned()));
        }
        if !self.expect.allows(&header) {
            let what = format!(
                "a batch at offset {}, expected {}",
                header.base_offset, self.expect
            );
            return Err(self.damage(what));
        }
        let position = self.position;
        let bytes = self.window.split_to(header.size());
        self.position += header.size() as u64;
        self.expect = Expect::next(header.next_offset(), self.gaps);
        Ok(Some((position, header, bytes)))
    }

    /// Makes the window hold at least `need` bytes.
    async fn fill(&mut self, need: usize) -> Result<(), StorageError> {
        if self.window.len() >= need {
            return Ok(());
        }
        let left = self.end - self.position;
        if need as u64 > left {
            return Err(self.damage(format!(
                "a batch of {need} bytes where the segment has {left} left"
            )));
        }
        let want = (need as u64).max(self.window_size).min(left);
        self.window = self.file.read_at(self.position, want as usize).await?;
        if self.window.remaining() < need {
            return Err(self.damage(format!(
                "the file ends after {} of {need} bytes",
                self.window.len()
            )));
        }
        Ok(())
    }

    fn damage(&self, what: String) -> StorageError {
        StorageError::corrupt(self.path, self.position, what)
    }
}
