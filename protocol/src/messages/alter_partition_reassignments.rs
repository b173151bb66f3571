//! AlterPartitionReassignments (key 45), made from `schema/alter_partition_reassignments.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterPartitionReassignmentsRequest<'a> {
    pub timeout_ms: i32,
    /// versions 1+
    pub allow_replication_factor_change: bool,
    pub topics: Vec<ReassignableTopic<'a>>,
}

impl Default for AlterPartitionReassignmentsRequest<'_> {
    fn default() -> Self {
        Self {
            timeout_ms: 60000,
            allow_replication_factor_change: true,
            topics: Vec::new(),
        }
    }
}

impl<'a> Decode<'a> for AlterPartitionReassignmentsRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.timeout_ms = r.i32()?;
        if version >= 1 {
            m.allow_replication_factor_change = r.bool()?;
        }
        m.topics = r.array(true, 3, |r| ReassignableTopic::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for AlterPartitionReassignmentsRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.timeout_ms);
        if version >= 1 {
            w.bool(self.allow_replication_factor_change);
        } else if !self.allow_replication_factor_change {
            return Err(EncodeError::Absent {
                field: "allow_replication_factor_change",
                version,
            });
        }
        w.array(true, &self.topics, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

impl Request for AlterPartitionReassignmentsRequest<'_> {
    const KEY: ApiKey = ApiKey(45);
    type Response<'r> = AlterPartitionReassignmentsResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReassignableTopic<'a> {
    pub name: Cow<'a, str>,
    pub partitions: Vec<ReassignablePartition>,
}

impl<'a> Decode<'a> for ReassignableTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string(true)?;
        m.partitions = r.array(true, 6, |r| ReassignablePartition::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for ReassignableTopic<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.name)?;
        w.array(true, &self.partitions, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReassignablePartition {
    pub partition_index: i32,
    pub replicas: Option<Vec<i32>>,
}

impl Decode<'_> for ReassignablePartition {
    fn decode(r: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32()?;
        m.replicas = r.nullable_array(true, 4, |r| r.i32())?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for ReassignablePartition {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.nullable_array(true, self.replicas.as_deref(), |w, v| {
            w.i32(*v);
            Ok(())
        })?;
        w.tags();
        Ok(())
    }
}

/// Versions 0-1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterPartitionReassignmentsResponse<'a> {
    pub throttle_time_ms: i32,
    /// versions 1+, else ignored
    pub allow_replication_factor_change: bool,
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
    pub responses: Vec<ReassignableTopicResponse<'a>>,
}

impl Default for AlterPartitionReassignmentsResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            allow_replication_factor_change: true,
            error_code: ErrorCode::NONE,
            error_message: Some(Cow::Borrowed("")),
            responses: Vec::new(),
        }
    }
}

impl<'a> Decode<'a> for AlterPartitionReassignmentsResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        if version >= 1 {
            m.allow_replication_factor_change = r.bool()?;
        }
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(true)?;
        m.responses = r.array(true, 3, |r| ReassignableTopicResponse::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for AlterPartitionReassignmentsResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.throttle_time_ms);
        if version >= 1 {
            w.bool(self.allow_replication_factor_change);
        }
        w.i16(self.error_code.0);
        w.nullable_string(true, self.error_message.as_deref())?;
        w.array(true, &self.responses, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReassignableTopicResponse<'a> {
    pub name: Cow<'a, str>,
    pub partitions: Vec<ReassignablePartitionResponse<'a>>,
}

impl<'a> Decode<'a> for ReassignableTopicResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string(true)?;
        m.partitions = r.array(true, 8, |r| {
            ReassignablePartitionResponse::decode(r, version)
        })?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for ReassignableTopicResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.name)?;
        w.array(true, &self.partitions, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ReassignablePartitionResponse<'a> {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for ReassignablePartitionResponse<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            error_code: ErrorCode::NONE,
            error_message: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Decode<'a> for ReassignablePartitionResponse<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(true)?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for ReassignablePartitionResponse<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i16(self.error_code.0);
        w.nullable_string(true, self.error_message.as_deref())?;
        w.tags();
        Ok(())
    }
}
