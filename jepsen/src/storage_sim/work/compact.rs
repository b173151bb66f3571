//! The compacting task, and reads of what it leaves.

use std::collections::BTreeMap;
use std::rc::Rc;

use ottla_runtime::time;
use ottla_storage::log::ReadError;
use ottla_storage::log::clean::Cleaning;

use super::Shard;

impl Shard {
    pub(super) async fn compact_loop(self: Rc<Self>) -> Result<(), String> {
        let (plain, all) = (self.layout.plain, self.logs.len());
        loop {
            self.pause().await;
            let p = plain + self.below((all - plain) as u64) as usize;
            if self.below(2) == 0 {
                self.checkpoint(p).await?;
            }
            let dirty = self.covered[p].get() > self.model.borrow().parts[p].ended_below();
            if self.below(if dirty { 2 } else { 30 }) == 0 {
                self.compact(p).await?;
            }
        }
    }

    async fn compact(&self, p: usize) -> Result<(), String> {
        let log = &self.logs[p];
        let (now_ms, start) = (time::wall_ms(), log.start_offset());
        let until = {
            let mut model = self.model.borrow_mut();
            let part = &mut model.parts[p];
            let until = self.covered[p].get().min(part.commit_offset());
            part.compaction_begins(now_ms, until);
            until
        };
        let cleaning = Cleaning {
            until,
            now_ms,
            delete_retention_ms: self.layout.delete_retention_ms,
            producers: BTreeMap::new(),
            aborted: Vec::new(),
            memory: 24 << self.below(10),
            load: 0.9,
            bytes_per_second: if self.below(2) == 0 { 1e5 } else { f64::MAX },
        };
        let cleaned = log
            .clean(&cleaning)
            .await
            .map_err(|e| format!("{}: compaction failed: {e}", log.id()))?;
        let mut model = self.model.borrow_mut();
        if cleaned.until > 0 {
            model.parts[p].compaction_ends(start, cleaned.until);
            model.stats.compactions += 1;
        }
        Ok(())
    }

    pub(super) async fn read_compacted(
        &self,
        p: usize,
        offset: i64,
        max_bytes: usize,
        limit: i64,
    ) -> Result<i64, String> {
        let log = &self.logs[p];
        let ended = self.model.borrow().parts[p].ended_below();
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
        if log.start_offset() > offset {
            // Deletion may have cut it short.
            return Ok(out.next.max(log.start_offset()));
        }
        // Nothing means that there is nothing up to the limit.
        let to = match out.parts.is_empty() {
            true => limit,
            false => out.next,
        };
        let model = self.model.borrow();
        let wrong = model.parts[p].check_compacted(&out.parts.concat(), offset, to, ended);
        match wrong {
            Some(what) => Err(format!(
                "{}: read of {offset} below {limit}, to {}: {what}",
                log.id(),
                out.next
            )),
            None => Ok(to),
        }
    }

    pub(super) async fn read_compacted_time(
        &self,
        p: usize,
        timestamp: i64,
        (start, limit): (i64, i64),
    ) -> Result<(), String> {
        let log = &self.logs[p];
        let found = log.offset_for_timestamp(timestamp, limit).await;
        if log.start_offset() != start {
            return Ok(());
        }
        let found = found.map_err(|e| format!("{}: by time: {e}", log.id()))?;
        let model = self.model.borrow();
        let part = &model.parts[p];
        let fits = found.is_none_or(|f| {
            let written = part.record_at(f.offset);
            (start..limit).contains(&f.offset)
                && f.timestamp >= timestamp
                && written.is_some_and(|w| w.timestamp == f.timestamp)
        });
        let before = found.map_or(limit, |f| f.offset);
        let sooner = part
            .certain(start, before)
            .find(|r| r.timestamp >= timestamp);
        if !fits || sooner.is_some() {
            return Err(format!(
                "{}: first at {timestamp} from {start} below {limit}: {found:?}, but there is {sooner:?}",
                log.id()
            ));
        }
        Ok(())
    }

    pub(super) async fn read_compacted_max(
        &self,
        p: usize,
        (start, limit): (i64, i64),
    ) -> Result<(), String> {
        let log = &self.logs[p];
        let found = log.max_timestamp(limit).await;
        if log.start_offset() != start {
            return Ok(());
        }
        let found = found.map_err(|e| format!("{}: by max time: {e}", log.id()))?;
        let model = self.model.borrow();
        let part = &model.parts[p];
        let fits = found.is_none_or(|f| {
            let written = part.record_at(f.offset);
            written.is_some_and(|w| w.timestamp == f.timestamp)
        });
        let largest = part.certain(start, limit).map(|r| r.timestamp).max();
        if !fits || found.map(|f| f.timestamp) < largest {
            return Err(format!(
                "{}: largest time from {start} below {limit}: {found:?}, but there is {largest:?}",
                log.id()
            ));
        }
        Ok(())
    }
}
