//! OffsetFetch (key 9), made from `schema/offset_fetch.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 1-10, flexible from 6.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchRequest<'a> {
    /// versions 1-7
    pub group_id: Cow<'a, str>,
    /// versions 1-7, null in 2-7
    pub topics: Option<Vec<OffsetFetchRequestTopic<'a>>>,
    /// versions 8+
    pub groups: Vec<OffsetFetchRequestGroup<'a>>,
    /// versions 7+
    pub require_stable: bool,
}

impl Default for OffsetFetchRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: Cow::Borrowed(""),
            topics: Some(Vec::new()),
            groups: Vec::new(),
            require_stable: false,
        }
    }
}

impl<'a> Decode<'a> for OffsetFetchRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=10).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 6;
        let mut m = Self::default();
        if version <= 7 {
            m.group_id = r.string(flexible)?;
            m.topics =
                r.nullable_array(flexible, 3, |r| OffsetFetchRequestTopic::decode(r, version))?;
            if m.topics.is_none() && !(2..=7).contains(&version) {
                return Err(DecodeError::Null);
            }
        }
        if version >= 8 {
            m.groups = r.array(flexible, 3, |r| OffsetFetchRequestGroup::decode(r, version))?;
        }
        if version >= 7 {
            m.require_stable = r.bool()?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for OffsetFetchRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=10).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 6;
        if version <= 7 {
            w.string(flexible, &self.group_id)?;
        } else if !self.group_id.is_empty() {
            return Err(EncodeError::Absent {
                field: "group_id",
                version,
            });
        }
        if version <= 7 {
            if self.topics.is_none() && !(2..=7).contains(&version) {
                return Err(EncodeError::Null {
                    field: "topics",
                    version,
                });
            }
            w.nullable_array(flexible, self.topics.as_deref(), |w, v| {
                v.encode(w, version)
            })?;
        } else if self.topics.as_ref().is_none_or(|v| !v.is_empty()) {
            return Err(EncodeError::Absent {
                field: "topics",
                version,
            });
        }
        if version >= 8 {
            w.array(flexible, &self.groups, |w, v| v.encode(w, version))?;
        } else if !self.groups.is_empty() {
            return Err(EncodeError::Absent {
                field: "groups",
                version,
            });
        }
        if version >= 7 {
            w.bool(self.require_stable);
        } else if self.require_stable {
            return Err(EncodeError::Absent {
                field: "require_stable",
                version,
            });
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for OffsetFetchRequest<'_> {
    const KEY: ApiKey = ApiKey(9);
    type Response<'r> = OffsetFetchResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchRequestTopic<'a> {
    pub name: Cow<'a, str>,
    pub partition_indexes: Vec<i32>,
}

impl<'a> Decode<'a> for OffsetFetchRequestTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let mut m = Self::default();
        m.name = r.string(flexible)?;
        m.partition_indexes = r.array(flexible, 4, |r| r.i32())?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for OffsetFetchRequestTopic<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        w.string(flexible, &self.name)?;
        w.array(flexible, &self.partition_indexes, |w, v| {
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
pub struct OffsetFetchRequestGroup<'a> {
    pub group_id: Cow<'a, str>,
    /// versions 9+, else ignored
    pub member_id: Option<Cow<'a, str>>,
    /// versions 9+, else ignored
    pub member_epoch: i32,
    pub topics: Option<Vec<OffsetFetchRequestTopics<'a>>>,
}

impl Default for OffsetFetchRequestGroup<'_> {
    fn default() -> Self {
        Self {
            group_id: Cow::Borrowed(""),
            member_id: None,
            member_epoch: -1,
            topics: Some(Vec::new()),
        }
    }
}

impl<'a> Decode<'a> for OffsetFetchRequestGroup<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.group_id = r.string(true)?;
        if version >= 9 {
            m.member_id = r.nullable_string(true)?;
            m.member_epoch = r.i32()?;
        }
        m.topics = r.nullable_array(true, 3, |r| OffsetFetchRequestTopics::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for OffsetFetchRequestGroup<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.group_id)?;
        if version >= 9 {
            w.nullable_string(true, self.member_id.as_deref())?;
        }
        if version >= 9 {
            w.i32(self.member_epoch);
        }
        w.nullable_array(true, self.topics.as_deref(), |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchRequestTopics<'a> {
    /// versions 8-9, else ignored
    pub name: Cow<'a, str>,
    /// versions 10+, else ignored
    pub topic_id: Uuid,
    pub partition_indexes: Vec<i32>,
}

impl<'a> Decode<'a> for OffsetFetchRequestTopics<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        if version <= 9 {
            m.name = r.string(true)?;
        }
        if version >= 10 {
            m.topic_id = r.uuid()?;
        }
        m.partition_indexes = r.array(true, 4, |r| r.i32())?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for OffsetFetchRequestTopics<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if version <= 9 {
            w.string(true, &self.name)?;
        }
        if version >= 10 {
            w.uuid(self.topic_id);
        }
        w.array(true, &self.partition_indexes, |w, v| {
            w.i32(*v);
            Ok(())
        })?;
        w.tags();
        Ok(())
    }
}

/// Versions 1-10, flexible from 6.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponse<'a> {
    /// versions 3+, else ignored
    pub throttle_time_ms: i32,
    /// versions 1-7
    pub topics: Vec<OffsetFetchResponseTopic<'a>>,
    /// versions 2-7, else ignored
    pub error_code: ErrorCode,
    /// versions 8+
    pub groups: Vec<OffsetFetchResponseGroup<'a>>,
}

