//! Produce (key 0), made from `schema/produce.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Records, Writer};

/// Versions 3-13, flexible from 9.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProduceRequest<'a> {
    pub transactional_id: Option<Cow<'a, str>>,
    pub acks: i16,
    pub timeout_ms: i32,
    pub topic_data: Vec<TopicProduceData<'a>>,
}

impl<'a> Decode<'a> for ProduceRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(3..=13).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 9;
        let mut m = Self::default();
        m.transactional_id = r.nullable_string(flexible)?;
        m.acks = r.i16()?;
        m.timeout_ms = r.i32()?;
        m.topic_data = r.array(flexible, 3, |r| TopicProduceData::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for ProduceRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(3..=13).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 9;
        w.nullable_string(flexible, self.transactional_id.as_deref())?;
        w.i16(self.acks);
        w.i32(self.timeout_ms);
        w.array(flexible, &self.topic_data, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for ProduceRequest<'_> {
    const KEY: ApiKey = ApiKey(0);
    type Response<'r> = ProduceResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicProduceData<'a> {
    /// versions 3-12, else ignored
    pub name: Cow<'a, str>,
    /// versions 13+, else ignored
    pub topic_id: Uuid,
    pub partition_data: Vec<PartitionProduceData<'a>>,
}

impl<'a> Decode<'a> for TopicProduceData<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let mut m = Self::default();
        if version <= 12 {
            m.name = r.string(flexible)?;
        }
        if version >= 13 {
            m.topic_id = r.uuid()?;
        }
        m.partition_data = r.array(flexible, 6, |r| PartitionProduceData::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for TopicProduceData<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        if version <= 12 {
            w.string(flexible, &self.name)?;
        }
        if version >= 13 {
            w.uuid(self.topic_id);
        }
        w.array(flexible, &self.partition_data, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionProduceData<'a> {
    pub index: i32,
    pub records: Records<'a>,
}

impl<'a> Decode<'a> for PartitionProduceData<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let mut m = Self::default();
        m.index = r.i32()?;
        m.records = r.records(flexible)?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for PartitionProduceData<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        w.i32(self.index);
        w.records(flexible, &self.records)?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

/// Versions 3-13, flexible from 9.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProduceResponse<'a> {
    pub responses: Vec<TopicProduceResponse<'a>>,
    pub throttle_time_ms: i32,
    /// versions 10+, tag 0
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

impl<'a> Decode<'a> for ProduceResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(3..=13).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 9;
        let mut m = Self::default();
        m.responses = r.array(flexible, 3, |r| TopicProduceResponse::decode(r, version))?;
        m.throttle_time_ms = r.i32()?;
        if flexible {
            r.tags(|tag, r| {
                match tag {
                    0 if version >= 10 => {
                        m.node_endpoints =
                            r.array(true, 11, |r| NodeEndpoint::decode(r, version))?
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(m)
    }
}

impl Encode for ProduceResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(3..=13).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 9;
        w.array(flexible, &self.responses, |w, v| v.encode(w, version))?;
        w.i32(self.throttle_time_ms);
        if version < 10 && !self.node_endpoints.is_empty() {
            return Err(EncodeError::Absent {
                field: "node_endpoints",
                version,
            });
        }
        if flexible {
            let mut tags = w.tags();
            if version >= 10 && !self.node_endpoints.is_empty() {
                tags.field(0, |w| {
                    w.array(true, &self.node_endpoints, |w, v| v.encode(w, version))
                })?;
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicProduceResponse<'a> {
    /// versions 3-12, else ignored
    pub name: Cow<'a, str>,
    /// versions 13+, else ignored
    pub topic_id: Uuid,
    pub partition_responses: Vec<PartitionProduceResponse<'a>>,
}

impl<'a> Decode<'a> for TopicProduceResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let mut m = Self::default();
        if version <= 12 {
            m.name = r.string(flexible)?;
        }
        if version >= 13 {
            m.topic_id = r.uuid()?;
        }
        m.partition_responses = r.array(flexible, 22, |r| {
            PartitionProduceResponse::decode(r, version)
        })?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for TopicProduceResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        if version <= 12 {
            w.string(flexible, &self.name)?;
        }
        if version >= 13 {
            w.uuid(self.topic_id);
        }
        w.array(flexible, &self.partition_responses, |w, v| {
            v.encode(w, version)
        })?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct PartitionProduceResponse<'a> {
    pub index: i32,
    pub error_code: ErrorCode,
    pub base_offset: i64,
    pub log_append_time_ms: i64,
    /// versions 5+, else ignored
    pub log_start_offset: i64,
    /// versions 8+, else ignored
    pub record_errors: Vec<BatchIndexAndErrorMessage<'a>>,
    /// versions 8+, else ignored
    pub error_message: Option<Cow<'a, str>>,
    /// versions 10+, tag 0
    pub current_leader: LeaderIdAndEpoch,
}

impl Default for PartitionProduceResponse<'_> {
    fn default() -> Self {
        Self {
            index: 0,
            error_code: ErrorCode::NONE,
            base_offset: 0,
            log_append_time_ms: -1,
            log_start_offset: -1,
            record_errors: Vec::new(),
            error_message: None,
            current_leader: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for PartitionProduceResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let mut m = Self::default();
        m.index = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        m.base_offset = r.i64()?;
        m.log_append_time_ms = r.i64()?;
        if version >= 5 {
            m.log_start_offset = r.i64()?;
        }
        if version >= 8 {
            m.record_errors = r.array(flexible, 6, |r| {
                BatchIndexAndErrorMessage::decode(r, version)
            })?;
            m.error_message = r.nullable_string(flexible)?;
        }
        if flexible {
            r.tags(|tag, r| {
                match tag {
                    0 if version >= 10 => m.current_leader = LeaderIdAndEpoch::decode(r, version)?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(m)
    }
}

impl Encode for PartitionProduceResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        w.i32(self.index);
        w.i16(self.error_code.0);
        w.i64(self.base_offset);
        w.i64(self.log_append_time_ms);
        if version >= 5 {
            w.i64(self.log_start_offset);
        }
        if version >= 8 {
            w.array(flexible, &self.record_errors, |w, v| v.encode(w, version))?;
        }
        if version >= 8 {
            w.nullable_string(flexible, self.error_message.as_deref())?;
        }
        if version < 10 && self.current_leader != LeaderIdAndEpoch::default() {
            return Err(EncodeError::Absent {
                field: "current_leader",
                version,
            });
        }
        if flexible {
            let mut tags = w.tags();
            if version >= 10 && self.current_leader != LeaderIdAndEpoch::default() {
                tags.field(0, |w| self.current_leader.encode(w, version))?;
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchIndexAndErrorMessage<'a> {
    pub batch_index: i32,
    pub batch_index_error_message: Option<Cow<'a, str>>,
}

impl<'a> Decode<'a> for BatchIndexAndErrorMessage<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let mut m = Self::default();
        m.batch_index = r.i32()?;
        m.batch_index_error_message = r.nullable_string(flexible)?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for BatchIndexAndErrorMessage<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        w.i32(self.batch_index);
        w.nullable_string(flexible, self.batch_index_error_message.as_deref())?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
}

impl Default for LeaderIdAndEpoch {
    fn default() -> Self {
        Self {
            leader_id: -1,
            leader_epoch: -1,
        }
    }
}

impl Decode<'_> for LeaderIdAndEpoch {
    fn decode(r: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.leader_id = r.i32()?;
        m.leader_epoch = r.i32()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for LeaderIdAndEpoch {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.leader_id);
        w.i32(self.leader_epoch);
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeEndpoint<'a> {
    pub node_id: i32,
    pub host: Cow<'a, str>,
    pub port: i32,
    pub rack: Option<Cow<'a, str>>,
}

impl<'a> Decode<'a> for NodeEndpoint<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.node_id = r.i32()?;
        m.host = r.string(true)?;
        m.port = r.i32()?;
        m.rack = r.nullable_string(true)?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for NodeEndpoint<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.node_id);
        w.string(true, &self.host)?;
        w.i32(self.port);
        w.nullable_string(true, self.rack.as_deref())?;
        w.tags();
        Ok(())
    }
}
