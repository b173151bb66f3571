//! One shard from its first moment to its last.

use core::net::SocketAddr;
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use ottla_runtime::mesh::{Calls, Envelope, MeshBuilder, Reply};
use ottla_runtime::net::Listener;
use ottla_runtime::shards::{self, ShardId};
use ottla_runtime::sync::Notify;
use ottla_runtime::task::{self, Share};
use ottla_runtime::{fs, process, rand, time};
use ottla_storage::budget::DiskBudget;
use ottla_storage::journal::Journal;
use ottla_storage::log::{Store, StoreOptions};

use super::founding::{self, Founded};
use super::plan::Plan;
use super::room::{KEEP_FILES, Room};
use super::{StartError, lead};
use crate::api::router::Router;
use crate::api::{Context, Endpoint};
use crate::config::loggers;
use crate::controller::calls::{ControlAnswer, ControlCall};
use crate::controller::driver::Controller;
use crate::coordinator::{self, host::Coordinators};
use crate::metadata::{ConfigResource, Image};
use crate::metrics::Metrics;
use crate::net::{ConnectionLimits, Options, Server};
use crate::partition::calls::{Answer, Call};
use crate::partition::clean::Compactor;
use crate::partition::table::Partitions;
use crate::shard::Shard;
use crate::shard::checkpoint::Checkpointer;
use crate::shard::write_cycle::WriteCycle;
use crate::share::leaders::Leaders;
use crate::share::{self, Shares};

/// How long requests get to finish at a stop; the whole stop takes less than two seconds.
const STOP_WITHIN: Duration = Duration::from_millis(1000);
/// How long the checkpoints at a stop may take; what is left is replayed at the next start.
const CHECKPOINT_WITHIN: Duration = Duration::from_millis(500);

/// Logs are not looked at for compaction more often than this, whatever the setting.
const COMPACT_AGAIN: Duration = Duration::from_millis(10);

/// Segments that a shard of `shards` keeps open: a quarter of the process's limit is theirs, the rest is for connections.
fn open_files(shards: u16) -> usize {
    let each = fs::open_files_limit() / 4 / u64::from(shards);
    usize::try_from(each)
        .unwrap_or(OPEN_FILES_MAX)
        .clamp(OPEN_FILES_MIN, OPEN_FILES_MAX)
}

const OPEN_FILES_MIN: usize = 64;
/// More would be memory of the kernel for segments that nobody writes.
const OPEN_FILES_MAX: usize = 8192;

/// The queues between the shards.
#[derive(Clone)]
pub struct Meshes {
    boot: MeshBuilder<Result<Founded, StartError>>,
    data: MeshBuilder<Envelope<Call, Answer>>,
    coordination: MeshBuilder<Envelope<coordinator::calls::Call, coordinator::calls::Answer>>,
    control: MeshBuilder<Envelope<ControlCall, ControlAnswer>>,
    shares: MeshBuilder<Envelope<share::calls::Call, share::calls::Answer>>,
    limits: Arc<OnceLimits>,
}

type OnceLimits = std::sync::OnceLock<Arc<ConnectionLimits>>;

impl Meshes {
    /// For `shards` shards.
    pub fn new(shards: u16) -> Self {
        Self {
            boot: MeshBuilder::new(shards, 1),
            data: MeshBuilder::new(shards, 1024),
            coordination: MeshBuilder::new(shards, 256),
            control: MeshBuilder::new(shards, 16),
            shares: MeshBuilder::new(shards, 256),
            limits: Arc::default(),
        }
    }
}

/// A shard at work.
pub(super) struct Node {
    pub(super) at: shards::Shard,
    pub(super) plan: Arc<Plan>,
    pub(super) founded: Founded,
    pub(super) partitions: Rc<Partitions>,
    pub(super) ctx: Rc<Context>,
    /// Shard 0's, between the moment it took the address and the moment it serves.
    pub(super) listener: RefCell<Option<Listener>>,
    server: OnceCell<Rc<Server>>,
    limits: Arc<OnceLimits>,
    pub(super) controller: OnceCell<Rc<Controller>>,
    checkpointer: Rc<Checkpointer>,
    /// What the log was told last.
    log_levels: RefCell<String>,
    stopped: Notify,
}

