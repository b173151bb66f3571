//! The keeper of one topic name: makes the topic, changes its settings, deletes records of it, deletes it, and looks whether
//! the broker knows what it acknowledged. One keeper per name, one request at a time: what it may be told is exact.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;
use ottla_protocol::messages::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use ottla_protocol::messages::delete_records::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic,
};
use ottla_protocol::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use ottla_protocol::messages::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use ottla_protocol::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use ottla_protocol::messages::metadata::{MetadataRequest, MetadataRequestTopic};

use super::client::{Broken, Client};
use super::ledger::Known;
use super::reads::{EARLIEST, LATEST};
use super::wire::Wire;

/// The settings that change, and that are looked at.
const SETTINGS: [&str; 4] = [
    "internal.segment.bytes",
    "retention.bytes",
    "retention.ms",
    "segment.ms",
];
/// A topic, to DescribeConfigs.
const TOPIC: i8 = 2;
const SET: i8 = 0;
const DELETE: i8 = 1;

/// How lively a keeper is.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// Least size of a segment.
    pub segment_bytes: u64,
    /// One in so many steps deletes the topic; 0: none.
    pub delete_one_in: u64,
    /// Retention by size is set now and then, to this much or up to twice as much; 0: never. What counts is the least that
    /// was ever set: it must not be next to nothing.
    pub retention_bytes: u64,
    /// The same by age.
    pub retention_ms: u64,
    /// DeleteRecords is asked for now and then.
    pub delete_records: bool,
}

/// The keeper of one name.
pub struct Keeper {
    pub(super) client: Client,
    pub(super) topic: usize,
    pub(super) name: String,
    habits: Habits,
}

impl Keeper {
    /// The keeper of the ledger's topic `topic`.
    pub fn new(client: Client, topic: usize, habits: Habits) -> Self {
        let name = client.shared.ledger.borrow().topics[topic].name.clone();
        Self {
            client,
            topic,
            name,
            habits,
        }
    }

    /// Works until the scenario ends, and then until it knows whether its topic is there.
    pub async fn run(mut self) {
        loop {
            if let Some(mut wire) = self.client.connect().await {
                match self.converse(&mut wire).await {
                    Ok(()) => break,
                    Err(why) => self.client.ended(&why),
                }
            }
            self.client.pause().await;
        }
        self.client.shared.ledger.borrow_mut().finished += 1;
    }

    fn known(&self) -> Known {
        self.client.shared.ledger.borrow().topics[self.topic]
            .known
            .clone()
    }

    fn deleting(&self) -> Option<Uuid> {
        self.client.shared.ledger.borrow().topics[self.topic].deleting
    }

    async fn converse(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        loop {
            let known = self.known();
            if known == Known::Unsure {
                match self.deleting() {
                    Some(id) => self.delete(wire, id).await?,
                    None => self.look(wire).await?,
                }
                continue;
            }
            if self.client.shared.ledger.borrow().ending {
                return Ok(());
            }
            match known {
                Known::Absent => match self.client.rng.below(4) {
                    0 => self.look(wire).await?,
                    _ => self.create(wire).await?,
                },
                Known::There(id) => self.step(wire, id).await?,
                Known::Unsure => {}
            }
            for _ in 0..self.client.rng.below(4) {
                self.client.pause().await;
            }
        }
    }

    async fn step(&mut self, wire: &mut Wire, id: Uuid) -> Result<(), Broken> {
        let deletes = self.habits.delete_one_in;
        if deletes > 0 && self.client.rng.below(deletes) == 0 {
            return self.delete(wire, id).await;
        }
        match self.client.rng.below(9) {
            8 => self.grow(wire, id).await,
            0 => self.look(wire).await,
            1 => self.create(wire).await,
            2 | 3 => self.alter(wire).await,
            4 => self.describe(wire).await,
            5 | 6 if self.habits.delete_records => self.delete_records(wire).await,
            _ => self.ends(wire).await,
        }
    }

    /// A value for a setting, none for its default.
    fn value(&mut self, setting: &str) -> Option<String> {
        let (rng, habits) = (&mut self.client.rng, self.habits);
        let number = match setting {
            "internal.segment.bytes" => habits.segment_bytes << rng.below(5),
            "segment.ms" => 1 + rng.below(10_000),
            "retention.bytes" => habits.retention_bytes + rng.below(habits.retention_bytes.max(1)),
            "retention.ms" => habits.retention_ms + rng.below(habits.retention_ms.max(1)),
            _ => return None,
        };
        if number == 0 {
            return None;
        }
        (rng.below(5) > 0).then(|| number.to_string())
    }

