//! One node's disk: names, files, what survives a crash.
//!
//! Names are kept as whole paths in two maps, the volatile and the durable one; between them lies the list
//! of folder operations not synced yet.

mod changes;
mod crash;

use std::{
    cell::Cell,
    collections::BTreeMap,
    io::{Error, ErrorKind},
    path::{Path, PathBuf},
    rc::Rc,
};

use bytes::Bytes;

use self::changes::{Change, Changes};
use super::{disk_image::Image, options::DiskOptions, simulation::DiskOp, world::World};
use crate::{Result, fs::DirEntry};

pub(super) type Inode = u64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Dir,
    File(Inode),
}

pub(super) struct Stored {
    pub(super) image: Image,
    names: u32,
    handles: u32,
    /// Durable names, and changes without sync that a crash could keep.
    remembered: u32,
}

/// A write that the disk has taken and not completed.
pub(super) struct InFlight {
    pub(super) inode: Inode,
    pub(super) pos: u64,
    pub(super) data: Bytes,
}

pub(super) struct Disk {
    pub(super) options: DiskOptions,
    files: BTreeMap<Inode, Stored>,
    next_inode: Inode,
    names: BTreeMap<PathBuf, Entry>,
    durable_names: BTreeMap<PathBuf, Entry>,
    changes: Changes,
    pub(super) in_flight: BTreeMap<u64, InFlight>,
    /// Who holds a lock: the life of the node that took it.
    locks: BTreeMap<PathBuf, u32>,
    /// Operations of each kind that still succeed before one fails on order.
    pub(super) planned_failures: BTreeMap<DiskOp, u64>,
    pub(super) used: u64,
    /// Operations asked for and not completed, also those of a process that is gone.
    pub(super) under_way: u64,
    /// Writes to files under a name that a power loss would take back.
    pub(super) written_renamed: u64,
}

/// What a power loss took.
#[derive(Default)]
pub(super) struct Lost {
    /// Sectors with un-synced writes of which some did not survive.
    pub(super) sectors: u64,
    /// Folder operations undone.
    pub(super) names: u64,
}

/// A lock on a name; see `crate::fs::lock`.
pub(crate) struct Lock {
    world: Rc<World>,
    node: u16,
    epoch: u32,
    path: PathBuf,
    released: Cell<bool>,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A crash has released all locks of that life already.
        if self.world.is_alive(self.node, self.epoch) && !self.released.replace(true) {
            self.world
                .with_node(self.node, |node| node.disk.locks.remove(&self.path));
        }
    }
}

impl Lock {
    pub(super) fn new(world: Rc<World>, node: u16, epoch: u32, path: PathBuf) -> Lock {
        Lock {
            world,
            node,
            epoch,
            path,
            released: Cell::new(false),
        }
    }
}

