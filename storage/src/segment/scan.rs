//! Walking the batches of a segment file.

use std::path::Path;

use bytes::{Buf as _, Bytes};
use ottla_protocol::record::{BatchHeader, BatchView, HEADER_LEN};
use ottla_runtime::fs::File;

use crate::error::StorageError;

/// Read in one go.
const WINDOW: u64 = 256 << 10;

/// Whole batches read from one place: header, and the bytes.
pub(crate) struct Walk<'a> {
    file: &'a File,
    path: &'a Path,
    /// Position of the next batch, and the end of what may be read.
    position: u64,
    end: u64,
    /// Offset that the next batch must have; `None` when not known yet.
    expect: Option<i64>,
    window: Bytes,
}

impl<'a> Walk<'a> {
    /// From the batch at `from` to `end`, both known to be batch boundaries.
    pub fn new(
        file: &'a File,
        path: &'a Path,
        from: u64,
        end: u64,
        expect: Option<i64>,
    ) -> Walk<'a> {
        Walk {
            file,
            path,
            position: from,
            end,
            expect,
            window: Bytes::new(),
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
        if self
            .expect
            .is_some_and(|expect| expect != header.base_offset)
            || header.last_offset_delta < 0
        {
            let what = format!(
                "a batch at offset {}, expected {:?}",
                header.base_offset, self.expect
            );
            return Err(self.damage(what));
        }
        let position = self.position;
        let bytes = self.window.split_to(header.size());
        self.position += header.size() as u64;
        self.expect = Some(header.next_offset());
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
        let want = (need as u64).max(WINDOW).min(left);
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
