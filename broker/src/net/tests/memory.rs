//! Many connections, little memory.

use ottla_runtime::task::{self, Share};

use super::*;

/// Opens `count` connections that each announce a frame of `len` bytes and send `some` of it.
async fn hoard(bed: &Bed, count: usize, len: usize, some: usize) -> Vec<Client> {
    let mut hoarders = Vec::new();
    for _ in 0..count {
        let mut client = bed.client().await;
        client
            .send(
                request(false, Op::Ready, 1, len)
                    .get(..4 + some)
                    .expect("shorter"),
            )
            .await;
        hoarders.push(client);
    }
    time::sleep(Duration::from_millis(50)).await;
    hoarders
}

#[test]
fn announcements_cost_nothing() {
    on_shard(|| async {
        let bed = Bed::new(options());
        let _hoarders = hoard(&bed, 200, 1 << 20, 3).await;
        // Each may hold its first step, and what does not fit the limit waits.
        assert!(bed.script.metrics.request_memory.get() <= (1 << 20) + (16 << 10));
        let mut client = bed.client().await;
        client.send(&request(false, Op::Ready, 5, 4000)).await;
        assert_eq!(client.answer().await, Some(5));
    });
}

#[test]
fn small_requests_go_on_while_large_ones_fill_the_memory() {
    on_shard(|| async {
        let bed = Bed::new(options());
        let _hoarders = hoard(&bed, 20, 1 << 20, 200 << 10).await;
        assert!(bed.script.metrics.request_memory_waits.get() > 0);
        let mut clients = Vec::new();
        for id in 0..20 {
            let mut client = bed.client().await;
            client.send(&request(false, Op::Ready, id, 60 << 10)).await;
            assert_eq!(client.answer().await, Some(id));
            clients.push(client);
        }
        assert!(
            bed.script.metrics.request_memory.get() <= 2 << 20,
            "the limit and one frame"
        );
    });
}

#[test]
fn honest_large_requests_all_get_through() {
    // On real sockets: a simulated link delivers a few KiB at a time, slower than who holds memory may be.
    crate::tests::on_real_shard(|| async {
        let bed = Bed::new(options());
        let mut clients = hoard(&bed, 12, 1 << 20, 300 << 10).await;
        let rest = request(false, Op::Ready, 1, 1 << 20).split_off(4 + (300 << 10));
        // All at once: those whose turn it is not are not read.
        let mut sending = Vec::new();
        for mut client in clients.drain(..) {
            let rest = rest.clone();
            sending.push(task::spawn(Share::Foreground, async move {
                client.send(&rest).await;
                client.answer().await
            }));
        }
        for client in sending {
            assert_eq!(client.await, Some(1));
        }
        assert_eq!(bed.script.metrics.request_memory.get(), 0);
        assert!(
            bed.script.metrics.request_memory_waits.get() > 0,
            "or nothing was shown"
        );
    });
}

#[test]
fn who_hoards_memory_that_others_need_is_closed() {
    on_shard(|| async {
        let bed = Bed::new(options());
        let hoarders = hoard(&bed, 20, 256 << 10, 100 << 10).await;
        let mut honest = bed.client().await;
        let start = time::now();
        honest.send(&request(false, Op::Ready, 9, 256 << 10)).await;
        assert_eq!(honest.answer().await, Some(9));
        assert!(
            start.elapsed() > Duration::from_secs(2),
            "they had their time"
        );
        assert!(bed.script.metrics.connections_faulty.get() > 0);
        drop(hoarders);
    });
}

#[test]
fn nobody_is_closed_for_being_slow_while_there_is_room() {
    on_shard(|| async {
        let bed = Bed::new(options());
        let mut slow = hoard(&bed, 1, 100 << 10, 10).await;
        time::sleep(Duration::from_secs(8)).await;
        let mut client = slow.pop().expect("one");
        client
            .send(
                request(false, Op::Ready, 1, 100 << 10)
                    .get(14..)
                    .expect("the rest"),
            )
            .await;
        assert_eq!(client.answer().await, Some(1));
    });
}

#[test]
fn answers_that_nobody_takes_are_counted() {
    on_shard(|| async {
        let bed = Bed::new(options());
        let mut clients = Vec::new();
        for id in 0..8 {
            let mut client = bed.client().await;
            for _ in 0..8 {
                client.send(&request(false, Op::Large, id, 10)).await;
            }
            clients.push(client);
        }
        while bed.script.answers.room() > 0 {
            time::sleep(Duration::from_millis(1)).await;
        }
        assert!(
            bed.script.metrics.answer_memory.get() <= 8 * (LARGE as i64 + 4),
            "one answer each"
        );
        for client in &mut clients {
            for _ in 0..8 {
                assert!(client.answer().await.is_some());
            }
        }
        time::sleep(Duration::from_millis(20)).await;
        assert_eq!(bed.script.metrics.answer_memory.get(), 0);
    });
}
