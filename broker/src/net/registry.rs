//! The connections of one shard: who is open, who has been idle for too long, who is to be closed.
//!
//! There is no timer for each connection. One task sleeps until the first connection could be idle for too long, looks at those
//! that are due, and sleeps again; without connections there is no task either.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use ottla_runtime::sync::Notify;
use ottla_runtime::task::{self, Share, Task};
use ottla_runtime::time::{self, Instant};

/// Why a connection is closed from outside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kill {
    /// Nothing happened on it for `connections.max.idle.ms`.
    Idle,
    /// The broker stops and has waited long enough.
    Stopping,
}

/// What the registry and a connection know of each other.
pub struct Entry {
    id: u64,
    last_used: Cell<Instant>,
    /// Requests that a handler works on: such a connection is not idle, however long it takes.
    working: Cell<bool>,
    killed: Cell<Option<Kill>>,
    notify: Notify,
    due: Cell<Instant>,
}

impl Entry {
    /// Something happened on the connection.
    pub fn used(&self) {
        self.last_used.set(time::now());
    }

    /// A handler starts or ends its work.
    pub fn working(&self, is: bool) {
        self.working.set(is);
        self.used();
    }

    /// Resolves when the connection is to be closed.
    pub async fn killed(&self) -> Kill {
        loop {
            let notified = self.notify.notified();
            if let Some(kill) = self.killed.get() {
                return kill;
            }
            notified.await;
        }
    }

    fn kill(&self, why: Kill) {
        self.killed.set(Some(why));
        self.notify.notify_all();
    }
}

#[derive(Default)]
struct State {
    next_id: u64,
    open: BTreeMap<u64, Rc<Entry>>,
    due: BTreeSet<(Instant, u64)>,
    sweep: Option<Task<()>>,
}

/// All connections of a shard.
pub struct Registry {
    max_idle: Duration,
    state: RefCell<State>,
    emptied: Notify,
}

impl Registry {
    /// Empty; connections are idle for too long after `max_idle`.
    pub fn new(max_idle: Duration) -> Rc<Registry> {
        Rc::new(Registry {
            max_idle,
            state: RefCell::default(),
            emptied: Notify::new(),
        })
    }

    /// Connections that are open.
    pub fn open(&self) -> usize {
        self.state.borrow().open.len()
    }

    /// Adds a connection until the result is dropped.
    pub fn enter(self: &Rc<Self>) -> Registered {
        let now = time::now();
        let mut state = self.state.borrow_mut();
        state.next_id += 1;
        let due = now + self.max_idle;
        let entry = Rc::new(Entry {
            id: state.next_id,
            last_used: Cell::new(now),
            working: Cell::new(false),
            killed: Cell::new(None),
            notify: Notify::new(),
            due: Cell::new(due),
        });
        state.due.insert((due, entry.id));
        state.open.insert(entry.id, entry.clone());
        if state.sweep.is_none() {
            let registry = Rc::downgrade(self);
            state.sweep = Some(task::spawn(Share::Background, async move {
                while let Some(next) = registry
                    .upgrade()
                    .and_then(|registry| registry.sweep(time::now()))
                {
                    time::sleep_until(next).await;
                }
            }));
        }
        Registered {
            registry: self.clone(),
            entry,
        }
    }

    /// Closes what has been idle for too long; says when to look again.
    fn sweep(&self, now: Instant) -> Option<Instant> {
        let mut state = self.state.borrow_mut();
        while let Some((due, id)) = state.due.first().copied() {
            if due > now {
                return Some(due);
            }
            state.due.pop_first();
            let Some(entry) = state.open.get(&id).cloned() else {
                continue;
            };
            let mut next = if entry.working.get() {
                now
            } else {
                entry.last_used.get()
            } + self.max_idle;
            if next <= now {
                entry.kill(Kill::Idle);
                next = now + self.max_idle; // gone by then
            }
            entry.due.set(next);
            state.due.insert((next, id));
        }
        None
    }

    /// Closes all.
    pub fn kill_all(&self, why: Kill) {
        for entry in self.state.borrow().open.values() {
            entry.kill(why);
        }
    }

    /// Resolves when no connection is open.
    pub async fn emptied(&self) {
        loop {
            let notified = self.emptied.notified();
            if self.open() == 0 {
                return;
            }
            notified.await;
        }
    }
}

/// A connection's place in the registry.
pub struct Registered {
    registry: Rc<Registry>,
    entry: Rc<Entry>,
}

impl Registered {
    /// Unique on this shard.
    pub fn id(&self) -> u64 {
        self.entry.id
    }

    /// What the connection reports to.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut state = self.registry.state.borrow_mut();
        state.open.remove(&self.entry.id);
        state.due.remove(&(self.entry.due.get(), self.entry.id));
        let idle = if state.open.is_empty() {
            state.sweep.take()
        } else {
            None
        };
        drop(state);
        if idle.is_some() {
            self.registry.emptied.notify_all();
        }
    }
}
