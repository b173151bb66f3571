//! Links that are cut, connections that die.

use std::{io::ErrorKind, net::SocketAddr, time::Duration};

use ottla_runtime::{
    net::{Listener, Stream},
    shards::ShardId,
    sim::{CrashKind, NetOptions, NodeId, Options, Simulation},
    task::{self, Share},
    time,
};

use crate::LONG;

const PORT: u16 = 9092;

/// Two nodes; the first echoes on its port.
fn echo_world(seed: u64, net: NetOptions) -> (Simulation, NodeId, NodeId, SocketAddr) {
    let sim = Simulation::new(
        seed,
        Options {
            net,
            ..Options::default()
        },
    );
    let (server, client) = (sim.node(1), sim.node(1));
    let addr = SocketAddr::new(sim.ip(server), PORT);
    serve(&sim, server, addr);
    sim.run_for(Duration::from_millis(1));
    (sim, server, client, addr)
}

fn serve(sim: &Simulation, server: NodeId, addr: SocketAddr) {
    sim.spawn(server, ShardId(0), async move {
        let listener = Listener::bind(addr, false).unwrap();
        loop {
            let (mut read, mut write) = listener.accept().await.unwrap().split();
            let echo = async move {
                let mut buf = [0; 100];
                while let Ok(n @ 1..) = read.read(&mut buf).await {
                    if write.write_all(&buf[..n]).await.is_err() {
                        return;
                    }
                }
            };
            task::spawn(Share::Foreground, echo).detach();
        }
    })
    .detach();
}

async fn ping(stream: Stream) -> std::io::Result<Duration> {
    let start = time::now();
    let (mut read, mut write) = stream.split();
    write.write_all(b"ping").await?;
    read.read_exact(&mut [0; 4]).await?;
    Ok(start.elapsed())
}

#[test]
fn a_cut_link_delays_until_it_heals() {
    let (sim, server, client, addr) = echo_world(1, NetOptions::default());
    let stream = sim
        .block_on(client, LONG, Stream::connect(addr))
        .unwrap()
        .unwrap();
    // One direction is enough to keep the answer away.
    sim.cut(server, client);
    let waiting = sim.spawn(client, ShardId(0), ping(stream));
    sim.run_for(Duration::from_secs(5));
    sim.heal(server, client);
    let took = sim.block_on(client, LONG, waiting).unwrap().unwrap();
    assert!(took > Duration::from_secs(5));

    sim.cut(client, server);
    let early = sim.block_on(client, Duration::from_secs(5), Stream::connect(addr));
    assert!(early.is_none());
    sim.heal_all();
    let stream = sim
        .block_on(client, LONG, Stream::connect(addr))
        .unwrap()
        .unwrap();
    sim.block_on(client, LONG, ping(stream)).unwrap().unwrap();
}

#[test]
fn resets_reach_both_sides() {
    let (sim, server, client, addr) = echo_world(2, NetOptions::default());
    let stream = sim
        .block_on(client, LONG, Stream::connect(addr))
        .unwrap()
        .unwrap();
    sim.reset_connections(client, server);
    assert!(sim.block_on(client, LONG, ping(stream)).unwrap().is_err());
    // The server goes on.
    let stream = sim
        .block_on(client, LONG, Stream::connect(addr))
        .unwrap()
        .unwrap();
    sim.block_on(client, LONG, ping(stream)).unwrap().unwrap();
}

#[test]
fn random_resets_happen() {
    let (sim, _, client, addr) = echo_world(
        3,
        NetOptions {
            resets: 0.05,
            ..NetOptions::default()
        },
    );
    let failed = (0..100).filter(|_| {
        let tried = sim.block_on(client, LONG, async move {
            ping(Stream::connect(addr).await?).await
        });
        tried.unwrap().is_err()
    });
    assert!((2..30).contains(&failed.count()));
}

#[test]
fn a_killed_server_resets_and_one_without_power_is_silent() {
    let (sim, server, client, addr) = echo_world(4, NetOptions::default());
    let stream = sim
        .block_on(client, LONG, Stream::connect(addr))
        .unwrap()
        .unwrap();
    sim.crash(server, CrashKind::Process);
    assert!(sim.block_on(client, LONG, ping(stream)).unwrap().is_err());
    let refused = sim.block_on(client, LONG, Stream::connect(addr)).unwrap();
    assert_eq!(
        refused.map(drop).unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );

    sim.restart(server);
    serve(&sim, server, addr);
    sim.run_for(Duration::from_millis(1));
    let stream = sim
        .block_on(client, LONG, Stream::connect(addr))
        .unwrap()
        .unwrap();
    sim.crash(server, CrashKind::Power);
    let silent = sim.block_on(client, Duration::from_secs(60), ping(stream));
    assert!(silent.is_none(), "nobody answers, not even with a reset");
    let timeout = sim.block_on(client, LONG, Stream::connect(addr)).unwrap();
    assert_eq!(timeout.map(drop).unwrap_err().kind(), ErrorKind::TimedOut);

    // Once it is up again, what reaches it from before is answered with a reset.
    sim.restart(server);
    let stream = sim.block_on(client, LONG, Stream::connect(addr)).unwrap();
    assert_eq!(
        stream.map(drop).unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
}

#[test]
fn nodes_have_their_own_ports() {
    let sim = Simulation::new(5, Options::default());
    for _ in 0..2 {
        let node = sim.node(1);
        let bound = sim.block_on(node, LONG, async {
            Listener::bind(([0, 0, 0, 0], PORT).into(), false)
        });
        let listener = bound.unwrap().unwrap();
        assert_eq!(
            listener.local_addr().unwrap(),
            SocketAddr::new(sim.ip(node), PORT)
        );
        let elsewhere = SocketAddr::new([10, 9, 9, 9].into(), PORT);
        let foreign = sim
            .block_on(node, LONG, async move { Listener::bind(elsewhere, false) })
            .unwrap();
        assert_eq!(
            foreign.map(drop).unwrap_err().kind(),
            ErrorKind::AddrNotAvailable
        );
        std::mem::forget(listener);
    }
}
