//! Partitions of one shard on the simulated machine, without sockets or controller.

mod txns;

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::path::PathBuf;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::BytesMut;
use ottla_protocol::ids::{NodeId, PartitionId, Uuid};
use ottla_protocol::record::{BatchBuilder, BatchOptions};
use ottla_runtime::sim::{CrashKind, Options, Simulation};
use ottla_runtime::task::{self, Share};
use ottla_runtime::{fs, time};
use ottla_storage::budget::DiskBudget;
use ottla_storage::journal::{self, Journal, Recovered};
use ottla_storage::log::{Store, StoreOptions};

use super::Partition;
use super::table::Partitions;
use crate::config::TopicConfig;
use crate::metadata::{Image, PartitionState, Topic};
use crate::metrics::Metrics;
use crate::shard::Shard;
use crate::shard::checkpoint::Checkpointer;
use crate::shard::write_cycle::WriteCycle;

pub(super) const ID: PartitionId = PartitionId {
    topic: Uuid([7; 16]),
    partition: 0,
};
const DATA: &str = "/data";

async fn open_journal() -> (Rc<Journal>, Recovered) {
    let folder = PathBuf::from(DATA).join("journal");
    let (journal, recovered) = Journal::open(folder, journal::Options::default())
        .await
        .expect("no damage");
    (Rc::new(journal), recovered)
}

/// A shard with its write cycle at work, and no partitions yet.
async fn shard() -> Rc<Shard> {
    recovered_shard(1 << 30).await.0
}

/// The same, with what its journal recovered and what makes checkpoints when more than `dirty` bytes wait for segments.
pub(super) async fn recovered_shard(dirty: usize) -> (Rc<Shard>, Recovered, Rc<Checkpointer>) {
    let (journal, recovered) = open_journal().await;
    let store = Store::new(DATA, &StoreOptions::default());
    let checkpointer = Checkpointer::new(journal.clone(), 4, store.clone(), dirty);
    let metrics = Rc::new(Metrics::default());
    let writes = Rc::new(WriteCycle::new(checkpointer.clone(), metrics.clone()));
    task::spawn(Share::Foreground, writes.clone().run(journal.clone())).detach();
    let shard = Rc::new(Shard {
        id: 0,
        count: 1,
        node: NodeId(1),
        journal,
        writes,
        store,
        disk: DiskBudget::new(DATA, 1, 0),
        metrics,
        data: DATA.into(),
        producer_expiry_ms: Cell::new(i64::MAX),
        disk_measured: Cell::new(time::now()),
        disk_full: Cell::new(false),
    });
    (shard, recovered, checkpointer)
}

fn batch() -> BytesMut {
    let mut batch = BatchBuilder::new(BatchOptions::default());
    batch.push(time::wall_ms(), None, Some(b"x"), &[]);
    let bytes = batch.build().expect("an uncompressed batch");
    BytesMut::from(&bytes[..])
}

/// A topic was deleted while producers wrote to it: the write cycle took an entry of a partition that was closed already and wrote
/// it behind the frame that forgets the partition. There it follows nothing, so the next start took the journal for damaged.
#[test]
fn nothing_of_a_deleted_partition_follows_its_last_word() {
    let sim = Simulation::new(1, Options::default());
    let node = sim.node(1);
    let deleted = async {
        let shard = shard().await;
        shard.measure_disk().await;
        let partitions = Partitions::new(shard.clone(), Recovered::new());
        let config = Arc::new(TopicConfig::default());
        let partition = Partition::open(shard, ID, "t".into(), config, None)
            .await
            .expect("an empty folder");
        assert!(partition.serving().await);
        partitions.insert(partition.clone());
        partition.append_batch(batch()).await.expect("it serves");
        // Taken, and not gathered yet: the write cycle has had no turn since.
        let mut late = pin!(partition.append_batch(batch()));
        let taken = poll_fn(|cx| Poll::Ready(late.as_mut().poll(cx).is_pending())).await;
        assert!(taken);
        let nothing = Image::empty("cluster".into(), NodeId(1));
        partitions.reconcile(&nothing).await.expect("deleted");
        assert!(late.await.is_err(), "nobody was promised anything");
        time::sleep(Duration::from_secs(1)).await;
    };
    let hour = Duration::from_secs(3600);
    sim.block_on(node, hour, deleted).expect("it ends");
    let reopened = async { open_journal().await.1 };
    let recovered = sim.block_on(node, hour, reopened).expect("it ends");
    assert!(recovered.is_empty(), "{recovered:?}");
}

/// An image with one topic of so many partitions, all of them this shard's.
pub(super) fn image(partitions: usize) -> Image {
    let mut image = Image::empty("cluster".into(), NodeId(1));
    let state = PartitionState {
        leader: NodeId(1),
        leader_epoch: -1,
        replicas: vec![NodeId(1)],
        isr: vec![NodeId(1)],
    };
    image.topics.insert(Topic {
        id: ID.topic,
        name: "t".into(),
        partitions: vec![state; partitions],
        internal: false,
        config: Arc::default(),
        overrides: Default::default(),
    });
    image
}

