//! The reading task: what logs give back, by offset, time and epoch, held against the model.

use std::rc::Rc;

use ottla_runtime::time;
use ottla_storage::log::ReadError;

use super::Shard;

impl Shard {
    pub(super) async fn read_loop(self: Rc<Self>) -> Result<(), String> {
        loop {
            self.pause().await;
            let p = self.below(self.logs.len() as u64) as usize;
            match self.below(8) {
                0 => self.read_time(p).await?,
                1 => self.read_epochs(p).await?,
                2 => self.read_max(p).await?,
                _ => self.read_some(p).await?,
            }
            self.model.borrow_mut().stats.reads += 1;
        }
    }

    async fn read_some(&self, p: usize) -> Result<(), String> {
        let log = &self.logs[p];
        let (start, limit) = (
            log.start_offset(),
            self.model.borrow().parts[p].commit_offset(),
        );
        let offset = start + self.below((limit - start).max(0) as u64 + 1) as i64;
        let max_bytes = 1 << self.below(18);
        self.read_at(p, offset, max_bytes, limit).await.map(drop)
    }

    /// Reads and compares; returns the next offset, or the start when the offset is gone meanwhile.
    async fn read_at(
        &self,
        p: usize,
        offset: i64,
        max_bytes: usize,
        limit: i64,
    ) -> Result<i64, String> {
        if p >= self.layout.plain {
            return self.read_compacted(p, offset, max_bytes, limit).await;
        }
        let log = &self.logs[p];
        let (expected, next) = self.model.borrow().parts[p].expected_read(offset, max_bytes, limit);
        let out = match log.read(offset, max_bytes, limit).await {
            Ok(out) => out,
            Err(ReadError::OutOfRange { start, .. })
                if offset < start && offset < log.start_offset() =>
            {
                return Ok(start);
            }
            Err(error) => {
                return Err(format!(
                    "{}: read of {offset} below {limit}: {error}",
                    log.id()
                ));
            }
        };
        let (got, want) = (out.parts.concat(), expected.concat());
        // What deletion of records cuts short under a read is shorter, never different.
        let cut_short = out.next < next && log.start_offset() > out.next && want.starts_with(&got);
        if (got != want || out.next != next || out.bytes != got.len()) && !cut_short {
            return Err(format!(
                "{}: read of {offset} below {limit}, {max_bytes} bytes: got {} bytes to offset {}, expected {} to {next}",
                log.id(),
                got.len(),
                out.next,
                want.len()
            ));
        }
        Ok(out.next)
    }

    pub(super) async fn read_all(&self, p: usize) -> Result<(), String> {
        let log = &self.logs[p];
        let end = self.model.borrow().parts[p].latest.end_offset();
        if log.end_offset() != end {
            return Err(format!(
                "{}: the log ends at {}, not at {end}",
                log.id(),
                log.end_offset()
            ));
        }
        let mut offset = log.start_offset();
        while offset < end {
            offset = self.read_at(p, offset, 30_000, end).await?;
        }
        match log.read(end + 1, 1000, i64::MAX).await {
            Err(ReadError::OutOfRange { .. }) => Ok(()),
            other => Err(format!("{}: read beyond the end gave {other:?}", log.id())),
        }
    }

    async fn read_time(&self, p: usize) -> Result<(), String> {
        let log = &self.logs[p];
        let (start, limit) = (
            log.start_offset(),
            self.model.borrow().parts[p].commit_offset(),
        );
        let timestamp = time::wall_ms() - self.below(70_000) as i64;
        if p >= self.layout.plain {
            return self.read_compacted_time(p, timestamp, (start, limit)).await;
        }
        let expected = self.model.borrow().parts[p].expected_at(timestamp, start, limit);
        let found = log.offset_for_timestamp(timestamp, limit).await;
        if log.start_offset() != start {
            return Ok(());
        }
        let found = found
            .map_err(|e| format!("{}: by time: {e}", log.id()))?
            .map(|f| (f.offset, f.timestamp));
        if found != expected {
            return Err(format!(
                "{}: first at {timestamp} from {start} below {limit}: {found:?}, not {expected:?}",
                log.id()
            ));
        }
        Ok(())
    }

    async fn read_max(&self, p: usize) -> Result<(), String> {
        let log = &self.logs[p];
        let (start, limit) = (
            log.start_offset(),
            self.model.borrow().parts[p].commit_offset(),
        );
        if p >= self.layout.plain {
            return self.read_compacted_max(p, (start, limit)).await;
        }
        let expected = {
            let model = self.model.borrow();
            let part = &model.parts[p];
            let data = part.latest.data(start, limit);
            let max = data
                .flat_map(|(e, t)| (e.base_offset..).zip(t))
                .filter(|(o, _)| *o >= start)
                .map(|(_, t)| *t)
                .max();
            max.and_then(|max| part.expected_at(max, start, limit))
        };
        let found = log.max_timestamp(limit).await;
        if log.start_offset() != start {
            return Ok(());
        }
        let found = found
            .map_err(|e| format!("{}: by max time: {e}", log.id()))?
            .map(|f| (f.offset, f.timestamp));
        if found != expected {
            return Err(format!(
                "{}: largest time from {start} below {limit}: {found:?}, not {expected:?}",
                log.id()
            ));
        }
        Ok(())
    }

    async fn read_epochs(&self, p: usize) -> Result<(), String> {
        let log = &self.logs[p];
        let (start, end) = (log.start_offset(), log.end_offset());
        let mut expected: Vec<(i32, i64)> = Vec::new();
        for (entry, _) in self.model.borrow().parts[p].latest.data(start, end) {
            if expected
                .last()
                .is_none_or(|last| last.0 < entry.term as i32)
            {
                expected.push((entry.term as i32, entry.base_offset.max(start)));
            }
        }
        let found = log.epochs().await;
        // Without a record left, the last epoch may still be known or not.
        if expected.is_empty() || log.start_offset() != start || log.end_offset() != end {
            return Ok(());
        }
        let found = found.map_err(|e| format!("{}: epochs: {e}", log.id()))?;
        if found != expected {
            return Err(format!("{}: epochs {found:?}, not {expected:?}", log.id()));
        }
        Ok(())
    }
}
