//! Runs the controller's state machine on its partition: one command at a time, decided, committed, applied, published.
//!
//! Lives on: shard 0. The log is an ordinary partition. A record's key says what its value is:
//!
//! | key | value |
//! |---|---|
//! | `c` | the records of one command, applied together |
//! | `s` | a part of a snapshot, to be applied to an empty state |
//! | `e` | nothing: the snapshot that began with the last `s` after anything else is whole, and takes the state's place |
//!
//! When the log has grown by so much ([`SNAPSHOT_EVERY`] unless a plan says otherwise) a snapshot is appended and the log's
//! start moves up to it. A crash between its parts leaves a snapshot without an end, which is passed over; what it would have replaced is still there.
//!
//! Levels of loggers are decided and published like everything else but not written: they last as long as the process.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use bytes::BytesMut;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::{PartitionId, Uuid};
use ottla_protocol::record::{self, BatchBuilder, BatchOptions};
use ottla_runtime::sync::Semaphore;
use ottla_runtime::{rand, time};
use ottla_storage::mutants::{Mutant, planted};

use super::{Command, Outcome, Record, Refusal, State};
use crate::config::TopicConfig;
use crate::metadata::Image;
use crate::partition::Partition;

/// The controller's own partition. Kafka reserves this id for its metadata topic, so no topic ever gets it.
pub const PARTITION: PartitionId = PartitionId {
    topic: Uuid::ONE,
    partition: 0,
};
/// Its name in the data folder.
pub const TOPIC: &str = "__cluster_metadata";

/// Bytes of commands after which a snapshot is taken.
pub const SNAPSHOT_EVERY: usize = 4 << 20;
/// Records of a snapshot in one batch.
const SNAPSHOT_BATCH: usize = 500;
const MAX_BATCH: usize = 64 << 20;

const COMMAND: &[u8] = b"c";
const SNAPSHOT: &[u8] = b"s";
const SNAPSHOT_END: &[u8] = b"e";

/// Its settings: kept for ever, and a change is one batch however large.
pub fn topic_config() -> TopicConfig {
    TopicConfig {
        retention_ms: None,
        retention_bytes: None,
        max_message_bytes: MAX_BATCH as i32,
        min_insync_replicas: 1,
        ..TopicConfig::default()
    }
}

/// Makes an image the one that every shard answers from; done when they all do. Gives back the leader epochs of
/// partitions that were opened for it.
pub type Publish = Box<dyn Fn(Arc<Image>, Step) -> Pin<Box<dyn Future<Output = Published>>>>;
/// What publishing gives: newly opened partitions and their leader epochs.
pub type Published = Result<Vec<(PartitionId, i32)>, String>;

/// The two steps of publishing an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Open and close partitions.
    Reconcile,
    /// Answer from it.
    Install,
}

/// The driver of the controller.
pub struct Controller {
    partition: Rc<Partition>,
    state: RefCell<State>,
    turn: Rc<Semaphore>,
    publish: Publish,
    since_snapshot: Cell<usize>,
    snapshot_every: usize,
}

impl Controller {
    /// Rebuilds the state from the partition's log. `snapshot_every`: bytes of commands after which a snapshot is taken.
    ///
    /// Errors: the log cannot be read, or says something that this build does not know.
    pub async fn open(
        partition: Rc<Partition>,
        empty: State,
        publish: Publish,
        snapshot_every: usize,
    ) -> Result<Rc<Self>, String> {
        let (state, bytes) = replay(&partition, empty).await?;
        Ok(Rc::new(Self {
            partition,
            state: RefCell::new(state),
            turn: Rc::new(Semaphore::new(1)),
            publish,
            since_snapshot: Cell::new(bytes),
            snapshot_every,
        }))
    }

    /// Publishes the state as it is, for the first time.
    pub async fn begin(&self) -> Result<(), String> {
        let _turn = self.turn.acquire(1).await;
        self.publish().await
    }

