//! DeleteRecords (key 21), made from `schema/delete_records.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-2, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsRequest<'a> {
    pub topics: Vec<DeleteRecordsTopic<'a>>,
    pub timeout_ms: i32,
}

impl<'a> Decode<'a> for DeleteRecordsRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let mut m = Self::default();
        m.topics = r.array(flexible, 3, |r| DeleteRecordsTopic::decode(r, version))?;
        m.timeout_ms = r.i32()?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DeleteRecordsRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        w.array(flexible, &self.topics, |w, v| v.encode(w, version))?;
        w.i32(self.timeout_ms);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for DeleteRecordsRequest<'_> {
    const KEY: ApiKey = ApiKey(21);
    type Response<'r> = DeleteRecordsResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsTopic<'a> {
    pub name: Cow<'a, str>,
    pub partitions: Vec<DeleteRecordsPartition>,
}

impl<'a> Decode<'a> for DeleteRecordsTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let mut m = Self::default();
        m.name = r.string(flexible)?;
        m.partitions = r.array(flexible, 12, |r| DeleteRecordsPartition::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DeleteRecordsTopic<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        w.string(flexible, &self.name)?;
        w.array(flexible, &self.partitions, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsPartition {
    pub partition_index: i32,
    pub offset: i64,
}

impl Decode<'_> for DeleteRecordsPartition {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let mut m = Self::default();
        m.partition_index = r.i32()?;
        m.offset = r.i64()?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DeleteRecordsPartition {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        w.i32(self.partition_index);
        w.i64(self.offset);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

/// Versions 0-2, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsResponse<'a> {
    pub throttle_time_ms: i32,
    pub topics: Vec<DeleteRecordsTopicResult<'a>>,
}

impl<'a> Decode<'a> for DeleteRecordsResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.topics = r.array(flexible, 3, |r| {
            DeleteRecordsTopicResult::decode(r, version)
        })?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DeleteRecordsResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        w.i32(self.throttle_time_ms);
        w.array(flexible, &self.topics, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsTopicResult<'a> {
    pub name: Cow<'a, str>,
    pub partitions: Vec<DeleteRecordsPartitionResult>,
}

impl<'a> Decode<'a> for DeleteRecordsTopicResult<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let mut m = Self::default();
        m.name = r.string(flexible)?;
        m.partitions = r.array(flexible, 14, |r| {
            DeleteRecordsPartitionResult::decode(r, version)
        })?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DeleteRecordsTopicResult<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        w.string(flexible, &self.name)?;
        w.array(flexible, &self.partitions, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsPartitionResult {
    pub partition_index: i32,
    pub low_watermark: i64,
    pub error_code: ErrorCode,
}

impl Decode<'_> for DeleteRecordsPartitionResult {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let mut m = Self::default();
        m.partition_index = r.i32()?;
        m.low_watermark = r.i64()?;
        m.error_code = ErrorCode(r.i16()?);
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DeleteRecordsPartitionResult {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        w.i32(self.partition_index);
        w.i64(self.low_watermark);
        w.i16(self.error_code.0);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
