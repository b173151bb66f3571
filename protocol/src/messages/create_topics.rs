//! CreateTopics (key 19), made from `schema/create_topics.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 2-7, flexible from 5.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTopicsRequest<'a> {
    pub topics: Vec<CreatableTopic<'a>>,
    pub timeout_ms: i32,
    pub validate_only: bool,
}

impl Default for CreateTopicsRequest<'_> {
    fn default() -> Self {
        Self {
            topics: Vec::new(),
            timeout_ms: 60000,
            validate_only: false,
        }
    }
}

impl<'a> Decode<'a> for CreateTopicsRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(2..=7).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 5;
        let mut m = Self::default();
        m.topics = r.array(flexible, 10, |r| CreatableTopic::decode(r, version))?;
        m.timeout_ms = r.i32()?;
        m.validate_only = r.bool()?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for CreateTopicsRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(2..=7).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 5;
        w.array(flexible, &self.topics, |w, v| v.encode(w, version))?;
        w.i32(self.timeout_ms);
        w.bool(self.validate_only);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for CreateTopicsRequest<'_> {
    const KEY: ApiKey = ApiKey(19);
    type Response<'r> = CreateTopicsResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatableTopic<'a> {
    pub name: Cow<'a, str>,
    pub num_partitions: i32,
    pub replication_factor: i16,
    pub assignments: Vec<CreatableReplicaAssignment>,
    pub configs: Vec<CreatableTopicConfig<'a>>,
}

impl<'a> Decode<'a> for CreatableTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let mut m = Self::default();
        m.name = r.string(flexible)?;
        m.num_partitions = r.i32()?;
        m.replication_factor = r.i16()?;
        m.assignments = r.array(flexible, 6, |r| {
            CreatableReplicaAssignment::decode(r, version)
        })?;
        m.configs = r.array(flexible, 3, |r| CreatableTopicConfig::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for CreatableTopic<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        w.string(flexible, &self.name)?;
        w.i32(self.num_partitions);
        w.i16(self.replication_factor);
        w.array(flexible, &self.assignments, |w, v| v.encode(w, version))?;
        w.array(flexible, &self.configs, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatableReplicaAssignment {
    pub partition_index: i32,
    pub broker_ids: Vec<i32>,
}

impl Decode<'_> for CreatableReplicaAssignment {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let mut m = Self::default();
        m.partition_index = r.i32()?;
        m.broker_ids = r.array(flexible, 4, |r| r.i32())?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for CreatableReplicaAssignment {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        w.i32(self.partition_index);
        w.array(flexible, &self.broker_ids, |w, v| {
            w.i32(*v);
            Ok(())
        })?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicConfig<'a> {
    pub name: Cow<'a, str>,
    pub value: Option<Cow<'a, str>>,
}

impl Default for CreatableTopicConfig<'_> {
    fn default() -> Self {
        Self {
            name: Cow::Borrowed(""),
            value: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Decode<'a> for CreatableTopicConfig<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let mut m = Self::default();
        m.name = r.string(flexible)?;
        m.value = r.nullable_string(flexible)?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for CreatableTopicConfig<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        w.string(flexible, &self.name)?;
        w.nullable_string(flexible, self.value.as_deref())?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

/// Versions 2-7, flexible from 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateTopicsResponse<'a> {
    pub throttle_time_ms: i32,
    pub topics: Vec<CreatableTopicResult<'a>>,
}

impl<'a> Decode<'a> for CreateTopicsResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(2..=7).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 5;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.topics = r.array(flexible, 6, |r| CreatableTopicResult::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for CreateTopicsResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(2..=7).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 5;
        w.i32(self.throttle_time_ms);
        w.array(flexible, &self.topics, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicResult<'a> {
    pub name: Cow<'a, str>,
    /// versions 7+, else ignored
    pub topic_id: Uuid,
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
    /// versions 5+, tag 0, else ignored
    pub topic_config_error_code: ErrorCode,
    /// versions 5+, else ignored
    pub num_partitions: i32,
    /// versions 5+, else ignored
    pub replication_factor: i16,
    /// versions 5+, else ignored
    pub configs: Option<Vec<CreatableTopicConfigs<'a>>>,
}

impl Default for CreatableTopicResult<'_> {
    fn default() -> Self {
        Self {
            name: Cow::Borrowed(""),
            topic_id: Uuid::ZERO,
            error_code: ErrorCode::NONE,
            error_message: Some(Cow::Borrowed("")),
            topic_config_error_code: ErrorCode::NONE,
            num_partitions: -1,
            replication_factor: -1,
            configs: Some(Vec::new()),
        }
    }
}

impl<'a> Decode<'a> for CreatableTopicResult<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let mut m = Self::default();
        m.name = r.string(flexible)?;
        if version >= 7 {
            m.topic_id = r.uuid()?;
        }
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(flexible)?;
        if version >= 5 {
            m.num_partitions = r.i32()?;
            m.replication_factor = r.i16()?;
            m.configs =
                r.nullable_array(flexible, 6, |r| CreatableTopicConfigs::decode(r, version))?;
        }
        if flexible {
            r.tags(|tag, r| {
                match tag {
                    0 => m.topic_config_error_code = ErrorCode(r.i16()?),
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(m)
    }
}

impl Encode for CreatableTopicResult<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        w.string(flexible, &self.name)?;
        if version >= 7 {
            w.uuid(self.topic_id);
        }
        w.i16(self.error_code.0);
        w.nullable_string(flexible, self.error_message.as_deref())?;
        if version >= 5 {
            w.i32(self.num_partitions);
        }
        if version >= 5 {
            w.i16(self.replication_factor);
        }
        if version >= 5 {
            w.nullable_array(flexible, self.configs.as_deref(), |w, v| {
                v.encode(w, version)
            })?;
        }
        if flexible {
            let mut tags = w.tags();
            if self.topic_config_error_code != ErrorCode::NONE {
                tags.field(0, |w| {
                    w.i16(self.topic_config_error_code.0);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicConfigs<'a> {
    pub name: Cow<'a, str>,
    pub value: Option<Cow<'a, str>>,
    pub read_only: bool,
    pub config_source: i8,
    pub is_sensitive: bool,
}

impl Default for CreatableTopicConfigs<'_> {
    fn default() -> Self {
        Self {
            name: Cow::Borrowed(""),
            value: Some(Cow::Borrowed("")),
            read_only: false,
            config_source: -1,
            is_sensitive: false,
        }
    }
}

impl<'a> Decode<'a> for CreatableTopicConfigs<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string(true)?;
        m.value = r.nullable_string(true)?;
        m.read_only = r.bool()?;
        m.config_source = r.i8()?;
        m.is_sensitive = r.bool()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for CreatableTopicConfigs<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.name)?;
        w.nullable_string(true, self.value.as_deref())?;
        w.bool(self.read_only);
        w.i8(self.config_source);
        w.bool(self.is_sensitive);
        w.tags();
        Ok(())
    }
}
