//! Queues and calls between shards.

use std::{
    cell::RefCell,
    collections::VecDeque,
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use ottla_runtime::{
    mesh::{Calls, MeshBuilder, Reply, TrySend},
    shards::ShardId,
    sync::Closed,
    task::{self, Share},
    time,
};

/// One mesh per run of a test body: shared by the shards through a lock, found by the run's folder.
fn once<T: Clone + Send + 'static>(
    table: &Mutex<Vec<(u64, T)>>,
    run: u64,
    make: impl FnOnce() -> T,
) -> T {
    let mut table = table.lock().unwrap();
    if let Some((_, value)) = table.iter().find(|(key, _)| *key == run) {
        return value.clone();
    }
    let value = make();
    table.push((run, value.clone()));
    value
}

#[test]
fn messages_arrive_in_order_under_back_pressure() {
    const COUNT: u64 = 2_000;
    with_mesh::<(ShardId, u64), _, _>(3, 4, |mesh, me, _| async move {
        let (senders, receivers) = mesh.join(me).await;
        let receiving: Vec<_> = receivers
            .into_iter()
            .map(|mut receiver| {
                task::spawn(Share::Foreground, async move {
                    for i in 0..COUNT {
                        assert_eq!(receiver.recv().await, Some((receiver.from(), i)));
                    }
                    assert_eq!(receiver.recv().await, None);
                })
            })
            .collect();
        for i in 0..COUNT {
            for to in (0..senders.count()).map(ShardId) {
                senders.send(to, (me, i)).await.unwrap();
            }
        }
        drop(senders);
        for task in receiving {
            task.await;
        }
    });
}

#[test]
fn a_full_ring_refuses_and_a_closed_one_says_so() {
    with_mesh::<u64, _, _>(1, 2, |mesh, me, _| async move {
        let (senders, mut receivers) = mesh.join(me).await;
        senders.try_send(me, 1).unwrap();
        senders.try_send(me, 2).unwrap();
        assert_eq!(senders.try_send(me, 3), Err(TrySend::Full(3)));
        assert!(
            time::timeout(Duration::from_millis(1), senders.send(me, 3))
                .await
                .is_err()
        );
        assert_eq!(receivers[0].recv().await, Some(1));
        senders.try_send(me, 4).unwrap();
        receivers.clear();
        assert_eq!(senders.try_send(me, 5), Err(TrySend::Closed(5)));
        assert_eq!(senders.send(me, 5).await, Err(Closed));
    });
}

#[test]
fn senders_that_wait_are_served_in_order() {
    with_mesh::<u64, _, _>(1, 1, |mesh, me, _| async move {
        let (senders, mut receivers) = mesh.join(me).await;
        let senders = Rc::new(senders);
        senders.try_send(me, 0).unwrap();
        let mut tasks = Vec::new();
        for i in 1..20 {
            let theirs = senders.clone();
            let mut send = Box::pin(async move { theirs.send(me, i).await });
            assert!(futures_lite::future::poll_once(&mut send).await.is_none());
            tasks.push(task::spawn(Share::Foreground, send));
        }
        for i in 0..20 {
            assert_eq!(receivers[0].recv().await, Some(i));
        }
    });
}

type Service = Calls<u64, u64>;

#[test]
fn calls_are_handled_in_order_and_answered() {
    with_mesh(3, 4, |mesh, me, gate| async move {
        let seen: Rc<RefCell<Vec<Vec<u64>>>> = Rc::new(RefCell::new(vec![Vec::new(); 3]));
        let theirs = seen.clone();
        let handler = move |from: ShardId, request: u64, reply: Reply<u64>| {
            theirs.borrow_mut()[from.index()].push(request);
            reply.send(request * 10);
        };
        let calls = Service::join(mesh, me, Rc::new(handler)).await;
        for to in (0..calls.count()).map(ShardId) {
            let mut pending = VecDeque::new();
            for i in 0..300 {
                pending.push_back((i, calls.start(to, i).await.unwrap()));
            }
            for (i, answer) in pending {
                assert_eq!(answer.await, Ok(i * 10));
            }
        }
        gate.wait().await;
        for requests in seen.borrow().iter() {
            assert!(requests.iter().copied().eq(0..300));
        }
    });
}