    /// Asks what there is under this name, which must be what was acknowledged.
    async fn look(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        let request = MetadataRequest {
            topics: Some(vec![MetadataRequestTopic {
                topic_id: Uuid::ZERO,
                name: Some(self.name.as_str().into()),
            }]),
            allow_auto_topic_creation: false,
            ..Default::default()
        };
        let life = self.client.shared.ledger.borrow().life;
        let answer = wire.call(&request, 12, |r| {
            let topic = r.topics.first();
            topic.map(|t| (t.error_code, t.topic_id, t.partitions.len() as i32))
        });
        let Some((code, id, partitions)) = answer.await? else {
            return Err(format!("{}: metadata without the topic", self.name).into());
        };
        self.client
            .tell(|| format!("{} looks: {} {id} of {partitions}", self.name, code.name()));
        let mut ledger = self.client.shared.ledger.borrow_mut();
        ledger.counts.asked += 1;
        let known = ledger.topics[self.topic].known.clone();
        let name = &self.name;
        match (known, code) {
            (Known::There(want), ErrorCode::NONE) if want == id => {
                let topic = &ledger.topics[self.topic];
                let want = topic.slots.len() as i32;
                let late = |late: &(u32, i32)| late.1 == partitions && partitions > want;
                if topic.late_counts.iter().any(late) {
                    ledger.grown(self.topic, id, partitions);
                } else if partitions != want {
                    let what = format!("{name} has {partitions} partitions, was made with {want}");
                    return Err(what.into());
                }
            }
            (Known::There(want), ErrorCode::NONE) => {
                return Err(format!("{name} has id {id}, was made with {want}").into());
            }
            (Known::There(_), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) => {
                return Err(format!("{name} is not there, but its creation was seen").into());
            }
            // With a disk that fails a deletion may be committed and not be seen everywhere before the next change.
            (Known::Absent | Known::Unsure, ErrorCode::NONE)
                if ledger.failing && ledger.topics[self.topic].gone.contains(&id) => {}
            (Known::Absent, ErrorCode::NONE) if ledger.may_appear(self.topic) => {
                ledger.there(self.topic, id, partitions);
            }
            (Known::Absent, ErrorCode::NONE) => {
                return Err(format!("{name} is there, but its deletion was seen").into());
            }
            (Known::Unsure, ErrorCode::NONE) => ledger.there(self.topic, id, partitions),
            (Known::Absent | Known::Unsure, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) => {
                ledger.topics[self.topic].known = Known::Absent;
            }
            (_, code) => {
                drop(ledger);
                return Err(self.client.refused(&format!("{name}: Metadata"), code));
            }
        }
        ledger.counted(self.topic, life);
        ledger.looked(self.topic, life);
        Ok(())
    }

