//! One shard from its first moment to its last.

use core::net::SocketAddr;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use ottla_runtime::mesh::{Calls, Envelope, MeshBuilder, Reply};
use ottla_runtime::net::{Listener, Stream};
use ottla_runtime::shards::{self, ShardId};
use ottla_runtime::sync::Notify;
use ottla_runtime::task::{self, Share};
use ottla_runtime::{net, process, rand, signal, time};
use ottla_storage::budget::DiskBudget;
use ottla_storage::journal::Journal;
use ottla_storage::log::{Store, StoreOptions};

use super::StartError;
use super::founding::{self, Founded};
use super::identity::DataFolder;
use super::plan::Plan;
use super::room::{KEEP_FILES, Room};
use crate::admin::{Admin, Readiness};
use crate::api::router::Router;
use crate::api::{Context, Endpoint};
use crate::config::loggers;
use crate::controller::calls::{ControlAnswer, ControlCall};
use crate::controller::driver::{self, Controller, Publish, Published, Step};
use crate::controller::{Command, State};
use crate::metadata::{ConfigResource, Image};
use crate::metrics::{Metrics, Snapshot};
use crate::net::{ConnectionLimits, Options, Server};
use crate::partition::Partition;
use crate::partition::calls::{Answer, Call};
use crate::partition::table::Partitions;
use crate::shard::Shard;
use crate::shard::checkpoint::Checkpointer;
use crate::shard::write_cycle::WriteCycle;

/// How long requests get to finish at a stop; the whole stop takes less than two seconds.
const STOP_WITHIN: Duration = Duration::from_millis(1000);
/// How long a broker that has the address may take to answer.
const PROBE_WITHIN: Duration = Duration::from_millis(200);
/// How long the checkpoints at a stop may take; what is left is replayed at the next start.
const CHECKPOINT_WITHIN: Duration = Duration::from_millis(500);

/// The queues between the shards.
#[derive(Clone)]
pub struct Meshes {
    boot: MeshBuilder<Result<Founded, StartError>>,
    data: MeshBuilder<Envelope<Call, Answer>>,
    control: MeshBuilder<Envelope<ControlCall, ControlAnswer>>,
    limits: Arc<OnceLimits>,
}

type OnceLimits = std::sync::OnceLock<Arc<ConnectionLimits>>;

impl Meshes {
    /// For `shards` shards.
    pub fn new(shards: u16) -> Self {
        Self {
            boot: MeshBuilder::new(shards, 1),
            data: MeshBuilder::new(shards, 1024),
            control: MeshBuilder::new(shards, 16),
            limits: Arc::default(),
        }
    }
}

