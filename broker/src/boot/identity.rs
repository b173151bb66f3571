//! The data folder's identity: whose it is, which format it has, and how its journals are laid out.
//!
//! `identity.json` is small, readable text, replaced atomically. Its fields:
//!
//! | field | meaning | since |
//! |---|---|---|
//! | `format` | version of the whole folder's layout | 1 |
//! | `cluster_id` | base64url of 16 random bytes, drawn when the folder was made | 1 |
//! | `node_id` | the `node.id` that made it | 1 |
//! | `shards` | how many shards its journals are split over | 1 |
//! | `generation` | which journal set is valid: `journal/<generation>/<shard>/` | 1 |
//! | `established` | every shard has its journal: from now on one that is missing is damage | 1 |
//!
//! A folder without this file is new only if it is empty: a missing identity beside data is damage, not a new node.

use std::path::{Path, PathBuf};

use ottla_protocol::ids::Uuid;
use ottla_runtime::{fs, rand};
use serde::{Deserialize, Serialize};

/// The layout that this build reads and writes.
pub const FORMAT: u32 = 1;
const FILE: &str = "identity.json";
const LOCK: &str = "lock";

/// What `identity.json` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Layout version.
    pub format: u32,
    /// Cluster id, base64url.
    pub cluster_id: String,
    /// Node id.
    pub node_id: i32,
    /// Shards of the valid journal set.
    pub shards: u16,
    /// Number of the valid journal set.
    pub generation: u64,
    /// Has the node served before?
    pub established: bool,
}

/// Why a data folder is refused; each names the folder and the next step.
#[derive(Debug)]
pub enum Refused {
    /// It cannot be made, read or written.
    Io(PathBuf, std::io::Error),
    /// Another process has it open.
    InUse(PathBuf, std::io::Error),
    /// It was written by a newer build.
    Newer(PathBuf, u32),
    /// It belongs to another node id.
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// The node id it was made for.
        found: i32,
        /// The node id configured.
        configured: i32,
    },
    /// There is data, but no identity, or one that cannot be read.
    Damaged(PathBuf, String),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(p, e) => write!(
                f,
                "the data folder {} cannot be used: {e}; make it writable for this user or choose another with --data-dir",
                p.display()
            ),
            Self::InUse(p, e) => write!(
                f,
                "the data folder {} is in use by another process ({e}); stop that broker or choose another folder with --data-dir",
                p.display()
            ),
            Self::Newer(p, found) => write!(
                f,
                "the data folder {} has format {found}, this build knows up to {FORMAT}; start the newer ottla that wrote it",
                p.display()
            ),
            Self::Foreign {
                folder,
                found,
                configured,
            } => write!(
                f,
                "the data folder {} belongs to node {found}, but node.id is {configured}; set node.id={found} or choose another folder with --data-dir",
                folder.display()
            ),
            Self::Damaged(p, what) => write!(
                f,
                "{} is damaged: {what}; nothing was changed: restore the file from a backup, or move the folder away to start empty",
                p.display()
            ),
        }
    }
}

impl std::error::Error for Refused {}

/// A data folder held by this process; the lock ends with the process.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    identity: Identity,
    _lock: fs::LockFile,
}

impl DataFolder {
    /// Locks the folder, and reads its identity or gives it one. A new folder gets `shards` and generation 1.
    pub async fn open(path: &Path, node_id: i32, shards: u16) -> Result<Self, Refused> {
        let io = |e| Refused::Io(path.to_owned(), e);
        fs::create_dir_all(path).await.map_err(io)?;
        let lock = fs::lock(&path.join(LOCK))
            .await
            .map_err(|e| match e.kind() {
                std::io::ErrorKind::ResourceBusy => Refused::InUse(path.to_owned(), e),
                _ => Refused::Io(path.to_owned(), e),
            })?;
        let file = path.join(FILE);
        // A process that was killed between a rename and its sync leaves a name that is read here and a power loss would take
        // back, while what is done in its name stays: the journals of the set before are removed.
        fs::sync_dir(path).await.map_err(io)?;
        let identity = if fs::exists(&file).await.map_err(io)? {
            let text = fs::read_file(&file, 64 * 1024).await.map_err(io)?;
            Self::check(path, &file, &text, node_id)?
        } else {
            let others = fs::list(path).await.map_err(io)?;
            if let Some(other) = others
                .iter()
                .find(|e| e.name != LOCK && !e.name.ends_with(".tmp"))
            {
                let what = format!("it is missing, but the folder holds {:?}", other.name);
                return Err(Refused::Damaged(file, what));
            }
            let identity = Identity {
                format: FORMAT,
                cluster_id: random_id().to_string(),
                node_id,
                shards,
                generation: 1,
                established: false,
            };
            write(&file, &identity).await.map_err(io)?;
            identity
        };
        Ok(Self {
            path: path.to_owned(),
            identity,
            _lock: lock,
        })
    }

