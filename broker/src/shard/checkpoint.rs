//! Keeps the journal short and the memory bounded: when the journal has filled more files than it should, or too many
//! appended bytes are not in their segments yet, the partitions that the oldest file waits for are flushed and
//! checkpointed, and the file is used again. Nothing runs while nothing is written.
//!
//! When the disk does not keep up, [`Checkpointer::has_room`] holds back the write cycle, and with it the acknowledgements
//! and in the end the producers (design D10).

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use ottla_protocol::ids::PartitionId;
use ottla_runtime::sync::Notify;
use ottla_runtime::time;
use ottla_storage::Frame;
use ottla_storage::journal::Journal;
use ottla_storage::log::Store;
use ottla_storage::mutants::{Mutant, planted};

/// Partitions flushed at the same time.
const AT_ONCE: usize = 8;
/// How long to wait when nothing could be flushed although it must be: the disk is full.
const TRY_AGAIN: Duration = Duration::from_millis(500);

/// A future of this shard.
pub type Local<T> = Pin<Box<dyn Future<Output = T>>>;

/// The partitions, as far as checkpoints go. Errors are the disk's, in words.
pub trait Source {
    /// Flushes a partition's log and says what a checkpoint of it is; `None` if the partition is gone.
    fn prepare(&self, id: PartitionId) -> Local<Result<Option<Frame>, String>>;
    /// Is the partition here, and not deleted meanwhile?
    fn has(&self, id: PartitionId) -> bool;
    /// The disk has less room than before.
    fn written(&self) -> Local<()>;
    /// A checkpoint with this first offset is durable: what lies below may go.
    fn durable(&self, id: PartitionId, start_offset: i64) -> Local<Result<(), String>>;
}

/// The task that checkpoints. Lives on: its shard, background share.
pub struct Checkpointer {
    journal: Rc<Journal>,
    /// Files that the journal may fill before the oldest are worked off; bounds the time of a restart.
    keep_files: usize,
    store: Store,
    /// Bytes not yet in segments above which flushing begins; at twice as many the write cycle waits.
    dirty_limit: usize,
    wake: Notify,
    flushed: Notify,
}

impl Checkpointer {
    /// For `journal`, which is to have at most about `keep_files` files, and logs in `store`, which are to have at most
    /// about `dirty_limit` bytes outside their segments.
    pub fn new(
        journal: Rc<Journal>,
        keep_files: usize,
        store: Store,
        dirty_limit: usize,
    ) -> Rc<Self> {
        Rc::new(Self {
            journal,
            keep_files,
            store,
            dirty_limit,
            wake: Notify::new(),
            flushed: Notify::new(),
        })
    }

    /// Something was written: looks whether there is work.
    pub fn written(&self) {
        if self.is_due() {
            self.wake.notify_one();
        }
    }

    fn is_due(&self) -> bool {
        self.journal.files() > self.keep_files || self.store.dirty_bytes() > self.dirty_limit
    }

    fn may_append(&self) -> bool {
        self.store.dirty_bytes() <= self.dirty_limit.saturating_mul(2)
    }

    /// Resolves when more may be appended.
    pub async fn has_room(&self) {
        loop {
            let flushed = self.flushed.notified();
            if self.may_append() {
                return;
            }
            let dirty = self.store.dirty_bytes();
            self.wake.notify_one();
            flushed.await;
            if self.store.dirty_bytes() >= dirty && !planted(Mutant::NoRoomForCommits) {
                // Flushing does not help. What a start has replayed waits for its commit, and only the next append
                // brings it; on a full disk nothing new is accepted anyway.
                return;
            }
        }
    }

    /// Runs until something fails; the failure is the disk's and the caller must stop the process.
    pub async fn run(self: Rc<Self>, source: Rc<dyn Source>) -> String {
        loop {
            self.wake.notified().await;
            while self.is_due() {
                let dirty = self.store.dirty_bytes();
                match self.work_off_oldest(&*source).await {
                    // What is left belongs to appends in flight, or waits for its commit; the next write looks again.
                    Ok(0) if self.store.dirty_bytes() >= dirty => {
                        if self.store.is_full() && !self.may_append() {
                            time::sleep(TRY_AGAIN).await;
                        }
                        break;
                    }
                    Ok(_) => {}
                    Err(why) => return why,
                }
            }
            self.flushed.notify_all();
            source.written().await;
        }
    }

