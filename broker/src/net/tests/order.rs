//! Order, pipelining, ends of streams.

use super::*;
use crate::tests::on_real_shard;

#[test]
fn answers_leave_in_the_order_of_the_requests() {
    on_shard(|| async {
        let bed = Bed::new(options());
        let mut client = bed.client().await;
        let mut bytes = Vec::new();
        for id in 0..40 {
            bytes.extend(request(
                true,
                if id % 3 == 0 { Op::Slow } else { Op::Ready },
                id,
                100,
            ));
        }
        client.send(&bytes).await;
        for id in 0..40 {
            assert_eq!(client.answer().await, Some(id));
        }
    });
}

#[test]
fn pipelined_requests_start_before_the_first_is_answered_and_others_alone() {
    on_shard(|| async {
        let bed = Bed::new(options());
        let mut client = bed.client().await;
        let script = [
            (true, Op::Slow, 1),
            (true, Op::Ready, 2),
            (false, Op::Slow, 3),
            (true, Op::Slow, 4),
            (false, Op::Ready, 5),
        ];
        let bytes: Vec<u8> = script
            .into_iter()
            .flat_map(|(pipelines, op, id)| request(pipelines, op, id, 10))
            .collect();
        client.send(&bytes).await;
        for id in 1..=5 {
            assert_eq!(client.answer().await, Some(id));
        }
        let wanted = [
            "start 1", "start 2", "end 2", "end 1", "start 3", "end 3", "start 4", "end 4",
            "start 5", "end 5",
        ];
        assert_eq!(bed.events(), wanted);
    });
}

#[test]
fn silent_requests_leave_no_gap() {
    on_shard(|| async {
        let bed = Bed::new(options());
        let mut client = bed.client().await;
        for (id, op) in [
            (1, Op::Silent),
            (2, Op::Ready),
            (3, Op::Silent),
            (4, Op::Ready),
        ] {
            client.send(&request(true, op, id, 10)).await;
        }
        assert_eq!(client.answer().await, Some(2));
        assert_eq!(client.answer().await, Some(4));
    });
}

#[test]
fn frames_of_every_size_survive_dribbling() {
    on_shard(dribble);
    on_real_shard(dribble);
}

async fn dribble() {
    {
        let bed = Bed::new(options());
        let mut client = bed.client().await;
        let sizes = [
            3,
            507,
            508,
            509,
            4091,
            4092,
            4093,
            4096,
            5000,
            16_383,
            16_384,
            16_385,
            65_537,
            1 << 20,
            4,
        ];
        let bytes: Vec<u8> = sizes
            .iter()
            .flat_map(|len| request(true, Op::Ready, 7, *len))
            .collect();
        for step in [1 << 30, 7919, 1021] {
            for piece in bytes.chunks(step) {
                client.send(piece).await;
            }
            for len in sizes {
                assert_eq!(client.answer().await, Some(7), "{len} in steps of {step}");
            }
        }
        for byte in request(true, Op::Ready, 9, 600) {
            client.send(&[byte]).await;
        }
        assert_eq!(client.answer().await, Some(9));
    }
}

#[test]
fn a_bad_length_closes_after_what_was_asked_before() {
    for bad in [-1, i32::MIN, (1 << 20) + 1, i32::MAX] {
        on_shard(move || async move {
            let bed = Bed::new(options());
            let mut client = bed.client().await;
            let mut bytes = request(true, Op::Slow, 1, 10);
            bytes.extend(bad.to_be_bytes());
            client.send(&bytes).await;
            assert_eq!(client.answer().await, Some(1));
            assert!(client.ended().await);
            assert_eq!(bed.script.metrics.connections_faulty.get(), 1);
            let mut other = bed.client().await;
            other.send(&request(false, Op::Ready, 2, 10)).await;
            assert_eq!(other.answer().await, Some(2), "only its own connection");
        });
    }
}

#[test]
fn a_request_can_close_when_started_and_later() {
    on_shard(|| async {
        let bed = Bed::new(options());
        for op in [Op::Close, Op::CloseAtOnce] {
            let mut client = bed.client().await;
            client.send(&request(true, Op::Slow, 1, 10)).await;
            client.send(&request(true, op, 2, 10)).await;
            assert_eq!(client.answer().await, Some(1), "{op:?}");
            assert!(client.ended().await, "{op:?}");
        }
    });
}

#[test]
fn all_is_answered_after_the_client_has_finished_sending() {
    on_shard(half_close);
    on_real_shard(half_close);
}

async fn half_close() {
    {
        let bed = Bed::new(options());
        let mut client = bed.client().await;
        for (id, op) in [(1, Op::Slow), (2, Op::Ready), (3, Op::Blocked)] {
            client.send(&request(false, op, id, 10)).await;
        }
        client.write.shutdown().await.expect("half closed");
        assert_eq!(client.answer().await, Some(1));
        assert_eq!(client.answer().await, Some(2));
        time::sleep(Duration::from_millis(30)).await;
        bed.script.release.notify_one();
        assert_eq!(client.answer().await, Some(3));
        assert!(client.ended().await);
    }
}

#[test]
fn a_cut_frame_is_no_request() {
    on_shard(|| async {
        let bed = Bed::new(options());
        for cut in [1, 4, 5, 900, 5000] {
            let mut client = bed.client().await;
            let frame = request(false, Op::Ready, 1, 6000);
            client.send(frame.get(..cut).expect("shorter")).await;
            client.write.shutdown().await.expect("half closed");
            assert!(client.ended().await, "{cut}");
        }
        assert!(bed.events().is_empty());
        assert_eq!(bed.script.metrics.request_memory.get(), 0);
    });
}

#[test]
fn a_reset_cancels_what_waits() {
    on_real_shard(|| async {
        let bed = Bed::new(options());
        let mut client = bed.client().await;
        client.send(&request(false, Op::Ready, 1, 10)).await;
        client.send(&request(false, Op::Blocked, 2, 10)).await;
        while bed.events().len() < 3 {
            time::sleep(Duration::from_millis(1)).await;
        }
        // Closed with the answer unread: the kernel resets instead of finishing.
        drop(client);
        while bed.script.metrics.connections.get() > 0 {
            time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(bed.events().last().map(String::as_str), Some("cancel 2"));
    });
}