    fn check(folder: &Path, file: &Path, text: &[u8], node_id: i32) -> Result<Identity, Refused> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let damaged = |e: serde_json::Error| Refused::Damaged(file.to_owned(), e.to_string());
        // The format first: a newer one may have other fields.
        let Format { format } = serde_json::from_slice(text).map_err(damaged)?;
        if format > FORMAT {
            return Err(Refused::Newer(folder.to_owned(), format));
        }
        let identity: Identity = serde_json::from_slice(text).map_err(damaged)?;
        if identity.shards == 0 {
            return Err(Refused::Damaged(file.to_owned(), "shards is 0".into()));
        }
        if identity.node_id != node_id {
            return Err(Refused::Foreign {
                folder: folder.to_owned(),
                found: identity.node_id,
                configured: node_id,
            });
        }
        Ok(identity)
    }

    /// The identity.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of all journal sets.
    pub fn journal_sets(&self) -> PathBuf {
        self.path.join("journal")
    }

    /// The folder of one shard's journal in journal set `generation`.
    pub fn journal(&self, generation: u64, shard: u16) -> PathBuf {
        self.journal_sets()
            .join(generation.to_string())
            .join(shard.to_string())
    }

    /// Every shard's journal is there: one that is missing at a later start has been lost. Durable on return.
    pub async fn establish(&mut self) -> Result<(), Refused> {
        if self.identity.established {
            return Ok(());
        }
        let next = Identity {
            established: true,
            ..self.identity.clone()
        };
        self.replace(next).await
    }

    /// Makes another journal set the valid one. Durable on return; the old set may be removed then.
    pub async fn switch(&mut self, shards: u16, generation: u64) -> Result<(), Refused> {
        let next = Identity {
            shards,
            generation,
            ..self.identity.clone()
        };
        self.replace(next).await
    }

    async fn replace(&mut self, next: Identity) -> Result<(), Refused> {
        write(&self.path.join(FILE), &next)
            .await
            .map_err(|e| Refused::Io(self.path.clone(), e))?;
        self.identity = next;
        Ok(())
    }
}

async fn write(file: &Path, identity: &Identity) -> std::io::Result<()> {
    let mut text = serde_json::to_vec_pretty(identity).map_err(std::io::Error::other)?;
    text.push(b'\n');
    fs::write_atomic(file, &text).await
}

fn random_id() -> Uuid {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes);
    Uuid::random(bytes)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ottla_runtime::shards::ShardId;
    use ottla_runtime::sim::{CrashKind, DiskOptions, NodeId, Options, Simulation};

    use super::*;

    async fn open() -> DataFolder {
        let opened = DataFolder::open(Path::new("/data"), 1, 1).await;
        opened.expect("a calm disk")
    }

    fn generation(sim: &Simulation, node: NodeId) -> u64 {
        let opened = async { open().await.identity().generation };
        let ended = sim.block_on(node, Duration::from_secs(10), opened);
        ended.expect("no hang")
    }

    /// A broker was killed when the new identity had its name and no sync of the folder had covered it. The next start read the
    /// new one and removed the journals of the old one; had the power gone then, the old one would have come back without them.
    #[test]
    fn what_a_start_reads_is_durable() {
        let mut seen = [0; 2];
        for step in 0..60 {
            let sim = Simulation::new(step, Options::default());
            let node = sim.node(1);
            let disk = DiskOptions {
                crash_keep: Some(0.0),
                ..sim.disk(node)
            };
            sim.set_disk(node, disk);
            // The folder's own name is not what this is about.
            let made = sim.block_on(node, Duration::from_secs(10), async {
                fs::create_dir_all("/data").await?;
                fs::sync_dir("/").await
            });
            made.expect("no hang").expect("a calm disk");
            assert_eq!(generation(&sim, node), 1);
            let switching = sim.spawn(node, ShardId(0), async {
                let mut folder = open().await;
                let _killed = folder.switch(2, 2).await;
            });
            sim.run_for(Duration::from_micros(40 * step));
            sim.crash(node, CrashKind::Process);
            drop(switching);
            while sim.disk_busy(node) {
                sim.run_for(Duration::from_micros(10));
            }
            sim.restart(node);
            let read = generation(&sim, node);
            sim.crash(node, CrashKind::Power);
            sim.restart(node);
            assert_eq!(generation(&sim, node), read, "step {step}");
            seen[read as usize - 1] += 1;
        }
        assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
    }
}
