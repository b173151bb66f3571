//! One file's bytes, twice: what is durable, and what a reader sees now.
//!
//! Between two syncs every sector remembers all versions written to it, because a crash may leave any of
//! them, or none, whatever happened to the sectors beside it. Changes of length are journalled by file
//! systems: a crash keeps a prefix of them, and a truncation that is kept takes with it what it cut.
//!
//! Invariants: `dirty` has no empty lists; sequence numbers rise within a list; without `dirty` and
//! `lengths` the volatile view is the durable one.

use std::collections::{BTreeMap, BTreeSet};

use bytes::{Bytes, BytesMut};

use crate::rand::Rng;

/// A sector's content written but not synced.
struct Version {
    sequence: u64,
    data: Bytes,
    /// Zeroes left by a truncation, durable if and only if that truncation is.
    cut: bool,
    /// Seen by readers, but no sync will ever make it durable (an earlier sync failed on it).
    lost: bool,
}

struct Length {
    sequence: u64,
    len: u64,
}

pub(super) struct Image {
    sector: u64,
    durable: BTreeMap<u64, Bytes>,
    dirty: BTreeMap<u64, Vec<Version>>,
    durable_len: u64,
    len: u64,
    lengths: Vec<Length>,
    /// Sectors reserved from the start of the file.
    reserved: u64,
    /// Sectors that cannot be read until they are written again.
    unreadable: BTreeSet<u64>,
}