/// Runs one shard. Shard 0 leads the start and the stop.
pub async fn run(at: shards::Shard, plan: Arc<Plan>, meshes: Meshes) -> Result<(), StartError> {
    tracing::debug!(shard = at.id.0, "starting");
    let (senders, mut receivers) = meshes.boot.clone().join(at.id).await;
    let mut folder = None;
    let founded = if at.id.0 == 0 {
        let founded = founding::found(&plan).await;
        let said = founded
            .as_ref()
            .map(|(f, _)| f.clone())
            .map_err(Clone::clone);
        for other in 1..at.count {
            // A shard that is gone has failed by itself.
            let _ = senders.send(ShardId(other), said.clone()).await;
        }
        let (founded, held) = founded?;
        folder = Some(held);
        founded
    } else {
        match receivers[0].recv().await {
            // Shard 0 reports its error itself.
            None | Some(Err(_)) => return Ok(()),
            Some(Ok(founded)) => founded,
        }
    };
    let node = begin(at, plan, founded, meshes).await?;
    if at.id.0 == 0 {
        let result = lead::lead(&node, &mut folder).await;
        node.stop_all().await;
        drop(folder);
        return result;
    }
    node.stopped.notified().await;
    Ok(())
}

/// Recovers this shard and joins it to the others; nothing is open yet.
async fn begin(
    at: shards::Shard,
    plan: Arc<Plan>,
    founded: Founded,
    meshes: Meshes,
) -> Result<Rc<Node>, StartError> {
    let path = plan
        .data
        .join("journal")
        .join(founded.generation.to_string())
        .join(at.id.0.to_string());
    tracing::debug!(shard = at.id.0, "recovering");
    if founded.established
        && let Err(error) = founding::refuse_missing(&path).await
    {
        die(&error.to_string()).await;
    }
    let room = Room::measure(&plan.data, at.count, plan.journal).await;
    let dirty = room.dirty(plan.memory.dirty);
    let (journal, recovered) = match Journal::open(path, room.journal()).await {
        Ok(opened) => opened,
        Err(error) => die(&error.to_string()).await,
    };
    let journal = Rc::new(journal);
    let options = StoreOptions {
        open_files: open_files(at.count),
        cache_memory: plan.memory.cache,
        allocate_ahead: room.ahead(),
        ..StoreOptions::default()
    };
    let store = Store::new(&plan.data, &options);
    let checkpointer = Checkpointer::new(journal.clone(), KEEP_FILES, store.clone(), dirty);
    let metrics = Rc::new(Metrics::default());
    let shard = Rc::new(Shard {
        id: at.id.0,
        count: at.count,
        node: founded.node,
        journal: journal.clone(),
        writes: Rc::new(WriteCycle::new(checkpointer.clone(), metrics.clone())),
        store,
        disk: DiskBudget::new(&plan.data, at.count.into(), room.reserve(dirty)),
        metrics,
        data: plan.data.clone(),
        producer_expiry_ms: Cell::new(i64::MAX),
        disk_measured: Cell::new(time::now()),
        disk_full: Cell::new(false),
    });
    let writes = shard.writes.clone();
    task::spawn(Share::Foreground, async move {
        die(&writes.run(journal).await.to_string()).await
    })
    .detach();
    let partitions = Partitions::new(shard.clone(), recovered);
    shard.measure_disk().await;
    let (checkpoints, source) = (checkpointer.clone(), partitions.clone());
    task::spawn(Share::Background, async move {
        die(&checkpoints.run(source).await).await
    })
    .detach();

    let table = partitions.clone();
    let handler = Rc::new(move |_, call, reply: Reply<Answer>| {
        table.handle(call, move |answer| reply.send(answer));
    });
    let calls = Calls::join(meshes.data, at.id, handler).await;
    // Weak: the node owns the calls that own this handler.
    let slot: Rc<OnceCell<Weak<Node>>> = Rc::default();
    let node_slot = slot.clone();
    let handler = Rc::new(move |_, call, reply: Reply<ControlAnswer>| {
        let Some(node) = node_slot.get().and_then(Weak::upgrade) else {
            return;
        };
        task::spawn(Share::Foreground, async move {
            reply.send(node.control(call).await)
        })
        .detach();
    });
    let control = Calls::join(meshes.control, at.id, handler).await;
    let image = Image::empty(founded.cluster_id.clone(), founded.node);
    let coordinators = Coordinators::new(calls.clone(), control.clone(), image.clone());
    // Weak: they own the calls that own this handler.
    let host = Rc::downgrade(&coordinators);
    let handler = Rc::new(move |_, call, reply| {
        if let Some(host) = host.upgrade() {
            host.handle(call, reply);
        }
    });
    let peers = Calls::join(meshes.coordination, at.id, handler).await;
    coordinators.join(peers, partitions.clone());
    let leaders = Leaders::new(partitions.clone(), coordinators.clone());
    let handler = Rc::new(move |_, call, reply: Reply<share::calls::Answer>| {
        leaders.handle(call, move |answer| reply.send(answer));
    });
    let shares = Calls::join(meshes.shares, at.id, handler).await;
    let shares = Shares::new(shares, share_sessions(&image, at.count));
    let ctx = Context::new(
        shard.metrics.clone(),
        plan.memory.requests,
        Router::new(calls, at.count),
        control,
        coordinators,
        Rc::new(shares),
        image,
    );
    let node = Rc::new(Node {
        at,
        plan,
        founded,
        partitions,
        ctx: Rc::new(ctx),
        listener: RefCell::new(None),
        server: OnceCell::new(),
        limits: meshes.limits,
        controller: OnceCell::new(),
        checkpointer,
        log_levels: RefCell::default(),
        stopped: Notify::new(),
    });
    let _ = slot.set(Rc::downgrade(&node));
    Ok(node)
}

