//! What the clients know, kept outside of the simulated machine so that it survives every crash, and the first promise
//! that was broken.
//!
//! Operations that were acknowledged, or whose effect was seen once, must stay. What was sent and never answered may
//! have happened or not, until somebody sees it.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::ids::Uuid;

use super::groups::roster::Roster;
use super::keys::table::Table;
use super::queue::book::Queue;
use super::slot::Slot;
use super::story::Story;
use super::txn::book::Book;

/// What a run did; for the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Batches acknowledged with their offset.
    pub acked: u64,
    /// Batches sent again after their connection broke.
    pub resent: u64,
    /// Records read and compared.
    pub read: u64,
    /// Requests about topics, settings and offsets that were answered.
    pub asked: u64,
    /// Topics made.
    pub created: u64,
    /// Topics deleted.
    pub deleted: u64,
    /// Times a log's start was seen to move.
    pub start_moves: u64,
    /// Requests refused because of a disk that fails.
    pub storage_errors: u64,
    /// Transactions that are known to be committed.
    pub committed: u64,
}

impl Counts {
    /// Adds another run's.
    pub fn add(&mut self, other: &Counts) {
        self.acked += other.acked;
        self.resent += other.resent;
        self.read += other.read;
        self.asked += other.asked;
        self.created += other.created;
        self.deleted += other.deleted;
        self.start_moves += other.start_moves;
        self.storage_errors += other.storage_errors;
        self.committed += other.committed;
    }
}

/// How far the disk may be believed, and with it what may be demanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Honesty {
    /// What was flushed stays; failures are reported.
    Honest,
    /// Stored bits may change, and reads fail: then the broker must say so. Never wrong data.
    Rotting,
    /// Writes may be confirmed and lost, or land elsewhere. A lost write at the end of the journal looks like one that
    /// was never made: records may be gone, but what is served must still be what somebody sent there.
    Lying,
}

/// What is known about a topic's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// There is none.
    Absent,
    /// It is there, with this id.
    There(Uuid),
    /// A creation or a deletion was not answered.
    Unsure,
}

/// One topic name.
#[derive(Debug)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Is it there?
    pub known: Known,
    /// Its partitions: slots of the ledger. Empty unless it is there.
    pub slots: Vec<usize>,
    /// Per setting what its value may be.
    pub settings: BTreeMap<String, BTreeSet<Option<String>>>,
    /// Ids that were deleted for sure: never to be seen again.
    pub gone: BTreeSet<Uuid>,
    /// A deletion that was asked for and not answered yet; it is asked for until it is.
    pub deleting: Option<Uuid>,
    /// The broker's life in which a creation went unanswered: until that life ends it may still happen, and until a later
    /// life says what there is, it may have.
    pub late_create: Option<u32>,
    /// Changes of settings that went unanswered, with the broker's life: they may still happen.
    pub late_alters: Vec<(u32, String, Option<String>)>,
    /// Numbers of partitions that were asked for and not answered, with the broker's life: they may still be made.
    pub late_counts: Vec<(u32, i32)>,
    /// The broker's life in which a DeleteRecords was not answered.
    pub late_deletes: Option<u32>,
}

/// Everything.
#[derive(Debug)]
pub struct Ledger {
    /// How far the disk may be believed.
    pub honesty: Honesty,
    /// Does the disk report errors, or is it full now and then? Then requests may be refused for it.
    pub failing: bool,
    /// The scenario is over: what is in flight is finished, nothing new begins, and nothing may fail any more.
    pub ending: bool,
    /// The topics.
    pub topics: Vec<Topic>,
    /// Every partition there ever was.
    pub slots: Vec<Slot>,
    /// What transactional producers did.
    pub txns: Book,
    /// What is in a compacted topic.
    pub table: Table,
    /// What a share group did.
    pub queue: Queue,
    /// What groups did.
    pub roster: Roster,
    /// Ids that producers were given.
    pub producer_ids: BTreeSet<i64>,
    /// Which life of the broker this is: what a life did not finish, no other does.
    pub life: u32,
    /// The lives in which the broker was asked to stop: then it may refuse what it cannot finish.
    pub stopped_in: BTreeSet<u32>,
    /// Clients that have finished what they had in flight.
    pub finished: usize,
    /// Counters.
    pub counts: Counts,
    /// What happened.
    pub story: Story,
    violation: Option<String>,
}