    /// Decides a command and carries it out. The outcome is committed, and every shard answers from it already: who
    /// asks next sees it.
    pub async fn submit(&self, command: Command) -> Outcome {
        let _turn = self.turn.acquire(1).await;
        let (records, outcome) = self.state.borrow().decide(command, &mut rand::u64);
        if records.is_empty() {
            return outcome;
        }
        let lasting: Vec<Record> = records.iter().filter(|r| r.lasts()).cloned().collect();
        let payload = Record::encode_all(&lasting);
        self.since_snapshot
            .set(self.since_snapshot.get() + payload.len());
        if !lasting.is_empty()
            && !planted(Mutant::ChangeNotLogged)
            && let Err(code) = self.append(&[(COMMAND, payload)]).await
        {
            let why = format!(
                "the controller's log did not take the change: {}",
                code.message()
            );
            return Outcome::Refused(Refusal::new(code, why));
        }
        for record in &records {
            self.state.borrow_mut().apply(record);
        }
        if let Err(why) = self.publish().await {
            // Committed, but a shard could not follow; it is tried again with the next change and at the next start.
            tracing::error!("a change was committed but not carried out everywhere: {why}");
            return Outcome::Refused(Refusal::new(ErrorCode::KAFKA_STORAGE_ERROR, why));
        }
        if self.since_snapshot.get() >= self.snapshot_every {
            self.snapshot().await;
        }
        outcome
    }

    async fn publish(&self) -> Result<(), String> {
        let image = Arc::new(self.state.borrow().image());
        let opened = (self.publish)(image, Step::Reconcile).await?;
        let node = self.partition.node();
        let leaders: Vec<_> = opened
            .into_iter()
            .map(|(id, epoch)| (id, node, epoch))
            .collect();
        {
            let mut state = self.state.borrow_mut();
            state.observe_leaders(&leaders);
            // The controller's log counts in offsets, as Kafka's metadata log does.
            let (epoch, committed) = (
                self.partition.leader_epoch(),
                self.partition.high_watermark(),
            );
            state.observe_quorum(node, epoch, committed);
        }
        let image = Arc::new(self.state.borrow().image());
        (self.publish)(image, Step::Install).await.map(drop)
    }

    async fn append(&self, records: &[(&[u8], Vec<u8>)]) -> Result<i64, ErrorCode> {
        let mut batch = BatchBuilder::new(BatchOptions::default());
        let now = time::wall_ms();
        for (key, value) in records {
            batch.push(now, Some(key), Some(value), &[]);
        }
        let bytes = batch.build().map_err(|_| ErrorCode::UNKNOWN_SERVER_ERROR)?;
        self.partition
            .append_batch(BytesMut::from(bytes.as_slice()))
            .await
    }

    async fn snapshot(&self) {
        let records = self.state.borrow().snapshot();
        let mut first = None;
        for part in records.chunks(SNAPSHOT_BATCH) {
            match self.append(&[(SNAPSHOT, Record::encode_all(part))]).await {
                Ok(offset) => first = first.or(Some(offset)),
                // The log goes on without it; the next command tries again.
                Err(code) => {
                    return tracing::warn!("no snapshot of the controller: {}", code.message());
                }
            }
        }
        let (Some(first), Ok(_)) = (first, self.append(&[(SNAPSHOT_END, Vec::new())]).await) else {
            return;
        };
        if let Err(code) = self.partition.clone().delete_records(first).await {
            tracing::warn!("the controller's log was not cut: {}", code.message());
        }
        self.since_snapshot.set(0);
    }
}

/// The state that the log says, and the bytes of commands since its last snapshot.
async fn replay(partition: &Partition, empty: State) -> Result<(State, usize), String> {
    let mut replay = Replay {
        state: empty.clone(),
        snapshot: None,
        empty,
        bytes: 0,
    };
    let mut offset = partition.log().start_offset();
    while offset < partition.high_watermark() {
        let (parts, next) = partition
            .read_committed(offset)
            .await
            .map_err(|e| e.to_string())?;
        for part in &parts {
            for batch in record::batches(part) {
                let batch =
                    batch.map_err(|e| format!("the controller's log at offset {offset}: {e}"))?;
                let bytes = batch.decompress(MAX_BATCH).map_err(|e| e.to_string())?;
                for r in batch.records(&bytes) {
                    let r =
                        r.map_err(|e| format!("the controller's log at offset {offset}: {e}"))?;
                    replay.record(r.key.unwrap_or_default(), r.value.unwrap_or_default())?;
                }
            }
        }
        if next <= offset {
            return Err(format!(
                "the controller's log cannot be read beyond offset {offset}"
            ));
        }
        offset = next;
    }
    Ok((replay.state, replay.bytes))
}

