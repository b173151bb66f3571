//! Random lives of a share partition: members take, acknowledge, fall silent and leave, writes come late or not at all, the owner
//! crashes, another takes its place while the old one goes on, the coordinator is read back from its log, administrators set the
//! group back. What a member was told is done comes never again, nobody has what another has, and in the end all is done.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::{NodeId, PartitionId, Uuid};
use ottla_runtime::rand::Rng;
use ottla_runtime::time::Instant;

use super::flight::{Acknowledgement, Flight, Holder, Kind, Moved, Wanted};
use crate::coordinator::share::{Answer, Change, Command, Key, Record, Shares, Verb};
use crate::coordinator::{Ask, Machine, Now, Position, Write};
use crate::metadata::{Image, PartitionState, Topic};

const TOPIC: Uuid = Uuid([7; 16]);
const LOCK: Duration = Duration::from_secs(30);
const MOST_DELIVERIES: i16 = 5;
const MOST_IN_FLIGHT: i64 = 40;
const MEMBERS: u64 = 4;

/// The share coordinator and its log.
struct Coordinator {
    shares: Shares,
    image: Image,
    log: Vec<Record>,
}

/// The partition's owner: what moved is written in order, one write at a time, and counts when its answer is heard.
struct Owner {
    flight: Flight,
    state_epoch: i32,
    leader_epoch: i32,
    unwritten: VecDeque<(Moved, Vec<i64>)>,
    unheard: VecDeque<(Moved, Vec<i64>, bool)>,
}

struct Run {
    rng: Rng,
    coordinator: Coordinator,
    owner: Owner,
    now: Instant,
    state_epoch: i32,
    /// First and last offset of each batch of the log.
    batches: Vec<(i64, i64)>,
    start: i64,
    end: i64,
    /// Who has an offset, and until when, as members believe.
    held: BTreeMap<i64, (String, Instant)>,
    done: BTreeSet<i64>,
}

fn key() -> Key {
    let partition = PartitionId {
        topic: TOPIC,
        partition: 0,
    };
    Key {
        group: "g".into(),
        partition,
    }
}

impl Coordinator {
    fn new() -> Coordinator {
        let mut image = Image::empty("cluster".into(), NodeId(1));
        let state = PartitionState {
            leader: NodeId(1),
            leader_epoch: 0,
            replicas: vec![NodeId(1)],
            isr: vec![NodeId(1)],
        };
        image.topics.insert(Topic {
            id: TOPIC,
            name: "t".into(),
            partitions: vec![state],
            internal: false,
            config: Default::default(),
            overrides: Default::default(),
        });
        Coordinator {
            shares: Shares::new(0),
            image,
            log: Vec::new(),
        }
    }

    fn ask(&mut self, verb: Verb) -> Answer {
        let mut now = Now {
            at: Instant::from_nanos(1),
            wall_ms: 1,
            image: &self.image,
            random: &mut || 4,
        };
        let command = Command { key: key(), verb };
        let effects = self.shares.handle(command, Ask(1), &mut now);
        for write in effects.writes {
            let Write::Records { records, .. } = write else {
                panic!("not records");
            };
            for record in records {
                let at = at(self.log.len());
                self.log.push(record.clone());
                self.shares.apply(record, &at);
            }
        }
        effects.answers.into_iter().next().expect("an answer").1
    }

    /// Another takes its place, who has but the log.
    fn crash(&mut self) {
        self.shares = Shares::new(0);
        for (n, record) in self.log.iter().enumerate() {
            self.shares.apply(record.clone(), &at(n));
        }
    }
}

fn at(offset: usize) -> Position {
    Position {
        offset: offset as i64,
        timestamp: 1,
        producer: None,
    }
}

impl Owner {
    fn load(coordinator: &mut Coordinator, leader_epoch: i32, log_start: i64) -> Owner {
        let known = coordinator.ask(Verb::Read { leader_epoch });
        let known = known.expect("read").expect("known");
        let mut flight = Flight::new(known.start.max(0), &known.batches);
        flight.begin_at(log_start);
        Owner {
            flight,
            state_epoch: known.state_epoch,
            leader_epoch,
            unwritten: VecDeque::new(),
            unheard: VecDeque::new(),
        }
    }

