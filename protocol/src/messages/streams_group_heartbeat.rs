//! StreamsGroupHeartbeat (key 88), made from `schema/streams_group_heartbeat.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsGroupHeartbeatRequest<'a> {
    pub group_id: Cow<'a, str>,
    pub member_id: Cow<'a, str>,
    pub member_epoch: i32,
    pub endpoint_information_epoch: i32,
    pub instance_id: Option<Cow<'a, str>>,
    pub rack_id: Option<Cow<'a, str>>,
    pub rebalance_timeout_ms: i32,
    pub topology: Option<Topology<'a>>,
    pub active_tasks: Option<Vec<TaskIds<'a>>>,
    pub standby_tasks: Option<Vec<TaskIds<'a>>>,
    pub warmup_tasks: Option<Vec<TaskIds<'a>>>,
    pub process_id: Option<Cow<'a, str>>,
    pub user_endpoint: Option<Endpoint<'a>>,
    pub client_tags: Option<Vec<KeyValue<'a>>>,
    pub task_offsets: Option<Vec<TaskOffset<'a>>>,
    pub task_end_offsets: Option<Vec<TaskOffset<'a>>>,
    pub shutdown_application: bool,
}

impl Default for StreamsGroupHeartbeatRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: Cow::Borrowed(""),
            member_id: Cow::Borrowed(""),
            member_epoch: 0,
            endpoint_information_epoch: 0,
            instance_id: None,
            rack_id: None,
            rebalance_timeout_ms: -1,
            topology: None,
            active_tasks: None,
            standby_tasks: None,
            warmup_tasks: None,
            process_id: None,
            user_endpoint: None,
            client_tags: None,
            task_offsets: None,
            task_end_offsets: None,
            shutdown_application: false,
        }
    }
}

impl<'a> Decode<'a> for StreamsGroupHeartbeatRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.group_id = r.string(true)?;
        m.member_id = r.string(true)?;
        m.member_epoch = r.i32()?;
        m.endpoint_information_epoch = r.i32()?;
        m.instance_id = r.nullable_string(true)?;
        m.rack_id = r.nullable_string(true)?;
        m.rebalance_timeout_ms = r.i32()?;
        m.topology = r.nullable_struct(|r| Topology::decode(r, version))?;
        m.active_tasks = r.nullable_array(true, 3, |r| TaskIds::decode(r, version))?;
        m.standby_tasks = r.nullable_array(true, 3, |r| TaskIds::decode(r, version))?;
        m.warmup_tasks = r.nullable_array(true, 3, |r| TaskIds::decode(r, version))?;
        m.process_id = r.nullable_string(true)?;
        m.user_endpoint = r.nullable_struct(|r| Endpoint::decode(r, version))?;
        m.client_tags = r.nullable_array(true, 3, |r| KeyValue::decode(r, version))?;
        m.task_offsets = r.nullable_array(true, 14, |r| TaskOffset::decode(r, version))?;
        m.task_end_offsets = r.nullable_array(true, 14, |r| TaskOffset::decode(r, version))?;
        m.shutdown_application = r.bool()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for StreamsGroupHeartbeatRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(true, &self.group_id)?;
        w.string(true, &self.member_id)?;
        w.i32(self.member_epoch);
        w.i32(self.endpoint_information_epoch);
        w.nullable_string(true, self.instance_id.as_deref())?;
        w.nullable_string(true, self.rack_id.as_deref())?;
        w.i32(self.rebalance_timeout_ms);
        w.nullable_struct(self.topology.as_ref(), |w, v| v.encode(w, version))?;
        w.nullable_array(true, self.active_tasks.as_deref(), |w, v| {
            v.encode(w, version)
        })?;
        w.nullable_array(true, self.standby_tasks.as_deref(), |w, v| {
            v.encode(w, version)
        })?;
        w.nullable_array(true, self.warmup_tasks.as_deref(), |w, v| {
            v.encode(w, version)
        })?;
        w.nullable_string(true, self.process_id.as_deref())?;
        w.nullable_struct(self.user_endpoint.as_ref(), |w, v| v.encode(w, version))?;
        w.nullable_array(true, self.client_tags.as_deref(), |w, v| {
            v.encode(w, version)
        })?;
        w.nullable_array(true, self.task_offsets.as_deref(), |w, v| {
            v.encode(w, version)
        })?;
        w.nullable_array(true, self.task_end_offsets.as_deref(), |w, v| {
            v.encode(w, version)
        })?;
        w.bool(self.shutdown_application);
        w.tags();
        Ok(())
    }
}

