//! Waiting inside a shard.

use std::{cell::RefCell, rc::Rc, time::Duration};

use ottla_runtime::{
    sync::{Closed, Notify, Semaphore, oneshot, queue},
    task::{self, Share},
    time,
};

const MS: Duration = Duration::from_millis(1);

#[test]
fn oneshot_delivers_or_closes() {
    crate::run(1, |_, _| async {
        let (sender, receiver) = oneshot::channel();
        task::spawn(Share::Foreground, async move { sender.send(5) }).detach();
        assert_eq!(receiver.await, Ok(5));

        let (sender, receiver) = oneshot::channel::<()>();
        task::spawn(Share::Foreground, async move { drop(sender) }).detach();
        assert_eq!(receiver.await, Err(Closed));

        let (sender, receiver) = oneshot::channel();
        drop(receiver);
        assert!(sender.is_closed());
        assert_eq!(sender.send(1), Err(1));
    });
}

#[test]
fn notify_wakes_one_or_all_and_loses_nothing() {
    crate::run(1, |_, _| async {
        let notify = Rc::new(Notify::new());
        notify.notify_one();
        notify.notified().await;

        let woken = Rc::new(RefCell::new(Vec::new()));
        let tasks: Vec<_> = (0..3)
            .map(|i| {
                let (notify, woken) = (notify.clone(), woken.clone());
                task::spawn(Share::Foreground, async move {
                    notify.notified().await;
                    woken.borrow_mut().push(i);
                })
            })
            .collect();
        time::sleep(MS).await;
        notify.notify_one();
        time::sleep(MS).await;
        assert_eq!(woken.borrow().len(), 1);
        notify.notify_all();
        for task in tasks {
            task.await;
        }
        assert_eq!(woken.borrow().len(), 3);

        // A waiter exists from the call on, not from its first poll.
        let waiter = notify.notified();
        notify.notify_all();
        waiter.await;

        // A wake-up given to a waiter that is dropped goes to the next.
        let (first, second) = (notify.notified(), notify.notified());
        notify.notify_one();
        drop(first);
        second.await;
    });
}

#[test]
fn semaphore_is_fifo() {
    crate::run(1, |_, _| async {
        let semaphore = Rc::new(Semaphore::new(3));
        let held = semaphore.acquire(3).await;
        let order = Rc::new(RefCell::new(Vec::new()));
        let mut tasks = Vec::new();
        for (i, n) in [3, 1, 1].into_iter().enumerate() {
            let (theirs, order) = (semaphore.clone(), order.clone());
            tasks.push(task::spawn(Share::Foreground, async move {
                let _permit = theirs.acquire(n).await;
                order.borrow_mut().push(i);
                time::sleep(MS).await;
            }));
            while semaphore.waiting() <= i {
                task::yield_now().await;
            }
        }
        assert!(semaphore.try_acquire(1).is_none());
        drop(held);
        for task in tasks {
            task.await;
        }
        assert_eq!(
            order.borrow()[0],
            0,
            "the large request at the head comes first"
        );
        assert_eq!(semaphore.available(), 3);
    });
}

#[test]
fn a_cancelled_waiter_loses_no_permit() {
    crate::run(1, |_, _| async {
        let semaphore = Rc::new(Semaphore::new(1));
        let mut held = semaphore.acquire(1).await;
        let waiter = semaphore.clone();
        let cancelled = task::spawn(
            Share::Foreground,
            async move { drop(waiter.acquire(1).await) },
        );
        while semaphore.waiting() == 0 {
            task::yield_now().await;
        }
        held.shrink(0);
        drop(cancelled);
        let again = time::timeout(100 * MS, semaphore.acquire(1)).await;
        assert!(again.is_ok());
    });
}

#[test]
fn queue_is_bounded_and_ordered() {
    crate::run(1, |_, _| async {
        let (sender, mut receiver) = queue::bounded(2);
        let sending = task::spawn(Share::Foreground, async move {
            for i in 0..100 {
                sender.send(i).await.unwrap();
            }
        });
        for i in 0..100 {
            assert!(receiver.len() <= 2);
            assert_eq!(receiver.recv().await, Some(i));
        }
        sending.await;
        assert_eq!(receiver.recv().await, None);

        let (sender, receiver) = queue::bounded(1);
        sender.try_send(1).unwrap();
        assert_eq!(sender.try_send(2), Err(2));
        let waiting = sender.clone();
        let task = task::spawn(Share::Foreground, async move { waiting.send(3).await });
        time::sleep(MS).await;
        drop(receiver);
        assert_eq!(task.await, Err(Closed));
        assert!(sender.is_closed());
    });
}
