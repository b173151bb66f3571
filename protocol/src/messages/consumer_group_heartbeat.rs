//! ConsumerGroupHeartbeat (key 68), made from `schema/consumer_group_heartbeat.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroupHeartbeatRequest<'a> {
    pub group_id: Cow<'a, str>,
    pub member_id: Cow<'a, str>,
    pub member_epoch: i32,
    pub instance_id: Option<Cow<'a, str>>,
    pub rack_id: Option<Cow<'a, str>>,
    pub rebalance_timeout_ms: i32,
    pub subscribed_topic_names: Option<Vec<Cow<'a, str>>>,
    /// versions 1+
    pub subscribed_topic_regex: Option<Cow<'a, str>>,
    pub server_assignor: Option<Cow<'a, str>>,
    pub topic_partitions: Option<Vec<TopicPartitions>>,
}

impl Default for ConsumerGroupHeartbeatRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: Cow::Borrowed(""),
            member_id: Cow::Borrowed(""),
            member_epoch: 0,
            instance_id: None,
            rack_id: None,
            rebalance_timeout_ms: -1,
            subscribed_topic_names: None,
            subscribed_topic_regex: None,
            server_assignor: None,
            topic_partitions: None,
        }
    }
}

impl<'a> Decode<'a> for ConsumerGroupHeartbeatRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.group_id = r.string(true)?;
        m.member_id = r.string(true)?;
        m.member_epoch = r.i32()?;
        m.instance_id = r.nullable_string(true)?;
        m.rack_id = r.nullable_string(true)?;
        m.rebalance_timeout_ms = r.i32()?;
        m.subscribed_topic_names = r.nullable_array(true, 1, |r| r.string(true))?;
        if version >= 1 {
            m.subscribed_topic_regex = r.nullable_string(true)?;
        }
        m.server_assignor = r.nullable_string(true)?;
        m.topic_partitions = r.nullable_array(true, 18, |r| TopicPartitions::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for ConsumerGroupHeartbeatRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(true, &self.group_id)?;
        w.string(true, &self.member_id)?;
        w.i32(self.member_epoch);
        w.nullable_string(true, self.instance_id.as_deref())?;
        w.nullable_string(true, self.rack_id.as_deref())?;
        w.i32(self.rebalance_timeout_ms);
        w.nullable_array(true, self.subscribed_topic_names.as_deref(), |w, v| {
            w.string(true, v)
        })?;
        if version >= 1 {
            w.nullable_string(true, self.subscribed_topic_regex.as_deref())?;
        } else if self.subscribed_topic_regex.is_some() {
            return Err(EncodeError::Absent {
                field: "subscribed_topic_regex",
                version,
            });
        }
        w.nullable_string(true, self.server_assignor.as_deref())?;
        w.nullable_array(true, self.topic_partitions.as_deref(), |w, v| {
            v.encode(w, version)
        })?;
        w.tags();
        Ok(())
    }
}

impl Request for ConsumerGroupHeartbeatRequest<'_> {
    const KEY: ApiKey = ApiKey(68);
    type Response<'r> = ConsumerGroupHeartbeatResponse<'r>;
}

/// Versions 0-1, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupHeartbeatResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
    pub member_id: Option<Cow<'a, str>>,
    pub member_epoch: i32,
    pub heartbeat_interval_ms: i32,
    pub assignment: Option<Assignment>,
}

impl<'a> Decode<'a> for ConsumerGroupHeartbeatResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(true)?;
        m.member_id = r.nullable_string(true)?;
        m.member_epoch = r.i32()?;
        m.heartbeat_interval_ms = r.i32()?;
        m.assignment = r.nullable_struct(|r| Assignment::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for ConsumerGroupHeartbeatResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code.0);
        w.nullable_string(true, self.error_message.as_deref())?;
        w.nullable_string(true, self.member_id.as_deref())?;
        w.i32(self.member_epoch);
        w.i32(self.heartbeat_interval_ms);
        w.nullable_struct(self.assignment.as_ref(), |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignment {
    pub topic_partitions: Vec<TopicPartitions>,
}

impl Decode<'_> for Assignment {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_partitions = r.array(true, 18, |r| TopicPartitions::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for Assignment {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.array(true, &self.topic_partitions, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitions {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
}

impl Decode<'_> for TopicPartitions {
    fn decode(r: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_id = r.uuid()?;
        m.partitions = r.array(true, 4, |r| r.i32())?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for TopicPartitions {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.uuid(self.topic_id);
        w.array(true, &self.partitions, |w, v| {
            w.i32(*v);
            Ok(())
        })?;
        w.tags();
        Ok(())
    }
}
