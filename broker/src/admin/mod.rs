//! The admin address: Prometheus metrics, `/live` and `/ready` over HTTP.
//!
//! | path | answer |
//! |---|---|
//! | `/metrics` | 200, all shards' readings added up, in Prometheus' text format |
//! | `/live` | 200 as long as the process serves this address |
//! | `/ready` | 200 while requests of clients are served; 503 before boot is done and while stopping |
//!
//! Any other path is 404, any other method than GET 405. Each connection is for one request: this is for probes and scrapers, so the
//! code that reads it is small enough to be sure of.

mod http;

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use ottla_runtime::net::{Listener, Stream};
use ottla_runtime::task::{self, Share, Task};
use ottla_runtime::time;

use crate::metrics::{self, Snapshot};
use http::{Parsed, Response};

/// Largest request head in bytes.
const MAX_REQUEST: usize = 8 * 1024;
/// A request must have come, and its answer must have been taken, within this time each.
const PATIENCE: Duration = Duration::from_secs(5);
/// After its answer a client gets this long to close.
const LINGER: Duration = Duration::from_millis(500);
/// Connections served at once; more are closed.
const MOST: u32 = 64;
/// After a failed accept the next try waits this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What `/ready` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Boot is not done: journals are replayed, partitions opened.
    Starting,
    /// Requests are served.
    Ready,
    /// A stop was asked for.
    Stopping,
}

/// The readings of every shard, when they have come.
pub type Gathered = Pin<Box<dyn Future<Output = Vec<Snapshot>>>>;

/// Serves the admin address. Lives on: shard 0.
pub struct Admin {
    readiness: Cell<Readiness>,
    gather: Box<dyn Fn() -> Gathered>,
    open: Cell<u32>,
}

impl Admin {
    /// `gather` asks all shards for their readings. Nothing is served until [`Admin::serve`].
    pub fn new(gather: impl Fn() -> Gathered + 'static) -> Rc<Admin> {
        Rc::new(Admin {
            readiness: Cell::new(Readiness::Starting),
            gather: Box::new(gather),
            open: Cell::new(0),
        })
    }

    /// What `/ready` is to say from now on.
    pub fn set_readiness(&self, readiness: Readiness) {
        self.readiness.set(readiness);
    }

    /// Serves connections of `listener` until the result is dropped.
    pub fn serve(self: &Rc<Self>, listener: Listener) -> Task<()> {
        let admin = self.clone();
        task::spawn(Share::Background, async move {
            loop {
                match listener.accept().await {
                    Ok(stream) if admin.open.get() < MOST => {
                        let open = Open::new(admin.clone());
                        let serving = async move { open.0.connection(stream).await };
                        task::spawn(Share::Background, serving).detach();
                    }
                    Ok(_) => tracing::debug!(
                        "closing a connection to the admin address: {MOST} are open"
                    ),
                    Err(error) => {
                        tracing::debug!("cannot accept connections to the admin address: {error}");
                        time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        })
    }

    async fn connection(&self, stream: Stream) {
        let (mut read, mut write) = stream.split();
        let request = async {
            let mut head = Vec::with_capacity(1024);
            let mut some = [0; 1024];
            loop {
                // What is beyond the limit does not count, even if it came in the same piece.
                match http::parse(head.get(..MAX_REQUEST).unwrap_or(&head)) {
                    Parsed::Partial if head.len() < MAX_REQUEST => {}
                    Parsed::Partial => return Some(Parsed::TooLarge),
                    parsed => return Some(parsed),
                }
                match read.read(&mut some).await {
                    Ok(0) | Err(_) => return None,
                    Ok(n) => head.extend_from_slice(some.get(..n)?),
                }
            }
        };
        let Ok(Some(request)) = time::timeout(PATIENCE, request).await else {
            return;
        };
        let response = Bytes::from(self.answer(request).await.encode());
        let sent = async {
            write.write_all(&response).await?;
            write.shutdown().await
        };
        if let Ok(Err(error)) = time::timeout(PATIENCE, sent).await {
            tracing::debug!("an admin client went away: {error}");
        }
        // Closing with bytes unread would be a reset, which can overtake the answer.
        let rest = async { while matches!(read.read(&mut [0; 1024]).await, Ok(1..)) {} };
        let _ = time::timeout(LINGER, rest).await;
    }

    async fn answer(&self, request: Parsed) -> Response {
        let (method, path) = match request {
            Parsed::Request { method, path } => (method, path),
            Parsed::TooLarge => {
                return Response::text(431, "the request head is larger than 8 KiB\n");
            }
            Parsed::Partial | Parsed::Bad => {
                return Response::text(400, "this is not an HTTP/1 request\n");
            }
        };
        let known = matches!(path.as_str(), "/metrics" | "/live" | "/ready");
        match (known, method.as_str(), path.as_str()) {
            (false, ..) => Response::text(404, "there are /metrics, /live and /ready\n"),
            (_, "GET", "/metrics") => self.metrics().await,
            (_, "GET", "/live") => Response::text(200, "live\n"),
            (_, "GET", _) => match self.readiness.get() {
                Readiness::Ready => Response::text(200, "ready\n"),
                Readiness::Starting => Response::text(503, "starting\n"),
                Readiness::Stopping => Response::text(503, "stopping\n"),
            },
            _ => Response::text(405, "only GET is served\n"),
        }
    }

    async fn metrics(&self) -> Response {
        let mut sum = Snapshot::default();
        for snapshot in (self.gather)().await {
            sum.merge(snapshot);
        }
        Response {
            status: 200,
            content_type: metrics::CONTENT_TYPE,
            body: metrics::render(&sum),
        }
    }
}

/// Counts one connection while it lives.
struct Open(Rc<Admin>);

impl Open {
    fn new(admin: Rc<Admin>) -> Open {
        admin.open.set(admin.open.get() + 1);
        Open(admin)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
    }
}

#[cfg(test)]
mod tests;
