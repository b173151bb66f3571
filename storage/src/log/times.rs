//! Offsets by timestamp (kafka.md 2.7: ListOffsets) and ends of leader epochs (OffsetForLeaderEpoch).

use bytes::Bytes;
use ottla_protocol::record::{BatchView, TimestampType, batches};

use super::Log;
use super::read::{Place, ReadError};
use super::state::Segment;
use crate::error::{Corrupt, StorageError};
use crate::mutants::{Mutant, planted};
use crate::segment::data_path;

/// Read in one go while looking for a record.
const WINDOW: usize = 128 << 10;
/// A batch may decompress to this much here; the producer's limit was checked when it came in.
const DECOMPRESSED: usize = 256 << 20;

/// A record found by its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOffset {
    /// Its offset.
    pub offset: i64,
    /// Its timestamp, ms.
    pub timestamp: i64,
    /// Leader epoch of its batch.
    pub epoch: i32,
}

impl Log {
    /// The first record at or after the start whose timestamp is `timestamp` or later and whose offset is below `limit`.
    ///
    /// # Errors
    /// Damage, the disk's own.
    pub async fn offset_for_timestamp(
        &self,
        timestamp: i64,
        limit: i64,
    ) -> Result<Option<TimedOffset>, ReadError> {
        self.undisturbed(async || self.search_time(timestamp, limit).await)
            .await
    }

    async fn search_time(
        &self,
        timestamp: i64,
        limit: i64,
    ) -> Result<Option<TimedOffset>, ReadError> {
        let start = self.start_offset();
        let timestamp = match planted(Mutant::WrongTime) {
            true => timestamp + 50,
            false => timestamp,
        };
        let (segments, dirty) = self.snapshot(start);
        for segment in segments {
            if self.segment_max(&segment).await? < timestamp {
                continue;
            }
            if let Some(found) = self.find_in_segment(segment, timestamp, start).await? {
                return Ok(Some(found).filter(|f| f.offset < limit));
            }
        }
        for bytes in &dirty {
            let batch = BatchView::parse(bytes).map_err(|e| StorageError::Misuse(e.to_string()))?;
            if let Some(found) = first_at(&batch, timestamp, start).map_err(StorageError::Misuse)? {
                return Ok(Some(found).filter(|f| f.offset < limit));
            }
        }
        Ok(None)
    }

    /// The first record that has the log's largest timestamp, among those from the start up to `limit`; `None` when
    /// there are none.
    ///
    /// # Errors
    /// Damage, the disk's own.
    pub async fn max_timestamp(&self, limit: i64) -> Result<Option<TimedOffset>, ReadError> {
        self.undisturbed(async || self.search_max(limit).await)
            .await
    }

