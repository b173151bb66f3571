//! Operations on a simulated disk: each takes effect when it completes, some virtual time after it was
//! asked for, so that those under way at the same time complete in any order.

use std::{
    io::{Error, ErrorKind},
    path::Path,
    rc::Rc,
};

use bytes::Bytes;

use super::{
    disk::{Disk, InFlight, Inode, Lock, normal},
    here::Here,
    options::Latency,
    simulation::DiskOp,
    world::{Note, World},
};
use crate::{
    Result,
    fs::{Buf, DirEntry, OpenOptions},
    sync::oneshot,
};

/// The kinds of failure drawn for one operation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Fine,
    Fails,
    Lost,
    Misdirected,
}

fn io_error() -> Error {
    Error::from_raw_os_error(libc::EIO)
}

fn disk_full() -> Error {
    Error::from_raw_os_error(libc::ENOSPC)
}

impl Here {
    /// Does `effect` to this node's disk after a while, unless the node has lost power by then.
    async fn disk<T: 'static>(
        &self,
        latency: impl Fn(&Disk) -> Latency,
        effect: impl FnOnce(&World, &mut Disk) -> Result<T> + 'static,
    ) -> Result<T> {
        let world = self.world();
        let (node, epoch) = (self.node(), self.epoch());
        let latency = world.with_node(node, |node| latency(&node.disk));
        let delay = world.draw(latency);
        let (sender, receiver) = oneshot::channel();
        world.with_node(node, |state| state.disk.under_way += 1);
        world.after(delay, move |world| {
            let result = world.with_node(node, |state| {
                state.disk.under_way -= 1;
                let lives = epoch >= state.powered_since;
                lives.then(|| effect(world, &mut state.disk))
            });
            if let Some(result) = result {
                let _ = sender.send(result);
            }
        });
        match receiver.await {
            Ok(result) => result,
            // Only a dead node's operations never complete; nobody sees this but code being dropped.
            Err(_) => Err(Error::other("the node is down")),
        }
    }

    async fn names<T: 'static>(
        &self,
        effect: impl FnOnce(&mut Disk) -> Result<T> + 'static,
    ) -> Result<T> {
        self.disk(
            |disk| disk.options.read,
            move |world, disk| {
                world.note(Note::Names, 0, 0);
                effect(disk)
            },
        )
        .await
    }

    pub(crate) async fn open(&self, path: &Path, options: &OpenOptions) -> Result<File> {
        let (path, options) = (normal(path), *options);
        let inode = self
            .names(move |disk| disk.open(&path, options.create, options.create_new))
            .await?;
        Ok(File {
            here: self.clone(),
            inode,
            options,
        })
    }

    pub(crate) async fn create_dir_all(&self, path: &Path) -> Result<()> {
        let path = normal(path);
        self.names(move |disk| disk.create_dir_all(&path)).await
    }

    pub(crate) async fn remove_file(&self, path: &Path) -> Result<()> {
        let path = normal(path);
        self.names(move |disk| disk.remove_file(&path)).await
    }

    pub(crate) async fn remove_dir_all(&self, path: &Path) -> Result<()> {
        let path = normal(path);
        self.names(move |disk| disk.remove_dir_all(&path)).await
    }

    pub(crate) async fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let (from, to) = (normal(from), normal(to));
        self.names(move |disk| disk.rename(&from, &to)).await
    }

    pub(crate) async fn list(&self, path: &Path) -> Result<Vec<DirEntry>> {
        let path = normal(path);
        self.names(move |disk| disk.list(&path)).await
    }

    pub(crate) async fn exists(&self, path: &Path) -> Result<bool> {
        let path = normal(path);
        self.names(move |disk| Ok(disk.entry(&path).is_some()))
            .await
    }

    pub(crate) async fn free_space(&self, _path: &Path) -> Result<u64> {
        self.names(|disk| Ok(disk.free())).await
    }

    pub(crate) async fn lock(&self, path: &Path) -> Result<Lock> {
        let path = normal(path);
        let (theirs, epoch) = (path.clone(), self.epoch());
        self.names(move |disk| disk.lock(&theirs, epoch)).await?;
        Ok(Lock::new(
            self.world().clone(),
            self.node(),
            self.epoch(),
            path,
        ))
    }

    pub(crate) async fn sync_dir(&self, path: &Path) -> Result<()> {
        let path = normal(path);
        self.disk(
            |disk| disk.options.sync,
            move |world, disk| {
                world.note(Note::Sync, 0, 0);
                if draw_failure(world, disk, DiskOp::Sync, disk.options.sync_error) {
                    return Err(io_error());
                }
                disk.sync_dir(&path)
            },
        )
        .await
    }
}