impl Request for StreamsGroupHeartbeatRequest<'_> {
    const KEY: ApiKey = ApiKey(88);
    type Response<'r> = StreamsGroupHeartbeatResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology<'a> {
    pub epoch: i32,
    pub subtopologies: Vec<Subtopology<'a>>,
}

impl<'a> Decode<'a> for Topology<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.epoch = r.i32()?;
        m.subtopologies = r.array(true, 8, |r| Subtopology::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for Topology<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.epoch);
        w.array(true, &self.subtopologies, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subtopology<'a> {
    pub subtopology_id: Cow<'a, str>,
    pub source_topics: Vec<Cow<'a, str>>,
    pub source_topic_regex: Vec<Cow<'a, str>>,
    pub state_changelog_topics: Vec<TopicInfo<'a>>,
    pub repartition_sink_topics: Vec<Cow<'a, str>>,
    pub repartition_source_topics: Vec<TopicInfo<'a>>,
    pub copartition_groups: Vec<CopartitionGroup>,
}

impl<'a> Decode<'a> for Subtopology<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.subtopology_id = r.string(true)?;
        m.source_topics = r.array(true, 1, |r| r.string(true))?;
        m.source_topic_regex = r.array(true, 1, |r| r.string(true))?;
        m.state_changelog_topics = r.array(true, 9, |r| TopicInfo::decode(r, version))?;
        m.repartition_sink_topics = r.array(true, 1, |r| r.string(true))?;
        m.repartition_source_topics = r.array(true, 9, |r| TopicInfo::decode(r, version))?;
        m.copartition_groups = r.array(true, 4, |r| CopartitionGroup::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for Subtopology<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.subtopology_id)?;
        w.array(true, &self.source_topics, |w, v| w.string(true, v))?;
        w.array(true, &self.source_topic_regex, |w, v| w.string(true, v))?;
        w.array(true, &self.state_changelog_topics, |w, v| {
            v.encode(w, version)
        })?;
        w.array(true, &self.repartition_sink_topics, |w, v| {
            w.string(true, v)
        })?;
        w.array(true, &self.repartition_source_topics, |w, v| {
            v.encode(w, version)
        })?;
        w.array(true, &self.copartition_groups, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct CopartitionGroup {
    pub source_topics: Vec<i16>,
    pub source_topic_regex: Vec<i16>,
    pub repartition_source_topics: Vec<i16>,
}

impl Decode<'_> for CopartitionGroup {
    fn decode(r: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.source_topics = r.array(true, 2, |r| r.i16())?;
        m.source_topic_regex = r.array(true, 2, |r| r.i16())?;
        m.repartition_source_topics = r.array(true, 2, |r| r.i16())?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for CopartitionGroup {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.array(true, &self.source_topics, |w, v| {
            w.i16(*v);
            Ok(())
        })?;
        w.array(true, &self.source_topic_regex, |w, v| {
            w.i16(*v);
            Ok(())
        })?;
        w.array(true, &self.repartition_source_topics, |w, v| {
            w.i16(*v);
            Ok(())
        })?;
        w.tags();
        Ok(())
    }
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsGroupHeartbeatResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
    pub member_id: Cow<'a, str>,
    pub member_epoch: i32,
    pub heartbeat_interval_ms: i32,
    pub acceptable_recovery_lag: i32,
    pub task_offset_interval_ms: i32,
    pub status: Option<Vec<Status<'a>>>,
    pub active_tasks: Option<Vec<TaskIds<'a>>>,
    pub standby_tasks: Option<Vec<TaskIds<'a>>>,
    pub warmup_tasks: Option<Vec<TaskIds<'a>>>,
    pub endpoint_information_epoch: i32,
    pub partitions_by_user_endpoint: Option<Vec<EndpointToPartitions<'a>>>,
}

impl Default for StreamsGroupHeartbeatResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            error_message: None,
            member_id: Cow::Borrowed(""),
            member_epoch: 0,
            heartbeat_interval_ms: 0,
            acceptable_recovery_lag: 0,
            task_offset_interval_ms: 0,
            status: Some(Vec::new()),
            active_tasks: None,
            standby_tasks: None,
            warmup_tasks: None,
            endpoint_information_epoch: 0,
            partitions_by_user_endpoint: None,
        }
    }
}

