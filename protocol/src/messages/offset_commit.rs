//! OffsetCommit (key 8), made from `schema/offset_commit.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 2-10, flexible from 8.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommitRequest<'a> {
    pub group_id: Cow<'a, str>,
    pub generation_id_or_member_epoch: i32,
    pub member_id: Cow<'a, str>,
    /// versions 7+
    pub group_instance_id: Option<Cow<'a, str>>,
    /// versions 2-4, else ignored
    pub retention_time_ms: i64,
    pub topics: Vec<OffsetCommitRequestTopic<'a>>,
}

impl Default for OffsetCommitRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: Cow::Borrowed(""),
            generation_id_or_member_epoch: -1,
            member_id: Cow::Borrowed(""),
            group_instance_id: None,
            retention_time_ms: -1,
            topics: Vec::new(),
        }
    }
}

impl<'a> Decode<'a> for OffsetCommitRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(2..=10).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 8;
        let mut m = Self::default();
        m.group_id = r.string(flexible)?;
        m.generation_id_or_member_epoch = r.i32()?;
        m.member_id = r.string(flexible)?;
        if version >= 7 {
            m.group_instance_id = r.nullable_string(flexible)?;
        }
        if version <= 4 {
            m.retention_time_ms = r.i64()?;
        }
        m.topics = r.array(flexible, 3, |r| {
            OffsetCommitRequestTopic::decode(r, version)
        })?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for OffsetCommitRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(2..=10).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 8;
        w.string(flexible, &self.group_id)?;
        w.i32(self.generation_id_or_member_epoch);
        w.string(flexible, &self.member_id)?;
        if version >= 7 {
            w.nullable_string(flexible, self.group_instance_id.as_deref())?;
        } else if self.group_instance_id.is_some() {
            return Err(EncodeError::Absent {
                field: "group_instance_id",
                version,
            });
        }
        if version <= 4 {
            w.i64(self.retention_time_ms);
        }
        w.array(flexible, &self.topics, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for OffsetCommitRequest<'_> {
    const KEY: ApiKey = ApiKey(8);
    type Response<'r> = OffsetCommitResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommitRequestTopic<'a> {
    /// versions 2-9, else ignored
    pub name: Cow<'a, str>,
    /// versions 10+, else ignored
    pub topic_id: Uuid,
    pub partitions: Vec<OffsetCommitRequestPartition<'a>>,
}

impl<'a> Decode<'a> for OffsetCommitRequestTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 8;
        let mut m = Self::default();
        if version <= 9 {
            m.name = r.string(flexible)?;
        }
        if version >= 10 {
            m.topic_id = r.uuid()?;
        }
        m.partitions = r.array(flexible, 14, |r| {
            OffsetCommitRequestPartition::decode(r, version)
        })?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for OffsetCommitRequestTopic<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 8;
        if version <= 9 {
            w.string(flexible, &self.name)?;
        }
        if version >= 10 {
            w.uuid(self.topic_id);
        }
        w.array(flexible, &self.partitions, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommitRequestPartition<'a> {
    pub partition_index: i32,
    pub committed_offset: i64,
    /// versions 6+, else ignored
    pub committed_leader_epoch: i32,
    pub committed_metadata: Option<Cow<'a, str>>,
}

impl Default for OffsetCommitRequestPartition<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            committed_metadata: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Decode<'a> for OffsetCommitRequestPartition<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 8;
        let mut m = Self::default();
        m.partition_index = r.i32()?;
        m.committed_offset = r.i64()?;
        if version >= 6 {
            m.committed_leader_epoch = r.i32()?;
        }
        m.committed_metadata = r.nullable_string(flexible)?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for OffsetCommitRequestPartition<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 8;
        w.i32(self.partition_index);
        w.i64(self.committed_offset);
        if version >= 6 {
            w.i32(self.committed_leader_epoch);
        }
        w.nullable_string(flexible, self.committed_metadata.as_deref())?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

/// Versions 2-10, flexible from 8.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommitResponse<'a> {
    /// versions 3+, else ignored
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetCommitResponseTopic<'a>>,
}

impl<'a> Decode<'a> for OffsetCommitResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(2..=10).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 8;
        let mut m = Self::default();
        if version >= 3 {
            m.throttle_time_ms = r.i32()?;
        }
        m.topics = r.array(flexible, 3, |r| {
            OffsetCommitResponseTopic::decode(r, version)
        })?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for OffsetCommitResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(2..=10).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 8;
        if version >= 3 {
            w.i32(self.throttle_time_ms);
        }
        w.array(flexible, &self.topics, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommitResponseTopic<'a> {
    /// versions 2-9, else ignored
    pub name: Cow<'a, str>,
    /// versions 10+, else ignored
    pub topic_id: Uuid,
    pub partitions: Vec<OffsetCommitResponsePartition>,
}

impl<'a> Decode<'a> for OffsetCommitResponseTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 8;
        let mut m = Self::default();
        if version <= 9 {
            m.name = r.string(flexible)?;
        }
        if version >= 10 {
            m.topic_id = r.uuid()?;
        }
        m.partitions = r.array(flexible, 6, |r| {
            OffsetCommitResponsePartition::decode(r, version)
        })?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for OffsetCommitResponseTopic<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 8;
        if version <= 9 {
            w.string(flexible, &self.name)?;
        }
        if version >= 10 {
            w.uuid(self.topic_id);
        }
        w.array(flexible, &self.partitions, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommitResponsePartition {
    pub partition_index: i32,
    pub error_code: ErrorCode,
}

impl Decode<'_> for OffsetCommitResponsePartition {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 8;
        let mut m = Self::default();
        m.partition_index = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for OffsetCommitResponsePartition {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 8;
        w.i32(self.partition_index);
        w.i16(self.error_code.0);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
