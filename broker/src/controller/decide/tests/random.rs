//! Random commands: nothing panics, the same input gives the same records, and a snapshot rebuilds the state.

use super::*;

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.roll(words.len())]
    }
}

const NAMES: &[&str] = &["a", "b", "a.b", "a_b", "__consumer_offsets", "", "bad name"];
const SETTINGS: &[&str] = &[
    "retention.ms",
    "cleanup.policy",
    "segment.bytes",
    "log.retention.ms",
    "log.cleaner.threads",
    "num.partitions",
    "consumer.session.timeout.ms",
    "interval.ms",
    "match",
    "root",
    "nope",
];
const VALUES: &[&str] = &[
    "1",
    "-1",
    "2000000",
    "compact",
    "compact,delete",
    "",
    "soon",
    "50000",
    "INFO",
    "client_id=x",
];

fn resource(dice: &mut Dice) -> ConfigResource {
    let name = dice.pick(NAMES).to_string();
    let node = NodeId(dice.roll(4) as i32);
    match dice.roll(6) {
        0 => ConfigResource::Topic(name),
        1 => ConfigResource::BrokerDefault,
        2 => ConfigResource::Broker(node),
        3 => ConfigResource::BrokerLogger(node),
        4 => ConfigResource::Group(name),
        _ => ConfigResource::ClientMetrics(name),
    }
}

fn value(dice: &mut Dice) -> Option<String> {
    (dice.roll(8) > 0).then(|| dice.pick(VALUES).to_string())
}

fn entity(dice: &mut Dice) -> QuotaEntity {
    let mut part = || match dice.roll(4) {
        0 => Some(None),
        1 => Some(Some(dice.pick(&["u", "127.0.0.1", ""]).to_string())),
        _ => None,
    };
    QuotaEntity {
        user: part(),
        client_id: part(),
        ip: part(),
    }
}

fn new_topic(dice: &mut Dice) -> NewTopic {
    let mut replicas = || {
        (0..dice.roll(3))
            .map(|_| NodeId(dice.roll(5) as i32))
            .collect()
    };
    let assignments = vec![(0, replicas()), (1, replicas())];
    NewTopic {
        name: dice.pick(NAMES).to_string(),
        partitions: dice.roll(5) as i32 - 2,
        replication_factor: dice.roll(5) as i16 - 2,
        assignments: if dice.roll(3) == 0 {
            assignments
        } else {
            Vec::new()
        },
        configs: (0..dice.roll(2))
            .map(|_| (dice.pick(SETTINGS).to_string(), value(dice)))
            .collect(),
    }
}

fn command(dice: &mut Dice, state: &State) -> Command {
    const OPS: [ConfigOp; 4] = [
        ConfigOp::Set,
        ConfigOp::Delete,
        ConfigOp::Append,
        ConfigOp::Subtract,
    ];
    let validate_only = dice.roll(6) == 0;
    let some_id = state
        .topics
        .iter()
        .map(|topic| topic.id)
        .nth(dice.roll(4))
        .unwrap_or(Uuid::ZERO);
    match dice.roll(10) {
        0 | 1 => {
            let topics = (0..dice.roll(4)).map(|_| new_topic(dice)).collect();
            Command::CreateTopics {
                topics,
                validate_only,
            }
        }
        2 => {
            let name = (dice.roll(2) == 0).then(|| dice.pick(NAMES).to_string());
            let id = if dice.roll(2) == 0 {
                some_id
            } else {
                Uuid::ZERO
            };
            Command::DeleteTopics {
                topics: vec![TopicRef { name, id }],
            }
        }
        3 => {
            let topic = dice.pick(NAMES).to_string();
            let count = dice.roll(12) as i32 - 2;
            Command::CreatePartitions {
                topics: vec![MorePartitions {
                    topic,
                    count,
                    assignments: None,
                }],
                validate_only,
            }
        }
        4 | 5 => {
            let op = |dice: &mut Dice| {
                (
                    dice.pick(SETTINGS).to_string(),
                    OPS[dice.roll(4)],
                    value(dice),
                )
            };
            let ops = (0..dice.roll(3)).map(|_| op(dice)).collect();
            Command::AlterConfigs {
                changes: vec![ConfigChange {
                    resource: resource(dice),
                    ops,
                }],
                validate_only,
            }
        }
        6 => {
            let configs = (0..dice.roll(3))
                .map(|_| (dice.pick(SETTINGS).to_string(), value(dice)))
                .collect();
            let resources = vec![ConfigReplacement {
                resource: resource(dice),
                configs,
            }];
            Command::ReplaceConfigs {
                resources,
                validate_only,
            }
        }
        7 => {
            let name = dice
                .pick(&["producer_byte_rate", "connection_creation_rate", "nope"])
                .to_string();
            let value = (dice.roll(3) > 0).then(|| dice.roll(3) as f64);
            let changes = vec![QuotaChange {
                entity: entity(dice),
                ops: vec![(name, value)],
            }];
            Command::AlterClientQuotas {
                changes,
                validate_only,
            }
        }
        8 => Command::AllocateProducerIds,
        _ => {
            let name = dice
                .pick(&["kraft.version", "metadata.version", "nope"])
                .to_string();
            let direction = FeatureDirection::SafeDowngrade;
            let updates = vec![FeatureUpdate {
                name,
                level: dice.roll(3) as i16 - 1,
                direction,
            }];
            Command::UpdateFeatures {
                updates,
                validate_only,
            }
        }
    }
}

/// What is replicated, as an image of which the rest was evened out.
fn replicated(state: &State) -> (crate::metadata::Image, i64) {
    let mut image = state.image();
    image.version = 0;
    (image, state.next_producer_id)
}

#[test]
fn a_snapshot_rebuilds_the_state_after_any_commands() {
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let mut state = cluster(&[1, 2, 3], &[]);
        for step in 0..80 {
            let command = command(&mut dice, &state);
            let (records, outcome) = state.decide(command.clone(), &mut entropy());
            assert_eq!(
                state.decide(command.clone(), &mut entropy()),
                (records.clone(), outcome),
                "the same twice"
            );
            records.iter().for_each(|record| state.apply(record));
            if step % 20 != 0 {
                continue;
            }
            let mut copy = State::new("c".to_string(), NodeId(1), Arc::default());
            let bytes = Record::encode_all(&state.snapshot());
            Record::decode_all(&bytes)
                .unwrap()
                .iter()
                .for_each(|record| copy.apply(record));
            assert_eq!(
                replicated(&copy),
                replicated(&state),
                "seed {seed}, after {command:?}"
            );
        }
    }
}

#[test]
fn bytes_that_are_not_records_are_refused() {
    assert!(matches!(
        Record::decode_all(&[9, 1]),
        Err(BadRecord::Malformed(_))
    ));
    let newer = Record {
        version: 99,
        ..Record::from(record::Fact::ProducerIdsTaken(1))
    };
    assert_eq!(
        Record::decode_all(&Record::encode_all(&[newer])),
        Err(BadRecord::Newer { version: 99 })
    );
    let unknown = Record {
        version: 1,
        fact: None,
    };
    assert_eq!(
        Record::decode_all(&Record::encode_all(&[unknown])),
        Err(BadRecord::Newer { version: 1 })
    );
    let mut dice = Dice(5);
    for _ in 0..2000 {
        let bytes: Vec<u8> = (0..dice.roll(40)).map(|_| dice.roll(256) as u8).collect();
        // Whatever comes out may be applied.
        let mut state = one_node();
        Record::decode_all(&bytes)
            .unwrap_or_default()
            .iter()
            .for_each(|record| state.apply(record));
    }
}