/// One spelling per file: absolute, without `.`.
pub(super) fn normal(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut out = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::Normal(name) => out.push(name),
            Component::ParentDir => drop(out.pop()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    out
}

fn not_found() -> Error {
    Error::new(ErrorKind::NotFound, "no such file or folder")
}

impl Disk {
    pub(super) fn new(options: DiskOptions) -> Disk {
        let root = BTreeMap::from([(PathBuf::from("/"), Entry::Dir)]);
        Disk {
            options,
            files: BTreeMap::new(),
            next_inode: 1,
            names: root.clone(),
            durable_names: root,
            changes: Changes::default(),
            in_flight: BTreeMap::new(),
            locks: BTreeMap::new(),
            planned_failures: BTreeMap::new(),
            used: 0,
            under_way: 0,
            written_renamed: 0,
        }
    }

    pub(super) fn entry(&self, path: &Path) -> Option<Entry> {
        self.names.get(path).copied()
    }

    pub(super) fn image(&mut self, inode: Inode) -> Option<&mut Image> {
        self.files.get_mut(&inode).map(|stored| &mut stored.image)
    }

    /// A file was written: counts it if its renaming is not durable.
    pub(super) fn note_written(&mut self, inode: Inode) {
        self.written_renamed += u64::from(self.changes.has_rename_of(Entry::File(inode)));
    }

    pub(super) fn free(&self) -> u64 {
        self.options.capacity.saturating_sub(self.used)
    }

    fn parent_exists(&self, path: &Path) -> Result<()> {
        match path.parent().map(|parent| self.entry(parent)) {
            Some(Some(Entry::Dir)) => Ok(()),
            Some(Some(Entry::File(_))) => Err(Error::new(
                ErrorKind::NotADirectory,
                "a part of the path is a file",
            )),
            _ => Err(not_found()),
        }
    }

    fn link(&mut self, path: PathBuf, entry: Entry) {
        self.names.insert(path.clone(), entry);
        self.change(Change::Link { path, entry });
    }

    fn change(&mut self, change: Change) {
        self.remember(change.entry());
        self.changes.push(change);
    }

    fn remember(&mut self, entry: Option<Entry>) {
        if let Some(Entry::File(inode)) = entry
            && let Some(stored) = self.files.get_mut(&inode)
        {
            stored.remembered += 1;
        }
    }

    fn forget(&mut self, entry: Option<Entry>) {
        if let Some(Entry::File(inode)) = entry
            && let Some(stored) = self.files.get_mut(&inode)
        {
            stored.remembered = stored.remembered.saturating_sub(1);
            self.drop_if_unused(inode);
        }
    }

    /// A handle on a file, created if wished.
    pub(super) fn open(&mut self, path: &Path, create: bool, create_new: bool) -> Result<Inode> {
        let inode = match self.entry(path) {
            Some(Entry::Dir) => return Err(Error::new(ErrorKind::IsADirectory, "is a folder")),
            Some(Entry::File(_)) if create_new => {
                return Err(Error::new(ErrorKind::AlreadyExists, "exists already"));
            }
            Some(Entry::File(inode)) => inode,
            None if create || create_new => {
                self.parent_exists(path)?;
                let inode = self.next_inode;
                self.next_inode += 1;
                let image = Image::new(self.options.sector);
                self.files.insert(
                    inode,
                    Stored {
                        image,
                        names: 1,
                        handles: 0,
                        remembered: 0,
                    },
                );
                self.link(path.to_owned(), Entry::File(inode));
                inode
            }
            None => return Err(not_found()),
        };
        let stored = self.files.get_mut(&inode).ok_or_else(not_found)?;
        stored.handles += 1;
        Ok(inode)
    }

    /// A handle is closed.
    pub(super) fn release(&mut self, inode: Inode) {
        if let Some(stored) = self.files.get_mut(&inode) {
            stored.handles = stored.handles.saturating_sub(1);
        }
        self.drop_if_unused(inode);
    }

    /// Frees the space of a file without name and handle. Its bytes stay while a crash could bring its
    /// name back.
    fn drop_if_unused(&mut self, inode: Inode) {
        let Some(stored) = self.files.get(&inode) else {
            return;
        };
        if stored.names + stored.handles + stored.remembered == 0 {
            self.used = self.used.saturating_sub(stored.image.charged());
            self.files.remove(&inode);
        }
    }

    fn unname(&mut self, entry: Option<Entry>) {
        if let Some(Entry::File(inode)) = entry {
            if let Some(stored) = self.files.get_mut(&inode) {
                stored.names = stored.names.saturating_sub(1);
            }
            self.drop_if_unused(inode);
        }
    }

    pub(super) fn create_dir_all(&mut self, path: &Path) -> Result<()> {
        let mut above: Vec<&Path> = path.ancestors().collect();
        above.reverse();
        for dir in above {
            match self.entry(dir) {
                Some(Entry::Dir) => {}
                Some(Entry::File(_)) => {
                    return Err(Error::new(
                        ErrorKind::NotADirectory,
                        "a part of the path is a file",
                    ));
                }
                None => self.link(dir.to_owned(), Entry::Dir),
            }
        }
        Ok(())
    }

    pub(super) fn remove_file(&mut self, path: &Path) -> Result<()> {
        match self.entry(path) {
            None => return Err(not_found()),
            Some(Entry::Dir) => return Err(Error::new(ErrorKind::IsADirectory, "is a folder")),
            Some(Entry::File(_)) => {}
        }
        let entry = self.names.remove(path);
        self.change(Change::Unlink {
            path: path.to_owned(),
        });
        self.unname(entry);
        Ok(())
    }

    pub(super) fn remove_dir_all(&mut self, path: &Path) -> Result<()> {
        match self.entry(path) {
            None => return Ok(()),
            Some(Entry::File(_)) => return Err(Error::new(ErrorKind::NotADirectory, "is a file")),
            Some(Entry::Dir) => {}
        }
        let mut inside = self.whole(path);
        inside.retain(|name| name.parent().is_some());
        for name in inside.into_iter().rev() {
            let entry = self.names.remove(&name);
            self.change(Change::Unlink { path: name });
            self.unname(entry);
        }
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> Result<()> {
        let entry = self.entry(from).ok_or_else(not_found)?;
        self.parent_exists(to)?;
        if from == to {
            return Ok(());
        }
        match (entry, self.entry(to)) {
            (Entry::File(_), Some(Entry::Dir)) => {
                return Err(Error::new(
                    ErrorKind::IsADirectory,
                    "the new name is a folder",
                ));
            }
            (Entry::Dir, Some(Entry::File(_))) => {
                return Err(Error::new(
                    ErrorKind::NotADirectory,
                    "the new name is a file",
                ));
            }
            (Entry::Dir, Some(Entry::Dir)) if self.children(to).next().is_some() => {
                return Err(Error::new(
                    ErrorKind::DirectoryNotEmpty,
                    "the new name is a folder that is not empty",
                ));
            }
            _ => {}
        }
        // What lies in a renamed folder goes along.
        for old in self.whole(from) {
            let Some(entry) = self.names.remove(&old) else {
                continue;
            };
            let new = match old.strip_prefix(from) {
                Ok(rest) if !rest.as_os_str().is_empty() => to.join(rest),
                _ => to.to_owned(),
            };
            let replaced = self.names.insert(new.clone(), entry);
            self.change(Change::Rename {
                from: old,
                to: new,
                entry,
            });
            self.unname(replaced);
        }
        Ok(())
    }

    /// A name, and those below it.
    fn whole(&self, path: &Path) -> Vec<PathBuf> {
        let names = self.names.range(path.to_owned()..).map(|(name, _)| name);
        names
            .take_while(|name| name.starts_with(path))
            .cloned()
            .collect()
    }

    fn children<'a>(&'a self, dir: &'a Path) -> impl Iterator<Item = (&'a PathBuf, &'a Entry)> {
        self.names
            .range(dir.to_owned()..)
            .take_while(move |(name, _)| name.starts_with(dir))
            .filter(move |(name, _)| name.parent() == Some(dir))
    }

    pub(super) fn list(&self, path: &Path) -> Result<Vec<DirEntry>> {
        match self.entry(path) {
            None => return Err(not_found()),
            Some(Entry::File(_)) => return Err(Error::new(ErrorKind::NotADirectory, "is a file")),
            Some(Entry::Dir) => {}
        }
        let describe = |(name, entry): (&PathBuf, &Entry)| {
            let name = name.file_name()?.to_str()?.to_owned();
            Some(match entry {
                Entry::Dir => DirEntry {
                    name,
                    is_dir: true,
                    len: 0,
                },
                Entry::File(inode) => {
                    let len = self.files.get(inode).map_or(0, |stored| stored.image.len());
                    DirEntry {
                        name,
                        is_dir: false,
                        len,
                    }
                }
            })
        };
        Ok(self.children(path).filter_map(describe).collect())
    }

    /// Makes the names in one folder durable.
    pub(super) fn sync_dir(&mut self, dir: &Path) -> Result<()> {
        if self.entry(dir) != Some(Entry::Dir) {
            return Err(not_found());
        }
        for (number, change) in self.changes.take_in(dir) {
            if let Change::Rename { from, .. } = &change {
                // One transaction of the file system, and it includes the creation of the old name.
                for creation in self.changes.take_links(from, number) {
                    self.forget(creation.entry());
                }
            }
            self.make_durable(change);
        }
        Ok(())
    }

    fn make_durable(&mut self, change: Change) {
        let entry = change.entry();
        match change {
            Change::Link { path, entry } => self.name_durably(path, entry),
            Change::Unlink { path } => self.unname_durably(&path),
            Change::Rename { from, to, entry } => {
                self.unname_durably(&from);
                self.name_durably(to, entry);
            }
        }
        self.forget(entry);
    }

    fn name_durably(&mut self, path: PathBuf, entry: Entry) {
        self.remember(Some(entry));
        let replaced = self.durable_names.insert(path, entry);
        self.forget(replaced);
    }

    fn unname_durably(&mut self, path: &Path) {
        let entry = self.durable_names.remove(path);
        self.forget(entry);
    }

    /// Takes a lock for a life of the node. What an earlier life still asked for when it ended is no lock.
    pub(super) fn lock(&mut self, path: &Path, epoch: u32) -> Result<()> {
        if self.entry(path).is_none() {
            let inode = self.open(path, true, false)?;
            self.release(inode);
        }
        if self.locks.get(path).is_some_and(|holder| *holder >= epoch) {
            return Err(Error::new(
                ErrorKind::ResourceBusy,
                "another process holds the lock",
            ));
        }
        self.locks.insert(path.to_owned(), epoch);
        Ok(())
    }
}