struct Replay {
    empty: State,
    state: State,
    snapshot: Option<State>,
    bytes: usize,
}

impl Replay {
    fn record(&mut self, key: &[u8], value: &[u8]) -> Result<(), String> {
        let records =
            Record::decode_all(value).map_err(|e| format!("the controller's log: {e}"))?;
        let target =
            match key {
                COMMAND => {
                    self.snapshot = None;
                    self.bytes += value.len();
                    &mut self.state
                }
                SNAPSHOT => self.snapshot.get_or_insert_with(|| self.empty.clone()),
                SNAPSHOT_END => {
                    if let Some(whole) = self.snapshot.take() {
                        self.state = whole;
                        self.bytes = 0;
                    }
                    return Ok(());
                }
                _ => return Err(
                    "the controller's log holds a record of a kind that this build does not know"
                        .into(),
                ),
            };
        // Earlier builds wrote levels of loggers, too.
        for record in records.iter().filter(|r| r.lasts()) {
            target.apply(record);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Values;
    use crate::controller::{ConfigChange, ConfigOp};
    use crate::metadata::ConfigResource;
    use ottla_protocol::ids::NodeId;

    fn replay() -> Replay {
        let empty = State::new("cluster".into(), NodeId(1), Arc::new(Values::new()));
        Replay {
            state: empty.clone(),
            snapshot: None,
            empty,
            bytes: 0,
        }
    }

    fn ids_taken(n: u32) -> (Vec<u8>, State) {
        let mut state = replay().empty;
        let mut payload = Vec::new();
        for _ in 0..n {
            let (records, _) = state.decide(Command::AllocateProducerIds, &mut || 7);
            records.iter().for_each(|r| state.apply(r));
            payload = Record::encode_all(&records);
        }
        (payload, state)
    }

    #[test]
    fn a_snapshot_without_an_end_changes_nothing() {
        let (command, _) = ids_taken(1);
        let (later, _) = ids_taken(5);
        let mut r = replay();
        r.record(COMMAND, &command).unwrap();
        let before = r.state.snapshot();
        r.record(SNAPSHOT, &later).unwrap();
        assert_eq!(r.state.snapshot(), before);
        r.record(COMMAND, &[]).unwrap();
        r.record(SNAPSHOT_END, &[]).unwrap();
        assert_eq!(
            r.state.snapshot(),
            before,
            "its parts before the command are not of a snapshot that ends here"
        );
        r.record(SNAPSHOT, &later).unwrap();
        r.record(SNAPSHOT_END, &[]).unwrap();
        assert_ne!(r.state.snapshot(), before);
        assert_eq!(r.bytes, 0);
    }

    #[test]
    fn levels_of_loggers_are_forgotten() {
        // They were in the log: somebody had set `root` to TRACE to look at something, and weeks later, after a restart, the
        // broker still wrote a line for every request. Kafka forgets them with the process.
        let mut live = replay().empty;
        let register = Command::RegisterBroker {
            id: NodeId(1),
            endpoints: [].into(),
            rack: None,
        };
        let (registered, _) = live.decide(register, &mut || 7);
        registered.iter().for_each(|r| live.apply(r));
        let logger = ConfigResource::BrokerLogger(NodeId(1));
        let set = Command::AlterConfigs {
            changes: vec![ConfigChange {
                resource: logger.clone(),
                ops: vec![("root".into(), ConfigOp::Set, Some("TRACE".into()))],
            }],
            validate_only: false,
        };
        let (records, _) = live.decide(set, &mut || 7);
        records.iter().for_each(|r| live.apply(r));
        assert!(live.image().config(&logger).is_some(), "in force now");
        assert!(!records.is_empty() && !records.iter().any(Record::lasts));
        assert!(live.snapshot().iter().all(Record::lasts), "in no snapshot");
        let mut r = replay();
        let written_before = Record::encode_all(&[registered, records].concat());
        r.record(COMMAND, &written_before).unwrap();
        assert!(r.state.image().config(&logger).is_none());
        assert!(r.state.image().brokers.contains_key(&NodeId(1)));
    }

    #[test]
    fn a_kind_from_the_future_is_refused() {
        assert!(replay().record(b"x", &[]).is_err());
        assert!(replay().record(COMMAND, &[255, 255]).is_err());
    }
}