#[test]
fn two_shards_that_flood_each_other_do_not_block() {
    with_mesh(2, 1, |mesh, me, gate| async move {
        let handler = |_: ShardId, request: u64, reply: Reply<u64>| reply.send(request + 1);
        let calls = Service::join(mesh, me, Rc::new(handler)).await;
        let other = ShardId(1 - me.0);
        let tasks: Vec<_> = (0..200)
            .map(|i| {
                let calls = calls.clone();
                task::spawn(Share::Foreground, async move {
                    assert_eq!(calls.call(other, i).await, Ok(i + 1))
                })
            })
            .collect();
        for task in tasks {
            task.await;
        }
        gate.wait().await;
    });
}

#[test]
fn answers_may_come_late_in_any_order_or_never() {
    with_mesh(2, 8, |mesh, me, gate| async move {
        let kept = Rc::new(RefCell::new(Vec::new()));
        let theirs = kept.clone();
        let handler = move |_: ShardId, request: u64, reply: Reply<u64>| {
            if request == 99 {
                assert!(!reply.is_expected());
            } else {
                theirs.borrow_mut().push((request, reply));
            }
        };
        let calls = Service::join(mesh, me, Rc::new(handler)).await;
        for to in [ShardId(0), ShardId(1)] {
            calls.send(to, 99).await.unwrap();
        }
        let other = ShardId(1 - me.0);
        let (one, two, three) = (
            calls.start(other, 1).await.unwrap(),
            calls.start(other, 2).await.unwrap(),
            calls.start(other, 3).await.unwrap(),
        );
        while kept.borrow().len() < 3 {
            time::sleep(Duration::from_millis(1)).await;
        }
        let mut replies = kept.borrow_mut().split_off(0);
        // Nobody waits for this one any more: the late answer is dropped.
        drop(one);
        time::sleep(Duration::from_millis(1)).await;
        replies.reverse();
        for (request, reply) in replies {
            if request != 2 {
                reply.send(request);
            }
        }
        assert_eq!(three.await, Ok(3));
        assert_eq!(two.await, Err(Closed));
        gate.wait().await;
    });
}

#[test]
fn callers_learn_that_a_shard_has_left() {
    with_mesh(2, 8, |mesh, me, _| async move {
        let keep = |_: ShardId, _: u64, reply: Reply<u64>| std::mem::forget(reply);
        let calls = Service::join(mesh, me, Rc::new(keep)).await;
        if me == ShardId(1) {
            time::sleep(Duration::from_millis(50)).await;
            drop(calls);
            return;
        }
        let pending = calls.start(ShardId(1), 1).await.unwrap();
        assert_eq!(pending.await, Err(Closed));
        assert_eq!(calls.call(ShardId(1), 2).await, Err(Closed));
    });
}

/// Runs `body` on `shards` shards that share one mesh, on both backends.
fn with_mesh<M, F, Fut>(shards: u16, capacity: usize, body: F)
where
    M: Send + 'static,
    F: Fn(MeshBuilder<M>, ShardId, Gate) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let table = Arc::new(Mutex::new(Vec::new()));
    crate::run(shards, move |env, shard| {
        let make = || {
            (
                MeshBuilder::new(shards, capacity),
                Arc::new(AtomicU16::new(0)),
            )
        };
        let (mesh, arrived) = once(&table, env.run, make);
        body(mesh, shard.id, Gate { arrived, shards })
    });
}

/// Lets no shard leave before all have come this far.
struct Gate {
    arrived: Arc<AtomicU16>,
    shards: u16,
}

impl Gate {
    async fn wait(self) {
        self.arrived.fetch_add(1, Ordering::SeqCst);
        while self.arrived.load(Ordering::SeqCst) < self.shards {
            time::sleep(Duration::from_millis(1)).await;
        }
    }
}