    fn change(&self, moved: &Moved) -> Verb {
        Verb::Write(Change {
            state_epoch: self.state_epoch,
            leader_epoch: self.leader_epoch,
            start: self.flight.start(),
            complete_count: self.flight.complete_count(),
            batches: moved.0.clone(),
        })
    }
}

impl Run {
    fn new(seed: u64) -> Run {
        let mut coordinator = Coordinator::new();
        let state_epoch = 1;
        let begin = Verb::Initialize {
            state_epoch,
            start: 0,
        };
        coordinator.ask(begin).expect("begun");
        let owner = Owner::load(&mut coordinator, 0, 0);
        Run {
            rng: Rng::new(seed),
            coordinator,
            owner,
            now: Instant::from_nanos(1),
            state_epoch,
            batches: Vec::new(),
            start: 0,
            end: 0,
            held: BTreeMap::new(),
            done: BTreeSet::new(),
        }
    }

    fn draw(&mut self, below: u64) -> i64 {
        self.rng.below(below) as i64
    }

    fn step(&mut self) {
        let member = self.rng.below(MEMBERS);
        match self.rng.below(24) {
            0..3 => {
                let size = 1 + self.draw(8);
                self.batches.push((self.end, self.end + size - 1));
                self.end += size;
            }
            3..8 => self.take(member),
            8..14 => self.acknowledge(member),
            14..17 => self.write(),
            17..20 => self.hear(),
            20 => self.wait(),
            21 => self.leave(member),
            22 => self.trouble(),
            _ => self.administer(member),
        }
    }

    fn take(&mut self, member: u64) {
        let (most, batch_size) = (1 + self.draw(12), 1 + self.draw(12));
        let flight = &mut self.owner.flight;
        flight.begin_at(self.start);
        let from = flight.next();
        let read = self.batches.iter().filter(|(_, last)| *last >= from);
        let read: Vec<_> = read.take(4).copied().collect();
        if read.is_empty() || !flight.has_room(MOST_IN_FLIGHT) {
            return;
        }
        let until = self.now + LOCK;
        let holder = Holder {
            member: format!("m{member}").as_str().into(),
            session: member,
            until,
        };
        let wanted = Wanted {
            holder,
            from,
            max_records: most,
            batch_size,
            strict: self.rng.below(2) == 0,
            max_deliveries: MOST_DELIVERIES,
            max_in_flight: MOST_IN_FLIGHT,
        };
        for acquired in flight.acquire(&wanted, &read, &[]) {
            assert!((1..=MOST_DELIVERIES).contains(&acquired.count));
            for offset in acquired.first..=acquired.last {
                assert!(!self.done.contains(&offset), "{offset} comes again");
                let before = self.held.insert(offset, (format!("m{member}"), until));
                let is_held = before.is_some_and(|(_, until)| until > self.now);
                assert!(!is_held, "{offset} is another's");
            }
        }
    }

    /// What a member believes to have, a part of it.
    fn acknowledge(&mut self, member: u64) {
        let name = format!("m{member}");
        let mut mine = self.held.iter().filter(|(_, (holder, _))| *holder == name);
        let skip = self.rng.below(4) as usize;
        let Some(first) = mine.nth(skip).map(|(offset, _)| *offset) else {
            return;
        };
        let mut last = first;
        while last - first < 6 && self.held.get(&(last + 1)).is_some_and(|(m, _)| *m == name) {
            last += 1;
        }
        let kind = [
            Kind::Accept,
            Kind::Accept,
            Kind::Accept,
            Kind::Release,
            Kind::Renew,
        ];
        let kind = kind[self.rng.below(5) as usize];
        let (kinds, until) = (vec![kind], self.now + LOCK);
        let said = [Acknowledgement { first, last, kinds }];
        let flight = &mut self.owner.flight;
        let Ok(moved) = flight.acknowledge(&name, &said, until, MOST_DELIVERIES) else {
            // It was too late.
            (first..=last).for_each(|offset| drop(self.held.remove(&offset)));
            return;
        };
        match kind {
            Kind::Renew => {
                let held = self.held.range_mut(first..=last);
                held.for_each(|(_, (_, time))| *time = until);
            }
            _ => {
                (first..=last).for_each(|offset| drop(self.held.remove(&offset)));
                let accepted = match kind {
                    Kind::Accept => (first..=last).collect(),
                    _ => Vec::new(),
                };
                self.owner.unwritten.push_back((moved, accepted));
            }
        }
    }

