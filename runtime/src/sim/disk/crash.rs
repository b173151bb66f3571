//! What a disk is left with when its process or its machine dies.

use std::{collections::BTreeMap, path::PathBuf};

use super::{Disk, Entry, Inode, Lost};
use crate::rand::Rng;

impl Disk {
    /// The process died, the machine goes on: what was written stays, writes under way complete.
    pub(in crate::sim) fn process_died(&mut self) {
        self.locks.clear();
        let files: Vec<Inode> = self.files.keys().copied().collect();
        for inode in files {
            if let Some(stored) = self.files.get_mut(&inode) {
                stored.handles = 0;
            }
            self.drop_if_unused(inode);
        }
    }

    /// The machine lost power: of what was not synced an arbitrary part survives.
    pub(in crate::sim) fn power_lost(
        &mut self,
        rng: &mut Rng,
        mut sequence: impl FnMut() -> u64,
    ) -> Lost {
        let mut lost = Lost::default();
        self.locks.clear();
        // Extremes (nothing, everything) find more bugs than the middle: both get their share.
        let keep = self
            .options
            .crash_keep
            .unwrap_or_else(|| match rng.below(4) {
                0 => 0.0,
                1 => 1.0,
                _ => rng.below(1_000) as f64 / 1_000.0,
            });
        for (_, write) in std::mem::take(&mut self.in_flight) {
            if let Some(stored) = self.files.get_mut(&write.inode) {
                stored
                    .image
                    .write(write.pos, &write.data, sequence(), || true);
            }
        }
        for stored in self.files.values_mut() {
            lost.sectors += stored.image.crash(rng, keep);
        }
        for change in self.changes.take_all() {
            if rng.chance(keep) {
                self.make_durable(change);
            } else {
                lost.names += 1;
            }
        }
        self.forget_orphans();
        lost
    }

    fn forget_orphans(&mut self) {
        let mut reachable: BTreeMap<PathBuf, Entry> = BTreeMap::new();
        // Parents sort before their children.
        for (path, entry) in &self.durable_names {
            let parent = path.parent().map(|parent| reachable.get(parent).copied());
            if matches!(parent, None | Some(Some(Entry::Dir))) {
                reachable.insert(path.clone(), *entry);
            }
        }
        for stored in self.files.values_mut() {
            (stored.names, stored.handles, stored.remembered) = (0, 0, 0);
        }
        for entry in reachable.values() {
            if let Entry::File(inode) = entry
                && let Some(stored) = self.files.get_mut(inode)
            {
                stored.names += 1;
                stored.remembered += 1;
            }
        }
        self.files.retain(|_, stored| stored.names > 0);
        self.used = self
            .files
            .values()
            .map(|stored| stored.image.charged())
            .sum();
        self.names.clone_from(&reachable);
        self.durable_names = reachable;
    }
}
