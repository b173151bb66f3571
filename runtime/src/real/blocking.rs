//! System calls that io_uring cannot do for us (folders, locks, truncation) run on a few threads of the
//! process, started at first use. A call that is given up still runs to its end; its result is dropped.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, OnceLock, PoisonError, mpsc},
    task::{Poll, Waker},
    thread,
};

type Job = Box<dyn FnOnce() + Send>;

/// Enough to overlap slow folder operations of different shards; they are rare.
const THREADS: usize = 2;

struct Slot<R> {
    result: Option<R>,
    waker: Option<Waker>,
}

/// Runs `call` on another thread.
pub(crate) async fn run<R: Send + 'static>(call: impl FnOnce() -> R + Send + 'static) -> R {
    let slot = Arc::new(Mutex::new(Slot {
        result: None,
        waker: None,
    }));
    let theirs = slot.clone();
    submit(Box::new(move || {
        let result = call();
        let mut slot = theirs.lock().unwrap_or_else(PoisonError::into_inner);
        slot.result = Some(result);
        let waker = slot.waker.take();
        drop(slot);
        if let Some(waker) = waker {
            waker.wake();
        }
    }));
    std::future::poll_fn(|cx| {
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        match slot.result.take() {
            Some(result) => Poll::Ready(result),
            None => {
                slot.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    })
    .await
}

fn submit(job: Job) {
    static POOL: OnceLock<mpsc::Sender<Job>> = OnceLock::new();
    let pool = POOL.get_or_init(|| {
        let (sender, receiver) = mpsc::channel::<Job>();
        let receiver = Arc::new(Mutex::new(receiver));
        for index in 0..THREADS {
            let receiver = receiver.clone();
            let work = move || {
                loop {
                    let job = receiver
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .recv();
                    let Ok(job) = job else { return };
                    // A panic must not take the thread away from the calls behind this one.
                    let _ = std::panic::catch_unwind(AssertUnwindSafe(job));
                }
            };
            let started = thread::Builder::new()
                .name(format!("blocking-{index}"))
                .spawn(work);
            started.expect("starting a thread for blocking calls");
        }
        sender
    });
    pool.send(job).expect("the blocking threads never end");
}
