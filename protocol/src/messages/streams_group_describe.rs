//! StreamsGroupDescribe (key 89), made from `schema/streams_group_describe.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupDescribeRequest<'a> {
    pub group_ids: Vec<Cow<'a, str>>,
    pub include_authorized_operations: bool,
}

impl<'a> Decode<'a> for StreamsGroupDescribeRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.group_ids = r.array(true, 1, |r| r.string(true))?;
        m.include_authorized_operations = r.bool()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for StreamsGroupDescribeRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.array(true, &self.group_ids, |w, v| w.string(true, v))?;
        w.bool(self.include_authorized_operations);
        w.tags();
        Ok(())
    }
}

impl Request for StreamsGroupDescribeRequest<'_> {
    const KEY: ApiKey = ApiKey(89);
    type Response<'r> = StreamsGroupDescribeResponse<'r>;
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupDescribeResponse<'a> {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup<'a>>,
}

impl<'a> Decode<'a> for StreamsGroupDescribeResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.groups = r.array(true, 20, |r| DescribedGroup::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for StreamsGroupDescribeResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.throttle_time_ms);
        w.array(true, &self.groups, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribedGroup<'a> {
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
    pub group_id: Cow<'a, str>,
    pub group_state: Cow<'a, str>,
    pub group_epoch: i32,
    pub assignment_epoch: i32,
    pub topology: Option<Topology<'a>>,
    pub members: Vec<Member<'a>>,
    pub authorized_operations: i32,
}

impl Default for DescribedGroup<'_> {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            error_message: None,
            group_id: Cow::Borrowed(""),
            group_state: Cow::Borrowed(""),
            group_epoch: 0,
            assignment_epoch: 0,
            topology: None,
            members: Vec::new(),
            authorized_operations: i32::MIN,
        }
    }
}

impl<'a> Decode<'a> for DescribedGroup<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(true)?;
        m.group_id = r.string(true)?;
        m.group_state = r.string(true)?;
        m.group_epoch = r.i32()?;
        m.assignment_epoch = r.i32()?;
        m.topology = r.nullable_struct(|r| Topology::decode(r, version))?;
        m.members = r.array(true, 28, |r| Member::decode(r, version))?;
        m.authorized_operations = r.i32()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for DescribedGroup<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i16(self.error_code.0);
        w.nullable_string(true, self.error_message.as_deref())?;
        w.string(true, &self.group_id)?;
        w.string(true, &self.group_state)?;
        w.i32(self.group_epoch);
        w.i32(self.assignment_epoch);
        w.nullable_struct(self.topology.as_ref(), |w, v| v.encode(w, version))?;
        w.array(true, &self.members, |w, v| v.encode(w, version))?;
        w.i32(self.authorized_operations);
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology<'a> {
    pub epoch: i32,
    pub subtopologies: Option<Vec<Subtopology<'a>>>,
}

impl<'a> Decode<'a> for Topology<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.epoch = r.i32()?;
        m.subtopologies = r.nullable_array(true, 6, |r| Subtopology::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for Topology<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.epoch);
        w.nullable_array(true, self.subtopologies.as_deref(), |w, v| {
            v.encode(w, version)
        })?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subtopology<'a> {
    pub subtopology_id: Cow<'a, str>,
    pub source_topics: Vec<Cow<'a, str>>,
    pub repartition_sink_topics: Vec<Cow<'a, str>>,
    pub state_changelog_topics: Vec<TopicInfo<'a>>,
    pub repartition_source_topics: Vec<TopicInfo<'a>>,
}

