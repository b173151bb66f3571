//! DescribeQuorum (key 55), made from `schema/describe_quorum.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-2, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeQuorumRequest<'a> {
    pub topics: Vec<TopicData<'a>>,
}

impl<'a> Decode<'a> for DescribeQuorumRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.topics = r.array(true, 3, |r| TopicData::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for DescribeQuorumRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.array(true, &self.topics, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

impl Request for DescribeQuorumRequest<'_> {
    const KEY: ApiKey = ApiKey(55);
    type Response<'r> = DescribeQuorumResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicData<'a> {
    pub topic_name: Cow<'a, str>,
    pub partitions: Vec<PartitionData>,
}

impl<'a> Decode<'a> for TopicData<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_name = r.string(true)?;
        m.partitions = r.array(true, 5, |r| PartitionData::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for TopicData<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.topic_name)?;
        w.array(true, &self.partitions, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionData {
    pub partition_index: i32,
}

impl Decode<'_> for PartitionData {
    fn decode(r: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for PartitionData {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.tags();
        Ok(())
    }
}

/// Versions 0-2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeQuorumResponse<'a> {
    pub error_code: ErrorCode,
    /// versions 2+, else ignored
    pub error_message: Option<Cow<'a, str>>,
    pub topics: Vec<ResponseTopicData<'a>>,
    /// versions 2+
    pub nodes: Vec<Node<'a>>,
}

impl Default for DescribeQuorumResponse<'_> {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            error_message: Some(Cow::Borrowed("")),
            topics: Vec::new(),
            nodes: Vec::new(),
        }
    }
}

impl<'a> Decode<'a> for DescribeQuorumResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.error_code = ErrorCode(r.i16()?);
        if version >= 2 {
            m.error_message = r.nullable_string(true)?;
        }
        m.topics = r.array(true, 3, |r| ResponseTopicData::decode(r, version))?;
        if version >= 2 {
            m.nodes = r.array(true, 6, |r| Node::decode(r, version))?;
        }
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for DescribeQuorumResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i16(self.error_code.0);
        if version >= 2 {
            w.nullable_string(true, self.error_message.as_deref())?;
        }
        w.array(true, &self.topics, |w, v| v.encode(w, version))?;
        if version >= 2 {
            w.array(true, &self.nodes, |w, v| v.encode(w, version))?;
        } else if !self.nodes.is_empty() {
            return Err(EncodeError::Absent {
                field: "nodes",
                version,
            });
        }
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseTopicData<'a> {
    pub topic_name: Cow<'a, str>,
    pub partitions: Vec<ResponsePartitionData<'a>>,
}

impl<'a> Decode<'a> for ResponseTopicData<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_name = r.string(true)?;
        m.partitions = r.array(true, 25, |r| ResponsePartitionData::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for ResponseTopicData<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.topic_name)?;
        w.array(true, &self.partitions, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ResponsePartitionData<'a> {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    /// versions 2+, else ignored
    pub error_message: Option<Cow<'a, str>>,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub high_watermark: i64,
    pub current_voters: Vec<ReplicaState>,
    pub observers: Vec<ReplicaState>,
}

impl Default for ResponsePartitionData<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            error_code: ErrorCode::NONE,
            error_message: Some(Cow::Borrowed("")),
            leader_id: 0,
            leader_epoch: 0,
            high_watermark: 0,
            current_voters: Vec::new(),
            observers: Vec::new(),
        }
    }
}

impl<'a> Decode<'a> for ResponsePartitionData<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        if version >= 2 {
            m.error_message = r.nullable_string(true)?;
        }
        m.leader_id = r.i32()?;
        m.leader_epoch = r.i32()?;
        m.high_watermark = r.i64()?;
        m.current_voters = r.array(true, 13, |r| ReplicaState::decode(r, version))?;
        m.observers = r.array(true, 13, |r| ReplicaState::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for ResponsePartitionData<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i16(self.error_code.0);
        if version >= 2 {
            w.nullable_string(true, self.error_message.as_deref())?;
        }
        w.i32(self.leader_id);
        w.i32(self.leader_epoch);
        w.i64(self.high_watermark);
        w.array(true, &self.current_voters, |w, v| v.encode(w, version))?;
        w.array(true, &self.observers, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node<'a> {
    pub node_id: i32,
    pub listeners: Vec<Listener<'a>>,
}

impl<'a> Decode<'a> for Node<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.node_id = r.i32()?;
        m.listeners = r.array(true, 5, |r| Listener::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for Node<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.node_id);
        w.array(true, &self.listeners, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listener<'a> {
    pub name: Cow<'a, str>,
    pub host: Cow<'a, str>,
    pub port: u16,
}

impl<'a> Decode<'a> for Listener<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string(true)?;
        m.host = r.string(true)?;
        m.port = r.u16()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for Listener<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.name)?;
        w.string(true, &self.host)?;
        w.u16(self.port);
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaState {
    pub replica_id: i32,
    /// versions 2+
    pub replica_directory_id: Uuid,
    pub log_end_offset: i64,
    /// versions 1+, else ignored
    pub last_fetch_timestamp: i64,
    /// versions 1+, else ignored
    pub last_caught_up_timestamp: i64,
}

impl Default for ReplicaState {
    fn default() -> Self {
        Self {
            replica_id: 0,
            replica_directory_id: Uuid::ZERO,
            log_end_offset: 0,
            last_fetch_timestamp: -1,
            last_caught_up_timestamp: -1,
        }
    }
}

impl Decode<'_> for ReplicaState {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.replica_id = r.i32()?;
        if version >= 2 {
            m.replica_directory_id = r.uuid()?;
        }
        m.log_end_offset = r.i64()?;
        if version >= 1 {
            m.last_fetch_timestamp = r.i64()?;
            m.last_caught_up_timestamp = r.i64()?;
        }
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for ReplicaState {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.replica_id);
        if version >= 2 {
            w.uuid(self.replica_directory_id);
        } else if !self.replica_directory_id.is_zero() {
            return Err(EncodeError::Absent {
                field: "replica_directory_id",
                version,
            });
        }
        w.i64(self.log_end_offset);
        if version >= 1 {
            w.i64(self.last_fetch_timestamp);
        }
        if version >= 1 {
            w.i64(self.last_caught_up_timestamp);
        }
        w.tags();
        Ok(())
    }
}
