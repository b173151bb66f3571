//! The share partitions of one shard: calls find them here.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_runtime::sync::{Notify, Semaphore};
use ottla_runtime::task::{self, Share};
use ottla_runtime::time::{self, Instant};

use super::calls::{Answer, Call, Fetch, Fetched};
use super::flight::{Acknowledgement, Kind, Moved};
use super::partition::SharePartition;
use super::read;
use crate::coordinator::host::Coordinators;
use crate::coordinator::share::Key;
use crate::partition::table::Partitions;
use crate::partition::waiters::Watch;

/// All share partitions of a shard.
pub struct Leaders {
    partitions: Rc<Partitions>,
    coordinators: Rc<Coordinators>,
    table: RefCell<BTreeMap<Key, Rc<SharePartition>>>,
    /// Those that are being loaded.
    loading: RefCell<BTreeSet<Key>>,
    /// One of them is, or could not be.
    loaded: Notify,
    /// How many may be loaded at once.
    loads: Rc<Semaphore>,
    /// Sessions with fetches under way: how many, and whether the session has ended meanwhile.
    fetching: RefCell<BTreeMap<u64, (usize, bool)>>,
}

const LOADS: usize = 16;

impl Leaders {
    /// Of a shard with these partitions.
    pub fn new(partitions: Rc<Partitions>, coordinators: Rc<Coordinators>) -> Rc<Leaders> {
        Rc::new(Leaders {
            partitions,
            coordinators,
            table: RefCell::default(),
            loading: RefCell::default(),
            loaded: Notify::new(),
            loads: Rc::new(Semaphore::new(LOADS)),
            fetching: RefCell::default(),
        })
    }

    /// Handles a call.
    pub fn handle(self: &Rc<Self>, call: Call, answer: impl FnOnce(Answer) + 'static) {
        let leaders = self.clone();
        let work = async move {
            match call {
                Call::Fetch(fetch) => answer(Answer::Fetch(leaders.fetch(fetch).await)),
                Call::Watch {
                    group,
                    parts,
                    deadline,
                } => {
                    if leaders.watch(&group, &parts, deadline).await {
                        answer(Answer::Watch);
                    }
                }
                Call::Acknowledge {
                    group,
                    member,
                    parts,
                } => {
                    let codes = leaders.acknowledge_all(&group, &member, parts).await;
                    answer(Answer::Acknowledge(codes));
                }
                Call::Release {
                    group,
                    session,
                    parts,
                } => {
                    if let Some((_, ended)) = leaders.fetching.borrow_mut().get_mut(&session) {
                        *ended = true;
                    }
                    for id in parts {
                        leaders.release(&group, session, id).await;
                    }
                    answer(Answer::Release);
                }
            }
        };
        task::spawn(Share::Foreground, work).detach();
    }

    fn known(&self, group: &Arc<str>, id: PartitionId) -> Option<Rc<SharePartition>> {
        let key = Key {
            group: group.clone(),
            partition: id,
        };
        let share = self.table.borrow().get(&key).cloned()?;
        // Another partition may have come in its place since, or none.
        let here = self.partitions.find(id);
        let is_here = here.is_some_and(|here| Rc::ptr_eq(&here, &share.partition));
        if is_here && !share.is_stale.get() {
            return Some(share);
        }
        self.forget(&share);
        None
    }

    async fn find(
        &self,
        group: &Arc<str>,
        id: PartitionId,
    ) -> Result<Rc<SharePartition>, ErrorCode> {
        loop {
            if let Some(share) = self.known(group, id) {
                return Ok(share);
            }
            let key = Key {
                group: group.clone(),
                partition: id,
            };
            if self.loading.borrow_mut().insert(key.clone()) {
                return self.load(key, None).await;
            }
            self.loaded.notified().await;
        }
    }

