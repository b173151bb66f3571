//! Aborted transactions by offset, as the indexes of the segments have them.

use super::read::{ReadError, ReadOut};
use super::{AbortedTxn, Log};

impl Log {
    /// As [`Log::read`], with the aborted transactions that have records in what was read and whose marker is in a segment
    /// ([`Log::flushed`]). Both are of one state of the log: compaction takes away aborted records and what is known of them.
    ///
    /// # Errors
    /// [`ReadError::OutOfRange`], damage, the disk's own.
    pub async fn read_with_aborted(
        &self,
        offset: i64,
        max_bytes: usize,
        limit: i64,
    ) -> Result<(ReadOut, Vec<AbortedTxn>), ReadError> {
        self.undisturbed(async || {
            let read = self.read(offset, max_bytes, limit).await?;
            let aborted = self.find_aborted(offset, read.next).await?;
            Ok((read, aborted))
        })
        .await
    }

    /// The aborted transactions that have records in `from..to`, in the order of their markers; those whose marker is in a
    /// segment ([`Log::flushed`]), and no others.
    ///
    /// # Errors
    /// Damage, the disk's own.
    pub async fn aborted(&self, from: i64, to: i64) -> Result<Vec<AbortedTxn>, ReadError> {
        self.undisturbed(async || self.find_aborted(from, to).await)
            .await
    }

    async fn find_aborted(&self, from: i64, to: i64) -> Result<Vec<AbortedTxn>, ReadError> {
        let inner = &self.0;
        let mut found = Vec::new();
        let mut segment = inner.state.borrow().segment_at(from);
        while let Some(at) = segment.filter(|_| from < to) {
            let index = inner.index(&at).await?;
            found.extend(index.aborted(from, to));
            // The marker of one that is open at the end of this segment is in a later one.
            let spans = index.open().oldest().is_some_and(|first| first < to);
            let next = inner.state.borrow().segment_after(at.base);
            segment = next.filter(|next| spans || next.base < to);
        }
        Ok(found)
    }
}
