//! Timers in virtual time.

use std::{
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use super::world::{Event, EventKey, World};

pub(crate) struct Timer {
    world: Rc<World>,
    deadline_ns: u64,
    event: Option<EventKey>,
}

impl Timer {
    pub(super) fn new(world: Rc<World>, deadline_ns: u64) -> Timer {
        Timer {
            world,
            deadline_ns,
            event: None,
        }
    }
}

impl Future for Timer {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.world.now() >= self.deadline_ns {
            return Poll::Ready(());
        }
        let armed = self
            .event
            .is_some_and(|key| self.world.rearm(key, cx.waker()));
        if !armed {
            let event = self
                .world
                .schedule(self.deadline_ns, Event::Wake(cx.waker().clone()));
            self.event = Some(event);
        }
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(key) = self.event {
            self.world.cancel(key);
        }
    }
}
