//! TxnOffsetCommit (key 28), made from `schema/txn_offset_commit.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-5, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct TxnOffsetCommitRequest<'a> {
    pub transactional_id: Cow<'a, str>,
    pub group_id: Cow<'a, str>,
    pub producer_id: i64,
    pub producer_epoch: i16,
    /// versions 3+
    pub generation_id: i32,
    /// versions 3+
    pub member_id: Cow<'a, str>,
    /// versions 3+
    pub group_instance_id: Option<Cow<'a, str>>,
    pub topics: Vec<TxnOffsetCommitRequestTopic<'a>>,
}

impl Default for TxnOffsetCommitRequest<'_> {
    fn default() -> Self {
        Self {
            transactional_id: Cow::Borrowed(""),
            group_id: Cow::Borrowed(""),
            producer_id: 0,
            producer_epoch: 0,
            generation_id: -1,
            member_id: Cow::Borrowed(""),
            group_instance_id: None,
            topics: Vec::new(),
        }
    }
}

impl<'a> Decode<'a> for TxnOffsetCommitRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let mut m = Self::default();
        m.transactional_id = r.string(flexible)?;
        m.group_id = r.string(flexible)?;
        m.producer_id = r.i64()?;
        m.producer_epoch = r.i16()?;
        if version >= 3 {
            m.generation_id = r.i32()?;
            m.member_id = r.string(flexible)?;
            m.group_instance_id = r.nullable_string(flexible)?;
        }
        m.topics = r.array(flexible, 3, |r| {
            TxnOffsetCommitRequestTopic::decode(r, version)
        })?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for TxnOffsetCommitRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        w.string(flexible, &self.transactional_id)?;
        w.string(flexible, &self.group_id)?;
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        if version >= 3 {
            w.i32(self.generation_id);
        } else if self.generation_id != -1 {
            return Err(EncodeError::Absent {
                field: "generation_id",
                version,
            });
        }
        if version >= 3 {
            w.string(flexible, &self.member_id)?;
        } else if !self.member_id.is_empty() {
            return Err(EncodeError::Absent {
                field: "member_id",
                version,
            });
        }
        if version >= 3 {
            w.nullable_string(flexible, self.group_instance_id.as_deref())?;
        } else if self.group_instance_id.is_some() {
            return Err(EncodeError::Absent {
                field: "group_instance_id",
                version,
            });
        }
        w.array(flexible, &self.topics, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for TxnOffsetCommitRequest<'_> {
    const KEY: ApiKey = ApiKey(28);
    type Response<'r> = TxnOffsetCommitResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnOffsetCommitRequestTopic<'a> {
    pub name: Cow<'a, str>,
    pub partitions: Vec<TxnOffsetCommitRequestPartition<'a>>,
}

impl<'a> Decode<'a> for TxnOffsetCommitRequestTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let mut m = Self::default();
        m.name = r.string(flexible)?;
        m.partitions = r.array(flexible, 14, |r| {
            TxnOffsetCommitRequestPartition::decode(r, version)
        })?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for TxnOffsetCommitRequestTopic<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        w.string(flexible, &self.name)?;
        w.array(flexible, &self.partitions, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct TxnOffsetCommitRequestPartition<'a> {
    pub partition_index: i32,
    pub committed_offset: i64,
    /// versions 2+, else ignored
    pub committed_leader_epoch: i32,
    pub committed_metadata: Option<Cow<'a, str>>,
}

impl Default for TxnOffsetCommitRequestPartition<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            committed_metadata: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Decode<'a> for TxnOffsetCommitRequestPartition<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let mut m = Self::default();
        m.partition_index = r.i32()?;
        m.committed_offset = r.i64()?;
        if version >= 2 {
            m.committed_leader_epoch = r.i32()?;
        }
        m.committed_metadata = r.nullable_string(flexible)?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for TxnOffsetCommitRequestPartition<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        w.i32(self.partition_index);
        w.i64(self.committed_offset);
        if version >= 2 {
            w.i32(self.committed_leader_epoch);
        }
        w.nullable_string(flexible, self.committed_metadata.as_deref())?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

/// Versions 0-5, flexible from 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnOffsetCommitResponse<'a> {
    pub throttle_time_ms: i32,
    pub topics: Vec<TxnOffsetCommitResponseTopic<'a>>,
}

impl<'a> Decode<'a> for TxnOffsetCommitResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.topics = r.array(flexible, 3, |r| {
            TxnOffsetCommitResponseTopic::decode(r, version)
        })?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for TxnOffsetCommitResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        w.i32(self.throttle_time_ms);
        w.array(flexible, &self.topics, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnOffsetCommitResponseTopic<'a> {
    pub name: Cow<'a, str>,
    pub partitions: Vec<TxnOffsetCommitResponsePartition>,
}

impl<'a> Decode<'a> for TxnOffsetCommitResponseTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let mut m = Self::default();
        m.name = r.string(flexible)?;
        m.partitions = r.array(flexible, 6, |r| {
            TxnOffsetCommitResponsePartition::decode(r, version)
        })?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for TxnOffsetCommitResponseTopic<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        w.string(flexible, &self.name)?;
        w.array(flexible, &self.partitions, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnOffsetCommitResponsePartition {
    pub partition_index: i32,
    pub error_code: ErrorCode,
}

impl Decode<'_> for TxnOffsetCommitResponsePartition {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let mut m = Self::default();
        m.partition_index = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for TxnOffsetCommitResponsePartition {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        w.i32(self.partition_index);
        w.i16(self.error_code.0);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