    /// Checkpoints everything, for a quick next start.
    pub async fn all(&self, ids: Vec<PartitionId>, source: &dyn Source) -> Result<(), String> {
        self.checkpoint(ids, source).await?;
        self.journal
            .recycle()
            .await
            .map(drop)
            .map_err(|e| e.to_string())
    }

    async fn work_off_oldest(&self, source: &dyn Source) -> Result<usize, String> {
        let (_, pinning) = self.journal.pins();
        self.checkpoint(pinning, source).await?;
        self.journal.recycle().await.map_err(|e| e.to_string())
    }

    async fn checkpoint(&self, ids: Vec<PartitionId>, source: &dyn Source) -> Result<(), String> {
        for some in ids.chunks(AT_ONCE) {
            let flushes: Vec<_> = some.iter().map(|id| source.prepare(*id)).collect();
            let mut frames = Vec::with_capacity(flushes.len());
            for flush in all(flushes).await {
                frames.extend(flush?);
            }
            // One that was deleted meanwhile has had its last word in the journal: a checkpoint behind that would keep the
            // journal's files from being used again until the next start.
            frames.retain(|frame: &Frame| source.has(frame.id()));
            if frames.is_empty() {
                continue;
            }
            let starts: Vec<_> = frames.iter().filter_map(start_of).collect();
            self.journal
                .append(frames)
                .await
                .map_err(|e| e.to_string())?;
            for (id, start_offset) in starts {
                source.durable(id, start_offset).await?;
            }
            self.flushed.notify_all();
        }
        Ok(())
    }
}

fn start_of(frame: &Frame) -> Option<(PartitionId, i64)> {
    match frame {
        Frame::Checkpoint { id, checkpoint } => Some((*id, checkpoint.start_offset)),
        _ => None,
    }
}