    /// Loads one that is noted as being loaded, and is let a session read then.
    async fn load(&self, key: Key, session: Option<u64>) -> Result<Rc<SharePartition>, ErrorCode> {
        let loaded = {
            let _turn = self.loads.acquire(1).await;
            match self.partitions.find(key.partition) {
                Some(partition) => {
                    SharePartition::load(key.clone(), partition, self.coordinators.clone()).await
                }
                None => Err(ErrorCode::NOT_LEADER_OR_FOLLOWER),
            }
        };
        if let Ok(share) = &loaded {
            share.sessions.borrow_mut().extend(session);
            self.table.borrow_mut().insert(key.clone(), share.clone());
        }
        self.loading.borrow_mut().remove(&key);
        self.loaded.notify_all();
        loaded
    }

    /// Begins to load those of a session that nobody has read yet; says which.
    fn load_ahead(self: &Rc<Self>, fetch: &Fetch) -> BTreeSet<PartitionId> {
        let is_new = |id: &&PartitionId| self.known(&fetch.group, **id).is_none();
        let new: BTreeSet<PartitionId> = fetch.parts.iter().filter(is_new).copied().collect();
        for id in &new {
            let key = Key {
                group: fetch.group.clone(),
                partition: *id,
            };
            if self.loading.borrow_mut().insert(key.clone()) {
                let (leaders, session) = (self.clone(), fetch.session);
                // Who needs it finds it, or loads it again and hears why not.
                let load = async move { drop(leaders.load(key, Some(session)).await) };
                task::spawn(Share::Foreground, load).detach();
            }
        }
        new
    }

    fn forget(&self, share: &Rc<SharePartition>) {
        let mut table = self.table.borrow_mut();
        if table.get(&share.key).is_some_and(|s| Rc::ptr_eq(s, share)) {
            table.remove(&share.key);
        }
        drop(table);
        share.is_stale.set(true);
        share.wake();
    }

    async fn fetch(self: &Rc<Self>, fetch: Fetch) -> Vec<Fetched> {
        let session = fetch.session;
        self.fetching.borrow_mut().entry(session).or_default().0 += 1;
        let all = self.hand_out(&fetch).await;
        let has_ended = {
            let mut fetching = self.fetching.borrow_mut();
            let Some((count, ended)) = fetching.get_mut(&session) else {
                return all;
            };
            *count -= 1;
            let (is_last, ended) = (*count == 0, *ended);
            if is_last {
                fetching.remove(&session);
            }
            is_last && ended
        };
        if has_ended {
            // What was handed out meanwhile goes back, too.
            for id in &fetch.parts {
                self.release(&fetch.group, session, *id).await;
            }
        }
        all
    }

    /// Hands records out. Who has some, or has to hear why not, does not wait for share partitions that nobody has read yet: those come
    /// with the next fetch.
    async fn hand_out(self: &Rc<Self>, fetch: &Fetch) -> Vec<Fetched> {
        let (mut records, mut bytes) = (fetch.max_records, fetch.max_bytes);
        let mut has_news = fetch.has_news;
        let new = self.load_ahead(fetch);
        let mut all = Vec::with_capacity(fetch.parts.len());
        for id in &fetch.parts {
            let found = match has_news && new.contains(id) {
                true => Ok(None),
                false => self.find(&fetch.group, *id).await.map(Some),
            };
            let fetched = match found {
                Err(code) => Fetched::refused(code),
                Ok(_) if records <= 0 || bytes == 0 => Fetched::default(),
                Ok(None) => Fetched::default(),
                Ok(Some(share)) => {
                    share.sessions.borrow_mut().insert(fetch.session);
                    let fetched = read::hand_out(&share, fetch, records, bytes).await;
                    if !fetched.is_empty() {
                        self.look_after_locks(&share);
                    }
                    fetched
                }
            };
            has_news |= fetched.is_news();
            records -= fetched.count();
            bytes = bytes.saturating_sub(fetched.len());
            all.push(fetched);
        }
        all
    }