impl Ledger {
    /// Nothing is known yet but the topics' names.
    pub fn new(topics: usize, honesty: Honesty, failing: bool, story: Story) -> Self {
        let topic = |n| Topic {
            name: format!("t{n}"),
            known: Known::Absent,
            slots: Vec::new(),
            settings: BTreeMap::new(),
            gone: BTreeSet::new(),
            deleting: None,
            late_create: None,
            late_alters: Vec::new(),
            late_counts: Vec::new(),
            late_deletes: None,
        };
        Self {
            honesty,
            failing,
            ending: false,
            topics: (0..topics).map(topic).collect(),
            slots: Vec::new(),
            txns: Book::default(),
            table: Table::default(),
            queue: Queue::default(),
            roster: Roster::default(),
            producer_ids: BTreeSet::new(),
            life: 0,
            stopped_in: BTreeSet::new(),
            finished: 0,
            counts: Counts::default(),
            story,
            violation: None,
        }
    }

    /// Remembers the first broken promise.
    pub fn violate(&mut self, what: String) {
        self.story.tell(|| format!("BROKEN: {what}"));
        self.violation.get_or_insert(what);
    }

    /// The first broken promise.
    pub fn violation(&self) -> Option<&String> {
        self.violation.as_ref()
    }

    /// May the broker have been stopping when it gave an answer over a connection that was made in one of these lives? The
    /// answer may be older than the broker's present life, and than the one before.
    pub fn stopping(&self, lives: (u32, u32)) -> bool {
        self.stopped_in.range(lives.0..=lives.1).next().is_some()
    }

    /// Partitions whose deletion nobody asked for.
    pub fn live(&self) -> Vec<usize> {
        (0..self.slots.len())
            .filter(|s| self.slots[*s].live)
            .collect()
    }

    /// A topic was created, or found to be there after a creation that was not answered.
    pub fn there(&mut self, topic: usize, id: Uuid, partitions: i32) {
        let index = topic;
        if self.topics[topic].gone.contains(&id) && self.honesty < Honesty::Lying {
            self.violate(format!(
                "topic {} {id} is back, which was deleted",
                self.topics[topic].name
            ));
            return;
        }
        self.counts.created += 1;
        let topic = &mut self.topics[topic];
        topic.known = Known::There(id);
        topic.slots.clear();
        self.grown(index, id, partitions);
    }

    /// A topic has so many partitions.
    pub fn grown(&mut self, topic: usize, id: Uuid, partitions: i32) {
        for partition in self.topics[topic].slots.len() as i32..partitions {
            let name = self.topics[topic].name.clone();
            let mut slot = Slot::new(self.slots.len() as u32, name, id, partition);
            if self.topics[topic].late_deletes == Some(self.life) {
                slot.delete_to = i64::MAX;
            }
            self.topics[topic].slots.push(self.slots.len());
            self.slots.push(slot);
        }
        self.limits(topic);
    }

    /// A topic's deletion is asked for: nobody uses it any more.
    pub fn leave(&mut self, topic: usize, id: Uuid) {
        let topic = &mut self.topics[topic];
        topic.known = Known::Unsure;
        topic.deleting = Some(id);
        for slot in std::mem::take(&mut topic.slots) {
            self.slots[slot].live = false;
        }
    }

    /// A topic is deleted for sure.
    pub fn gone(&mut self, topic: usize, id: Uuid) {
        let topic = &mut self.topics[topic];
        topic.known = Known::Absent;
        topic.deleting = None;
        topic.gone.insert(id);
        self.counts.deleted += 1;
    }

