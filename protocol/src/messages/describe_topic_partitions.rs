//! DescribeTopicPartitions (key 75), made from `schema/describe_topic_partitions.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsRequest<'a> {
    pub topics: Vec<TopicRequest<'a>>,
    pub response_partition_limit: i32,
    pub cursor: Option<Cursor<'a>>,
}

impl Default for DescribeTopicPartitionsRequest<'_> {
    fn default() -> Self {
        Self {
            topics: Vec::new(),
            response_partition_limit: 2000,
            cursor: None,
        }
    }
}

impl<'a> Decode<'a> for DescribeTopicPartitionsRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.topics = r.array(true, 2, |r| TopicRequest::decode(r, version))?;
        m.response_partition_limit = r.i32()?;
        m.cursor = r.nullable_struct(|r| Cursor::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for DescribeTopicPartitionsRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.array(true, &self.topics, |w, v| v.encode(w, version))?;
        w.i32(self.response_partition_limit);
        w.nullable_struct(self.cursor.as_ref(), |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

impl Request for DescribeTopicPartitionsRequest<'_> {
    const KEY: ApiKey = ApiKey(75);
    type Response<'r> = DescribeTopicPartitionsResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicRequest<'a> {
    pub name: Cow<'a, str>,
}

impl<'a> Decode<'a> for TopicRequest<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string(true)?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for TopicRequest<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.name)?;
        w.tags();
        Ok(())
    }
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeTopicPartitionsResponse<'a> {
    pub throttle_time_ms: i32,
    pub topics: Vec<DescribeTopicPartitionsResponseTopic<'a>>,
    pub next_cursor: Option<Cursor<'a>>,
}

impl<'a> Decode<'a> for DescribeTopicPartitionsResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.topics = r.array(true, 26, |r| {
            DescribeTopicPartitionsResponseTopic::decode(r, version)
        })?;
        m.next_cursor = r.nullable_struct(|r| Cursor::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for DescribeTopicPartitionsResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.throttle_time_ms);
        w.array(true, &self.topics, |w, v| v.encode(w, version))?;
        w.nullable_struct(self.next_cursor.as_ref(), |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsResponseTopic<'a> {
    pub error_code: ErrorCode,
    pub name: Option<Cow<'a, str>>,
    pub topic_id: Uuid,
    pub is_internal: bool,
    pub partitions: Vec<DescribeTopicPartitionsResponsePartition>,
    pub topic_authorized_operations: i32,
}

impl Default for DescribeTopicPartitionsResponseTopic<'_> {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            name: Some(Cow::Borrowed("")),
            topic_id: Uuid::ZERO,
            is_internal: false,
            partitions: Vec::new(),
            topic_authorized_operations: i32::MIN,
        }
    }
}

impl<'a> Decode<'a> for DescribeTopicPartitionsResponseTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.error_code = ErrorCode(r.i16()?);
        m.name = r.nullable_string(true)?;
        m.topic_id = r.uuid()?;
        m.is_internal = r.bool()?;
        m.partitions = r.array(true, 20, |r| {
            DescribeTopicPartitionsResponsePartition::decode(r, version)
        })?;
        m.topic_authorized_operations = r.i32()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for DescribeTopicPartitionsResponseTopic<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i16(self.error_code.0);
        w.nullable_string(true, self.name.as_deref())?;
        w.uuid(self.topic_id);
        w.bool(self.is_internal);
        w.array(true, &self.partitions, |w, v| v.encode(w, version))?;
        w.i32(self.topic_authorized_operations);
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsResponsePartition {
    pub error_code: ErrorCode,
    pub partition_index: i32,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub replica_nodes: Vec<i32>,
    pub isr_nodes: Vec<i32>,
    pub eligible_leader_replicas: Option<Vec<i32>>,
    pub last_known_elr: Option<Vec<i32>>,
    pub offline_replicas: Vec<i32>,
}

impl Default for DescribeTopicPartitionsResponsePartition {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            partition_index: 0,
            leader_id: 0,
            leader_epoch: -1,
            replica_nodes: Vec::new(),
            isr_nodes: Vec::new(),
            eligible_leader_replicas: None,
            last_known_elr: None,
            offline_replicas: Vec::new(),
        }
    }
}

impl Decode<'_> for DescribeTopicPartitionsResponsePartition {
    fn decode(r: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.error_code = ErrorCode(r.i16()?);
        m.partition_index = r.i32()?;
        m.leader_id = r.i32()?;
        m.leader_epoch = r.i32()?;
        m.replica_nodes = r.array(true, 4, |r| r.i32())?;
        m.isr_nodes = r.array(true, 4, |r| r.i32())?;
        m.eligible_leader_replicas = r.nullable_array(true, 4, |r| r.i32())?;
        m.last_known_elr = r.nullable_array(true, 4, |r| r.i32())?;
        m.offline_replicas = r.array(true, 4, |r| r.i32())?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for DescribeTopicPartitionsResponsePartition {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i16(self.error_code.0);
        w.i32(self.partition_index);
        w.i32(self.leader_id);
        w.i32(self.leader_epoch);
        w.array(true, &self.replica_nodes, |w, v| {
            w.i32(*v);
            Ok(())
        })?;
        w.array(true, &self.isr_nodes, |w, v| {
            w.i32(*v);
            Ok(())
        })?;
        w.nullable_array(true, self.eligible_leader_replicas.as_deref(), |w, v| {
            w.i32(*v);
            Ok(())
        })?;
        w.nullable_array(true, self.last_known_elr.as_deref(), |w, v| {
            w.i32(*v);
            Ok(())
        })?;
        w.array(true, &self.offline_replicas, |w, v| {
            w.i32(*v);
            Ok(())
        })?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cursor<'a> {
    pub topic_name: Cow<'a, str>,
    pub partition_index: i32,
}

impl<'a> Decode<'a> for Cursor<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_name = r.string(true)?;
        m.partition_index = r.i32()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for Cursor<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.topic_name)?;
        w.i32(self.partition_index);
        w.tags();
        Ok(())
    }
}
