//! A group coordinator on the workbench: what it writes is applied at once and kept, so that it can be started again from its log.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ottla_protocol::ids::NodeId;
use ottla_runtime::time::Instant;

use super::{Answer, Command, Errand, Groups, Record};
use crate::config::{BrokerConfig, Settings};
use crate::controller::{self, NewTopic, State};
use crate::coordinator::{Ask, Effects, Machine, Now, Position, Write};
use crate::metadata::Image;

pub struct Bench {
    pub groups: Groups,
    controller: State,
    config: Arc<BrokerConfig>,
    nanos: u64,
    pub wall_ms: i64,
    seed: u64,
    pub log: Vec<(Record, Position)>,
    asked: u64,
    answers: BTreeMap<Ask, Answer>,
}

impl Bench {
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// With these settings.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let values = settings.iter().map(|(k, v)| (k.to_string(), v.to_string()));
        let config = BrokerConfig::new(Settings::fixed(values.collect()));
        let mut bench = Bench {
            groups: Groups::new(0),
            controller: State::new("cluster".into(), NodeId(1), Arc::default()),
            config: Arc::new(config),
            nanos: 1_000_000_000,
            wall_ms: 1_700_000_000_000,
            seed: 1,
            log: Vec::new(),
            asked: 0,
            answers: BTreeMap::new(),
        };
        bench.control(controller::Command::RegisterBroker {
            id: NodeId(1),
            endpoints: BTreeMap::new(),
            rack: None,
        });
        bench.step(|groups, now| groups.loaded(now));
        bench
    }

    /// Lets the controller do something, and the coordinator see it.
    pub fn control(&mut self, command: controller::Command) {
        self.control_unseen(command);
        self.step(|groups, now| groups.image_changed(now));
    }

    /// Lets the controller do something.
    pub fn control_unseen(&mut self, command: controller::Command) {
        let mut seed = self.seed;
        let (records, _) = self.controller.decide(command, &mut || random(&mut seed));
        self.seed = seed;
        records.iter().for_each(|r| self.controller.apply(r));
    }

    pub fn create_topic(&mut self, name: &str) {
        self.create_topic_of(name, 4);
    }

    pub fn create_topic_of(&mut self, name: &str, partitions: i32) {
        let topic = NewTopic {
            name: name.into(),
            partitions,
            replication_factor: 1,
            ..NewTopic::default()
        };
        self.control(controller::Command::CreateTopics {
            topics: vec![topic],
            validate_only: false,
        });
    }

    pub fn image(&self) -> Image {
        Image {
            broker_config: self.config.clone(),
            ..self.controller.image()
        }
    }

    fn step(&mut self, work: impl FnOnce(&mut Groups, &mut Now<'_>) -> Effects<Groups>) {
        let mut errands = self.one_step(work);
        while let Some(Errand::Then(command)) = errands.pop() {
            errands.extend(self.one_step(|groups, now| groups.handle(command, Ask::NOBODY, now)));
        }
    }

    fn one_step(
        &mut self,
        work: impl FnOnce(&mut Groups, &mut Now<'_>) -> Effects<Groups>,
    ) -> Vec<Errand> {
        let (image, mut seed) = (self.image(), self.seed);
        let mut now = Now {
            at: Instant::from_nanos(self.nanos),
            wall_ms: self.wall_ms,
            image: &image,
            random: &mut || random(&mut seed),
        };
        let effects = work(&mut self.groups, &mut now);
        self.seed = seed;
        for write in effects.writes {
            match write {
                Write::Records { records, txn } => {
                    for record in records {
                        let at = Position {
                            offset: self.log.len() as i64,
                            timestamp: self.wall_ms,
                            producer: txn.map(|txn| txn.producer),
                        };
                        self.log.push((record.clone(), at));
                        self.groups.apply(record, &at);
                    }
                }
                Write::Marker { .. } => panic!("transactions end elsewhere"),
            }
        }
        for (ask, answer) in effects.answers {
            assert!(self.answers.insert(ask, answer).is_none(), "answered twice");
        }
        effects.errands
    }

    /// Asks, and does not wait.
    pub fn ask(&mut self, command: Command) -> Ask {
        self.asked += 1;
        let ask = Ask(self.asked);
        self.step(|groups, now| groups.handle(command, ask, now));
        ask
    }

    /// The answer to an ask, if it has come.
    pub fn answer(&mut self, ask: Ask) -> Option<Answer> {
        self.answers.remove(&ask)
    }

    /// Asks what is answered at once.
    pub fn tell(&mut self, command: Command) -> Answer {
        let ask = self.ask(command);
        self.answer(ask).expect("an answer at once")
    }

    /// Lets time go by.
    pub fn after(&mut self, ms: u64) {
        let end = self.nanos + Duration::from_millis(ms).as_nanos() as u64;
        while let Some(at) = self.groups.deadline().filter(|at| at.as_nanos() <= end) {
            self.go_to(at.as_nanos().max(self.nanos));
            self.step(|groups, now| groups.tick(now));
        }
        self.go_to(end);
    }

    fn go_to(&mut self, nanos: u64) {
        self.wall_ms += (nanos / 1_000_000 - self.nanos / 1_000_000) as i64;
        self.nanos = nanos;
    }

    /// The coordinator of the same log after a crash: who waited waits in vain.
    pub fn restart(&mut self) {
        self.groups = self.replayed();
        self.answers.clear();
        self.step(|groups, now| groups.loaded(now));
    }

    /// What the log says, by its bytes.
    pub fn replayed(&self) -> Groups {
        let mut groups = Groups::new(0);
        for (record, at) in &self.log {
            let (key, value) = Groups::encode(record).expect("it was written");
            let record = Groups::decode(&key, value.as_deref()).expect("it can be read");
            groups.apply(record.expect("a kind that is known"), at);
        }
        groups
    }
}

fn random(seed: &mut u64) -> u64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *seed ^ (*seed >> 29)
}