/// Runs all futures at the same time and gives their results in order.
async fn all<T>(mut futures: Vec<Local<T>>) -> Vec<T> {
    let mut results: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        let mut waiting = false;
        for (future, result) in futures.iter_mut().zip(&mut results) {
            if result.is_none() {
                match future.as_mut().poll(cx) {
                    std::task::Poll::Ready(done) => *result = Some(done),
                    std::task::Poll::Pending => waiting = true,
                }
            }
        }
        if waiting {
            std::task::Poll::Pending
        } else {
            std::task::Poll::Ready(())
        }
    })
    .await;
    results.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use bytes::Bytes;
    use ottla_protocol::ids::Uuid;
    use ottla_protocol::record::{BatchBuilder, BatchOptions};
    use ottla_runtime::sim::{NodeId, Options, Simulation};
    use ottla_runtime::task::{self, Share};
    use ottla_storage::journal;
    use ottla_storage::log::{Log, LogConfig, Start, StoreOptions};
    use ottla_storage::{Checkpoint, HardState};

    use super::*;

    const ID: PartitionId = PartitionId {
        topic: Uuid::ONE,
        partition: 0,
    };
    const ENTRIES: u64 = 40;
    const DIRTY_LIMIT: usize = 10_000;

    /// One partition with 40 entries of a kilobyte, of which nothing is in a segment yet.
    struct One {
        log: Log,
        /// Of these entries the owner knows that they are committed; grows with every look.
        committed: Cell<u64>,
        more: u64,
    }

    impl Source for One {
        fn prepare(&self, _: PartitionId) -> Local<Result<Option<Frame>, String>> {
            self.committed
                .set((self.committed.get() + self.more).min(ENTRIES));
            let (log, through) = (self.log.clone(), self.committed.get());
            Box::pin(async move {
                time::sleep(Duration::from_secs(1)).await;
                log.flush(through).await.map_err(|e| e.to_string())?;
                Ok(None)
            })
        }

        fn has(&self, _: PartitionId) -> bool {
            true
        }

        fn written(&self) -> Local<()> {
            Box::pin(async {})
        }

        fn durable(&self, _: PartitionId, _: i64) -> Local<Result<(), String>> {
            Box::pin(async { Ok(()) })
        }
    }

    /// A partition that is deleted while others are flushed.
    struct Deleted {
        journal: Rc<Journal>,
        gone: Cell<bool>,
    }

    impl Source for Deleted {
        fn prepare(&self, id: PartitionId) -> Local<Result<Option<Frame>, String>> {
            self.gone.set(true);
            let forgotten = self.journal.append(vec![Frame::Forget { id }]);
            Box::pin(async move {
                forgotten.await.map_err(|e| e.to_string())?;
                let checkpoint = Checkpoint {
                    index: 1,
                    term: 1,
                    end_offset: 1,
                    start_offset: 0,
                    tail: None,
                    hard: HardState::default(),
                    state: Bytes::new(),
                };
                Ok(Some(Frame::Checkpoint { id, checkpoint }))
            })
        }

        fn has(&self, _: PartitionId) -> bool {
            !self.gone.get()
        }

        fn written(&self) -> Local<()> {
            Box::pin(async {})
        }

        fn durable(&self, _: PartitionId, _: i64) -> Local<Result<(), String>> {
            Box::pin(async { Ok(()) })
        }
    }

    /// The checkpoint of a topic that was deleted while the flushes beside it were under way came behind its end in the
    /// journal. Nobody would ever checkpoint it again: the file with it, and all after it, were kept until the next start.
    #[test]
    fn what_is_deleted_meanwhile_does_not_keep_the_journal() {
        let sim = Simulation::new(1, Options::default());
        let node: NodeId = sim.node(1);
        let work = async move {
            let (journal, _) = Journal::open("/data/journal", journal::Options::default())
                .await
                .expect("an empty folder");
            let store = Store::new("/data", &StoreOptions::default());
            let journal = Rc::new(journal);
            let checkpointer = Checkpointer::new(journal.clone(), 4, store, DIRTY_LIMIT);
            let source = Deleted {
                journal: journal.clone(),
                gone: Cell::new(false),
            };
            checkpointer
                .all(vec![ID], &source)
                .await
                .expect("a calm disk");
            assert_eq!(journal.pins().1, []);
        };
        sim.block_on(node, Duration::from_secs(60), work)
            .expect("it ends");
    }

    fn kilobyte(base_offset: i64) -> Bytes {
        let mut batch = BatchBuilder::new(BatchOptions {
            base_offset,
            ..BatchOptions::default()
        });
        batch.push(1, None, Some(&[7; 1000]), &[]);
        batch.build().expect("an uncompressed batch").into()
    }

    /// A shard's checkpointer at work on four times the dirty limit, `more` entries at a time: gives how long it held back an
    /// append, in seconds, and what was dirty then.
    fn held_back(more: u64) -> (u64, usize) {
        let sim = Simulation::new(1, Options::default());
        let node: NodeId = sim.node(1);
        let work = async move {
            let (journal, _) = Journal::open("/data/journal", journal::Options::default())
                .await
                .expect("an empty folder");
            let store = Store::new("/data", &StoreOptions::default());
            let log = Log::open(&store, ID, "t/0", LogConfig::default(), Start::New)
                .await
                .expect("an empty folder");
            for i in 0..ENTRIES {
                log.append(i + 1, 1, i as i64, 1, kilobyte(i as i64))
                    .expect("follows");
            }
            // Names the partition as one that the oldest file waits for.
            let entry = ottla_storage::Entry {
                index: 1,
                term: 1,
                kind: ottla_storage::EntryKind::Data,
                base_offset: 0,
                records: 1,
                body: kilobyte(0),
            };
            let frames = vec![Frame::Entry { id: ID, entry }];
            journal.append(frames).await.expect("a calm disk");
            let checkpointer = Checkpointer::new(Rc::new(journal), 4, store.clone(), DIRTY_LIMIT);
            let one = One {
                log,
                committed: Cell::new(0),
                more,
            };
            let _running = task::spawn(Share::Background, checkpointer.clone().run(Rc::new(one)));
            let began = time::now();
            let room = checkpointer.has_room();
            time::timeout(Duration::from_secs(3600), room)
                .await
                .expect("it does not wait for ever");
            (began.elapsed().as_secs(), store.dirty_bytes())
        };
        sim.block_on(node, Duration::from_secs(7200), work)
            .expect("it ends")
    }

    /// A start replayed more than twice the dirty limit (a journal of 4 x 64 MiB against 2 x 64 MiB, with four shards and the
    /// default memory) and never served: nothing could be appended before something was flushed, and nothing flushed
    /// before something was committed, which took an append of the new term.
    #[test]
    fn what_waits_for_its_commit_does_not_hold_back_the_append_that_brings_it() {
        let (_, dirty) = held_back(0);
        assert!(dirty > 2 * DIRTY_LIMIT, "nothing could be flushed: {dirty}");
    }

    #[test]
    fn appends_wait_for_as_long_as_flushing_helps() {
        let (seconds, dirty) = held_back(5);
        assert!(seconds >= 6 && dirty <= DIRTY_LIMIT, "{seconds} s, {dirty}");
    }
}
