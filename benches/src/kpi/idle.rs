//! P14: what it costs to do nothing.

use std::io;
use std::net::TcpStream;
use std::time::Duration;

use super::stage::{Shape, Stage, USUAL, rest};
use crate::load::prepare;

const LENGTH: Duration = Duration::from_secs(15);
const SETTLE: Duration = Duration::from_secs(5);
const CONNECTIONS: usize = 2000;

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
    let connect = |_| TcpStream::connect(node.address());
    let connections: Vec<TcpStream> = (0..CONNECTIONS).map(connect).collect::<io::Result<_>>()?;
    let held = rest(&node, Duration::from_secs(2))?.resident;
    let each = (held as f64 - empty.resident as f64) / 1024.0 / connections.len() as f64;
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
        each,
    ])
}