    async fn create(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        let partitions = 1 + self.client.rng.below(3) as i32;
        let settings = SETTINGS.map(|key| (key, self.value(key)));
        let before = self.known();
        let (before_late, life) = {
            let ledger = self.client.shared.ledger.borrow();
            (ledger.topics[self.topic].late_create, ledger.life)
        };
        if before == Known::Absent {
            let mut ledger = self.client.shared.ledger.borrow_mut();
            ledger.creating(self.topic, &settings);
        }
        let config = |(key, value): &(&'static str, Option<String>)| {
            Some(CreatableTopicConfig {
                name: (*key).into(),
                value: Some(value.clone()?.into()),
            })
        };
        let request = CreateTopicsRequest {
            topics: vec![CreatableTopic {
                name: self.name.as_str().into(),
                num_partitions: partitions,
                replication_factor: 1,
                configs: settings.iter().filter_map(config).collect(),
                ..Default::default()
            }],
            timeout_ms: 10_000,
            ..Default::default()
        };
        self.client.tell(|| {
            format!(
                "{} creates: {partitions} partitions, {settings:?}",
                self.name
            )
        });
        let answer = wire.call(&request, 7, |r| {
            r.topics.first().map(|t| (t.error_code, t.topic_id))
        });
        let answer = answer.await;
        if answer.is_err() && before != Known::Absent {
            let mut ledger = self.client.shared.ledger.borrow_mut();
            ledger.may_create(self.topic, &settings);
        }
        let Some((code, id)) = answer? else {
            return Err(format!("{}: CreateTopics without an answer", self.name).into());
        };
        self.client
            .tell(|| format!("{} created: {} {id}", self.name, code.name()));
        let mut ledger = self.client.shared.ledger.borrow_mut();
        ledger.counts.asked += 1;
        if before == Known::Absent {
            ledger.created(self.topic, before_late, settings.len());
        }
        match (before, code) {
            (Known::Absent, ErrorCode::NONE) => ledger.there(self.topic, id, partitions),
            // An earlier try was carried out after all: the next look says with which id.
            (Known::Absent, ErrorCode::TOPIC_ALREADY_EXISTS) if before_late.is_some() => {
                return Ok(());
            }
            (Known::There(_), ErrorCode::TOPIC_ALREADY_EXISTS) => {}
            (Known::There(_), ErrorCode::NONE) => {
                return Err(format!("{} was made twice", self.name).into());
            }
            (_, code) => {
                drop(ledger);
                let what = format!("{}: CreateTopics", self.name);
                return Err(self.client.refused(&what, code));
            }
        }
        ledger.looked(self.topic, life);
        Ok(())
    }

    async fn delete(&mut self, wire: &mut Wire, id: Uuid) -> Result<(), Broken> {
        let again = self.deleting() == Some(id);
        self.client.shared.ledger.borrow_mut().leave(self.topic, id);
        self.client.tell(|| format!("{} deletes {id}", self.name));
        let request = DeleteTopicsRequest {
            topics: vec![DeleteTopicState {
                name: None,
                topic_id: id,
            }],
            timeout_ms: 10_000,
            ..Default::default()
        };
        let answer = wire.call(&request, 6, |r| r.responses.first().map(|t| t.error_code));
        let Some(code) = answer.await? else {
            return Err(format!("{}: DeleteTopics without an answer", self.name).into());
        };
        self.client
            .tell(|| format!("{} deleted: {}", self.name, code.name()));
        // An earlier try that was not answered may have done it.
        let done = again && code == ErrorCode::UNKNOWN_TOPIC_ID;
        if code.is_error() && !done {
            let what = format!("{}: DeleteTopics", self.name);
            return Err(self.client.refused(&what, code));
        }
        self.client.shared.ledger.borrow_mut().gone(self.topic, id);
        Ok(())
    }

    async fn alter(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        let key = SETTINGS[self.client.rng.below(SETTINGS.len() as u64) as usize];
        let value = self.value(key);
        {
            let mut ledger = self.client.shared.ledger.borrow_mut();
            ledger.altering(self.topic, key, &value);
        }
        let request = IncrementalAlterConfigsRequest {
            resources: vec![AlterConfigsResource {
                resource_type: TOPIC,
                resource_name: self.name.as_str().into(),
                configs: vec![AlterableConfig {
                    name: key.into(),
                    config_operation: if value.is_some() { SET } else { DELETE },
                    value: value.clone().map(Into::into),
                }],
            }],
            ..Default::default()
        };
        self.client
            .tell(|| format!("{} sets {key} to {value:?}", self.name));
        let answer = wire.call(&request, 1, |r| r.responses.first().map(|t| t.error_code));
        let Some(code) = answer.await? else {
            return Err(format!("{}: alter without an answer", self.name).into());
        };
        self.client
            .tell(|| format!("{} set {key}: {}", self.name, code.name()));
        if code.is_error() {
            let what = format!("{}: {key}={value:?}", self.name);
            return Err(self.client.refused(&what, code));
        }
        let mut ledger = self.client.shared.ledger.borrow_mut();
        ledger.counts.asked += 1;
        ledger.altered(self.topic, key, &value, true);
        Ok(())
    }

