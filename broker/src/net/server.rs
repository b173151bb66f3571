//! Accepts connections on one shard and looks after them to the end.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ottla_runtime::net::{Listener, Stream};
use ottla_runtime::sync::Notify;
use ottla_runtime::task::{self, Share, Task};
use ottla_runtime::time;

use super::budget::Budget;
use super::connection::{self, End};
use super::limits::ConnectionLimits;
use super::registry::{Kill, Registry};
use super::requests::Requests;
use crate::api::{ConnInfo, Context, Endpoint, Fault};

/// After a failed accept (usually too many open files) the next try waits this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long killed connections get to go.
const LAST_WAIT: Duration = Duration::from_millis(100);

/// Settings of one shard's connections.
#[derive(Clone, Debug)]
pub struct Options {
    /// Largest request in bytes (`socket.request.max.bytes`).
    pub max_request: usize,
    /// Bytes of requests held at once; see the budget's doc for what comes on top.
    pub request_memory: usize,
    /// `connections.max.idle.ms`.
    pub max_idle: Duration,
    /// What clients are told to connect to.
    pub advertised: Endpoint,
}

/// One shard's connections. Lives on: every shard.
pub struct Server<R = Rc<Context>> {
    requests: R,
    options: Options,
    advertised: Rc<Endpoint>,
    budget: Budget,
    limits: Arc<ConnectionLimits>,
    registry: Rc<Registry>,
    accepting: RefCell<Vec<Task<()>>>,
    is_refusing: Cell<bool>,
    is_stopping: Cell<bool>,
    stop: Notify,
}

impl<R: Requests> Server<R> {
    /// Serves nothing until [`Server::listen`]. `limits` is the same for all shards of the node.
    pub fn new(requests: R, options: Options, limits: Arc<ConnectionLimits>) -> Rc<Self> {
        let budget = Budget::new(
            options.request_memory,
            options.max_request,
            requests.metrics().clone(),
        );
        Rc::new(Server {
            requests,
            advertised: Rc::new(options.advertised.clone()),
            budget,
            limits,
            registry: Registry::new(options.max_idle),
            options,
            accepting: RefCell::default(),
            is_refusing: Cell::new(false),
            is_stopping: Cell::new(false),
            stop: Notify::new(),
        })
    }

    /// Accepts connections of `listener` from now on.
    pub fn listen(self: &Rc<Self>, listener: Listener) {
        let server = self.clone();
        let accepting = task::spawn(Share::Foreground, async move {
            let mut failing = false;
            loop {
                match listener.accept().await {
                    Ok(stream) => {
                        failing = false;
                        server.start(stream);
                    }
                    Err(error) => {
                        // Once for each time that it begins: it may go on for as long as files are short.
                        if !std::mem::replace(&mut failing, true) {
                            tracing::warn!(
                                "cannot accept connections (more open files may have to be allowed): {error}"
                            );
                        }
                        time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        });
        self.accepting.borrow_mut().push(accepting);
    }

    /// Stops accepting and reading, lets what runs finish for at most `within`, then closes everything.
    pub async fn stop(&self, within: Duration) {
        self.accepting.borrow_mut().clear();
        self.is_stopping.set(true);
        self.stop.notify_all();
        if time::timeout(within, self.registry.emptied())
            .await
            .is_err()
        {
            self.registry.kill_all(Kill::Stopping);
            if time::timeout(LAST_WAIT, self.registry.emptied())
                .await
                .is_err()
            {
                tracing::debug!("{} connections did not close in time", self.registry.open());
            }
        }
    }

    /// Resolves when [`Server::stop`] was called.
    pub(super) async fn stopping(&self) {
        loop {
            let notified = self.stop.notified();
            if self.is_stopping.get() {
                return;
            }
            notified.await;
        }
    }

    pub(super) fn requests(&self) -> &R {
        &self.requests
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    pub(super) fn budget(&self) -> Budget {
        self.budget.clone()
    }

    fn start(self: &Rc<Self>, stream: Stream) {
        // A connection that is gone already has no address; there is nobody to serve then.
        let Ok(peer) = stream.peer_addr() else { return };
        let metrics = self.requests.metrics();
        let admitted = match self.limits.admit(peer.ip()) {
            Ok(admitted) => admitted,
            Err(setting) => {
                metrics.connections_refused.inc();
                // Once for each time that it begins: clients try again and again.
                if self.is_refusing.replace(true) {
                    return;
                }
                tracing::warn!("refusing the connection of {peer}: {setting} is reached");
                return;
            }
        };
        self.is_refusing.set(false);
        metrics.connections_accepted.inc();
        metrics.connections.add(1);
        let server = self.clone();
        let registered = self.registry.enter();
        let serving = async move {
            let conn = ConnInfo::new(registered.id(), peer, server.advertised.clone());
            let end = connection::run(&server, registered.entry(), &conn, stream).await;
            server.ended(&conn, &end);
            server.requests.ended(&conn);
            drop((registered, admitted));
        };
        task::spawn(Share::Foreground, serving).detach();
    }

    fn ended(&self, conn: &ConnInfo, end: &End) {
        let metrics = self.requests.metrics();
        metrics.connections.add(-1);
        let peer = conn.peer;
        match end {
            End::Request(close) if close.fault() == Fault::Us => {
                tracing::error!("closing the connection of {peer}: {end}");
            }
            end if end.is_faulty() => {
                metrics.connections_faulty.inc();
                tracing::warn!("closing the connection of {peer}: {end}");
            }
            End::Killed(Kill::Idle) => {
                metrics.connections_idle_closed.inc();
                tracing::debug!("closing the connection of {peer}: {end}");
            }
            _ => tracing::debug!("the connection of {peer} ended: {end}"),
        }
    }
}
