//! One seed, one history.

use std::{cell::RefCell, collections::BTreeSet, net::SocketAddr, rc::Rc, time::Duration};

use ottla_runtime::{
    fs::{self, Buf, File, OpenOptions},
    mesh::{Calls, MeshBuilder, Reply},
    net::{Listener, Stream},
    rand,
    shards::{Shard, ShardId},
    sim::{CrashKind, Options, Simulation},
    task::{self, Share},
    time,
};

/// A bit of everything: files, sockets, calls, timers, a crash. Returns the trace and what was seen.
fn history(seed: u64) -> (u64, u64, Vec<u64>) {
    let sim = Simulation::new(seed, Options::swarm(seed));
    let (server, client) = (sim.node(2), sim.node(1));
    let addr = SocketAddr::new(sim.ip(server), 1_000);
    let mesh = MeshBuilder::new(2, 2);
    sim.start(server, move |shard| serve(shard, mesh.clone(), addr));
    let seen = Rc::new(RefCell::new(Vec::new()));
    for _ in 0..3 {
        sim.spawn(client, ShardId(0), ask(addr, seen.clone()))
            .detach();
    }
    sim.run_for(Duration::from_secs(2));
    sim.crash(server, CrashKind::Power);
    sim.run_for(Duration::from_secs(1));
    let seen = seen.borrow().clone();
    (sim.trace_hash(), sim.steps(), seen)
}

async fn serve(
    shard: Shard,
    mesh: MeshBuilder<ottla_runtime::mesh::Envelope<u64, u64>>,
    addr: SocketAddr,
) {
    let handler = |_: ShardId, request: u64, reply: Reply<u64>| reply.send(request ^ rand::u64());
    let calls = Calls::join(mesh, shard.id, Rc::new(handler)).await;
    let dir = format!("/data/{}", shard.id);
    fs::create_dir_all(&dir).await.unwrap();
    let file = File::open(format!("{dir}/log"), &OpenOptions::new_file().dsync())
        .await
        .unwrap();
    let file = Rc::new(file);
    let listener = Listener::bind(addr, true).unwrap();
    loop {
        let (mut read, mut write) = listener.accept().await.unwrap().split();
        let (calls, file) = (calls.clone(), file.clone());
        task::spawn(Share::Foreground, async move {
            let mut request = [0; 8];
            while read.read_exact(&mut request).await.is_ok() {
                let other = ShardId(1 - shard.id.0);
                let Ok(answer) = calls.call(other, u64::from_le_bytes(request)).await else {
                    return;
                };
                file.write_at(Buf::from(&answer.to_le_bytes()[..]), answer % 10_000)
                    .await
                    .unwrap();
                if write.write_all(&answer.to_le_bytes()).await.is_err() {
                    return;
                }
            }
        })
        .detach();
    }
}

async fn ask(addr: SocketAddr, seen: Rc<RefCell<Vec<u64>>>) {
    loop {
        time::sleep(Duration::from_millis(rand::below(20))).await;
        let Ok(stream) = Stream::connect(addr).await else {
            continue;
        };
        let (mut read, mut write) = stream.split();
        let mut answer = [0; 8];
        while write.write_all(&rand::u64().to_le_bytes()).await.is_ok() {
            if read.read_exact(&mut answer).await.is_err() {
                break;
            }
            seen.borrow_mut().push(u64::from_le_bytes(answer));
        }
    }
}

#[test]
fn a_seed_run_twice_makes_the_same_history() {
    let mut hashes = BTreeSet::new();
    for seed in 0..30 {
        let (first, second) = (history(seed), history(seed));
        assert_eq!(first, second, "seed {seed}");
        assert!(!first.2.is_empty(), "seed {seed}: nothing happened");
        hashes.insert(first.0);
    }
    assert_eq!(hashes.len(), 30, "different seeds make different histories");
}

#[test]
fn worlds_of_a_swarm_differ() {
    let worlds: Vec<Options> = (0..20).map(Options::swarm).collect();
    assert_eq!(worlds, (0..20).map(Options::swarm).collect::<Vec<_>>());
    assert!(worlds.windows(2).all(|pair| pair[0] != pair[1]));
    assert!(
        worlds.iter().any(|world| world.net.resets > 0.0)
            && worlds.iter().any(|world| world.net.resets == 0.0)
    );
}
