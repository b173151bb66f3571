//! Requests and replies between cores: one at a time (latency), and many under way (rate).

use std::rc::Rc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use ottla_benches::on_shards;
use ottla_runtime::mesh::{Calls, Envelope, MeshBuilder, Reply};
use ottla_runtime::shards::{Shard, ShardId};
use ottla_runtime::time;

/// `rounds` times, `width` calls at once from shard 0 to the last one; the time that shard 0 took.
fn calls(shards: u16, rounds: u64, width: usize) -> Duration {
    let mesh = MeshBuilder::<Envelope<u64, u64>>::new(shards, 1024);
    let done = MeshBuilder::<()>::new(shards, 8);
    on_shards(usize::from(shards), move |me: Shard| {
        let (mesh, done) = (mesh.clone(), done.clone());
        async move {
            let handler = Rc::new(|_: ShardId, n: u64, reply: Reply<u64>| reply.send(n + 1));
            let calls = Calls::join(mesh, me.id, handler).await;
            let (finished, mut rings) = done.join(me.id).await;
            if me.id != ShardId(0) {
                // Serves until shard 0 is done.
                rings[0].recv().await;
                return Duration::ZERO;
            }
            let began = time::now();
            for _ in 0..rounds {
                let mut pending = Vec::with_capacity(width);
                for n in 0..width as u64 {
                    pending.push(
                        calls
                            .start(ShardId(shards - 1), n)
                            .await
                            .expect("the shard is there"),
                    );
                }
                for answer in pending {
                    answer.await.expect("an answer");
                }
            }
            let took = began.elapsed();
            for other in 1..shards {
                let _ = finished.send(ShardId(other), ()).await;
            }
            took
        }
    })
}

fn mesh(c: &mut Criterion) {
    for (name, shards, width) in [
        ("call on the same core", 1, 1),
        ("call to another core", 2, 1),
        ("64 calls to another core", 2, 64),
    ] {
        c.bench_function(name, |b| {
            b.iter_custom(|rounds| calls(shards, rounds, width))
        });
    }
}

criterion_group!(benches, mesh);
criterion_main!(benches);