/// A shard at work.
struct Node {
    at: shards::Shard,
    plan: Arc<Plan>,
    founded: Founded,
    partitions: Rc<Partitions>,
    ctx: Rc<Context>,
    /// Shard 0's, between the moment it took the address and the moment it serves.
    listener: RefCell<Option<Listener>>,
    server: OnceCell<Rc<Server>>,
    limits: Arc<OnceLimits>,
    controller: OnceCell<Rc<Controller>>,
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
        let result = lead(&node, &mut folder).await;
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
    let ctx = Context::new(
        at.id,
        shard.metrics.clone(),
        plan.memory.requests,
        Router::new(calls, at.count),
        control,
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

/// The process cannot keep its promises any more: nothing is acknowledged after this line.
async fn die(why: &str) -> ! {
    tracing::error!("ottla stops: {why}");
    process::abort(why).await
}

async fn lead(node: &Rc<Node>, folder: &mut Option<DataFolder>) -> Result<(), StartError> {
    let storage = StartError::Storage;
    // Before anything is opened: the commonest mistake is a second broker on the same port. Clients that come early
    // wait in this listener until it is served.
    let listener = node.listen().await?;
    let listen = listener.local_addr().map_err(|e| node.unlistenable(&e))?;
    let advertised = node.advertised(listen);
    node.listener.replace(Some(listener));
    tracing::debug!("listening on {listen}, opening the controller's partition");
    let shard = node.partitions.shard().clone();
    let found = node.partitions.take_recovered(driver::PARTITION);
    let config = Arc::new(driver::topic_config());
    let partition = Partition::open(
        shard,
        driver::PARTITION,
        driver::TOPIC.into(),
        config,
        found,
    )
    .await
    .map_err(|e| storage(format!("the controller's log: {e}")))?;
    tracing::debug!("the controller's partition is open");
    partition.serving().await;
    tracing::debug!("the controller's partition serves");
    node.partitions.insert(partition.clone());
    let empty = State::new(
        node.founded.cluster_id.clone(),
        node.founded.node,
        node.founded.fixed.clone(),
    );
    let controller = Controller::open(partition, empty, publisher(node))
        .await
        .map_err(storage)?;
    let _ = node.controller.set(controller.clone());
    tracing::debug!("the controller's state is here, opening all partitions");
    if let Some(folder) = folder {
        folder
            .establish()
            .await
            .map_err(|e| StartError::Folder(Arc::new(e)))?;
    }
    controller.begin().await.map_err(StartError::Storage)?;
    let endpoint = crate::metadata::Endpoint {
        host: advertised.host.clone(),
        port: advertised.port,
    };
    let endpoints = BTreeMap::from([("PLAINTEXT".to_owned(), endpoint)]);
    controller
        .submit(Command::RegisterBroker {
            id: node.founded.node,
            endpoints,
            rack: None,
        })
        .await;
    tracing::debug!("all partitions serve");
    let admin = node.admin().await?;
    node.tell_all(|| ControlCall::Serve(listen))
        .await
        .map_err(|why| StartError::Listen {
            address: listen.to_string(),
            why,
        })?;
    if let Some((admin, _)) = &admin {
        admin.set_readiness(Readiness::Ready);
    }
    tracing::info!(target: "ottla::start", "ready: Kafka clients connect to {advertised}, data in {}", node.plan.data.display());
    signal::terminated().await;
    if let Some((admin, _)) = &admin {
        admin.set_readiness(Readiness::Stopping);
    }
    Ok(())
}

/// The first address that `HOST:PORT` stands for.
async fn look_up(address: &str) -> std::io::Result<SocketAddr> {
    let wrong = || std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is not HOST:PORT");
    let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let found = net::resolve(host, port.parse().map_err(|_| wrong())?).await?;
    // IPv4 first: what is listened on is what clients are told, and some of them know nothing else.
    let first = found.iter().find(|a| a.is_ipv4()).or(found.first());
    first
        .copied()
        .ok_or_else(|| std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address"))
}

fn publisher(node: &Rc<Node>) -> Publish {
    let node = Rc::downgrade(node);
    Box::new(move |image, step| {
        let node = node.upgrade();
        Box::pin(async move {
            let Some(node) = node else {
                return Err("the broker is stopping".into());
            };
            node.publish(image, step).await
        })
    })
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
            ControlCall::Metrics => ControlAnswer::Metrics(Box::new(self.snapshot())),
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

    fn snapshot(&self) -> Snapshot {
        let (metrics, cache) = (
            &self.ctx.metrics,
            self.partitions.shard().store.cache().stats(),
        );
        metrics.cache_bytes.set(cache.used as i64);
        metrics
            .cache_hits
            .add(cache.hits - metrics.cache_hits.get());
        metrics
            .cache_misses
            .add(cache.misses - metrics.cache_misses.get());
        metrics.snapshot()
    }

    async fn publish(&self, image: Arc<Image>, step: Step) -> Published {
        let mut pending = Vec::new();
        for shard in 0..self.at.count {
            let call = match step {
                Step::Reconcile => ControlCall::Reconcile(image.clone()),
                Step::Install => ControlCall::Install(image.clone()),
            };
            let stopping = |_| "the broker is stopping".to_owned();
            pending.push(
                self.ctx
                    .control
                    .start(ShardId(shard), call)
                    .await
                    .map_err(stopping)?,
            );
        }
        let mut opened = Vec::new();
        for answer in pending {
            match answer.await {
                Ok(ControlAnswer::Reconcile(ids)) => opened.extend(ids?),
                Ok(ControlAnswer::Done(done)) => done?,
                _ => return Err("a shard did not answer".into()),
            }
        }
        Ok(opened)
    }

    async fn tell_all(&self, call: impl Fn() -> ControlCall) -> Result<(), String> {
        for shard in 0..self.at.count {
            match self.ctx.control.call(ShardId(shard), call()).await {
                Ok(ControlAnswer::Done(done)) => done?,
                _ => return Err(format!("shard {shard} did not answer")),
            }
        }
        Ok(())
    }

    /// Takes the address for this process. Shards share it (SO_REUSEPORT), and so could another broker of the same user:
    /// whether anybody answers there has to be asked.
    async fn listen(&self) -> Result<Listener, StartError> {
        let failed = |e: std::io::Error| self.unlistenable(&e);
        let address = look_up(&self.plan.listen).await.map_err(failed)?;
        let answers = time::timeout(PROBE_WITHIN, Stream::connect(address)).await;
        if address.port() != 0 && matches!(answers, Ok(Ok(_))) {
            return Err(self.unlistenable(&std::io::Error::from(std::io::ErrorKind::AddrInUse)));
        }
        Listener::bind(address, true).map_err(failed)
    }

    /// What clients are told.
    fn advertised(&self, listen: SocketAddr) -> Endpoint {
        self.plan.advertise.clone().unwrap_or_else(|| {
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

    fn unlistenable(&self, error: &std::io::Error) -> StartError {
        StartError::Listen {
            address: self.plan.listen.clone(),
            why: error.to_string(),
        }
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

    async fn admin(&self) -> Result<Option<(Rc<Admin>, task::Task<()>)>, StartError> {
        let Some(address) = &self.plan.admin else {
            return Ok(None);
        };
        let refused = |e: std::io::Error| StartError::Listen {
            address: address.clone(),
            why: e.to_string(),
        };
        let listener =
            Listener::bind(look_up(address).await.map_err(refused)?, false).map_err(refused)?;
        let ctx = self.ctx.clone();
        let admin = Admin::new(move || {
            let ctx = ctx.clone();
            Box::pin(async move { ctx.gather_metrics().await })
        });
        let serving = admin.serve(listener);
        Ok(Some((admin, serving)))
    }

    async fn stop(&self) {
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
        self.stopped.notify_all();
    }

    async fn stop_all(&self) {
        // The other shards first: shard 0 answers for the process.
        let mut pending = Vec::new();
        for shard in (0..self.at.count).rev() {
            pending.extend(
                self.ctx
                    .control
                    .start(ShardId(shard), ControlCall::Stop)
                    .await,
            );
        }
        for answer in pending {
            let _ = answer.await;
        }
    }
}
