//! A transaction coordinator without a broker: what it writes goes into a log in memory, and markers are written when the
//! test says so.

mod add;
mod end;
mod init;
mod replay;
mod time;

use std::sync::Arc;

use super::state::State;
use super::*;
use crate::coordinator::Write;
use crate::metadata::Image;
use ottla_protocol::ids::NodeId;

/// The id that most tests are about.
const T: &str = "t";
const FENCED: ErrorCode = ErrorCode::PRODUCER_FENCED;
const UNKNOWN: ErrorCode = ErrorCode::INVALID_PRODUCER_ID_MAPPING;
const INVALID: ErrorCode = ErrorCode::INVALID_TXN_STATE;
const BUSY: ErrorCode = ErrorCode::CONCURRENT_TRANSACTIONS;

fn p(id: i64, epoch: i16) -> Producer {
    Producer { id, epoch }
}

fn parts(topic: &str, numbers: &[i32]) -> Partitions {
    Partitions::from([(topic.to_owned(), numbers.iter().copied().collect())])
}

fn state_of(commit: bool) -> State {
    match commit {
        true => State::CompleteCommit,
        false => State::CompleteAbort,
    }
}

struct World {
    machine: Transactions,
    image: Image,
    at: Instant,
    wall_ms: i64,
    chance: u64,
    log: Vec<KeyValue>,
    asked: u64,
    answers: BTreeMap<Ask, Answer>,
    /// Markers that were sent and not written yet.
    markers: VecDeque<Markers>,
    /// Errands that are to be run.
    errands: VecDeque<Errand>,
    /// The next producer id, or why there is none.
    next_id: Result<i64, ErrorCode>,
}

impl World {
    /// Under this level of `transaction.version`.
    fn new(level: i16) -> World {
        let mut image = Image::empty("cluster".into(), NodeId(1));
        image.features = Arc::new(BTreeMap::from([("transaction.version".to_owned(), level)]));
        World {
            machine: Transactions::new(0),
            image,
            at: Instant::from_nanos(1_000_000_000),
            wall_ms: 1_000_000,
            chance: 7,
            log: Vec::new(),
            asked: 0,
            answers: BTreeMap::new(),
            markers: VecDeque::new(),
            errands: VecDeque::new(),
            next_id: Ok(1000),
        }
    }