    async fn search_max(&self, limit: i64) -> Result<Option<TimedOffset>, ReadError> {
        let start = self.start_offset();
        for exact in [false, true] {
            let (max, sure) = self.largest(start, limit, exact).await?;
            if max == i64::MIN {
                return Ok(None);
            }
            let found = self.search_time(max, limit).await?;
            if found.is_some() || sure {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The largest timestamp from `start` up to `limit`, and whether a record is sure to have it: compaction may have left of
    /// the batch that had it nothing but its header. With `exact` one has it.
    async fn largest(&self, start: i64, limit: i64, exact: bool) -> Result<(i64, bool), ReadError> {
        let mut max = i64::MIN;
        let mut sure = true;
        let (segments, dirty) = self.snapshot(start);
        for segment in segments {
            let end = self
                .next_segment(segment.base)
                .unwrap_or_else(|| self.flushed().end_offset);
            // A segment cut by the start or by the limit may have its largest timestamp outside.
            let walk = segment.base < start || end > limit || (segment.gaps && exact);
            sure &= walk || !segment.gaps;
            max = max.max(if walk {
                self.max_within(segment, start, limit).await?
            } else {
                self.segment_max(&segment).await?
            });
        }
        for bytes in &dirty {
            let batch = batch_of(bytes)?;
            if batch.header.next_offset() <= limit && batch.header.next_offset() > start {
                max = max.max(max_from(&batch, start).map_err(StorageError::Misuse)?);
            }
        }
        Ok((max, sure))
    }

    /// The largest epoch at or below `epoch` and the offset at which the next one starts (the log's end for the
    /// newest). An epoch below all known gives itself and the start of the first; `None` above all known.
    ///
    /// # Errors
    /// Damage, the disk's own.
    pub async fn epoch_end_offset(&self, epoch: i32) -> Result<Option<(i32, i64)>, ReadError> {
        let epochs = self.epochs().await?;
        let Some(newest) = epochs.last() else {
            return Ok(None);
        };
        if epoch > newest.0 {
            return Ok(None);
        }
        let after = epochs.partition_point(|e| e.0 <= epoch);
        let end = epochs.get(after).map_or_else(|| self.end_offset(), |e| e.1);
        Ok(Some(match after.checked_sub(1) {
            Some(i) => (epochs[i].0, end),
            None => (epoch, end),
        }))
    }

    /// Leader epochs in the log and the offsets at which they start, ascending.
    ///
    /// # Errors
    /// Damage, the disk's own.
    pub async fn epochs(&self) -> Result<Vec<(i32, i64)>, ReadError> {
        self.undisturbed(async || self.search_epochs(self.start_offset()).await)
            .await
    }

    /// As [`Log::epochs`], from the first segment on: after a crash the start may be an earlier one.
    pub(super) async fn all_epochs(&self) -> Result<Vec<(i32, i64)>, ReadError> {
        let first = || {
            let state = self.0.state.borrow();
            state
                .segments
                .first()
                .map_or(state.start_offset, |s| s.base)
        };
        self.undisturbed(async || self.search_epochs(first()).await)
            .await
    }

    async fn search_epochs(&self, start: i64) -> Result<Vec<(i32, i64)>, ReadError> {
        let (segments, dirty) = self.snapshot(start);
        // Of what compaction wrote, the batches that began the epochs may be gone.
        let mut epochs = self.0.state.borrow().compacted.epochs.clone();
        for segment in segments.iter().filter(|s| !s.gaps) {
            let index = self.0.index(segment).await?;
            for (epoch, at) in index.epochs() {
                push_epoch(&mut epochs, epoch, at);
            }
        }
        for bytes in &dirty {
            let header = batch_of(bytes)?.header;
            push_epoch(&mut epochs, header.leader_epoch, header.base_offset);
        }
        // What lies before the start is gone; the epoch that reaches over it starts there.
        let gone = epochs.partition_point(|e| e.1 <= start).saturating_sub(1);
        epochs.drain(..gone);
        if let Some(first) = epochs.first_mut() {
            first.1 = first.1.max(start);
        }
        Ok(epochs)
    }

    /// Searches, and again if segments were removed or replaced meanwhile: what was found then is worth nothing.
    pub(super) async fn undisturbed<T>(
        &self,
        mut search: impl AsyncFnMut() -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        loop {
            let before = self.0.changes();
            let found = search().await;
            if self.0.changes() == before {
                return found;
            }
        }
    }

    /// The flushed segments that hold offsets at or above `start`, and the dirty batches behind them: taken together, since a
    /// flush moves batches from one to the other.
    fn snapshot(&self, start: i64) -> (Vec<Segment>, Vec<Bytes>) {
        let state = self.0.state.borrow();
        let after = state.segments.partition_point(|s| s.base <= start);
        let segments = state.segments[after.saturating_sub(1)..].iter().copied();
        let dirty = state
            .dirty
            .iter()
            .filter(|d| !d.bytes.is_empty())
            .map(|d| d.bytes.clone());
        (segments.collect(), dirty.collect())
    }

    /// Base offset of the segment after this one.
    fn next_segment(&self, base: i64) -> Option<i64> {
        let state = self.0.state.borrow();
        state.segment_after(base).map(|s| s.base)
    }

    /// The largest timestamp of a segment, remembered once it is known.
    pub(super) async fn segment_max(&self, segment: &Segment) -> Result<i64, StorageError> {
        let Segment { base, length, .. } = *segment;
        let known = |log: &Log| {
            let state = log.0.state.borrow();
            state
                .segments
                .iter()
                .find(|s| s.base == base)
                .and_then(|s| s.max_timestamp)
        };
        if let Some(max) = known(self) {
            return Ok(max);
        }
        let next = self.next_segment(base);
        let index = self.0.index(segment).await?;
        let ends = |next: i64| match segment.gaps {
            true => index.end_offset <= next,
            false => index.end_offset == next,
        };
        if let Some(next) = next.filter(|next| !ends(*next)) {
            let what = format!(
                "the segment ends at offset {}, the next one starts at {next}",
                index.end_offset
            );
            return Err(StorageError::corrupt(
                data_path(&self.0.dir, base),
                length,
                what,
            ));
        }
        let mut state = self.0.state.borrow_mut();
        if let Some(segment) = state
            .segments
            .iter_mut()
            .find(|s| s.base == base && s.length == length)
        {
            segment.max_timestamp = Some(index.max_timestamp);
        }
        Ok(index.max_timestamp)
    }

    async fn find_in_segment(
        &self,
        segment: Segment,
        timestamp: i64,
        start: i64,
    ) -> Result<Option<TimedOffset>, StorageError> {
        let index = self.0.index(&segment).await?;
        let by_time = index.floor_time(timestamp);
        let entry = by_time.max_by_key(index.floor_offset(start));
        self.walk(segment, entry, |batch| {
            if batch.header.max_timestamp < timestamp || batch.header.next_offset() <= start {
                return Ok(None);
            }
            first_at(batch, timestamp, start)
        })
        .await
    }

    async fn max_within(
        &self,
        segment: Segment,
        start: i64,
        limit: i64,
    ) -> Result<i64, StorageError> {
        let index = self.0.index(&segment).await?;
        let entry = index.floor_offset(start).map(|e| (e.position, e.offset));
        let mut max = i64::MIN;
        self.walk(segment, entry, |batch: &BatchView<'_>| {
            if batch.header.next_offset() > limit {
                return Ok(Some(()));
            }
            if batch.header.next_offset() > start && batch.header.count > 0 {
                max = max.max(max_from(batch, start)?);
            }
            Ok(None)
        })
        .await?;
        Ok(max)
    }

    /// Walks a segment's batches from `(position, offset)` until `look` finds something.
    async fn walk<T>(
        &self,
        segment: Segment,
        from: Option<(u64, i64)>,
        mut look: impl FnMut(&BatchView<'_>) -> Result<Option<T>, String>,
    ) -> Result<Option<T>, StorageError> {
        let mut place = Place::new(segment, from);
        while !place.is_at_end() {
            let bytes = self.0.whole_batches(&place, WINDOW).await?;
            let mut next = segment.base;
            for batch in batches(&bytes) {
                let path = data_path(&self.0.dir, segment.base);
                let damage = |what: String| Corrupt::new(&path, place.position, what);
                let batch = batch.map_err(|e| StorageError::Corrupt(damage(e.to_string())))?;
                if let Some(found) = look(&batch).map_err(|e| StorageError::Corrupt(damage(e)))? {
                    return Ok(Some(found));
                }
                next = batch.header.next_offset();
            }
            place.pass(bytes.len(), next);
        }
        Ok(None)
    }
}

/// The later of two optional places in a segment.
trait Later {
    fn max_by_key(self, other: Option<crate::format::index::IndexEntry>) -> Option<(u64, i64)>;
}

impl Later for Option<crate::format::index::IndexEntry> {
    fn max_by_key(self, other: Option<crate::format::index::IndexEntry>) -> Option<(u64, i64)> {
        self.into_iter()
            .chain(other)
            .map(|e| (e.position, e.offset))
            .max()
    }
}

fn batch_of(bytes: &Bytes) -> Result<BatchView<'_>, StorageError> {
    BatchView::parse(bytes).map_err(|e| StorageError::Misuse(e.to_string()))
}

fn push_epoch(epochs: &mut Vec<(i32, i64)>, epoch: i32, start: i64) {
    if epochs.last().is_none_or(|last| last.0 < epoch) {
        epochs.push((epoch, start));
    }
}

/// The first record of a batch at or after `start` with at least this timestamp.
fn first_at(
    batch: &BatchView<'_>,
    timestamp: i64,
    start: i64,
) -> Result<Option<TimedOffset>, String> {
    let header = &batch.header;
    if header.max_timestamp < timestamp || header.next_offset() <= start || header.count == 0 {
        return Ok(None);
    }
    let found = |offset, timestamp| {
        Some(TimedOffset {
            offset,
            timestamp,
            epoch: header.leader_epoch,
        })
    };
    if header.attributes.timestamp_type() == TimestampType::LogAppendTime {
        // Compaction may have taken the batch's first records.
        let first = first_from(batch, start)?;
        return Ok(first.and_then(|offset| found(offset, header.max_timestamp)));
    }
    let bytes = batch.decompress(DECOMPRESSED).map_err(|e| e.to_string())?;
    for record in batch.records(&bytes) {
        let record = record.map_err(|e| e.to_string())?;
        let (offset, time) = (
            header.base_offset + i64::from(record.offset_delta),
            header.base_timestamp.saturating_add(record.timestamp_delta),
        );
        if time >= timestamp && offset >= start {
            return Ok(found(offset, time));
        }
    }
    Ok(None)
}

/// Offset of the first record at or after `start`.
fn first_from(batch: &BatchView<'_>, start: i64) -> Result<Option<i64>, String> {
    let header = &batch.header;
    if header.count == header.last_offset_delta + 1 {
        return Ok(Some(header.base_offset.max(start)));
    }
    let bytes = batch.decompress(DECOMPRESSED).map_err(|e| e.to_string())?;
    for record in batch.records(&bytes) {
        let record = record.map_err(|e| e.to_string())?;
        let offset = header.base_offset + i64::from(record.offset_delta);
        if offset >= start {
            return Ok(Some(offset));
        }
    }
    Ok(None)
}

/// The largest timestamp of a batch's records at or after `start`.
fn max_from(batch: &BatchView<'_>, start: i64) -> Result<i64, String> {
    let header = &batch.header;
    if header.base_offset >= start
        || header.attributes.timestamp_type() == TimestampType::LogAppendTime
    {
        return Ok(header.max_timestamp);
    }
    let bytes = batch.decompress(DECOMPRESSED).map_err(|e| e.to_string())?;
    let mut max = i64::MIN;
    for record in batch.records(&bytes) {
        let record = record.map_err(|e| e.to_string())?;
        if header.base_offset + i64::from(record.offset_delta) >= start {
            max = max.max(header.base_timestamp.saturating_add(record.timestamp_delta));
        }
    }
    Ok(max)
}