/// Share sessions of each shard: `group.share.max.share.sessions` over all.
fn share_sessions(image: &Image, shards: u16) -> usize {
    let settings = &image.broker_config.settings;
    let most = settings.number("group.share.max.share.sessions");
    let most = usize::try_from(most.unwrap_or_default()).unwrap_or(0);
    most.div_ceil(usize::from(shards))
}

/// The process cannot keep its promises any more: nothing is acknowledged after this line.
async fn die(why: &str) -> ! {
    tracing::error!("ottla stops: {why}");
    process::abort(why).await
}

impl Node {
    /// Handles a control call.
    async fn control(self: Rc<Self>, call: ControlCall) -> ControlAnswer {
        match call {
            ControlCall::Command(command) => match self.controller.get() {
                Some(controller) => ControlAnswer::Command(controller.submit(command).await),
                None => ControlAnswer::Done(Err("the controller is not here".into())),
            },
            ControlCall::Reconcile(image) => {
                ControlAnswer::Reconcile(self.partitions.reconcile(&image).await)
            }
            ControlCall::Install(image) => {
                self.set_log(&image);
                self.ctx.install(image);
                ControlAnswer::Done(Ok(()))
            }
            ControlCall::Metrics => ControlAnswer::Metrics(Box::new(self.readings().await)),
            ControlCall::Serve(at) => ControlAnswer::Done(self.serve(at)),
            ControlCall::Stop => {
                self.stop().await;
                ControlAnswer::Done(Ok(()))
            }
        }
    }