/// Whether an operation fails: on order, or by chance.
fn draw_failure(world: &World, disk: &mut Disk, op: DiskOp, probability: f64) -> bool {
    if let Some(left) = disk.planned_failures.get_mut(&op) {
        if *left == 0 {
            disk.planned_failures.remove(&op);
            world.note(Note::Fault, op as u64, 0);
            world.count_fault(op.name());
            return true;
        }
        *left -= 1;
    }
    let fails = world.chance(probability);
    if fails {
        world.note(Note::Fault, op as u64, 1);
        world.count_fault(op.name());
    }
    fails
}

/// An open simulated file.
pub(crate) struct File {
    here: Here,
    inode: Inode,
    options: OpenOptions,
}

impl Drop for File {
    fn drop(&mut self) {
        if self.here.is_alive() {
            self.here
                .world()
                .with_node(self.here.node(), |node| node.disk.release(self.inode));
        }
    }
}

impl File {
    fn world(&self) -> &Rc<World> {
        self.here.world()
    }

    fn writable(&self) -> Result<()> {
        if self.options.write {
            Ok(())
        } else {
            Err(Error::new(
                ErrorKind::PermissionDenied,
                "the file is open for reading only",
            ))
        }
    }

    pub(crate) async fn write_at(&self, buf: Buf, pos: u64) -> Result<Buf> {
        self.writable()?;
        let world = self.world().clone();
        let id = world.next_sequence();
        let (inode, dsync) = (self.inode, self.options.dsync);
        let data = Bytes::copy_from_slice(&buf);
        // From here on the disk has it: a crash may leave any part of it, even if nobody waits any more.
        let in_flight = InFlight { inode, pos, data };
        world.with_node(self.here.node(), |node| {
            node.disk.in_flight.insert(id, in_flight)
        });
        let latency = move |disk: &Disk| match (dsync, disk.options.write, disk.options.sync) {
            (false, write, _) => write,
            (true, write, sync) => Latency {
                min: write.min + sync.min,
                mean: write.mean + sync.mean,
            },
        };
        self.here
            .disk(latency, move |world, disk| {
                complete_write(world, disk, id, dsync)
            })
            .await?;
        Ok(buf)
    }

    pub(crate) async fn read_at(&self, pos: u64, len: usize) -> Result<Bytes> {
        let inode = self.inode;
        self.here
            .disk(
                |disk| disk.options.read,
                move |world, disk| complete_read(world, disk, inode, pos, len),
            )
            .await
    }

    pub(crate) async fn sync(&self) -> Result<()> {
        let inode = self.inode;
        // What completes after this call may or may not be covered: it is not.
        let upto = self.world().next_sequence();
        self.here
            .disk(
                |disk| disk.options.sync,
                move |world, disk| {
                    world.note(Note::Sync, inode, upto);
                    let fails = draw_failure(world, disk, DiskOp::Sync, disk.options.sync_error);
                    let image = disk.image(inode).ok_or_else(io_error)?;
                    if fails {
                        image.lose(upto);
                        return Err(io_error());
                    }
                    image.sync(upto);
                    Ok(())
                },
            )
            .await
    }

    pub(crate) fn len(&self) -> Result<u64> {
        self.world().with_node(self.here.node(), |node| {
            node.disk
                .image(self.inode)
                .map(|image| image.len())
                .ok_or_else(io_error)
        })
    }

