//! What shard 0 does for all of them: the address, the controller, the images that every shard answers from, the stop.

use core::net::SocketAddr;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ottla_runtime::net::{self, Listener, Stream};
use ottla_runtime::shards::ShardId;
use ottla_runtime::task::Task;
use ottla_runtime::{signal, time};

use super::StartError;
use super::identity::DataFolder;
use super::node::Node;
use crate::admin::{Admin, Readiness};
use crate::controller::calls::{ControlAnswer, ControlCall};
use crate::controller::driver::{self, Controller, Publish, Published, Step};
use crate::controller::{Command, State};
use crate::metadata::{Endpoint, Image};
use crate::partition::Partition;

/// How long a broker that has the address may take to answer.
const PROBE_WITHIN: Duration = Duration::from_millis(200);

/// Opens what the others wait for, has them serve, and returns when the process is told to end.
pub(super) async fn lead(
    node: &Rc<Node>,
    folder: &mut Option<DataFolder>,
) -> Result<(), StartError> {
    // Before anything is opened: the commonest mistake is a second broker on the same port. Clients that come early
    // wait in this listener until it is served.
    let listener = node.listen().await?;
    let listen = listener.local_addr().map_err(|e| node.unlistenable(&e))?;
    let advertised = node.advertised(listen);
    node.listener.replace(Some(listener));
    tracing::debug!("listening on {listen}, opening the controller's partition");
    let controller = open_controller(node).await.map_err(StartError::Storage)?;
    let _ = node.controller.set(controller.clone());
    tracing::debug!("the controller's state is here, opening all partitions");
    controller.begin().await.map_err(StartError::Storage)?;
    // Every shard has answered, so every journal is there; nobody has been served yet. Earlier, a kill could come between
    // this and another shard's journal, and the next start would take that for a loss.
    if let Some(folder) = folder {
        folder
            .establish()
            .await
            .map_err(|e| StartError::Folder(Arc::new(e)))?;
    }
    let endpoint = Endpoint {
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

/// The controller, from its partition's log; nothing is published yet.
async fn open_controller(node: &Rc<Node>) -> Result<Rc<Controller>, String> {
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
    .map_err(|e| format!("the controller's log: {e}"))?;
    tracing::debug!("the controller's partition is open");
    partition.serving().await;
    tracing::debug!("the controller's partition serves");
    node.partitions.insert(partition.clone());
    let empty = State::new(
        node.founded.cluster_id.clone(),
        node.founded.node,
        node.founded.fixed.clone(),
    );
    Controller::open(partition, empty, publisher(node), node.plan.snapshot_every).await
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
    /// Ends when every shard has answered, also when one has failed: the next change must not overtake this one anywhere.
    async fn publish(&self, image: Arc<Image>, step: Step) -> Published {
        let mut pending = Vec::new();
        let mut failed = None;
        for shard in 0..self.at.count {
            let call = match step {
                Step::Reconcile => ControlCall::Reconcile(image.clone()),
                Step::Install => ControlCall::Install(image.clone()),
            };
            match self.ctx.control.start(ShardId(shard), call).await {
                Ok(answer) => pending.push(answer),
                Err(_) => failed = Some("the broker is stopping".to_owned()),
            }
        }
        let mut opened = Vec::new();
        for answer in pending {
            match answer.await {
                Ok(ControlAnswer::Reconcile(Ok(ids))) => opened.extend(ids),
                Ok(ControlAnswer::Done(Ok(()))) => {}
                Ok(ControlAnswer::Reconcile(Err(why)) | ControlAnswer::Done(Err(why))) => {
                    failed = Some(why);
                }
                _ => failed = Some("a shard did not answer".to_owned()),
            }
        }
        failed.map_or(Ok(opened), Err)
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

    fn unlistenable(&self, error: &std::io::Error) -> StartError {
        StartError::Listen {
            address: self.plan.listen.clone(),
            why: error.to_string(),
        }
    }

    async fn admin(&self) -> Result<Option<(Rc<Admin>, Task<()>)>, StartError> {
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

    /// The end of every shard, this one last.
    pub(super) async fn stop_all(&self) {
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
