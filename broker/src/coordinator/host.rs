//! The coordinators of one shard: which are here, the timer that they share, and the way to those of other shards.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_runtime::mesh::{Calls, Reply};
use ottla_runtime::shards::ShardId;
use ottla_runtime::sync::Notify;
use ottla_runtime::task::{self, Share};
use ottla_runtime::time::{self, Instant};

use super::Machine;
use super::calls::{Answer, Call};
use super::census::Census;
use super::driver::{Driven, Driver, Key};
use super::group::{self, Groups};
use super::producer_ids::ProducerIds;
use super::share::{self, Shares};
use super::topics::{Kind, partition_of};
use super::txn::{self, Transactions};
use crate::controller::calls::{ControlAnswer, ControlCall};
use crate::controller::{Command, Outcome};
use crate::metadata::{Image, Topic};
use crate::partition::table::Partitions;
use crate::partition::{Partition, calls as data};
use crate::shard::placement;

/// The way to partitions of any shard.
pub type Data = Rc<Calls<data::Call, data::Answer>>;
/// The way to the controller.
pub type Control = Rc<Calls<ControlCall, ControlAnswer>>;
/// The way to coordinators of any shard.
pub type Peers = Rc<Calls<Call, Answer>>;

/// The coordinators of a shard.
pub struct Coordinators {
    me: ShardId,
    shards: u16,
    /// Set once, at boot.
    partitions: OnceCell<Rc<Partitions>>,
    /// For errands.
    pub data: Data,
    /// For errands.
    pub control: Control,
    /// For producers that begin.
    pub producer_ids: ProducerIds,
    peers: OnceCell<Peers>,
    image: RefCell<Rc<Image>>,
    groups: Fleet<Groups>,
    transactions: Fleet<Transactions>,
    share_states: Fleet<Shares>,
    /// Drivers whose partition has committed something.
    ready: RefCell<BTreeSet<Key>>,
    deadlines: RefCell<BTreeSet<(Instant, Key)>>,
    scheduled: RefCell<BTreeMap<Key, Instant>>,
    wake: Rc<Notify>,
}

impl Coordinators {
    /// Of a shard that coordinates nothing yet.
    pub fn new(data: Data, control: Control, image: Image) -> Rc<Self> {
        let host = Rc::new(Coordinators {
            me: data.me(),
            shards: data.count(),
            partitions: OnceCell::new(),
            data,
            producer_ids: ProducerIds::new(control.clone()),
            control,
            peers: OnceCell::new(),
            image: RefCell::new(Rc::new(image)),
            groups: Fleet::new(Kind::Group),
            transactions: Fleet::new(Kind::Transaction),
            share_states: Fleet::new(Kind::Share),
            ready: RefCell::default(),
            deadlines: RefCell::default(),
            scheduled: RefCell::default(),
            wake: Rc::default(),
        });
        let (weak, wake) = (Rc::downgrade(&host), host.wake.clone());
        task::spawn(Share::Foreground, run(weak, wake)).detach();
        host
    }

    /// Joins the others, to coordinate what is among these partitions. Once.
    pub fn join(&self, peers: Peers, partitions: Rc<Partitions>) {
        let _ = self.peers.set(peers);
        let _ = self.partitions.set(partitions);
    }

    /// The cluster as this shard knows it.
    pub fn image(&self) -> Rc<Image> {
        self.image.borrow().clone()
    }

    /// From now on this is the cluster: coordinators of partitions that are new here begin, those of deleted ones end.
    pub fn install(self: &Rc<Self>, image: Arc<Image>) {
        *self.image.borrow_mut() = Rc::new(Image::clone(&image));
        self.groups.reconcile(self);
        self.transactions.reconcile(self);
        self.share_states.reconcile(self);
        for driver in self.drivers() {
            driver.image_changed();
        }
    }

    /// Nothing is taken any more; whoever waits is sent away.
    pub fn stop(&self) {
        for driver in self.drivers() {
            driver.retire();
        }
    }

    /// What all of them have.
    pub fn census(&self) -> Census {
        let mut census = Census::default();
        for driver in self.drivers() {
            driver.census(&mut census);
        }
        census
    }

    fn drivers(&self) -> Vec<Rc<dyn Driven>> {
        let mut all = self.groups.all();
        all.extend(self.transactions.all());
        all.extend(self.share_states.all());
        all
    }

    fn driver(&self, key: Key) -> Option<Rc<dyn Driven>> {
        match key {
            (kind, number) if kind == Kind::Group as u8 => self.groups.find(number).map(|d| d as _),
            (kind, number) if kind == Kind::Transaction as u8 => {
                self.transactions.find(number).map(|d| d as _)
            }
            (kind, number) if kind == Kind::Share as u8 => {
                self.share_states.find(number).map(|d| d as _)
            }
            _ => None,
        }
    }

    /// A partition has committed what its coordinator appended, or lost it.
    pub(super) fn wake(&self, key: Key) {
        self.ready.borrow_mut().insert(key);
        self.wake.notify_one();
    }