    pub(crate) async fn allocate(&self, len: u64) -> Result<()> {
        self.writable()?;
        let inode = self.inode;
        self.here
            .disk(
                |disk| disk.options.write,
                move |world, disk| {
                    let free = disk.free();
                    let image = disk.image(inode).ok_or_else(io_error)?;
                    if image.reserve_cost(len) > free {
                        world.count_fault("disk full");
                        return Err(disk_full());
                    }
                    let before = image.charged();
                    image.allocate(len, world.next_sequence());
                    let after = image.charged();
                    disk.used = disk.used + after - before;
                    Ok(())
                },
            )
            .await
    }

    pub(crate) async fn truncate(&self, len: u64) -> Result<()> {
        self.writable()?;
        let inode = self.inode;
        self.here
            .disk(
                |disk| disk.options.write,
                move |world, disk| {
                    let image = disk.image(inode).ok_or_else(io_error)?;
                    let before = image.charged();
                    image.truncate(len, world.next_sequence());
                    let after = image.charged();
                    disk.used = (disk.used + after).saturating_sub(before);
                    Ok(())
                },
            )
            .await
    }

    pub(crate) async fn close(self) -> Result<()> {
        Ok(())
    }

    pub(crate) fn is_direct(&self) -> bool {
        self.options.direct
    }
}

fn complete_write(world: &World, disk: &mut Disk, id: u64, dsync: bool) -> Result<()> {
    let Some(InFlight {
        inode,
        mut pos,
        data,
    }) = disk.in_flight.remove(&id)
    else {
        return Ok(());
    };
    world.note(Note::Write, inode, pos ^ ((data.len() as u64) << 40));
    let fate = draw_fate(world, disk);
    let free = disk.free();
    let sector = disk.options.sector as u64;
    let image = disk.image(inode).ok_or_else(io_error)?;
    if fate == Fate::Lost {
        return Ok(());
    }
    if fate == Fate::Misdirected && image.len() > sector {
        let shift = pos % sector;
        pos = world.below(image.len() / sector) * sector + shift;
    }
    let cost = image.cost(pos, data.len() as u64);
    if cost > free {
        world.count_fault("disk full");
        return Err(disk_full());
    }
    let sequence = world.next_sequence();
    let fails = fate == Fate::Fails;
    image.write(pos, &data, sequence, || !fails || world.chance(0.5));
    if dsync && !fails {
        image.settle(pos, data.len() as u64);
    }
    disk.used += cost;
    disk.note_written(inode);
    if fails { Err(io_error()) } else { Ok(()) }
}

fn draw_fate(world: &World, disk: &mut Disk) -> Fate {
    if draw_failure(world, disk, DiskOp::Write, disk.options.write_error) {
        Fate::Fails
    } else if draw_failure(world, disk, DiskOp::LoseWrite, disk.options.lost_write) {
        Fate::Lost
    } else if draw_failure(
        world,
        disk,
        DiskOp::MisdirectWrite,
        disk.options.misdirected_write,
    ) {
        Fate::Misdirected
    } else {
        Fate::Fine
    }
}

fn complete_read(
    world: &World,
    disk: &mut Disk,
    inode: Inode,
    pos: u64,
    len: usize,
) -> Result<Bytes> {
    world.note(Note::Read, inode, pos ^ ((len as u64) << 40));
    let fails = draw_failure(world, disk, DiskOp::Read, disk.options.read_error);
    let rots = draw_failure(world, disk, DiskOp::RotRead, disk.options.bit_rot);
    let image = disk.image(inode).ok_or_else(io_error)?;
    let there = image.len().saturating_sub(pos).min(len as u64);
    if there == 0 {
        return Ok(Bytes::new());
    }
    if fails {
        image.make_unreadable(pos);
    }
    if image.is_unreadable(pos, there) {
        return Err(io_error());
    }
    if rots {
        image.corrupt(pos + world.below(there), 1 << world.below(8));
    }
    Ok(image.read(pos, len))
}
