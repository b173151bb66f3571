//! SIGTERM and SIGINT: a thread sleeps until one arrives and wakes whoever waits.

use std::{
    sync::{Mutex, Once, PoisonError},
    task::{Poll, Waker},
    thread,
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
    low_level::emulate_default_handler,
};

struct State {
    fired: bool,
    waiting: Vec<Waker>,
}

static STATE: Mutex<State> = Mutex::new(State {
    fired: false,
    waiting: Vec::new(),
});

pub(crate) async fn terminated() {
    install();
    std::future::poll_fn(|cx| {
        let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
        if state.fired {
            return Poll::Ready(());
        }
        if !state
            .waiting
            .iter()
            .any(|waker| waker.will_wake(cx.waker()))
        {
            state.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    })
    .await;
}

fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let watching = Signals::new([SIGTERM, SIGINT]).and_then(|signals| {
            thread::Builder::new()
                .name("signals".to_owned())
                .spawn(|| watch(signals))
        });
        if let Err(error) = watching {
            // The default action (ending the process) is still there: worse, but not wrong.
            tracing::warn!("signals cannot be watched, the process will not stop cleanly: {error}");
        }
    });
}

fn watch(mut signals: Signals) {
    for signal in signals.forever() {
        let waiting = {
            let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
            if state.fired && signal == SIGINT {
                // Asked again by hand: stop at once, as without us.
                let _ = emulate_default_handler(signal);
            }
            state.fired = true;
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }
}