    /// A topic is about to be made, with these settings and no others.
    pub fn creating(&mut self, number: usize, settings: &[(&str, Option<String>)]) {
        let life = self.life;
        let topic = &mut self.topics[number];
        if topic.late_create.is_none() {
            topic.settings.clear();
        }
        topic.late_alters.retain(|late| late.0 == life);
        topic.known = Known::Unsure;
        self.may_create(number, settings);
    }

    /// A creation is on its way. If it is not answered it may happen later, after a deletion too, and these may be the settings of the
    /// topic that it makes.
    pub fn may_create(&mut self, topic: usize, settings: &[(&str, Option<String>)]) {
        let life = self.life;
        let topic = &mut self.topics[topic];
        topic.late_create = Some(life);
        for (key, value) in settings {
            let late = (life, (*key).to_owned(), value.clone());
            topic.late_alters.push(late);
        }
        for (_, key, value) in &topic.late_alters {
            let values = topic.settings.entry(key.clone()).or_default();
            values.insert(value.clone());
        }
    }

    /// A creation was answered; `before` is what was known of late ones before it.
    pub fn created(&mut self, topic: usize, before: Option<u32>, settings: usize) {
        let topic = &mut self.topics[topic];
        topic.late_create = before;
        let left = topic.late_alters.len() - settings;
        topic.late_alters.truncate(left);
    }

    /// DeleteRecords is asked for up to an offset; until it is answered it may hit the next topic of that name too.
    pub fn deleting_records(&mut self, topic: usize, slot: usize, to: i64) {
        let limit = if to < 0 { i64::MAX } else { to };
        let slot = &mut self.slots[slot];
        slot.delete_to = slot.delete_to.max(limit);
        self.topics[topic].late_deletes = Some(self.life);
    }

    /// May a creation that was not answered still happen, or have happened since the last look?
    pub fn may_appear(&self, topic: usize) -> bool {
        self.topics[topic].late_create.is_some()
    }

    /// Asked in this life of the broker, it said how many partitions the topic has.
    pub fn counted(&mut self, topic: usize, life: u32) {
        let late = &mut self.topics[topic].late_counts;
        late.retain(|(since, _)| *since >= life);
    }

    /// A question asked in this life of the broker was answered: what earlier lives have not done, they never will.
    pub fn looked(&mut self, topic: usize, life: u32) {
        let topic = &mut self.topics[topic];
        topic.late_create = topic.late_create.filter(|since| *since >= life);
    }

    /// A setting is about to be changed.
    pub fn altering(&mut self, topic: usize, key: &str, value: &Option<String>) {
        let life = self.life;
        let known = &mut self.topics[topic];
        let values = known.settings.entry(key.to_owned()).or_default();
        values.insert(value.clone());
        let late = (life, key.to_owned(), value.clone());
        known.late_alters.push(late);
        self.limits(topic);
    }

    /// A setting was changed for sure, or seen; only changes that were not answered may still change it.
    pub fn altered(&mut self, topic: usize, key: &str, value: &Option<String>, answered: bool) {
        // The life in which it was done: an answer may come when that is over, and a late change have come in between.
        let mut life = self.life;
        let known = &mut self.topics[topic];
        if answered {
            let this = |l: &(u32, String, Option<String>)| l.1 == key && l.2 == *value;
            if let Some(at) = known.late_alters.iter().rposition(this) {
                life = known.late_alters.remove(at).0;
            }
        }
        let late = known.late_alters.iter();
        let late = late.filter(|l| l.0 >= life && l.1 == key).map(|l| &l.2);
        let values = late.chain([value]).cloned().collect();
        known.settings.insert(key.to_owned(), values);
    }

    /// The topic's settings, or what they may be, changed: how much retention may take at most.
    pub fn limits(&mut self, topic: usize) {
        let least = |key: &str| -> Option<i64> {
            let values = self.topics[topic].settings.get(key)?;
            let numbers = values.iter().flatten().filter_map(|v| v.parse().ok());
            numbers.filter(|n| *n >= 0).min()
        };
        let (bytes, ms) = (least("retention.bytes"), least("retention.ms"));
        for slot in self.topics[topic].slots.clone() {
            self.slots[slot].retains(bytes, ms);
        }
    }
}