    /// Waits until something may be handed out. Says false when nobody waits for it any more.
    async fn watch(&self, group: &Arc<str>, parts: &[PartitionId], deadline: Instant) -> bool {
        let (watch, fired) = Watch::new(1, deadline);
        for id in parts {
            let Some(share) = self.known(group, *id) else {
                watch.fire();
                break;
            };
            let settings = share.settings();
            let end = share.readable_end(settings.committed_only);
            let (has_room, next) = {
                let flight = share.flight.borrow();
                (flight.has_room(settings.max_in_flight), flight.next())
            };
            if has_room && next < end {
                watch.fire();
                break;
            }
            if has_room {
                share.partition.watch(end, settings.committed_only, &watch);
            }
            let mut watchers = share.watchers.borrow_mut();
            watchers.add(watch.clone(), time::now());
        }
        drop(watch);
        fired.await.is_ok()
    }

    async fn acknowledge_all(
        self: &Rc<Self>,
        group: &Arc<str>,
        member: &Arc<str>,
        parts: Vec<(PartitionId, Vec<Acknowledgement>)>,
    ) -> Vec<ErrorCode> {
        // All of them at once: each waits for its coordinator.
        let mut tasks = Vec::with_capacity(parts.len());
        for (id, said) in parts {
            let (leaders, group, member) = (self.clone(), group.clone(), member.clone());
            tasks.push(task::spawn(Share::Foreground, async move {
                let done = leaders.acknowledge(&group, &member, id, &said).await;
                done.err().unwrap_or_default()
            }));
        }
        let mut codes = Vec::with_capacity(tasks.len());
        for task in tasks {
            codes.push(task.await);
        }
        codes
    }

    async fn acknowledge(
        &self,
        group: &Arc<str>,
        member: &str,
        id: PartitionId,
        said: &[Acknowledgement],
    ) -> Result<(), ErrorCode> {
        let share = self.known(group, id);
        let share = share.ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        let settings = share.settings();
        let until = time::now() + settings.lock;
        let renews = |ack: &Acknowledgement| ack.kinds.contains(&Kind::Renew);
        if !settings.renew && said.iter().any(renews) {
            return Err(ErrorCode::INVALID_RECORD_STATE);
        }
        let moved =
            share
                .flight
                .borrow_mut()
                .acknowledge(member, said, until, settings.max_deliveries)?;
        if moved.0.is_empty() {
            return Ok(());
        }
        let written = share.write(&moved).await;
        share.flight.borrow_mut().settle(&moved, written.is_ok());
        share.wake();
        self.forget_unless_used(&share);
        written
    }

    /// When nobody reads it, what is in the coordinator's hands may be changed by administrators, and is read again.
    fn forget_unless_used(&self, share: &Rc<SharePartition>) {
        if share.is_unused() || share.is_stale.get() {
            self.forget(share);
        }
    }

    async fn release(&self, group: &Arc<str>, session: u64, id: PartitionId) {
        let key = Key {
            group: group.clone(),
            partition: id,
        };
        while self.loading.borrow().contains(&key) {
            self.loaded.notified().await;
        }
        let Some(share) = self.known(group, id) else {
            return;
        };
        let limit = share.settings().max_deliveries;
        let moved = share.flight.borrow_mut().release(session, limit);
        share.wake();
        if !moved.0.is_empty() {
            let _ = share.write(&moved).await;
        }
        share.sessions.borrow_mut().remove(&session);
        self.forget_unless_used(&share);
    }

    /// Takes back what is not acknowledged in time, as long as anybody has anything.
    fn look_after_locks(&self, share: &Rc<SharePartition>) {
        if share.ticking.replace(true) {
            return;
        }
        task::spawn(Share::Foreground, take_back(Rc::downgrade(share))).detach();
    }
}

async fn take_back(share: Weak<SharePartition>) {
    loop {
        let until = {
            let Some(share) = share.upgrade() else { return };
            let until = share.flight.borrow().deadline();
            if until.is_none() {
                share.ticking.set(false);
                return;
            }
            until
        };
        if let Some(until) = until {
            time::sleep_until(until).await;
        }
        let Some(share) = share.upgrade() else { return };
        let limit = share.settings().max_deliveries;
        let moved: Moved = share.flight.borrow_mut().expire(time::now(), limit);
        if !moved.0.is_empty() {
            share.wake();
            // How often they were delivered; lost with a crash otherwise, which is no harm.
            let _ = share.write(&moved).await;
            if share.is_unused() {
                share.is_stale.set(true);
            }
        }
    }
}
