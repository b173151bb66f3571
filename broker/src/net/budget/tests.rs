//! Waiting, overdraft, eviction.

use std::rc::Rc;

use futures_lite::future;
use ottla_runtime::task::{self, Share};

use super::*;
use crate::tests::{Numbers, on_shard};

const LIMIT: usize = 1 << 20;
const FRAME: usize = 1 << 20;

fn budget() -> (Budget, Rc<Metrics>) {
    let metrics = Rc::new(Metrics::default());
    (Budget::new(LIMIT, FRAME, metrics.clone()), metrics)
}

#[test]
fn large_requests_leave_a_quarter_to_small_ones() {
    on_shard(|| async {
        let (budget, metrics) = budget();
        let mut large = budget.permit();
        large.grow(LIMIT / 4 * 3, LIMIT).await;
        let mut overdrawn = budget.permit();
        overdrawn.grow(FRAME / 2, FRAME).await;
        assert!(overdrawn.promised.is_some() && large.promised.is_none());
        let mut waiting = budget.permit();
        assert!(
            future::poll_once(waiting.grow(1 << 17, FRAME))
                .await
                .is_none()
        );
        let mut small = Vec::new();
        for _ in 0..LIMIT / 4 / SMALL {
            let mut permit = budget.permit();
            assert!(future::poll_once(permit.grow(SMALL, SMALL)).await.is_some());
            small.push(permit);
        }
        let mut one_more = budget.permit();
        assert!(
            future::poll_once(one_more.grow(SMALL, SMALL))
                .await
                .is_none()
        );
        small.pop();
        assert!(
            future::poll_once(one_more.grow(SMALL, SMALL))
                .await
                .is_some()
        );
        drop((large, overdrawn, small, one_more, waiting));
        assert_eq!(metrics.request_memory.get(), 0);
    });
}

#[test]
fn the_overdraft_goes_from_one_to_the_next() {
    on_shard(|| async {
        let (budget, metrics) = budget();
        let mut fill = budget.permit();
        fill.grow(LIMIT / 4 * 3, FRAME).await;
        let mut first = budget.permit();
        first.grow(FRAME, FRAME).await;
        let order = Rc::new(RefCell::new(Vec::new()));
        let mut tasks = Vec::new();
        let before = metrics.request_memory_waits.get();
        for id in 0..5_u64 {
            let (budget, order) = (budget.clone(), order.clone());
            tasks.push(task::spawn(Share::Foreground, async move {
                let mut permit = budget.permit();
                permit.grow(FRAME, FRAME).await;
                order.borrow_mut().push(id);
                task::yield_now().await;
            }));
            while metrics.request_memory_waits.get() <= before + id {
                task::yield_now().await;
            }
        }
        assert!(order.borrow().is_empty());
        assert_eq!(metrics.request_memory.get(), (LIMIT / 4 * 3 + FRAME) as i64);
        drop(first);
        for task in tasks {
            task.await;
        }
        assert_eq!(*order.borrow(), [0, 1, 2, 3, 4]);
        drop(fill);
        assert_eq!(metrics.request_memory.get(), 0);
    });
}

#[test]
fn whoever_gives_up_waiting_leaves_no_trace() {
    on_shard(|| async {
        let (budget, metrics) = budget();
        let mut fill = budget.permit();
        fill.grow(LIMIT / 4 * 3, FRAME).await;
        let mut first = budget.permit();
        first.grow(FRAME, FRAME).await;
        let mut impatient = budget.permit();
        let mut patient = budget.permit();
        {
            let mut gives_up = Box::pin(impatient.grow(FRAME, FRAME));
            let mut waits = Box::pin(patient.grow(FRAME, FRAME));
            assert!(future::poll_once(&mut gives_up).await.is_none());
            assert!(future::poll_once(&mut waits).await.is_none());
            // The overdraft is given to the first in line, which never hears of it.
            drop(first);
            drop(gives_up);
            assert!(future::poll_once(&mut waits).await.is_some());
        }
        drop((impatient, patient, fill));
        assert_eq!(metrics.request_memory.get(), 0);
        let state = budget.state.borrow();
        assert!(state.queues.iter().all(VecDeque::is_empty) && state.promised == 0);
    });
}

#[test]
fn random_requests_stay_within_the_limit_and_all_end() {
    for seed in 0..7 {
        on_shard(move || async move {
            let (budget, metrics) = budget();
            let mut tasks = Vec::new();
            for id in 0..100 {
                let (budget, metrics) = (budget.clone(), metrics.clone());
                tasks.push(task::spawn(Share::Foreground, async move {
                    let mut numbers = Numbers::new(seed * 1000 + id);
                    for _ in 0..5 {
                        let small = numbers.below(2) == 0;
                        let size =
                            1 + numbers.below(if small { SMALL as u64 } else { FRAME as u64 })
                                as usize;
                        let mut permit = budget.permit();
                        let first = if size <= SMALL { size } else { SMALL / 4 };
                        permit.grow(first, size).await;
                        while permit.held < size {
                            for _ in 0..numbers.below(4) {
                                task::yield_now().await;
                            }
                            let by = permit.held.min(size - permit.held);
                            if numbers.below(20) == 0 {
                                let _ = future::poll_once(permit.grow(by, size)).await;
                                break;
                            }
                            permit.grow(by, size).await;
                            assert!(metrics.request_memory.get() <= (LIMIT + FRAME) as i64);
                        }
                    }
                }));
            }
            for task in tasks {
                task.await;
            }
            assert_eq!(metrics.request_memory.get(), 0);
            assert!(metrics.request_memory_waits.get() > 0);
        });
    }
}

#[test]
fn huge_requests_do_not_keep_usual_ones_waiting() {
    on_shard(|| async {
        let largest = 100 << 20;
        let metrics = Rc::new(Metrics::default());
        let budget = Budget::new(64 << 20, largest, metrics.clone());
        let mut hoard = Vec::new();
        let mut waits = Vec::new();
        for _ in 0..100 {
            let mut permit = budget.permit();
            match future::poll_once(permit.grow(1 << 20, largest)).await {
                Some(()) => hoard.push(permit),
                None => waits.push(task::spawn(Share::Foreground, async move {
                    permit.grow(1 << 20, largest).await;
                })),
            }
        }
        assert_eq!(hoard.len(), 17, "a quarter of the limit, and one overdrawn");
        let mut usual = Vec::new();
        for _ in 0..16 {
            let mut permit = budget.permit();
            let granted = future::poll_once(permit.grow(1 << 20, 8 << 20)).await;
            assert!(granted.is_some());
            usual.push(permit);
        }
        drop((hoard, usual));
        for wait in waits {
            wait.await;
        }
        assert_eq!(metrics.request_memory.get(), 0);
    });
}

#[test]
fn several_overdraw_when_they_are_together_no_larger_than_the_largest() {
    on_shard(|| async {
        let metrics = Rc::new(Metrics::default());
        let budget = Budget::new(LIMIT, 4 * FRAME, metrics.clone());
        let mut permits = Vec::new();
        for count in 0..6 {
            let mut permit = budget.permit();
            let granted = future::poll_once(permit.grow(FRAME, FRAME)).await;
            assert_eq!(granted.is_some(), count < 4, "{count}");
            permits.push(permit);
        }
        assert_eq!(metrics.request_memory.get(), 4 * FRAME as i64);
        permits.remove(0);
        let mut next = budget.permit();
        assert!(future::poll_once(next.grow(FRAME, FRAME)).await.is_some());
    });
}
