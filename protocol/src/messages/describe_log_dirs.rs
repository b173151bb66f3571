//! DescribeLogDirs (key 35), made from `schema/describe_log_dirs.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 1-5, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeLogDirsRequest<'a> {
    pub topics: Option<Vec<DescribableLogDirTopic<'a>>>,
}

impl Default for DescribeLogDirsRequest<'_> {
    fn default() -> Self {
        Self {
            topics: Some(Vec::new()),
        }
    }
}

impl<'a> Decode<'a> for DescribeLogDirsRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let mut m = Self::default();
        m.topics = r.nullable_array(flexible, 3, |r| DescribableLogDirTopic::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribeLogDirsRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        w.nullable_array(flexible, self.topics.as_deref(), |w, v| {
            v.encode(w, version)
        })?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for DescribeLogDirsRequest<'_> {
    const KEY: ApiKey = ApiKey(35);
    type Response<'r> = DescribeLogDirsResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribableLogDirTopic<'a> {
    pub topic: Cow<'a, str>,
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for DescribableLogDirTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let mut m = Self::default();
        m.topic = r.string(flexible)?;
        m.partitions = r.array(flexible, 4, |r| r.i32())?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribableLogDirTopic<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        w.string(flexible, &self.topic)?;
        w.array(flexible, &self.partitions, |w, v| {
            w.i32(*v);
            Ok(())
        })?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

/// Versions 1-5, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeLogDirsResponse<'a> {
    pub throttle_time_ms: i32,
    /// versions 3+, else ignored
    pub error_code: ErrorCode,
    pub results: Vec<DescribeLogDirsResult<'a>>,
}

impl<'a> Decode<'a> for DescribeLogDirsResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        if version >= 3 {
            m.error_code = ErrorCode(r.i16()?);
        }
        m.results = r.array(flexible, 5, |r| DescribeLogDirsResult::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribeLogDirsResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        w.i32(self.throttle_time_ms);
        if version >= 3 {
            w.i16(self.error_code.0);
        }
        w.array(flexible, &self.results, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeLogDirsResult<'a> {
    pub error_code: ErrorCode,
    pub log_dir: Cow<'a, str>,
    pub topics: Vec<DescribeLogDirsTopic<'a>>,
    /// versions 4+, else ignored
    pub total_bytes: i64,
    /// versions 4+, else ignored
    pub usable_bytes: i64,
    /// versions 5+, else ignored
    pub is_cordoned: bool,
}

impl Default for DescribeLogDirsResult<'_> {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            log_dir: Cow::Borrowed(""),
            topics: Vec::new(),
            total_bytes: -1,
            usable_bytes: -1,
            is_cordoned: false,
        }
    }
}

impl<'a> Decode<'a> for DescribeLogDirsResult<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let mut m = Self::default();
        m.error_code = ErrorCode(r.i16()?);
        m.log_dir = r.string(flexible)?;
        m.topics = r.array(flexible, 3, |r| DescribeLogDirsTopic::decode(r, version))?;
        if version >= 4 {
            m.total_bytes = r.i64()?;
            m.usable_bytes = r.i64()?;
        }
        if version >= 5 {
            m.is_cordoned = r.bool()?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribeLogDirsResult<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        w.i16(self.error_code.0);
        w.string(flexible, &self.log_dir)?;
        w.array(flexible, &self.topics, |w, v| v.encode(w, version))?;
        if version >= 4 {
            w.i64(self.total_bytes);
        }
        if version >= 4 {
            w.i64(self.usable_bytes);
        }
        if version >= 5 {
            w.bool(self.is_cordoned);
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeLogDirsTopic<'a> {
    pub name: Cow<'a, str>,
    pub partitions: Vec<DescribeLogDirsPartition>,
}

impl<'a> Decode<'a> for DescribeLogDirsTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let mut m = Self::default();
        m.name = r.string(flexible)?;
        m.partitions = r.array(flexible, 21, |r| {
            DescribeLogDirsPartition::decode(r, version)
        })?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribeLogDirsTopic<'_> {
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
pub struct DescribeLogDirsPartition {
    pub partition_index: i32,
    pub partition_size: i64,
    pub offset_lag: i64,
    pub is_future_key: bool,
}

impl Decode<'_> for DescribeLogDirsPartition {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let mut m = Self::default();
        m.partition_index = r.i32()?;
        m.partition_size = r.i64()?;
        m.offset_lag = r.i64()?;
        m.is_future_key = r.bool()?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribeLogDirsPartition {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        w.i32(self.partition_index);
        w.i64(self.partition_size);
        w.i64(self.offset_lag);
        w.bool(self.is_future_key);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
