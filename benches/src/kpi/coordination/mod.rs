//! C1 to C3: what the coordinators do - commits of offsets, groups of many members, transactions. Blocking clients, a thread each.

mod commits;
mod members;
mod transactions;

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::find_coordinator::FindCoordinatorRequest;

pub use commits::commits;
pub use members::members;
pub use transactions::transactions;

use super::stage::Stage;
use crate::process::node::Node;
use crate::wire::cluster::Cluster;

/// Clients of C1 and C3; each has one request under way.
const CLIENTS: usize = 32;
/// A coordinator that does not answer by then will not.
const PATIENCE: Duration = Duration::from_secs(60);
/// Kafka's numbers of what has a coordinator.
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;

fn refused(what: &str, code: ErrorCode) -> io::Error {
    io::Error::other(format!("{what}: {code}: {}", code.message()))
}

/// Asks again while the coordinator says that it is not ready.
fn patiently(what: &str, mut ask: impl FnMut() -> io::Result<ErrorCode>) -> io::Result<()> {
    let began = Instant::now();
    loop {
        match ask()? {
            code if !code.is_error() => return Ok(()),
            code if !code.retriable() || began.elapsed() > PATIENCE => {
                return Err(refused(what, code));
            }
            _ => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Returns when the coordinator of `key` is found, and so its topic is made.
fn found(cluster: &mut Cluster, key: &str, kind: i8) -> io::Result<()> {
    let ask = FindCoordinatorRequest {
        key_type: kind,
        coordinator_keys: vec![key.into()],
        ..Default::default()
    };
    patiently("FindCoordinator", || {
        cluster.call(&ask, |r| {
            let first = r.coordinators.first();
            first.map_or(ErrorCode::COORDINATOR_NOT_AVAILABLE, |c| c.error_code)
        })
    })
}

/// What one client does again and again.
type Turn = Box<dyn FnMut() -> io::Result<()> + Send>;

/// How often all clients together did it in a second, and the 99th percentile of how long one took, in ms. `prepare` makes the client of
/// that number; what is done in the first tenth of the time does not count, or while a JVM warms up.
fn rate(
    stage: &Stage,
    node: &Node,
    prepare: impl Fn(SocketAddr, usize) -> io::Result<Turn> + Sync,
) -> io::Result<[f64; 2]> {
    let warm = if node.is_jvm() { stage.jvm_warmup } else { 0.0 };
    let warm = Duration::from_secs_f64(warm + stage.seconds / 10.0);
    let length = Duration::from_secs_f64(stage.seconds);
    let address = node.address();
    let turns = (0..CLIENTS).map(|n| prepare(address, n));
    let turns = turns.collect::<io::Result<Vec<_>>>()?;
    let began = Instant::now();
    let client = |mut turn: Turn| {
        let mut took = Vec::new();
        while began.elapsed() < warm + length {
            let from = Instant::now();
            turn()?;
            if from - began >= warm {
                took.push(from.elapsed());
            }
        }
        Ok::<_, io::Error>(took)
    };
    let took = thread::scope(|scope| {
        let running: Vec<_> = turns
            .into_iter()
            .map(|t| scope.spawn(move || client(t)))
            .collect();
        let ended = running.into_iter().map(|r| {
            let panicked = |_| Err(io::Error::other("a client panicked"));
            r.join().unwrap_or_else(panicked)
        });
        ended.collect::<io::Result<Vec<_>>>()
    })?;
    let mut took: Vec<Duration> = took.into_iter().flatten().collect();
    took.sort_unstable();
    let slow = took.get(took.len() * 99 / 100).copied().unwrap_or_default();
    let rate = took.len() as f64 / length.as_secs_f64();
    Ok([rate, slow.as_secs_f64() * 1e3])
}
