//! What concerns the whole process: idleness and signals. One test, so that nothing runs beside it.

use std::{rc::Rc, time::Duration};

use ottla_runtime::{
    mesh::{Calls, MeshBuilder, Reply},
    shards::{self, Config, Cores, ShardId},
    signal, time,
};

/// CPU time of this process so far, in clock ticks (10 ms).
fn cpu_ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// Resident memory of this process in KiB.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn idle_shards_cost_nothing_wake_each_other_and_hear_signals() {
    let mesh = MeshBuilder::new(2, 16);
    let config = Config {
        cores: Cores::Count(2),
        ..Config::default()
    };
    let results = shards::run(config, move |shard| {
        let mesh = mesh.clone();
        async move {
            let handler = |_: ShardId, request: u64, reply: Reply<u64>| reply.send(request + 1);
            let calls = Calls::join(mesh, shard.id, Rc::new(handler)).await;
            time::sleep(Duration::from_millis(200)).await;
            if shard.id == ShardId(0) {
                let before = cpu_ticks();
                time::sleep(Duration::from_secs(3)).await;
                let (ticks, memory) = (cpu_ticks() - before, resident_kib());
                println!("idle for 3 s: {ticks} ticks of CPU, {memory} KiB resident");
                assert!(ticks <= 3, "{ticks} ticks");
                assert!(memory < 20 << 10, "{memory} KiB");
                // The other shard sleeps in the kernel; the call wakes it.
                assert_eq!(calls.call(ShardId(1), 1).await, Ok(2));
                let raised = std::process::Command::new("kill")
                    .arg(std::process::id().to_string())
                    .status();
                time::sleep(Duration::from_millis(100)).await;
                assert!(raised.unwrap().success());
            }
            signal::terminated().await;
            shard.id.0
        }
    });
    assert_eq!(results.unwrap(), [0, 1]);
}
