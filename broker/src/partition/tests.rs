//! Partitions of one shard on the simulated machine, without sockets or controller.

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
use ottla_runtime::sim::{Options, Simulation};
use ottla_runtime::task::{self, Share};
use ottla_runtime::time;
use ottla_storage::budget::DiskBudget;
use ottla_storage::journal::{self, Journal, Recovered};
use ottla_storage::log::{Store, StoreOptions};

use super::Partition;
use super::table::Partitions;
use crate::config::TopicConfig;
use crate::metadata::Image;
use crate::metrics::Metrics;
use crate::shard::Shard;
use crate::shard::checkpoint::Checkpointer;
use crate::shard::write_cycle::WriteCycle;

const ID: PartitionId = PartitionId {
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
    let (journal, _) = open_journal().await;
    let store = Store::new(DATA, &StoreOptions::default());
    let checkpointer = Checkpointer::new(journal.clone(), 4, store.clone(), 1 << 30);
    let metrics = Rc::new(Metrics::default());
    let writes = Rc::new(WriteCycle::new(checkpointer, metrics.clone()));
    task::spawn(Share::Foreground, writes.clone().run(journal.clone())).detach();
    Rc::new(Shard {
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
    })
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
