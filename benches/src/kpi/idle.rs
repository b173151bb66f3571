//! P14: what it costs to do nothing.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::stage::{Shape, Stage, USUAL, rest};
use crate::load::prepare;

const LENGTH: Duration = Duration::from_secs(15);
const SETTLE: Duration = Duration::from_secs(5);
const CONNECTIONS: usize = 10_000;
/// Open files that this program needs besides, when there are not enough for all connections.
const SPARE: usize = 32;

/// As many connections as there should be, or as the system allows.
fn connect(address: SocketAddr) -> Vec<TcpStream> {
    let mut connections = Vec::with_capacity(CONNECTIONS);
    while connections.len() < CONNECTIONS {
        match TcpStream::connect(address) {
            Ok(connection) => connections.push(connection),
            Err(why) => {
                eprintln!("P14: {} connections, then: {why}", connections.len());
                // Looking at the broker takes files, too.
                connections.truncate(connections.len().saturating_sub(SPARE));
                break;
            }
        }
    }
    connections
}

/// Has the other side kept it?
fn is_open(connection: &TcpStream) -> bool {
    let silent = connection
        .set_nonblocking(true)
        .and_then(|()| connection.peek(&mut [0]));
    silent.is_err_and(|e| e.kind() == io::ErrorKind::WouldBlock)
}

/// P14.
pub fn idle(stage: &Stage) -> io::Result<Vec<f64>> {
    let cold = Stage {
        jvm_warmup: 0.0,
        ..stage.clone()
    };
    let percent = |cpu: Duration| 100.0 * cpu.as_secs_f64() / LENGTH.as_secs_f64();
    let node = cold.node_for_many()?;
    let _ = rest(&node, SETTLE)?;
    let empty = rest(&node, LENGTH)?;
    let connections = connect(node.address());
    let full_house = rest(&node, SETTLE)?.resident;
    let held = connections.iter().filter(|c| is_open(c)).count();
    let each = (full_house as f64 - empty.resident as f64) / 1024.0 / held as f64;
    drop(connections);
    let shape = Shape {
        partitions: 5000,
        ..USUAL
    };
    prepare(&cold.setup(&node, &shape, "p14")?)?;
    let _ = rest(&node, SETTLE)?;
    let full = rest(&node, LENGTH)?;
    Ok(vec![
        empty.resident as f64 / 1e6,
        percent(empty.cpu()),
        percent(full.cpu()),
        empty.written as f64 / LENGTH.as_secs_f64(),
        held as f64,
        each,
    ])
}
