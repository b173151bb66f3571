//! Folder operations that no sync has covered, in the order in which they were done, and by the folder whose sync covers them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::Entry;

/// One operation.
pub(super) enum Change {
    Link {
        path: PathBuf,
        entry: Entry,
    },
    Unlink {
        path: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
        entry: Entry,
    },
}

impl Change {
    /// What a name of it leads to if it is kept.
    pub(super) fn entry(&self) -> Option<Entry> {
        match self {
            Change::Link { entry, .. } | Change::Rename { entry, .. } => Some(*entry),
            Change::Unlink { .. } => None,
        }
    }

    /// The folders of its names.
    fn folders(&self) -> impl Iterator<Item = &Path> {
        let (one, other) = match self {
            Change::Link { path, .. } | Change::Unlink { path } => (path, None),
            Change::Rename { from, to, .. } => (from, Some(to)),
        };
        [Some(one), other]
            .into_iter()
            .flatten()
            .filter_map(|p| p.parent())
    }
}

/// All of a disk.
#[derive(Default)]
pub(super) struct Changes {
    next: u64,
    all: BTreeMap<u64, Change>,
    /// A rename from folder to folder is in both.
    by_folder: BTreeMap<PathBuf, BTreeSet<u64>>,
}

impl Changes {
    /// Adds one.
    pub(super) fn push(&mut self, change: Change) {
        self.next += 1;
        for folder in change.folders() {
            match self.by_folder.get_mut(folder) {
                Some(numbers) => drop(numbers.insert(self.next)),
                None => {
                    let first = BTreeSet::from([self.next]);
                    self.by_folder.insert(folder.to_owned(), first);
                }
            }
        }
        self.all.insert(self.next, change);
    }

    /// Takes those that a sync of this folder covers, in order.
    pub(super) fn take_in(&mut self, folder: &Path) -> Vec<(u64, Change)> {
        let numbers = self.by_folder.remove(folder).unwrap_or_default();
        let taken = numbers
            .into_iter()
            .filter_map(|n| Some((n, self.all.remove(&n)?)));
        taken.collect()
    }

    /// Takes the creations of a name that came before the change of that number.
    pub(super) fn take_links(&mut self, name: &Path, before: u64) -> Vec<Change> {
        let Some(numbers) = name.parent().and_then(|folder| self.by_folder.get(folder)) else {
            return Vec::new();
        };
        let is_link =
            |n: &u64| matches!(self.all.get(n), Some(Change::Link { path, .. }) if path == name);
        let links: Vec<u64> = numbers.range(..before).copied().filter(is_link).collect();
        links.iter().filter_map(|n| self.all.remove(n)).collect()
    }

    /// Is one of them a rename of that?
    pub(super) fn has_rename_of(&self, of: Entry) -> bool {
        let renames = |change| matches!(change, &Change::Rename { entry, .. } if entry == of);
        self.all.values().any(renames)
    }

    /// Takes all, in order.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = Change> + use<> {
        self.by_folder.clear();
        std::mem::take(&mut self.all).into_values()
    }
}