    fn with<R>(&mut self, work: impl FnOnce(&mut Transactions, &mut Now<'_>) -> R) -> R {
        let chance = &mut self.chance;
        let mut random = || {
            *chance = chance
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            *chance
        };
        let mut now = Now {
            at: self.at,
            wall_ms: self.wall_ms,
            image: &self.image,
            random: &mut random,
        };
        work(&mut self.machine, &mut now)
    }

    fn carry_out(&mut self, effects: Wants) {
        for write in effects.writes {
            let Write::Records { records, txn } = write else {
                panic!("a marker in the coordinator's own log");
            };
            assert!(txn.is_none());
            for record in records {
                self.log
                    .push(Transactions::encode(&record).expect("it can be written"));
                let at = Position {
                    offset: self.log.len() as i64 - 1,
                    timestamp: self.wall_ms,
                    producer: None,
                };
                self.machine.apply(record, &at);
            }
        }
        for (ask, answer) in effects.answers {
            assert!(self.answers.insert(ask, answer).is_none(), "answered twice");
        }
        self.errands.extend(effects.errands);
        self.check();
    }

    /// The invariants.
    fn check(&self) {
        for (id, txn) in &self.machine.all {
            let under_way = self.machine.rounds.contains_key(id);
            assert_eq!(txn.state.is_prepared(), under_way, "{id}: {txn:?}");
            assert_eq!(
                txn.state.is_prepared() || txn.state.is_ongoing(),
                txn.state != State::Empty && !txn.state.is_complete()
            );
            assert!(
                txn.state.is_prepared() || txn.next_id == -1,
                "{id}: {txn:?}"
            );
            if txn.state == State::Empty || txn.state.is_complete() {
                assert!(txn.partitions.is_empty(), "{id}: {txn:?}");
            }
        }
    }

    /// Runs all errands but markers.
    fn run(&mut self) {
        while let Some(errand) = self.errands.pop_front() {
            let command = match errand {
                Errand::Markers(markers) => {
                    self.markers.push_back(markers);
                    continue;
                }
                Errand::Resume(id) => Command::Resume(id),
                Errand::ProducerId => {
                    let id = self.next_id;
                    self.next_id = id.map(|id| id + 1);
                    Command::ProducerId(id)
                }
            };
            self.hear(command);
        }
    }

    fn hear(&mut self, command: Command) -> Ask {
        self.asked += 1;
        let ask = Ask(self.asked);
        let effects = self.with(|machine, now| machine.handle(command, ask, now));
        self.carry_out(effects);
        ask
    }

    /// Asks and does all that can be done but markers.
    fn ask(&mut self, command: Command) -> Ask {
        let ask = self.hear(command);
        self.run();
        ask
    }

    /// The answer that came at once.
    fn answer(&mut self, command: Command) -> Answer {
        let ask = self.ask(command);
        self.answers.remove(&ask).expect("an answer at once")
    }

    fn of(&mut self, ask: Ask) -> Option<Answer> {
        self.answers.remove(&ask)
    }

    /// The markers of the oldest end that was decided are written: with which epoch, commit or abort, where.
    fn marked(&mut self) -> (Producer, bool, Partitions) {
        let markers = self.markers.pop_front().expect("markers");
        self.ask(Command::Marked {
            id: markers.id,
            round: markers.round,
        });
        (markers.producer, markers.commit, markers.partitions)
    }

    fn pass(&mut self, time: Duration) {
        self.at += time;
        self.wall_ms += time.as_millis() as i64;
        while self.machine.deadline().is_some_and(|at| at <= self.at) {
            let effects = self.with(|machine, now| machine.tick(now));
            self.carry_out(effects);
            self.run();
        }
    }

    /// All that is not in the log is lost.
    fn crash(&mut self) {
        self.machine = replayed(&self.log);
        (self.answers, self.markers, self.errands) = Default::default();
        let effects = self.with(|machine, now| machine.loaded(now));
        self.carry_out(effects);
        self.run();
    }

    /// As a log of another broker has it.
    fn put(&mut self, id: &str, txn: Txn) {
        let mut effects = Effects::none();
        effects.write(vec![Record::new(id, txn, &self.image)]);
        self.carry_out(effects);
    }

    fn state(&self) -> State {
        self.machine.all[T].state
    }
}

fn replayed(log: &[KeyValue]) -> Transactions {
    let mut machine = Transactions::new(0);
    for (offset, (key, value)) in (0..).zip(log) {
        let record = Transactions::decode(key, value.as_deref());
        let at = Position {
            offset,
            timestamp: 0,
            producer: None,
        };
        machine.apply(record.expect("sound").expect("known"), &at);
    }
    machine
}

fn init(was: Option<Producer>) -> Command {
    Command::Init(Init {
        id: T.into(),
        timeout_ms: 60_000,
        was,
        patience: PATIENCE,
    })
}

fn add(producer: Producer, partitions: Partitions, version: i16) -> Command {
    Command::Add(Add {
        id: T.into(),
        producer,
        partitions,
        version,
        patience: PATIENCE,
    })
}

fn end(producer: Producer, commit: bool, version: i16) -> Command {
    Command::End(End {
        id: T.into(),
        producer,
        commit,
        version,
        patience: PATIENCE,
    })
}

fn is(producer: Producer) -> Answer {
    Answer::Producer(Ok(producer))
}

fn no(code: ErrorCode) -> Answer {
    Answer::Producer(Err(code))
}

const ADDED: Answer = Answer::Added(Ok(()));

/// A world in which the producer 1000 of this version's transaction goes on, in partition `a-0`.
fn ongoing(version: i16) -> World {
    let mut world = World::new(version);
    assert_eq!(world.answer(init(None)), is(p(1000, 0)));
    assert_eq!(
        world.answer(add(p(1000, 0), parts("a", &[0]), version)),
        ADDED
    );
    world
}
