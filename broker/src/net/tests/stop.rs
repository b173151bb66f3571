//! Idle connections, limits, and the clean stop.

use super::*;

#[test]
fn idle_connections_are_closed_and_busy_ones_kept() {
    on_shard(|| async {
        let bed = Bed::new(Options {
            max_idle: Duration::from_millis(200),
            ..options()
        });
        let (mut idle, mut busy, mut blocked) =
            (bed.client().await, bed.client().await, bed.client().await);
        blocked.send(&request(false, Op::Blocked, 9, 10)).await;
        let start = time::now();
        for _ in 0..8 {
            busy.send(&request(false, Op::Ready, 1, 10)).await;
            assert_eq!(busy.answer().await, Some(1));
            time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(bed.script.metrics.connections_idle_closed.get(), 1);
        assert!(idle.ended().await);
        bed.script.release.notify_one();
        assert_eq!(
            blocked.answer().await,
            Some(9),
            "a handler at work is not idle"
        );
        assert!(busy.ended().await && blocked.ended().await);
        assert!(start.elapsed() < Duration::from_secs(2));
        assert_eq!(bed.script.metrics.connections_idle_closed.get(), 3);
    });
}

#[test]
fn limits_hold_for_the_node_and_for_an_address() {
    on_shard(|| async {
        for (most, per_ip) in [(2, u32::MAX), (u32::MAX, 2)] {
            let bed = Bed::with(options(), ConnectionLimits::new(most, per_ip));
            let mut clients = [bed.client().await, bed.client().await];
            for (id, client) in clients.iter_mut().enumerate() {
                client.send(&request(false, Op::Ready, id as u8, 10)).await;
                assert_eq!(client.answer().await, Some(id as u8));
            }
            assert!(bed.client().await.ended().await);
            assert_eq!(bed.script.metrics.connections_refused.get(), 1);
            drop(clients);
            while bed.script.metrics.connections.get() > 0 {
                time::sleep(Duration::from_millis(1)).await;
            }
            let mut next = bed.client().await;
            next.send(&request(false, Op::Ready, 7, 10)).await;
            assert_eq!(next.answer().await, Some(7));
        }
    });
}

#[test]
fn a_stop_lets_what_runs_finish_and_bounds_the_rest() {
    on_shard(|| async {
        let bed = Bed::new(options());
        let (mut quick, mut blocked, mut idle) =
            (bed.client().await, bed.client().await, bed.client().await);
        quick.send(&request(true, Op::Slow, 1, 10)).await;
        blocked.send(&request(false, Op::Blocked, 2, 10)).await;
        while bed.events().len() < 2 {
            time::sleep(Duration::from_millis(1)).await;
        }
        let start = time::now();
        bed.server.stop(Duration::from_millis(300)).await;
        assert!(
            start.elapsed() >= Duration::from_millis(300)
                && start.elapsed() < Duration::from_secs(1)
        );
        assert_eq!(quick.answer().await, Some(1));
        assert!(quick.ended().await && blocked.ended().await && idle.ended().await);
        assert_eq!(bed.script.metrics.connections.get(), 0);
        assert!(Stream::connect(bed.addr).await.is_err(), "nobody accepts");
    });
}

#[test]
fn a_stop_without_requests_is_immediate() {
    on_shard(|| async {
        let bed = Bed::new(options());
        let mut client = bed.client().await;
        client.send(&request(false, Op::Ready, 1, 10)).await;
        assert_eq!(client.answer().await, Some(1));
        let start = time::now();
        bed.server.stop(Duration::from_secs(5)).await;
        assert!(start.elapsed() < Duration::from_millis(200));
    });
}