    /// Reads the settings, each of which must be one that it may be; from then on it is that one.
    async fn describe(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        let request = DescribeConfigsRequest {
            resources: vec![DescribeConfigsResource {
                resource_type: TOPIC,
                resource_name: self.name.as_str().into(),
                configuration_keys: Some(SETTINGS.iter().map(|key| (*key).into()).collect()),
            }],
            ..Default::default()
        };
        let answer = wire.call(&request, 4, |r| {
            let result = r.results.first()?;
            // What is not the topic's own is a default.
            let own =
                |c: &ottla_protocol::messages::describe_configs::DescribeConfigsResourceResult<
                    '_,
                >| {
                    let value = c.value.as_ref().map(|v| v.to_string());
                    (c.name.to_string(), value.filter(|_| c.config_source == 1))
                };
            let values: Vec<_> = result.configs.iter().map(own).collect();
            Some((result.error_code, values))
        });
        let Some((code, values)) = answer.await? else {
            return Err(format!("{}: DescribeConfigs without an answer", self.name).into());
        };
        self.client
            .tell(|| format!("{} settings: {} {values:?}", self.name, code.name()));
        if code.is_error() {
            let what = format!("{}: DescribeConfigs", self.name);
            return Err(self.client.refused(&what, code));
        }
        let mut ledger = self.client.shared.ledger.borrow_mut();
        ledger.counts.asked += 1;
        for (key, value) in values {
            let Some(may) = ledger.topics[self.topic].settings.get(&key) else {
                continue;
            };
            if !may.contains(&value) {
                return Err(format!("{}: {key} is {value:?}, not of {may:?}", self.name).into());
            }
            ledger.altered(self.topic, &key, &value, false);
        }
        Ok(())
    }

    async fn delete_records(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        let Some(slot) = self.one_slot() else {
            return Ok(());
        };
        let (partition, floor, name) = {
            let slot = &self.client.shared.ledger.borrow().slots[slot];
            (slot.partition, slot.floor(), slot.name())
        };
        let before_late = self.client.shared.ledger.borrow().topics[self.topic].late_deletes;
        let known = (floor.high_watermark - floor.start).max(0) as u64;
        let to = match self.client.rng.below(8) {
            0 => -1, // everything committed
            _ => floor.start + self.client.rng.below(known + 1) as i64,
        };
        {
            let mut ledger = self.client.shared.ledger.borrow_mut();
            ledger.deleting_records(self.topic, slot, to);
        }
        let request = DeleteRecordsRequest {
            topics: vec![DeleteRecordsTopic {
                name: self.name.as_str().into(),
                partitions: vec![DeleteRecordsPartition {
                    partition_index: partition,
                    offset: to,
                }],
            }],
            timeout_ms: 10_000,
        };
        self.client.tell(|| format!("{name} delete up to {to}"));
        let answer = wire.call(&request, 2, |r| {
            let partition = r.topics.first().and_then(|t| t.partitions.first());
            partition.map(|p| (p.error_code, p.low_watermark))
        });
        let Some((code, low)) = answer.await? else {
            return Err(format!("{name}: DeleteRecords without an answer").into());
        };
        self.client
            .tell(|| format!("{name} deleted up to {low}: {}", code.name()));
        self.client.shared.ledger.borrow_mut().topics[self.topic].late_deletes = before_late;
        if code == ErrorCode::OFFSET_OUT_OF_RANGE && to >= 0 {
            // Retention has taken more meanwhile.
            return self.ends(wire).await;
        }
        if code.is_error() {
            return Err(self.client.refused(&format!("{name}: DeleteRecords"), code));
        }
        let now_ms = self.client.latest_ms();
        let mut ledger = self.client.shared.ledger.borrow_mut();
        ledger.counts.asked += 1;
        let slot = &mut ledger.slots[slot];
        if low < to {
            return Err(format!("{name}: DeleteRecords up to {to} ends at {low}").into());
        }
        let moved = slot.saw_start(low, floor, now_ms)?;
        ledger.counts.start_moves += u64::from(moved);
        Ok(())
    }

    fn one_slot(&mut self) -> Option<usize> {
        let ledger = self.client.shared.ledger.borrow();
        let slots = &ledger.topics[self.topic].slots;
        let at = self.client.rng.below(slots.len() as u64) as usize;
        slots.get(at).copied()
    }

    async fn ends(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        let Some(slot) = self.one_slot() else {
            return Ok(());
        };
        self.client.list_offset(wire, slot, EARLIEST).await?;
        self.client.list_offset(wire, slot, LATEST).await?;
        Ok(())
    }
}
