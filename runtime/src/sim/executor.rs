//! Tasks of all nodes and the choice of the next one.

use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Wake, Waker},
};

use super::{
    here::{Here, enter},
    world::{Note, World},
};

type Body = Pin<Box<dyn Future<Output = ()>>>;

/// Names one task for ever (slots are used again, with the next generation).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct TaskKey {
    slot: usize,
    generation: u64,
}

#[derive(Default)]
pub(super) struct Executor {
    slots: RefCell<Slots>,
    /// Tasks woken since the last look. A mutex only because wakers must be `Send`; nobody contends.
    woken: Arc<Mutex<Vec<TaskKey>>>,
    ready: RefCell<Vec<TaskKey>>,
    /// Ready tasks of paused nodes.
    held: RefCell<Vec<TaskKey>>,
    /// Futures of cancelled tasks; dropped between polls, like on the real executor.
    graveyard: RefCell<Vec<(Here, Body)>>,
}

#[derive(Default)]
struct Slots {
    tasks: Vec<Option<Task>>,
    free: Vec<usize>,
    generation: u64,
}

struct Task {
    generation: u64,
    /// None while it is being polled.
    body: Option<Body>,
    here: Here,
    waker: Arc<TaskWaker>,
}

struct TaskWaker {
    key: TaskKey,
    queued: AtomicBool,
    woken: Arc<Mutex<Vec<TaskKey>>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::Relaxed) {
            self.woken
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(self.key);
        }
    }
}

impl Slots {
    fn get(&mut self, key: TaskKey) -> Option<&mut Task> {
        self.tasks[key.slot]
            .as_mut()
            .filter(|task| task.generation == key.generation)
    }

    fn remove(&mut self, key: TaskKey) -> Option<Task> {
        self.get(key)?;
        self.free.push(key.slot);
        self.tasks[key.slot].take()
    }
}

impl Executor {
    pub(super) fn spawn(&self, here: Here, body: Body) -> TaskKey {
        let slots = &mut *self.slots.borrow_mut();
        slots.generation += 1;
        let slot = slots.free.pop().unwrap_or_else(|| {
            slots.tasks.push(None);
            slots.tasks.len() - 1
        });
        let key = TaskKey {
            slot,
            generation: slots.generation,
        };
        let waker = Arc::new(TaskWaker {
            key,
            queued: AtomicBool::new(false),
            woken: self.woken.clone(),
        });
        waker.wake_by_ref();
        slots.tasks[slot] = Some(Task {
            generation: key.generation,
            body: Some(body),
            here,
            waker,
        });
        key
    }

    /// Ends a task: its future is dropped before the next poll.
    pub(super) fn cancel(&self, key: TaskKey) {
        let task = self.slots.borrow_mut().remove(key);
        if let Some(Task {
            body: Some(body),
            here,
            ..
        }) = task
        {
            self.graveyard.borrow_mut().push((here, body));
        }
    }

    /// Drops the futures of cancelled tasks, and of those that these cancel in turn.
    pub(super) fn bury(&self, _world: &Rc<World>) {
        loop {
            let Some((here, body)) = self.graveyard.borrow_mut().pop() else {
                return;
            };
            enter(here, || drop(body));
        }
    }

    /// Ends all tasks of a node (of every node without one) and drops their futures.
    pub(super) fn end_all(&self, world: &Rc<World>, node: Option<u16>) {
        let keys: Vec<TaskKey> = {
            let slots = self.slots.borrow();
            let of_node = |task: &&Task| node.is_none_or(|node| task.here.node() == node);
            let keys = slots.tasks.iter().enumerate().filter_map(|(slot, task)| {
                task.as_ref().filter(of_node).map(|task| TaskKey {
                    slot,
                    generation: task.generation,
                })
            });
            keys.collect()
        };
        for key in keys {
            self.cancel(key);
        }
        self.bury(world);
    }

    /// A pause has ended: what was held is ready (and held again if its node is still paused).
    pub(super) fn release_held(&self) {
        self.ready.borrow_mut().append(&mut self.held.borrow_mut());
    }

    /// Polls one ready task, chosen at random; false when none is ready.
    pub(super) fn run_one(&self, world: &Rc<World>) -> bool {
        self.ready
            .borrow_mut()
            .append(&mut self.woken.lock().unwrap_or_else(PoisonError::into_inner));
        while !self.ready.borrow().is_empty() {
            let key = {
                let mut ready = self.ready.borrow_mut();
                let chosen = world.below(ready.len() as u64) as usize;
                ready.swap_remove(chosen)
            };
            let (mut body, here, waker) = {
                let mut slots = self.slots.borrow_mut();
                let Some(task) = slots.get(key) else { continue };
                if world.with_node(task.here.node(), |node| node.paused) {
                    // Stays marked as woken until the pause ends.
                    self.held.borrow_mut().push(key);
                    continue;
                }
                let Some(body) = task.body.take() else {
                    continue;
                };
                (body, task.here.clone(), task.waker.clone())
            };
            world.note(Note::Poll, key.slot as u64, key.generation);
            waker.queued.store(false, Ordering::Relaxed);
            let waker = Waker::from(waker);
            let done = enter(here.clone(), || {
                body.as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_ready()
            });
            self.put_back(key, here, body, done);
            return true;
        }
        false
    }

    fn put_back(&self, key: TaskKey, here: Here, body: Body, done: bool) {
        {
            let mut slots = self.slots.borrow_mut();
            if !done {
                if let Some(task) = slots.get(key) {
                    task.body = Some(body);
                    return;
                }
            } else {
                slots.remove(key);
            }
        }
        // Finished, or cancelled while it ran.
        enter(here, || drop(body));
    }
}