    /// When a driver wants to be ticked.
    pub(super) fn schedule(&self, key: Key, at: Option<Instant>) {
        let mut scheduled = self.scheduled.borrow_mut();
        let before = scheduled.get(&key).copied();
        if before == at {
            return;
        }
        let mut deadlines = self.deadlines.borrow_mut();
        if let Some(before) = before {
            deadlines.remove(&(before, key));
            scheduled.remove(&key);
        }
        if let Some(at) = at {
            let first = deadlines.first().is_none_or(|(first, _)| at < *first);
            deadlines.insert((at, key));
            scheduled.insert(key, at);
            if first {
                self.wake.notify_one();
            }
        }
    }

    /// Handles a call of any shard.
    pub fn handle(&self, call: Call, reply: Reply<Answer>) {
        match call {
            Call::Group { partition, command } => {
                let reply = Box::new(move |answer| reply.send(Answer::Group(answer)));
                self.groups.handle(partition, command, reply);
            }
            Call::Transaction { partition, command } => {
                let reply = Box::new(move |answer| reply.send(Answer::Transaction(answer)));
                self.transactions.handle(partition, command, reply);
            }
            Call::Share { partition, command } => {
                let reply = Box::new(move |answer| reply.send(Answer::Share(answer)));
                self.share_states.handle(partition, command, reply);
            }
        }
    }

    fn release(&self) {
        let ready = std::mem::take(&mut *self.ready.borrow_mut());
        for driver in ready.into_iter().filter_map(|key| self.driver(key)) {
            driver.release();
        }
    }

    fn tick(&self) {
        let now = time::now();
        let due: Vec<_> = self
            .deadlines
            .borrow()
            .iter()
            .take_while(|(at, _)| *at <= now)
            .map(|(_, key)| *key)
            .collect();
        for key in due {
            self.schedule(key, None);
            if let Some(driver) = self.driver(key) {
                driver.tick();
                self.schedule(key, driver.deadline());
            }
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.borrow().first().map(|(at, _)| *at)
    }
}

impl Drop for Coordinators {
    fn drop(&mut self) {
        self.wake.notify_one();
    }
}

/// Says what is committed and ticks what is due, as long as the coordinators are there.
async fn run(host: Weak<Coordinators>, wake: Rc<Notify>) {
    loop {
        let Some(next) = host.upgrade().map(|host| host.next_deadline()) else {
            return;
        };
        match next {
            // Late or early makes no difference: what is due is looked up.
            Some(at) => drop(time::timeout(at.since(time::now()), wake.notified()).await),
            None => wake.notified().await,
        }
        let Some(host) = host.upgrade() else { return };
        host.release();
        host.tick();
    }
}

/// By the number of the partition.
type Drivers<M> = BTreeMap<i32, (PartitionId, Rc<Driver<M>>)>;

/// The coordinators of one kind.
struct Fleet<M: Machine> {
    kind: Kind,
    drivers: RefCell<Drivers<M>>,
}

impl<M: Machine> Fleet<M> {
    fn new(kind: Kind) -> Self {
        Fleet {
            kind,
            drivers: RefCell::default(),
        }
    }

    fn reconcile(&self, host: &Rc<Coordinators>) {
        let image = host.image();
        let mut wanted: BTreeMap<i32, Rc<Partition>> = BTreeMap::new();
        if let (Some(topic), Some(here)) =
            (image.topics.named(self.kind.topic()), host.partitions.get())
        {
            for number in (0..).take(topic.partitions.len()) {
                let id = topic.partition_id(number);
                if placement::owner(id, host.shards) == host.me
                    && let Some(partition) = here.find(id)
                {
                    wanted.insert(number, partition);
                }
            }
        }
        let gone: Vec<_> = {
            let drivers = self.drivers.borrow();
            let gone = drivers
                .iter()
                .filter(|(n, (id, _))| wanted.get(n).is_none_or(|p| p.id() != *id));
            gone.map(|(n, (_, driver))| (*n, driver.clone())).collect()
        };
        for (number, driver) in gone {
            driver.retire();
            self.drivers.borrow_mut().remove(&number);
        }
        for (number, partition) in wanted {
            if !self.drivers.borrow().contains_key(&number) {
                let id = partition.id();
                let key = (self.kind as u8, number);
                let driver = Driver::start(key, partition, Rc::downgrade(host));
                host.schedule(key, driver.deadline());
                self.drivers.borrow_mut().insert(number, (id, driver));
            }
        }
    }

    fn find(&self, number: i32) -> Option<Rc<Driver<M>>> {
        self.drivers.borrow().get(&number).map(|(_, d)| d.clone())
    }

    fn all(&self) -> Vec<Rc<dyn Driven>> {
        let drivers = self.drivers.borrow();
        drivers.values().map(|(_, d)| d.clone() as _).collect()
    }

