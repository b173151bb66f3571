//! What handlers work with.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_runtime::mesh::Calls;
use ottla_runtime::shards::ShardId;
use ottla_runtime::task::{self, Share};
use ottla_runtime::time;

use super::Close;
use super::answers::Answers;
use super::fetch::session::Sessions;
use super::router::Router;
use crate::config::BrokerConfig;
use crate::controller::calls::{ControlAnswer, ControlCall};
use crate::controller::{Command, Outcome, Refusal};
use crate::coordinator::host::Coordinators;
use crate::metadata::Image;
use crate::metrics::{Metrics, Snapshot};
use crate::partition::calls::{Answer, Call};
use crate::share::sessions::Closed;
use crate::share::{self, Shares};

/// The control mesh of one shard.
pub type Control = Rc<Calls<ControlCall, ControlAnswer>>;

/// One shard's surroundings, made once at boot and shared by all of its connections.
pub struct Context {
    /// The shard it lives on.
    pub shard: ShardId,
    /// This shard's counters.
    pub metrics: Rc<Metrics>,
    /// Memory of answers on their way to clients.
    pub answers: Rc<Answers>,
    /// The way to partitions.
    pub router: Router,
    /// The way to the controller and to the other shards.
    pub control: Control,
    /// This shard's coordinators, and the way to the others.
    pub coordinators: Rc<Coordinators>,
    /// Share sessions, and the way to share partitions.
    pub shares: Rc<Shares>,
    /// Fetch sessions of consumers that came to this shard.
    pub sessions: RefCell<Sessions>,
    /// This shard's own handle on the image's shared maps: taking it touches no count that another core touches.
    image: RefCell<Rc<Image>>,
}

impl Context {
    /// For a shard that has been recovered.
    pub fn new(
        metrics: Rc<Metrics>,
        answer_memory: usize,
        router: Router,
        control: Control,
        coordinators: Rc<Coordinators>,
        shares: Rc<Shares>,
        image: Image,
    ) -> Context {
        let slots = image.broker_config.fetch.session_slots.max(0) as usize;
        let (shard, shards) = (control.me(), router.shards());
        Context {
            shard,
            answers: Answers::new(answer_memory, metrics.clone()),
            metrics,
            sessions: RefCell::new(Sessions::new(
                slots.div_ceil(usize::from(shards)),
                shard.0,
                shards,
            )),
            router,
            control,
            coordinators,
            shares,
            image: RefCell::new(Rc::new(image)),
        }
    }

    /// The cluster as this shard knows it; take it once per request, so that the request sees one state.
    pub fn image(&self) -> Rc<Image> {
        self.image.borrow().clone()
    }

    /// The broker's settings in force.
    pub fn config(&self) -> Config {
        Config(self.image())
    }

    /// From now on `image` is what requests see.
    pub fn install(&self, image: Arc<Image>) {
        *self.image.borrow_mut() = Rc::new(Image::clone(&image));
        if !share::are_served(&image) {
            let closed = self.shares.sessions.borrow_mut().close_all();
            self.release(closed);
        }
        self.coordinators.install(image);
    }

    /// A connection has ended, and its share sessions with it.
    pub fn connection_ended(&self, conn: u64) {
        let closed = self.shares.sessions.borrow_mut().connection_ended(conn);
        self.release(closed);
    }

    /// What was handed out in these share sessions goes back.
    fn release(&self, closed: Vec<Closed>) {
        if closed.is_empty() {
            return;
        }
        let shares = self.shares.clone();
        let released = async move { shares.release_all(closed).await };
        task::spawn(Share::Foreground, released).detach();
    }

    /// Wall clock, ms.
    pub fn now_ms(&self) -> i64 {
        time::wall_ms()
    }

    /// Has the controller carry out a command: when this returns the change is committed, and visible on every shard.
    pub async fn controller(&self, command: Command) -> Outcome {
        match self
            .control
            .call(ShardId(0), ControlCall::Command(command))
            .await
        {
            Ok(ControlAnswer::Command(outcome)) => outcome,
            _ => Outcome::Refused(Refusal::new(
                ErrorCode::COORDINATOR_NOT_AVAILABLE,
                "the broker is stopping",
            )),
        }
    }

    /// Bytes on disk of every partition of this node.
    pub async fn log_sizes(&self) -> Result<BTreeMap<PartitionId, u64>, Close> {
        let take = |answer| {
            if let Answer::Sizes(sizes) = answer {
                Some(sizes)
            } else {
                None
            }
        };
        let sizes = self.router.gather(|| Call::Sizes, take).await?;
        Ok(sizes.into_iter().flatten().collect())
    }

    /// The counters of every shard.
    pub async fn gather_metrics(&self) -> Vec<Snapshot> {
        let mut snapshots = Vec::new();
        for shard in 0..self.router.shards() {
            // A shard that is gone has nothing to say.
            if let Ok(ControlAnswer::Metrics(s)) = self
                .control
                .call(ShardId(shard), ControlCall::Metrics)
                .await
            {
                snapshots.push(*s);
            }
        }
        snapshots
    }
}

/// The broker's settings, held by the image that they belong to.
pub struct Config(Rc<Image>);

impl Deref for Config {
    type Target = BrokerConfig;

    fn deref(&self) -> &BrokerConfig {
        &self.0.broker_config
    }
}
