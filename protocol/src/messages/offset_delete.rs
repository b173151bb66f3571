//! OffsetDelete (key 47), made from `schema/offset_delete.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteRequest<'a> {
    pub group_id: Cow<'a, str>,
    pub topics: Vec<OffsetDeleteRequestTopic<'a>>,
}

impl<'a> Decode<'a> for OffsetDeleteRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.group_id = r.string(false)?;
        m.topics = r.array(false, 6, |r| OffsetDeleteRequestTopic::decode(r, version))?;
        Ok(m)
    }
}

impl Encode for OffsetDeleteRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(false, &self.group_id)?;
        w.array(false, &self.topics, |w, v| v.encode(w, version))?;
        Ok(())
    }
}

impl Request for OffsetDeleteRequest<'_> {
    const KEY: ApiKey = ApiKey(47);
    type Response<'r> = OffsetDeleteResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteRequestTopic<'a> {
    pub name: Cow<'a, str>,
    pub partitions: Vec<OffsetDeleteRequestPartition>,
}

impl<'a> Decode<'a> for OffsetDeleteRequestTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string(false)?;
        m.partitions = r.array(false, 4, |r| {
            OffsetDeleteRequestPartition::decode(r, version)
        })?;
        Ok(m)
    }
}

impl Encode for OffsetDeleteRequestTopic<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(false, &self.name)?;
        w.array(false, &self.partitions, |w, v| v.encode(w, version))?;
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteRequestPartition {
    pub partition_index: i32,
}

impl Decode<'_> for OffsetDeleteRequestPartition {
    fn decode(r: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32()?;
        Ok(m)
    }
}

impl Encode for OffsetDeleteRequestPartition {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        Ok(())
    }
}

/// Versions 0-0, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteResponse<'a> {
    pub error_code: ErrorCode,
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetDeleteResponseTopic<'a>>,
}

impl<'a> Decode<'a> for OffsetDeleteResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.error_code = ErrorCode(r.i16()?);
        m.throttle_time_ms = r.i32()?;
        m.topics = r.array(false, 6, |r| OffsetDeleteResponseTopic::decode(r, version))?;
        Ok(m)
    }
}

impl Encode for OffsetDeleteResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i16(self.error_code.0);
        w.i32(self.throttle_time_ms);
        w.array(false, &self.topics, |w, v| v.encode(w, version))?;
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteResponseTopic<'a> {
    pub name: Cow<'a, str>,
    pub partitions: Vec<OffsetDeleteResponsePartition>,
}

impl<'a> Decode<'a> for OffsetDeleteResponseTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string(false)?;
        m.partitions = r.array(false, 6, |r| {
            OffsetDeleteResponsePartition::decode(r, version)
        })?;
        Ok(m)
    }
}

impl Encode for OffsetDeleteResponseTopic<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(false, &self.name)?;
        w.array(false, &self.partitions, |w, v| v.encode(w, version))?;
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteResponsePartition {
    pub partition_index: i32,
    pub error_code: ErrorCode,
}

impl Decode<'_> for OffsetDeleteResponsePartition {
    fn decode(r: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        Ok(m)
    }
}

impl Encode for OffsetDeleteResponsePartition {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i16(self.error_code.0);
        Ok(())
    }
}