    fn handle(&self, number: i32, command: M::Command, reply: super::driver::Reply<M::Answer>) {
        match self.find(number) {
            Some(driver) => driver.handle(command, reply),
            None => reply(Err(ErrorCode::NOT_COORDINATOR)),
        }
    }
}

/// The way to a coordinator, from any shard.
impl Coordinators {
    /// The topic of a kind; it is made if it is not there. When this returns its coordinators serve.
    ///
    /// # Errors
    /// 15 when it cannot be made now.
    pub async fn topic(&self, kind: Kind) -> Result<Arc<Topic>, ErrorCode> {
        let image = self.image();
        if let Some(topic) = image.topics.named(kind.topic()) {
            return Ok(topic.clone());
        }
        let topic = kind.new_topic(&image.broker_config, image.brokers.len());
        let command = Command::CreateTopics {
            topics: vec![topic],
            validate_only: false,
        };
        match self
            .control
            .call(ShardId(0), ControlCall::Command(command))
            .await
        {
            Ok(ControlAnswer::Command(Outcome::Created(made))) => {
                let refused = made.into_iter().find_map(|topic| topic.result.err());
                match refused {
                    Some(refusal) if refusal.code != ErrorCode::TOPIC_ALREADY_EXISTS => {
                        tracing::warn!("{} cannot be made: {}", kind.topic(), refusal.message);
                    }
                    _ => {}
                }
            }
            Ok(ControlAnswer::Command(Outcome::Refused(refusal))) => {
                tracing::warn!("{} cannot be made: {}", kind.topic(), refusal.message);
            }
            _ => {}
        }
        let topic = self.image().topics.named(kind.topic()).cloned();
        topic.ok_or(ErrorCode::COORDINATOR_NOT_AVAILABLE)
    }

    /// Asks the coordinator of a group.
    ///
    /// # Errors
    /// 14, 15, 16: it is not ready, or cannot be reached.
    pub async fn group(
        &self,
        group: &str,
        command: group::Command,
    ) -> Result<group::Answer, ErrorCode> {
        let topic = self.topic(Kind::Group).await?;
        let partition = partition_of(group, topic.partitions.len() as i32);
        self.group_at(&topic, partition, command).await
    }

    /// Asks the group coordinator on this partition.
    ///
    /// # Errors
    /// As [`Coordinators::group`].
    pub async fn group_at(
        &self,
        topic: &Topic,
        partition: i32,
        command: group::Command,
    ) -> Result<group::Answer, ErrorCode> {
        let call = Call::Group { partition, command };
        match self.ask(topic, partition, call).await? {
            Answer::Group(answer) => answer,
            other => Err(mixed_up(&other)),
        }
    }

    /// Asks the share coordinator of a share partition.
    ///
    /// # Errors
    /// As [`Coordinators::group`].
    pub async fn share(&self, command: share::Command) -> Result<share::Answer, ErrorCode> {
        let topic = self.topic(Kind::Share).await?;
        let key = command.key.coordinator_key();
        let partition = partition_of(&key, topic.partitions.len() as i32);
        let call = Call::Share { partition, command };
        match self.ask(&topic, partition, call).await? {
            Answer::Share(answer) => answer,
            other => Err(mixed_up(&other)),
        }
    }

    /// Asks the coordinator of a transactional id.
    ///
    /// # Errors
    /// As [`Coordinators::group`].
    pub async fn transaction(
        &self,
        id: &str,
        command: txn::Command,
    ) -> Result<txn::Answer, ErrorCode> {
        let topic = self.topic(Kind::Transaction).await?;
        let partition = partition_of(id, topic.partitions.len() as i32);
        self.transaction_at(&topic, partition, command).await
    }

    /// Asks the transaction coordinator on this partition.
    ///
    /// # Errors
    /// As [`Coordinators::group`].
    pub async fn transaction_at(
        &self,
        topic: &Topic,
        partition: i32,
        command: txn::Command,
    ) -> Result<txn::Answer, ErrorCode> {
        let call = Call::Transaction { partition, command };
        match self.ask(topic, partition, call).await? {
            Answer::Transaction(answer) => answer,
            other => Err(mixed_up(&other)),
        }
    }

    /// The shard that owns a partition.
    pub fn owner(&self, id: PartitionId) -> ShardId {
        placement::owner(id, self.shards)
    }

    /// The leader epoch of a coordinator's partition, if that is of this shard.
    pub fn epoch(&self, kind: Kind, partition: i32) -> Option<i32> {
        let image = self.image();
        let topic = image.topics.named(kind.topic())?;
        let found = self.partitions.get()?.find(topic.partition_id(partition))?;
        Some(found.leader_epoch())
    }

    async fn ask(&self, topic: &Topic, partition: i32, call: Call) -> Result<Answer, ErrorCode> {
        let owner = self.owner(topic.partition_id(partition));
        let peers = self
            .peers
            .get()
            .ok_or(ErrorCode::COORDINATOR_NOT_AVAILABLE)?;
        let answer = peers.call(owner, call).await;
        // The broker stops.
        answer.map_err(|_| ErrorCode::NOT_COORDINATOR)
    }
}

fn mixed_up(answer: &Answer) -> ErrorCode {
    tracing::error!("a coordinator of another kind answered: {answer:?} (a defect)");
    ErrorCode::UNKNOWN_SERVER_ERROR
}