impl<'a> Decode<'a> for Subtopology<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.subtopology_id = r.string(true)?;
        m.source_topics = r.array(true, 1, |r| r.string(true))?;
        m.repartition_sink_topics = r.array(true, 1, |r| r.string(true))?;
        m.state_changelog_topics = r.array(true, 9, |r| TopicInfo::decode(r, version))?;
        m.repartition_source_topics = r.array(true, 9, |r| TopicInfo::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for Subtopology<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.subtopology_id)?;
        w.array(true, &self.source_topics, |w, v| w.string(true, v))?;
        w.array(true, &self.repartition_sink_topics, |w, v| {
            w.string(true, v)
        })?;
        w.array(true, &self.state_changelog_topics, |w, v| {
            v.encode(w, version)
        })?;
        w.array(true, &self.repartition_source_topics, |w, v| {
            v.encode(w, version)
        })?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Member<'a> {
    pub member_id: Cow<'a, str>,
    pub member_epoch: i32,
    pub instance_id: Option<Cow<'a, str>>,
    pub rack_id: Option<Cow<'a, str>>,
    pub client_id: Cow<'a, str>,
    pub client_host: Cow<'a, str>,
    pub topology_epoch: i32,
    pub process_id: Cow<'a, str>,
    pub user_endpoint: Option<Endpoint<'a>>,
    pub client_tags: Vec<KeyValue<'a>>,
    pub task_offsets: Vec<TaskOffset<'a>>,
    pub task_end_offsets: Vec<TaskOffset<'a>>,
    pub assignment: Assignment<'a>,
    pub target_assignment: Assignment<'a>,
    pub is_classic: bool,
}

impl<'a> Decode<'a> for Member<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.member_id = r.string(true)?;
        m.member_epoch = r.i32()?;
        m.instance_id = r.nullable_string(true)?;
        m.rack_id = r.nullable_string(true)?;
        m.client_id = r.string(true)?;
        m.client_host = r.string(true)?;
        m.topology_epoch = r.i32()?;
        m.process_id = r.string(true)?;
        m.user_endpoint = r.nullable_struct(|r| Endpoint::decode(r, version))?;
        m.client_tags = r.array(true, 3, |r| KeyValue::decode(r, version))?;
        m.task_offsets = r.array(true, 14, |r| TaskOffset::decode(r, version))?;
        m.task_end_offsets = r.array(true, 14, |r| TaskOffset::decode(r, version))?;
        m.assignment = Assignment::decode(r, version)?;
        m.target_assignment = Assignment::decode(r, version)?;
        m.is_classic = r.bool()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for Member<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.member_id)?;
        w.i32(self.member_epoch);
        w.nullable_string(true, self.instance_id.as_deref())?;
        w.nullable_string(true, self.rack_id.as_deref())?;
        w.string(true, &self.client_id)?;
        w.string(true, &self.client_host)?;
        w.i32(self.topology_epoch);
        w.string(true, &self.process_id)?;
        w.nullable_struct(self.user_endpoint.as_ref(), |w, v| v.encode(w, version))?;
        w.array(true, &self.client_tags, |w, v| v.encode(w, version))?;
        w.array(true, &self.task_offsets, |w, v| v.encode(w, version))?;
        w.array(true, &self.task_end_offsets, |w, v| v.encode(w, version))?;
        self.assignment.encode(w, version)?;
        self.target_assignment.encode(w, version)?;
        w.bool(self.is_classic);
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
pub struct Assignment<'a> {
    pub active_tasks: Vec<TaskIds<'a>>,
    pub standby_tasks: Vec<TaskIds<'a>>,
    pub warmup_tasks: Vec<TaskIds<'a>>,
}

impl<'a> Decode<'a> for Assignment<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.active_tasks = r.array(true, 3, |r| TaskIds::decode(r, version))?;
        m.standby_tasks = r.array(true, 3, |r| TaskIds::decode(r, version))?;
        m.warmup_tasks = r.array(true, 3, |r| TaskIds::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for Assignment<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.array(true, &self.active_tasks, |w, v| v.encode(w, version))?;
        w.array(true, &self.standby_tasks, |w, v| v.encode(w, version))?;
        w.array(true, &self.warmup_tasks, |w, v| v.encode(w, version))?;
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