    /// The process has one log: shard 0 tells it of levels that were set over the wire.
    fn set_log(&self, image: &Image) {
        if self.at.id.0 != 0 {
            return;
        }
        let resource = ConfigResource::BrokerLogger(self.founded.node);
        let levels = image
            .config(&resource)
            .map_or_else(String::new, |v| loggers::filter(v));
        if *self.log_levels.borrow() != levels {
            (self.plan.set_log)(&levels);
            self.log_levels.replace(levels);
        }
    }

    /// What clients are told.
    pub(super) fn advertised(&self, listen: SocketAddr) -> Endpoint {
        self.founded.advertise.clone().unwrap_or_else(|| {
            // Clients cannot connect to "any address"; this host is where they are if nobody says otherwise.
            let host = if listen.ip().is_unspecified() {
                "127.0.0.1".into()
            } else {
                listen.ip().to_string()
            };
            Endpoint {
                host,
                port: listen.port(),
            }
        })
    }

    fn serve(&self, at: SocketAddr) -> Result<(), String> {
        let listener = match self.listener.take() {
            Some(listener) => listener,
            None => Listener::bind(at, true).map_err(|e| e.to_string())?,
        };
        let advertised = self.advertised(at);
        let config = self.ctx.config();
        let limits = self.limits.get_or_init(|| {
            ConnectionLimits::new(
                config.net.max_connections.max(0) as u32,
                config.net.max_connections_per_ip.max(0) as u32,
            )
        });
        let options = Options {
            max_request: (config.net.request_max_bytes as usize)
                .min(self.plan.memory.largest_request()),
            request_memory: self.plan.memory.requests,
            max_idle: Duration::from_millis(
                config.net.max_idle_ms.map_or(u64::MAX / 4, |ms| ms as u64),
            ),
            advertised,
        };
        let server = Server::new(self.ctx.clone(), options, limits.clone());
        server.listen(listener);
        let _ = self.server.set(server);
        self.retain();
        self.compact();
        Ok(())
    }

    /// Retention looks at the logs of this shard every `log.retention.check.interval.ms`.
    fn retain(&self) {
        let (ctx, partitions) = (self.ctx.clone(), self.partitions.clone());
        task::spawn(Share::Background, async move {
            loop {
                let interval = ctx.config().retention_check_interval_ms.max(1) as u64;
                // Shards look at different times.
                time::sleep(Duration::from_millis(
                    interval + rand::below(interval / 8 + 1),
                ))
                .await;
                partitions.retain().await;
            }
        })
        .detach();
    }

    /// Compacts the logs of this shard, the dirtiest first, and looks again every `log.cleaner.backoff.ms` when none is dirty.
    fn compact(&self) {
        let ctx = self.ctx.clone();
        let share = self.plan.memory.compaction;
        let compactor = Compactor::new(self.partitions.clone(), share);
        task::spawn(Share::Background, async move {
            loop {
                let config = ctx.config().cleaner;
                if !config.enabled || !compactor.compact_dirtiest(&config).await {
                    let backoff = Duration::from_millis(config.backoff_ms.max(0) as u64);
                    time::sleep(backoff.max(COMPACT_AGAIN)).await;
                }
            }
        })
        .detach();
    }

    async fn stop(&self) {
        // Whoever waits for a group's next generation would hold up the connections.
        self.ctx.coordinators.stop();
        if let Some(server) = self.server.get() {
            server.stop(STOP_WITHIN).await;
        }
        tracing::debug!(shard = self.at.id.0, "connections closed");
        let ids = self.partitions.all().iter().map(|p| p.id()).collect();
        if let Ok(Err(why)) = time::timeout(
            CHECKPOINT_WITHIN,
            self.checkpointer.all(ids, &*self.partitions),
        )
        .await
        {
            tracing::error!("the last checkpoints failed, the next start replays more: {why}")
        }
        tracing::debug!(shard = self.at.id.0, "checkpoints written");
        if let Ok(Err(why)) = time::timeout(CHECKPOINT_WITHIN, self.partitions.trim()).await {
            tracing::warn!("segment files keep room that was allocated ahead: {why}");
        }
        self.stopped.notify_all();
    }
}
