//! AlterShareGroupOffsets (key 91), made from `schema/alter_share_group_offsets.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsRequest<'a> {
    pub group_id: Cow<'a, str>,
    pub topics: Vec<AlterShareGroupOffsetsRequestTopic<'a>>,
}

impl<'a> Decode<'a> for AlterShareGroupOffsetsRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.group_id = r.string(true)?;
        m.topics = r.array(true, 3, |r| {
            AlterShareGroupOffsetsRequestTopic::decode(r, version)
        })?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for AlterShareGroupOffsetsRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(true, &self.group_id)?;
        w.array(true, &self.topics, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

impl Request for AlterShareGroupOffsetsRequest<'_> {
    const KEY: ApiKey = ApiKey(91);
    type Response<'r> = AlterShareGroupOffsetsResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsRequestTopic<'a> {
    pub topic_name: Cow<'a, str>,
    pub partitions: Vec<AlterShareGroupOffsetsRequestPartition>,
}

impl<'a> Decode<'a> for AlterShareGroupOffsetsRequestTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_name = r.string(true)?;
        m.partitions = r.array(true, 13, |r| {
            AlterShareGroupOffsetsRequestPartition::decode(r, version)
        })?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for AlterShareGroupOffsetsRequestTopic<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.topic_name)?;
        w.array(true, &self.partitions, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsRequestPartition {
    pub partition_index: i32,
    pub start_offset: i64,
}

impl Decode<'_> for AlterShareGroupOffsetsRequestPartition {
    fn decode(r: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32()?;
        m.start_offset = r.i64()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for AlterShareGroupOffsetsRequestPartition {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i64(self.start_offset);
        w.tags();
        Ok(())
    }
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
    pub responses: Vec<AlterShareGroupOffsetsResponseTopic<'a>>,
}

impl<'a> Decode<'a> for AlterShareGroupOffsetsResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(true)?;
        m.responses = r.array(true, 19, |r| {
            AlterShareGroupOffsetsResponseTopic::decode(r, version)
        })?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for AlterShareGroupOffsetsResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code.0);
        w.nullable_string(true, self.error_message.as_deref())?;
        w.array(true, &self.responses, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsResponseTopic<'a> {
    pub topic_name: Cow<'a, str>,
    pub topic_id: Uuid,
    pub partitions: Vec<AlterShareGroupOffsetsResponsePartition<'a>>,
}

impl<'a> Decode<'a> for AlterShareGroupOffsetsResponseTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_name = r.string(true)?;
        m.topic_id = r.uuid()?;
        m.partitions = r.array(true, 8, |r| {
            AlterShareGroupOffsetsResponsePartition::decode(r, version)
        })?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for AlterShareGroupOffsetsResponseTopic<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.topic_name)?;
        w.uuid(self.topic_id);
        w.array(true, &self.partitions, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsResponsePartition<'a> {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
}

impl<'a> Decode<'a> for AlterShareGroupOffsetsResponsePartition<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(true)?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for AlterShareGroupOffsetsResponsePartition<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i16(self.error_code.0);
        w.nullable_string(true, self.error_message.as_deref())?;
        w.tags();
        Ok(())
    }
}