impl Image {
    pub(super) fn new(sector: usize) -> Image {
        Image {
            sector: sector as u64,
            durable: BTreeMap::new(),
            dirty: BTreeMap::new(),
            durable_len: 0,
            len: 0,
            lengths: Vec::new(),
            reserved: 0,
            unreadable: BTreeSet::new(),
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Bytes of disk space in use.
    pub(super) fn charged(&self) -> u64 {
        let beyond = |map_keys: usize| map_keys as u64;
        let durable = beyond(self.durable.range(self.reserved..).count());
        let dirty = beyond(
            self.dirty
                .range(self.reserved..)
                .filter(|(i, _)| !self.durable.contains_key(i))
                .count(),
        );
        (self.reserved + durable + dirty) * self.sector
    }

    /// Disk space that a write there would add.
    pub(super) fn cost(&self, pos: u64, len: u64) -> u64 {
        let is_new = |index: &u64| {
            *index >= self.reserved
                && !self.durable.contains_key(index)
                && !self.dirty.contains_key(index)
        };
        self.sectors(pos, len).filter(is_new).count() as u64 * self.sector
    }

    /// Disk space that reserving `len` bytes would add.
    pub(super) fn reserve_cost(&self, len: u64) -> u64 {
        let wanted = len.div_ceil(self.sector);
        let have = self
            .durable
            .range(self.reserved..wanted.max(self.reserved))
            .count() as u64;
        wanted.saturating_sub(self.reserved).saturating_sub(have) * self.sector
    }

    fn sectors(&self, pos: u64, len: u64) -> std::ops::Range<u64> {
        pos / self.sector..(pos + len).div_ceil(self.sector)
    }

    fn current(&self, index: u64) -> Option<&Bytes> {
        match self.dirty.get(&index).and_then(|versions| versions.last()) {
            Some(version) => Some(&version.data),
            None => self.durable.get(&index),
        }
    }

    /// Whether a sector of that range cannot be read.
    pub(super) fn is_unreadable(&self, pos: u64, len: u64) -> bool {
        self.unreadable
            .range(self.sectors(pos, len))
            .next()
            .is_some()
    }

    pub(super) fn make_unreadable(&mut self, pos: u64) {
        self.unreadable.insert(pos / self.sector);
    }

    pub(super) fn read(&self, pos: u64, len: usize) -> Bytes {
        let end = pos.saturating_add(len as u64).min(self.len);
        let mut out = BytesMut::with_capacity(end.saturating_sub(pos) as usize);
        let mut at = pos;
        while at < end {
            let skip = (at % self.sector) as usize;
            let take = ((self.sector as usize) - skip).min((end - at) as usize);
            match self.current(at / self.sector) {
                Some(data) => out.extend_from_slice(&data[skip..skip + take]),
                None => out.resize(out.len() + take, 0),
            }
            at += take as u64;
        }
        out.freeze()
    }

    /// Writes into the volatile view. `keep` says of each sector whether it is written at all.
    pub(super) fn write(
        &mut self,
        pos: u64,
        data: &Bytes,
        sequence: u64,
        mut keep: impl FnMut() -> bool,
    ) {
        let end = pos + data.len() as u64;
        for index in self.sectors(pos, data.len() as u64) {
            let start = index * self.sector;
            let (from, to) = (pos.max(start), end.min(start + self.sector));
            let piece = data.slice((from - pos) as usize..(to - pos) as usize);
            let whole = if piece.len() as u64 == self.sector {
                piece
            } else {
                self.patched(index, from - start, &piece)
            };
            if keep() {
                self.unreadable.remove(&index);
                let version = Version {
                    sequence,
                    data: whole,
                    cut: false,
                    lost: false,
                };
                self.dirty.entry(index).or_default().push(version);
            }
        }
        if end > self.len {
            self.set_len(end, sequence);
        }
    }

    fn patched(&self, index: u64, at: u64, piece: &[u8]) -> Bytes {
        let mut whole = match self.current(index) {
            Some(data) => BytesMut::from(&data[..]),
            None => BytesMut::zeroed(self.sector as usize),
        };
        whole[at as usize..at as usize + piece.len()].copy_from_slice(piece);
        whole.freeze()
    }

    fn set_len(&mut self, len: u64, sequence: u64) {
        self.len = len;
        self.lengths.push(Length { sequence, len });
    }

    /// Makes one completed write durable at once (dsync), with the file's length.
    pub(super) fn settle(&mut self, pos: u64, len: u64) {
        for index in self.sectors(pos, len) {
            let Some(versions) = self.dirty.remove(&index) else {
                continue;
            };
            if let Some(newest) = versions.into_iter().next_back() {
                self.durable.insert(index, newest.data);
            }
        }
        self.settle_lengths(u64::MAX);
    }

    /// Makes what was written up to `sequence` durable.
    pub(super) fn sync(&mut self, sequence: u64) {
        let Image { dirty, durable, .. } = self;
        dirty.retain(|index, versions| {
            let newest = versions
                .iter()
                .rposition(|v| v.sequence <= sequence && !v.lost);
            if let Some(newest) = newest {
                let version = versions.drain(..=newest).next_back();
                durable.insert(
                    *index,
                    version.map(|version| version.data).unwrap_or_default(),
                );
            }
            !versions.is_empty()
        });
        self.settle_lengths(sequence);
    }

    /// A sync up to `sequence` failed: readers still see the data, but it will never be durable.
    pub(super) fn lose(&mut self, sequence: u64) {
        for version in self.dirty.values_mut().flatten() {
            version.lost |= version.sequence <= sequence;
        }
    }

    /// Makes length changes durable, and with them what truncations cut.
    fn settle_lengths(&mut self, sequence: u64) {
        let settled = self
            .lengths
            .iter()
            .rposition(|length| length.sequence <= sequence);
        let Some(settled) = settled else { return };
        self.durable_len = self.lengths[settled].len;
        self.lengths.drain(..=settled);
        self.settle_cuts(sequence);
    }

    fn settle_cuts(&mut self, sequence: u64) {
        let Image { dirty, durable, .. } = self;
        dirty.retain(|index, versions| {
            let cut = versions
                .iter()
                .rposition(|v| v.cut && v.sequence <= sequence);
            if let Some(version) = cut.and_then(|cut| versions.drain(..=cut).next_back()) {
                durable.insert(*index, version.data);
            }
            !versions.is_empty()
        });
    }

    /// Cuts or lengthens.
    pub(super) fn truncate(&mut self, len: u64, sequence: u64) {
        let first = len / self.sector;
        let inside = len % self.sector;
        let existing: BTreeSet<u64> = self
            .durable
            .range(first..)
            .map(|(i, _)| *i)
            .chain(self.dirty.range(first..).map(|(i, _)| *i))
            .collect();
        if len < self.len {
            for index in existing {
                let mut data = BytesMut::zeroed(self.sector as usize);
                if index == first
                    && let Some(old) = self.current(index)
                {
                    data[..inside as usize].copy_from_slice(&old[..inside as usize]);
                }
                let version = Version {
                    sequence,
                    data: data.freeze(),
                    cut: true,
                    lost: false,
                };
                self.dirty.entry(index).or_default().push(version);
            }
            self.reserved = self.reserved.min(len.div_ceil(self.sector));
        }
        if len != self.len {
            self.set_len(len, sequence);
        }
    }

    /// Reserves space and lengthens.
    pub(super) fn allocate(&mut self, len: u64, sequence: u64) {
        self.reserved = self.reserved.max(len.div_ceil(self.sector));
        if len > self.len {
            self.set_len(len, sequence);
        }
    }

    /// Power is lost: of what was not synced a part survives; `keep` is each sector's chance. Returns how many sectors
    /// are not as readers saw them.
    pub(super) fn crash(&mut self, rng: &mut Rng, keep: f64) -> u64 {
        let mut lost = 0;
        let kept = rng.below(self.lengths.len() as u64 + 1) as usize;
        let upto = kept
            .checked_sub(1)
            .map_or(0, |last| self.lengths[last].sequence);
        if let Some(last) = kept.checked_sub(1) {
            self.durable_len = self.lengths[last].len;
        }
        self.lengths.clear();
        for (index, versions) in std::mem::take(&mut self.dirty) {
            let mut candidates = Vec::new();
            for version in versions {
                if version.cut && version.sequence <= upto {
                    self.durable.insert(index, version.data);
                    candidates.clear();
                } else if !version.cut && !version.lost {
                    candidates.push(version.data);
                }
            }
            if candidates.is_empty() {
                continue;
            }
            let newest = candidates.len() - 1;
            if rng.chance(keep) {
                let chosen = rng.below(candidates.len() as u64) as usize;
                self.durable.insert(index, candidates.swap_remove(chosen));
                lost += u64::from(chosen < newest);
            } else {
                lost += 1;
            }
        }
        self.len = self.durable_len;
        self.clear_beyond_end();
        lost
    }

    /// Nothing that lay behind the end shows up when the file grows again.
    fn clear_beyond_end(&mut self) {
        let _ = self.durable.split_off(&self.len.div_ceil(self.sector));
        let (last, inside) = (self.len / self.sector, (self.len % self.sector) as usize);
        if let Some(data) = self.durable.get_mut(&last) {
            let mut cut = BytesMut::from(&data[..]);
            cut[inside..].fill(0);
            *data = cut.freeze();
        }
    }

    /// Changes stored bytes behind everybody's back: `mask` is xor-ed at `pos`. False if nothing is there.
    pub(super) fn corrupt(&mut self, pos: u64, mask: u8) -> bool {
        let (index, at) = (pos / self.sector, (pos % self.sector) as usize);
        let spoil = |data: &mut Bytes| {
            let mut bytes = BytesMut::from(&data[..]);
            bytes[at] ^= mask;
            *data = bytes.freeze();
        };
        let mut found = false;
        if let Some(data) = self.durable.get_mut(&index) {
            spoil(data);
            found = true;
        }
        if let Some(version) = self
            .dirty
            .get_mut(&index)
            .and_then(|versions| versions.last_mut())
        {
            spoil(&mut version.data);
            found = true;
        }
        found && pos < self.len
    }
}
