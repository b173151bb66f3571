//! Clocks, sleeping, timeouts.

use std::{cell::RefCell, rc::Rc, time::Duration};

use ottla_runtime::{
    task::{self, Share},
    time::{self, Elapsed, Instant},
};

const MS: Duration = Duration::from_millis(1);

#[test]
fn sleepers_wake_in_order_and_never_early() {
    crate::run(1, |_, _| async {
        let order = Rc::new(RefCell::new(Vec::new()));
        let mut tasks = Vec::new();
        for ms in [60_u32, 5, 100, 30] {
            let order = order.clone();
            tasks.push(task::spawn(Share::Foreground, async move {
                let start = time::now();
                time::sleep(ms * MS).await;
                assert!(start.elapsed() >= ms * MS);
                order.borrow_mut().push(ms);
            }));
        }
        for task in tasks {
            task.await;
        }
        assert_eq!(*order.borrow(), [5, 30, 60, 100]);
    });
}

#[test]
fn a_past_deadline_is_no_wait() {
    crate::run(1, |_, _| async {
        let start = time::now();
        time::sleep_until(start - Duration::from_secs(1)).await;
        time::sleep(Duration::ZERO).await;
        assert!(start.elapsed() < Duration::from_secs(1));
    });
}

#[test]
fn timeout_gives_the_result_or_the_end_of_patience() {
    crate::run(1, |_, _| async {
        let slow = time::timeout(5 * MS, time::sleep(Duration::from_secs(60))).await;
        assert_eq!(slow, Err(Elapsed));
        let quick = time::timeout(Duration::from_secs(60), async {
            time::sleep(MS).await;
            7
        });
        assert_eq!(quick.await, Ok(7));
        assert_eq!(time::timeout(Duration::ZERO, async { 1 }).await, Ok(1));
    });
}

#[test]
fn a_sleep_can_move_between_tasks() {
    crate::run(1, |_, _| async {
        let mut sleep = Box::pin(time::sleep(20 * MS));
        assert!(futures_lite::future::poll_once(&mut sleep).await.is_none());
        let start = time::now();
        task::spawn(Share::Background, sleep).await;
        assert!(start.elapsed() < Duration::from_secs(10));
    });
}

#[test]
fn clocks_are_sane() {
    crate::run(1, |_, _| async {
        let mut last = time::now();
        for _ in 0..100 {
            let now = time::now();
            assert!(now >= last);
            last = now;
        }
        assert!(last > Instant::from_nanos(0) + Duration::from_secs(3_600));
        // Between the years 2020 and 2100.
        assert!((1_577_836_800_000..4_102_444_800_000).contains(&time::wall_ms()));
    });
}
