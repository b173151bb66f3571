//! Spawning, results, cancelling.

use std::{cell::Cell, rc::Rc, time::Duration};

use ottla_runtime::{
    rand,
    shards::ShardId,
    sync::oneshot,
    task::{self, Share},
    time,
};

/// Says when it is dropped.
struct Flag(Rc<Cell<bool>>);

impl Drop for Flag {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

#[test]
fn tasks_give_their_result() {
    crate::run(2, |_, shard| async move {
        let one = task::spawn(Share::Foreground, async { 1 });
        let two = task::spawn(Share::Background, async move {
            time::sleep(Duration::from_millis(1)).await;
            task::shard()
        });
        assert_eq!(one.await, 1);
        assert_eq!(two.await, shard.id);
        assert_eq!(task::shard(), shard.id);
        assert!(shard.id < ShardId(shard.count));
    });
}

#[test]
fn dropping_a_task_cancels_it() {
    crate::run(1, |_, _| async {
        let (dropped, ran_on) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
        let (flag, ran) = (Flag(dropped.clone()), ran_on.clone());
        let (sender, receiver) = oneshot::channel::<()>();
        let task = task::spawn(Share::Foreground, async move {
            let _flag = flag;
            let _ = receiver.await;
            ran.set(true);
        });
        task::yield_now().await;
        drop(task);
        drop(sender);
        time::sleep(Duration::from_millis(5)).await;
        assert!(dropped.get() && !ran_on.get());
    });
}

#[test]
fn a_task_that_never_ran_can_be_cancelled() {
    crate::run(1, |_, _| async {
        let dropped = Rc::new(Cell::new(false));
        let flag = Flag(dropped.clone());
        drop(task::spawn(Share::Foreground, async move {
            let _flag = flag;
            unreachable!("cancelled before its first poll");
        }));
        time::sleep(Duration::from_millis(5)).await;
        assert!(dropped.get());
    });
}

#[test]
fn a_detached_task_goes_on() {
    crate::run(1, |_, _| async {
        let (sender, receiver) = oneshot::channel();
        task::spawn(Share::Background, async move {
            time::sleep(Duration::from_millis(1)).await;
            let _ = sender.send(9);
        })
        .detach();
        assert_eq!(receiver.await, Ok(9));
    });
}

#[test]
fn a_shard_may_end_with_tasks_at_work() {
    crate::run(1, |_, _| async {
        task::spawn(Share::Foreground, async {
            // Ready when the shard ends, and the owner of another task.
            let _inner = task::spawn(Share::Foreground, std::future::pending::<()>());
            loop {
                task::yield_now().await;
                futures_lite::future::yield_now().await;
            }
        })
        .detach();
        let (sender, receiver) = oneshot::channel::<()>();
        task::spawn(Share::Background, async move {
            let waiting = task::spawn(Share::Foreground, receiver);
            let _ = waiting.await;
        })
        .detach();
        task::yield_now().await;
        let _ = sender.send(());
    });
}

#[test]
fn yielding_lets_others_run() {
    crate::run(1, |_, _| async {
        let turns = Rc::new(Cell::new(0));
        let theirs = turns.clone();
        let other = task::spawn(Share::Foreground, async move {
            loop {
                theirs.set(theirs.get() + 1);
                task::yield_now().await;
            }
        });
        while turns.get() < 100 {
            task::yield_now().await;
        }
        drop(other);
    });
}

#[test]
fn random_numbers_differ() {
    crate::run(1, |_, _| async {
        assert_ne!(rand::u64(), rand::u64());
        let (mut a, mut b) = ([0; 33], [0; 33]);
        rand::fill(&mut a);
        rand::fill(&mut b);
        assert_ne!(a, b);
        assert!((0..1_000).all(|_| rand::below(10) < 10));
        assert_eq!(rand::below(0), 0);
    });
}
