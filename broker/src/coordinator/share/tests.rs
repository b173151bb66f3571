use ottla_protocol::ids::{NodeId, Uuid};
use ottla_protocol::records::ShareRecord;

use super::*;
use crate::coordinator::Write;
use crate::metadata::{Image, PartitionState, Topic};

const TOPIC: Uuid = Uuid([7; 16]);

struct World {
    shares: Shares,
    image: Image,
    log: Vec<Record>,
    wall_ms: i64,
}

fn key() -> Key {
    key_of("g", TOPIC, 0)
}

impl World {
    fn new() -> World {
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
            config: Arc::default(),
            overrides: Default::default(),
        });
        let mut world = World {
            shares: Shares::new(0),
            image,
            log: Vec::new(),
            wall_ms: 1,
        };
        world.step(Shares::loaded);
        world
    }

    fn step(
        &mut self,
        work: impl FnOnce(&mut Shares, &mut Now<'_>) -> Effects<Shares>,
    ) -> Effects<Shares> {
        let mut now = Now {
            at: Instant::from_nanos(1),
            wall_ms: self.wall_ms,
            image: &self.image,
            random: &mut || 4,
        };
        let effects = work(&mut self.shares, &mut now);
        for write in &effects.writes {
            let Write::Records { records, .. } = write else {
                panic!("not records");
            };
            for record in records {
                let (key, value) = Shares::encode(record).expect("a record");
                let read = Shares::decode(&key, value.as_deref()).expect("what was written");
                assert_eq!(read.as_ref(), Some(record));
                let at = Position {
                    offset: self.log.len() as i64,
                    timestamp: self.wall_ms,
                    producer: None,
                };
                self.log.push(record.clone());
                self.shares.apply(record.clone(), &at);
            }
        }
        effects
    }

    fn ask(&mut self, verb: Verb) -> Answer {
        let command = Command { key: key(), verb };
        let effects = self.step(|shares, now| shares.handle(command, Ask(1), now));
        effects.answers.into_iter().next().expect("an answer").1
    }

    fn code(&mut self, verb: Verb) -> ErrorCode {
        self.ask(verb)
            .map_or_else(|refused| refused.code, |_| ErrorCode::NONE)
    }

    fn read(&mut self, leader_epoch: i32) -> Known {
        let known = self.ask(Verb::Read { leader_epoch });
        known.expect("known").expect("something")
    }
}

fn write(start: i64, batches: &[(i64, i64, i8, i16)]) -> Verb {
    let batch = |&(first, last, state, count): &_| Batch {
        first,
        last,
        state,
        count,
    };
    Verb::Write(Change {
        state_epoch: 2,
        leader_epoch: 5,
        start,
        complete_count: 0,
        batches: batches.iter().map(batch).collect(),
    })
}

const BEGIN: Verb = Verb::Initialize {
    state_epoch: 2,
    start: -1,
};

#[test]
fn nothing_is_read_or_written_before_it_is_initialized() {
    let mut world = World::new();
    let read = Verb::Read { leader_epoch: 5 };
    assert_eq!(world.code(read), ErrorCode::INVALID_REQUEST);
    assert_eq!(world.code(write(0, &[])), ErrorCode::INVALID_REQUEST);
    let summary = world.ask(Verb::Summary).expect("known").expect("something");
    assert_eq!((summary.start, summary.complete_count), (-1, -1));
    assert!(world.log.is_empty());
}

#[test]
fn older_leaders_and_states_are_fenced() {
    let mut world = World::new();
    assert_eq!(world.code(BEGIN), ErrorCode::NONE);
    assert_eq!(world.read(5).start, -1);
    let read = Verb::Read { leader_epoch: 4 };
    assert_eq!(world.code(read), ErrorCode::FENCED_LEADER_EPOCH);
    assert_eq!(world.code(write(3, &[])), ErrorCode::NONE);
    let anew = Verb::Initialize {
        state_epoch: 3,
        start: 9,
    };
    assert_eq!(world.code(anew), ErrorCode::NONE);
    assert_eq!(world.code(write(3, &[])), ErrorCode::FENCED_STATE_EPOCH);
    assert_eq!(world.code(BEGIN), ErrorCode::FENCED_STATE_EPOCH);
    assert_eq!(world.read(-1).start, 9);
}

#[test]
fn a_snapshot_comes_after_enough_updates_and_says_the_same() {
    let mut world = World::new();
    world.ask(BEGIN).expect("begun");
    for n in 0..510 {
        world.ask(write(0, &[(n, n, 2, 1)])).expect("written");
    }
    let is_snapshot = |r: &&Record| matches!(r, ShareRecord::ShareSnapshot(..));
    assert_eq!(world.log.iter().filter(is_snapshot).count(), 2);
    assert_eq!(world.read(-1).batches.len(), 1);
    assert_eq!(world.read(-1).batches[0].last, 509);
    let mut again = Shares::new(0);
    for (record, offset) in world.log.iter().zip(0..) {
        let at = Position {
            offset,
            timestamp: 0,
            producer: None,
        };
        again.apply(record.clone(), &at);
    }
    assert_eq!(again.states, world.shares.states);
}

#[test]
fn records_before_the_oldest_snapshot_are_pruned() {
    let mut world = World::new();
    world.ask(BEGIN).expect("begun");
    for n in 0..501 {
        world.ask(write(0, &[(n, n, 2, 1)])).expect("written");
    }
    let pruned = world.step(Shares::tick).errands;
    assert_eq!(pruned.first().map(|p| p.below), Some(501));
    assert!(world.step(Shares::tick).errands.is_empty());
}

#[test]
fn the_state_of_a_deleted_topic_goes() {
    let mut world = World::new();
    world.ask(BEGIN).expect("begun");
    world.image.topics.remove(TOPIC);
    world.step(Shares::image_changed);
    assert!(world.shares.states.is_empty());
    assert!(matches!(
        world.log.last(),
        Some(ShareRecord::ShareSnapshot(_, None))
    ));
}

#[test]
fn new_batches_cut_old_ones() {
    let batch = |(first, last, state, count)| Batch {
        first,
        last,
        state,
        count,
    };
    let list = |all: &[(i64, i64, i8, i16)]| all.iter().copied().map(batch).collect::<Vec<_>>();
    let old = list(&[(0, 9, 0, 1), (20, 29, 2, 1)]);
    let new = list(&[(5, 24, 0, 2)]);
    let want = list(&[(2, 4, 0, 1), (5, 24, 0, 2), (25, 29, 2, 1)]);
    assert_eq!(combine_from(&old, &new, 2), want);
    // What comes late does not undo.
    let late = list(&[(0, 9, 0, 0)]);
    assert_eq!(combine_from(&old, &late, 0), old);
    assert_eq!(combine_from(&old, &[], 30), []);
}

fn combine_from(old: &[Batch], new: &[Batch], start: i64) -> Vec<Batch> {
    batches::combine(old, new, start)
}