    fn write(&mut self) {
        let Some((moved, accepted)) = self.owner.unwritten.pop_front() else {
            return;
        };
        let written = match self.rng.below(8) {
            // Not appended.
            0 => false,
            _ => self.coordinator.ask(self.owner.change(&moved)).is_ok(),
        };
        // Nobody else has written meanwhile: it was not this owner's fault then.
        self.owner.unheard.push_back((moved, accepted, written));
    }

    fn hear(&mut self) {
        let Some((moved, accepted, written)) = self.owner.unheard.pop_front() else {
            return;
        };
        self.owner.flight.settle(&moved, written);
        if written {
            self.done.extend(accepted);
        } else {
            // A state that could not be written is read again, and what is under way with it is lost.
            self.reload(self.owner.leader_epoch);
        }
    }

    fn reload(&mut self, leader_epoch: i32) {
        self.owner = Owner::load(&mut self.coordinator, leader_epoch, self.start);
        self.held.clear();
    }

    fn wait(&mut self) {
        self.now += Duration::from_secs(self.rng.below(20));
        let moved = self.owner.flight.expire(self.now, MOST_DELIVERIES);
        if !moved.0.is_empty() {
            self.owner.unwritten.push_back((moved, Vec::new()));
        }
    }

    fn leave(&mut self, member: u64) {
        let moved = self.owner.flight.release(member, MOST_DELIVERIES);
        let name = format!("m{member}");
        self.held.retain(|_, (holder, _)| *holder != name);
        if !moved.0.is_empty() {
            self.owner.unwritten.push_back((moved, Vec::new()));
        }
    }

    fn trouble(&mut self) {
        self.coordinator.crash();
        let next = self.owner.leader_epoch + 1;
        let old = std::mem::replace(
            &mut self.owner,
            Owner::load(&mut self.coordinator, next, self.start),
        );
        self.held.clear();
        // The old owner does not know yet.
        let late = self.coordinator.ask(old.change(&Moved::default()));
        assert_eq!(
            late.map_err(|refusal| refusal.code),
            Err(ErrorCode::FENCED_LEADER_EPOCH)
        );
    }

    fn administer(&mut self, member: u64) {
        if member > 0 {
            // Retention.
            let kept = self.end - self.draw(30);
            self.start = self.start.max(kept);
            self.batches.retain(|(_, last)| *last >= self.start);
            self.owner.flight.begin_at(self.start);
            self.held = self.held.split_off(&self.start);
            return;
        }
        // The group is set back, which was not heard of here; the first write tells.
        self.state_epoch += 1;
        let (state_epoch, start) = (self.state_epoch, self.start);
        let anew = Verb::Initialize { state_epoch, start };
        self.coordinator.ask(anew).expect("set back");
        let late = self.coordinator.ask(self.owner.change(&Moved::default()));
        assert_eq!(
            late.map_err(|refusal| refusal.code),
            Err(ErrorCode::FENCED_STATE_EPOCH)
        );
        self.done.clear();
        self.reload(self.owner.leader_epoch);
    }

    /// Nothing more comes, and one member takes all that is left.
    fn finish(&mut self) {
        let next = self.owner.leader_epoch + 1;
        self.reload(next);
        for _ in 0..10_000 {
            let before = self.owner.flight.clone();
            self.take(0);
            while !self.held.is_empty() {
                self.acknowledge(0);
                while !self.owner.unwritten.is_empty() || !self.owner.unheard.is_empty() {
                    self.write();
                    self.hear();
                }
            }
            if self.owner.flight == before && self.owner.flight.next() >= self.end {
                break;
            }
        }
        assert_eq!(self.owner.flight.start(), self.end);
    }
}

#[test]
fn what_is_done_is_done_and_nothing_is_left_behind() {
    for seed in 0..400 {
        let mut run = Run::new(seed);
        for _ in 0..300 {
            run.step();
        }
        run.finish();
    }
}