impl<'a> Decode<'a> for OffsetFetchResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=10).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 6;
        let mut m = Self::default();
        if version >= 3 {
            m.throttle_time_ms = r.i32()?;
        }
        if version <= 7 {
            m.topics = r.array(flexible, 3, |r| {
                OffsetFetchResponseTopic::decode(r, version)
            })?;
        }
        if (2..=7).contains(&version) {
            m.error_code = ErrorCode(r.i16()?);
        }
        if version >= 8 {
            m.groups = r.array(flexible, 5, |r| {
                OffsetFetchResponseGroup::decode(r, version)
            })?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for OffsetFetchResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=10).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 6;
        if version >= 3 {
            w.i32(self.throttle_time_ms);
        }
        if version <= 7 {
            w.array(flexible, &self.topics, |w, v| v.encode(w, version))?;
        } else if !self.topics.is_empty() {
            return Err(EncodeError::Absent {
                field: "topics",
                version,
            });
        }
        if (2..=7).contains(&version) {
            w.i16(self.error_code.0);
        }
        if version >= 8 {
            w.array(flexible, &self.groups, |w, v| v.encode(w, version))?;
        } else if !self.groups.is_empty() {
            return Err(EncodeError::Absent {
                field: "groups",
                version,
            });
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponseTopic<'a> {
    pub name: Cow<'a, str>,
    pub partitions: Vec<OffsetFetchResponsePartition<'a>>,
}

impl<'a> Decode<'a> for OffsetFetchResponseTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let mut m = Self::default();
        m.name = r.string(flexible)?;
        m.partitions = r.array(flexible, 16, |r| {
            OffsetFetchResponsePartition::decode(r, version)
        })?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for OffsetFetchResponseTopic<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        w.string(flexible, &self.name)?;
        w.array(flexible, &self.partitions, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchResponsePartition<'a> {
    pub partition_index: i32,
    pub committed_offset: i64,
    /// versions 5-7, else ignored
    pub committed_leader_epoch: i32,
    pub metadata: Option<Cow<'a, str>>,
    pub error_code: ErrorCode,
}

impl Default for OffsetFetchResponsePartition<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            metadata: Some(Cow::Borrowed("")),
            error_code: ErrorCode::NONE,
        }
    }
}

impl<'a> Decode<'a> for OffsetFetchResponsePartition<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let mut m = Self::default();
        m.partition_index = r.i32()?;
        m.committed_offset = r.i64()?;
        if version >= 5 {
            m.committed_leader_epoch = r.i32()?;
        }
        m.metadata = r.nullable_string(flexible)?;
        m.error_code = ErrorCode(r.i16()?);
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for OffsetFetchResponsePartition<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        w.i32(self.partition_index);
        w.i64(self.committed_offset);
        if version >= 5 {
            w.i32(self.committed_leader_epoch);
        }
        w.nullable_string(flexible, self.metadata.as_deref())?;
        w.i16(self.error_code.0);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponseGroup<'a> {
    pub group_id: Cow<'a, str>,
    pub topics: Vec<OffsetFetchResponseTopics<'a>>,
    pub error_code: ErrorCode,
}

impl<'a> Decode<'a> for OffsetFetchResponseGroup<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.group_id = r.string(true)?;
        m.topics = r.array(true, 3, |r| OffsetFetchResponseTopics::decode(r, version))?;
        m.error_code = ErrorCode(r.i16()?);
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for OffsetFetchResponseGroup<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.group_id)?;
        w.array(true, &self.topics, |w, v| v.encode(w, version))?;
        w.i16(self.error_code.0);
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponseTopics<'a> {
    /// versions 8-9, else ignored
    pub name: Cow<'a, str>,
    /// versions 10+, else ignored
    pub topic_id: Uuid,
    pub partitions: Vec<OffsetFetchResponsePartitions<'a>>,
}

impl<'a> Decode<'a> for OffsetFetchResponseTopics<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        if version <= 9 {
            m.name = r.string(true)?;
        }
        if version >= 10 {
            m.topic_id = r.uuid()?;
        }
        m.partitions = r.array(true, 20, |r| {
            OffsetFetchResponsePartitions::decode(r, version)
        })?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for OffsetFetchResponseTopics<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if version <= 9 {
            w.string(true, &self.name)?;
        }
        if version >= 10 {
            w.uuid(self.topic_id);
        }
        w.array(true, &self.partitions, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchResponsePartitions<'a> {
    pub partition_index: i32,
    pub committed_offset: i64,
    pub committed_leader_epoch: i32,
    pub metadata: Option<Cow<'a, str>>,
    pub error_code: ErrorCode,
}

impl Default for OffsetFetchResponsePartitions<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            metadata: Some(Cow::Borrowed("")),
            error_code: ErrorCode::NONE,
        }
    }
}

impl<'a> Decode<'a> for OffsetFetchResponsePartitions<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition_index = r.i32()?;
        m.committed_offset = r.i64()?;
        m.committed_leader_epoch = r.i32()?;
        m.metadata = r.nullable_string(true)?;
        m.error_code = ErrorCode(r.i16()?);
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for OffsetFetchResponsePartitions<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition_index);
        w.i64(self.committed_offset);
        w.i32(self.committed_leader_epoch);
        w.nullable_string(true, self.metadata.as_deref())?;
        w.i16(self.error_code.0);
        w.tags();
        Ok(())
    }
}