/// A journal that these frames went to can be opened, and says of each partition one thing.
fn opens_again(sim: &Simulation, node: ottla_runtime::sim::NodeId, partitions: usize) {
    let reopened = async { open_journal().await.1 };
    let recovered = sim.block_on(node, Duration::from_secs(3600), reopened);
    assert_eq!(recovered.expect("it ends").len(), partitions);
}

/// The broker was stopped while topics were made. One shard had ended already, which the controller took for the end of the
/// first change, and it began the next while another shard was still opening the first one's partitions. That opened them
/// again: two replicas of one partition wrote the same entries, and the next start took the journal for damaged.
#[test]
fn two_changes_at_once_open_a_partition_once() {
    for seed in 0..20 {
        let sim = Simulation::new(seed, Options::default());
        let node = sim.node(1);
        let changed = async {
            let shard = shard().await;
            let partitions = Partitions::new(shard, Recovered::new());
            let (first, second) = (image(1), image(2));
            let mut early = pin!(partitions.reconcile(&first));
            let waits = poll_fn(|cx| Poll::Ready(early.as_mut().poll(cx).is_pending())).await;
            assert!(waits);
            let late = partitions.reconcile(&second);
            let (early, late) = futures_lite::future::zip(early, late).await;
            let opened = [early.expect("opened"), late.expect("opened")].concat();
            assert_eq!(opened.len(), 2, "{opened:?}");
            assert_eq!(partitions.len(), 2);
            time::sleep(Duration::from_secs(1)).await;
        };
        sim.block_on(node, Duration::from_secs(3600), changed)
            .expect("it ends");
        opens_again(&sim, node, 2);
    }
}

/// The same without a second change at the same time: the folder of one partition could not be made, and those that had been
/// opened before it were opened once more with the next change.
#[test]
fn what_a_change_that_failed_has_opened_stays_open() {
    let sim = Simulation::new(1, Options::default());
    let node = sim.node(1);
    let changed = async {
        let shard = shard().await;
        let partitions = Partitions::new(shard.clone(), Recovered::new());
        let folder = Shard::log_folder("t", PartitionId { partition: 1, ..ID });
        let obstacle = shard.data.join(folder);
        let above = obstacle.parent().expect("it is below the data folder");
        fs::create_dir_all(above).await.expect("made");
        let file = fs::File::open(&obstacle, &fs::OpenOptions::read_write()).await;
        drop(file.expect("made"));
        partitions
            .reconcile(&image(2))
            .await
            .expect_err("a file is in the way");
        time::sleep(Duration::from_secs(1)).await;
        fs::remove_file(&obstacle).await.expect("removed");
        let opened = partitions.reconcile(&image(2)).await.expect("opened");
        assert_eq!(opened.len(), 2, "the first one, too, is told of");
        time::sleep(Duration::from_secs(1)).await;
    };
    sim.block_on(node, Duration::from_secs(3600), changed)
        .expect("it ends");
    opens_again(&sim, node, 2);
}

/// A partition was checkpointed while it was opened. Its replica had committed a DeleteRecords that the partition had not carried
/// out yet; the checkpoint was beyond it, with the old start, and the next start began where it had begun before.
#[test]
fn a_checkpoint_while_a_partition_opens_forgets_no_deletion() {
    let hour = Duration::from_secs(3600);
    for seed in 0..20 {
        let sim = Simulation::new(seed, Options::default());
        let node = sim.node(1);
        let deleted = async {
            let (shard, recovered, _) = recovered_shard(1 << 30).await;
            shard.measure_disk().await;
            let partitions = Partitions::new(shard, recovered);
            partitions.reconcile(&image(1)).await.expect("opened");
            let partition = partitions.find(ID).expect("opened");
            partition.append_batch(batch()).await.expect("it serves");
            let start = partition.clone().delete_records(1).await;
            assert_eq!(start, Ok(1));
            partition.append_batch(batch()).await.expect("it serves");
        };
        sim.block_on(node, hour, deleted).expect("it ends");
        sim.crash(node, CrashKind::Process);
        sim.restart(node);
        let checkpointed = async {
            // More waits for segments than may: nothing is appended before there was a checkpoint.
            let (shard, mut recovered, checkpointer) = recovered_shard(1).await;
            let found = recovered.get_mut(&ID).expect("it was made");
            found.hard.commit = found.entries.back().expect("appended").index;
            let partitions = Partitions::new(shard, recovered);
            task::spawn(Share::Background, checkpointer.run(partitions.clone())).detach();
            partitions.reconcile(&image(1)).await.expect("opened");
            time::sleep(Duration::from_secs(1)).await;
        };
        sim.block_on(node, hour, checkpointed).expect("it ends");
        sim.crash(node, CrashKind::Process);
        sim.restart(node);
        let looked_at = async {
            let (shard, recovered, _) = recovered_shard(1 << 30).await;
            let partitions = Partitions::new(shard, recovered);
            partitions.reconcile(&image(1)).await.expect("opened");
            let partition = partitions.find(ID).expect("opened");
            assert_eq!(partition.log().start_offset(), 1);
        };
        sim.block_on(node, hour, looked_at).expect("it ends");
    }
}