impl<'a> Decode<'a> for StreamsGroupHeartbeatResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(true)?;
        m.member_id = r.string(true)?;
        m.member_epoch = r.i32()?;
        m.heartbeat_interval_ms = r.i32()?;
        m.acceptable_recovery_lag = r.i32()?;
        m.task_offset_interval_ms = r.i32()?;
        m.status = r.nullable_array(true, 3, |r| Status::decode(r, version))?;
        m.active_tasks = r.nullable_array(true, 3, |r| TaskIds::decode(r, version))?;
        m.standby_tasks = r.nullable_array(true, 3, |r| TaskIds::decode(r, version))?;
        m.warmup_tasks = r.nullable_array(true, 3, |r| TaskIds::decode(r, version))?;
        m.endpoint_information_epoch = r.i32()?;
        m.partitions_by_user_endpoint =
            r.nullable_array(true, 7, |r| EndpointToPartitions::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for StreamsGroupHeartbeatResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code.0);
        w.nullable_string(true, self.error_message.as_deref())?;
        w.string(true, &self.member_id)?;
        w.i32(self.member_epoch);
        w.i32(self.heartbeat_interval_ms);
        w.i32(self.acceptable_recovery_lag);
        w.i32(self.task_offset_interval_ms);
        w.nullable_array(true, self.status.as_deref(), |w, v| v.encode(w, version))?;
        w.nullable_array(true, self.active_tasks.as_deref(), |w, v| {
            v.encode(w, version)
        })?;
        w.nullable_array(true, self.standby_tasks.as_deref(), |w, v| {
            v.encode(w, version)
        })?;
        w.nullable_array(true, self.warmup_tasks.as_deref(), |w, v| {
            v.encode(w, version)
        })?;
        w.i32(self.endpoint_information_epoch);
        w.nullable_array(true, self.partitions_by_user_endpoint.as_deref(), |w, v| {
            v.encode(w, version)
        })?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndpointToPartitions<'a> {
    pub user_endpoint: Endpoint<'a>,
    pub active_partitions: Vec<TopicPartition<'a>>,
    pub standby_partitions: Vec<TopicPartition<'a>>,
}

impl<'a> Decode<'a> for EndpointToPartitions<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.user_endpoint = Endpoint::decode(r, version)?;
        m.active_partitions = r.array(true, 3, |r| TopicPartition::decode(r, version))?;
        m.standby_partitions = r.array(true, 3, |r| TopicPartition::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for EndpointToPartitions<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        self.user_endpoint.encode(w, version)?;
        w.array(true, &self.active_partitions, |w, v| v.encode(w, version))?;
        w.array(true, &self.standby_partitions, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyValue<'a> {
    pub key: Cow<'a, str>,
    pub value: Cow<'a, str>,
}

impl<'a> Decode<'a> for KeyValue<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.key = r.string(true)?;
        m.value = r.string(true)?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for KeyValue<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.key)?;
        w.string(true, &self.value)?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicInfo<'a> {
    pub name: Cow<'a, str>,
    pub partitions: i32,
    pub replication_factor: i16,
    pub topic_configs: Vec<KeyValue<'a>>,
}

impl<'a> Decode<'a> for TopicInfo<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string(true)?;
        m.partitions = r.i32()?;
        m.replication_factor = r.i16()?;
        m.topic_configs = r.array(true, 3, |r| KeyValue::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for TopicInfo<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.name)?;
        w.i32(self.partitions);
        w.i16(self.replication_factor);
        w.array(true, &self.topic_configs, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Endpoint<'a> {
    pub host: Cow<'a, str>,
    pub port: u16,
}

impl<'a> Decode<'a> for Endpoint<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.host = r.string(true)?;
        m.port = r.u16()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for Endpoint<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.host)?;
        w.u16(self.port);
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskOffset<'a> {
    pub subtopology_id: Cow<'a, str>,
    pub partition: i32,
    pub offset: i64,
}

impl<'a> Decode<'a> for TaskOffset<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.subtopology_id = r.string(true)?;
        m.partition = r.i32()?;
        m.offset = r.i64()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for TaskOffset<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.subtopology_id)?;
        w.i32(self.partition);
        w.i64(self.offset);
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskIds<'a> {
    pub subtopology_id: Cow<'a, str>,
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for TaskIds<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.subtopology_id = r.string(true)?;
        m.partitions = r.array(true, 4, |r| r.i32())?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for TaskIds<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.subtopology_id)?;
        w.array(true, &self.partitions, |w, v| {
            w.i32(*v);
            Ok(())
        })?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status<'a> {
    pub status_code: i8,
    pub status_detail: Cow<'a, str>,
}

impl<'a> Decode<'a> for Status<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.status_code = r.i8()?;
        m.status_detail = r.string(true)?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for Status<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i8(self.status_code);
        w.string(true, &self.status_detail)?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartition<'a> {
    pub topic: Cow<'a, str>,
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for TopicPartition<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic = r.string(true)?;
        m.partitions = r.array(true, 4, |r| r.i32())?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for TopicPartition<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.topic)?;
        w.array(true, &self.partitions, |w, v| {
            w.i32(*v);
            Ok(())
        })?;
        w.tags();
        Ok(())
    }
}
