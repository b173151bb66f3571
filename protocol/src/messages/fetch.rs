//! Fetch (key 1), made from `schema/fetch.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Records, Writer};

/// Versions 4-18, flexible from 12.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchRequest<'a> {
    /// versions 12+, tag 0, else ignored
    pub cluster_id: Option<Cow<'a, str>>,
    /// versions 4-14
    pub replica_id: i32,
    /// versions 15+, tag 1
    pub replica_state: ReplicaState,
    pub max_wait_ms: i32,
    pub min_bytes: i32,
    pub max_bytes: i32,
    pub isolation_level: i8,
    /// versions 7+, else ignored
    pub session_id: i32,
    /// versions 7+, else ignored
    pub session_epoch: i32,
    pub topics: Vec<FetchTopic<'a>>,
    /// versions 7+
    pub forgotten_topics_data: Vec<ForgottenTopic<'a>>,
    /// versions 11+, else ignored
    pub rack_id: Cow<'a, str>,
}

impl Default for FetchRequest<'_> {
    fn default() -> Self {
        Self {
            cluster_id: None,
            replica_id: -1,
            replica_state: Default::default(),
            max_wait_ms: 0,
            min_bytes: 0,
            max_bytes: i32::MAX,
            isolation_level: 0,
            session_id: 0,
            session_epoch: -1,
            topics: Vec::new(),
            forgotten_topics_data: Vec::new(),
            rack_id: Cow::Borrowed(""),
        }
    }
}

impl<'a> Decode<'a> for FetchRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(4..=18).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 12;
        let mut m = Self::default();
        if version <= 14 {
            m.replica_id = r.i32()?;
        }
        m.max_wait_ms = r.i32()?;
        m.min_bytes = r.i32()?;
        m.max_bytes = r.i32()?;
        m.isolation_level = r.i8()?;
        if version >= 7 {
            m.session_id = r.i32()?;
            m.session_epoch = r.i32()?;
        }
        m.topics = r.array(flexible, 3, |r| FetchTopic::decode(r, version))?;
        if version >= 7 {
            m.forgotten_topics_data =
                r.array(flexible, 3, |r| ForgottenTopic::decode(r, version))?;
        }
        if version >= 11 {
            m.rack_id = r.string(flexible)?;
        }
        if flexible {
            r.tags(|tag, r| {
                match tag {
                    0 => m.cluster_id = r.nullable_string(true)?,
                    1 if version >= 15 => m.replica_state = ReplicaState::decode(r, version)?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(m)
    }
}

impl Encode for FetchRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(4..=18).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 12;
        if version <= 14 {
            w.i32(self.replica_id);
        } else if self.replica_id != -1 {
            return Err(EncodeError::Absent {
                field: "replica_id",
                version,
            });
        }
        w.i32(self.max_wait_ms);
        w.i32(self.min_bytes);
        w.i32(self.max_bytes);
        w.i8(self.isolation_level);
        if version >= 7 {
            w.i32(self.session_id);
        }
        if version >= 7 {
            w.i32(self.session_epoch);
        }
        w.array(flexible, &self.topics, |w, v| v.encode(w, version))?;
        if version >= 7 {
            w.array(flexible, &self.forgotten_topics_data, |w, v| {
                v.encode(w, version)
            })?;
        } else if !self.forgotten_topics_data.is_empty() {
            return Err(EncodeError::Absent {
                field: "forgotten_topics_data",
                version,
            });
        }
        if version >= 11 {
            w.string(flexible, &self.rack_id)?;
        }
        if version < 15 && self.replica_state != ReplicaState::default() {
            return Err(EncodeError::Absent {
                field: "replica_state",
                version,
            });
        }
        if flexible {
            let mut tags = w.tags();
            if self.cluster_id.is_some() {
                tags.field(0, |w| w.nullable_string(true, self.cluster_id.as_deref()))?;
            }
            if version >= 15 && self.replica_state != ReplicaState::default() {
                tags.field(1, |w| self.replica_state.encode(w, version))?;
            }
        }
        Ok(())
    }
}

impl Request for FetchRequest<'_> {
    const KEY: ApiKey = ApiKey(1);
    type Response<'r> = FetchResponse<'r>;
}

#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaState {
    pub replica_id: i32,
    pub replica_epoch: i64,
}

impl Default for ReplicaState {
    fn default() -> Self {
        Self {
            replica_id: -1,
            replica_epoch: -1,
        }
    }
}

impl Decode<'_> for ReplicaState {
    fn decode(r: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.replica_id = r.i32()?;
        m.replica_epoch = r.i64()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for ReplicaState {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.replica_id);
        w.i64(self.replica_epoch);
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchTopic<'a> {
    /// versions 4-12, else ignored
    pub topic: Cow<'a, str>,
    /// versions 13+, else ignored
    pub topic_id: Uuid,
    pub partitions: Vec<FetchPartition>,
}

impl<'a> Decode<'a> for FetchTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let mut m = Self::default();
        if version <= 12 {
            m.topic = r.string(flexible)?;
        }
        if version >= 13 {
            m.topic_id = r.uuid()?;
        }
        m.partitions = r.array(flexible, 16, |r| FetchPartition::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for FetchTopic<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        if version <= 12 {
            w.string(flexible, &self.topic)?;
        }
        if version >= 13 {
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
pub struct FetchPartition {
    pub partition: i32,
    /// versions 9+, else ignored
    pub current_leader_epoch: i32,
    pub fetch_offset: i64,
    /// versions 12+
    pub last_fetched_epoch: i32,
    /// versions 5+, else ignored
    pub log_start_offset: i64,
    pub partition_max_bytes: i32,
    /// versions 17+, tag 0, else ignored
    pub replica_directory_id: Uuid,
    /// versions 18+, tag 1, else ignored
    pub high_watermark: i64,
}

impl Default for FetchPartition {
    fn default() -> Self {
        Self {
            partition: 0,
            current_leader_epoch: -1,
            fetch_offset: 0,
            last_fetched_epoch: -1,
            log_start_offset: -1,
            partition_max_bytes: 0,
            replica_directory_id: Uuid::ZERO,
            high_watermark: i64::MAX,
        }
    }
}

impl Decode<'_> for FetchPartition {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let mut m = Self::default();
        m.partition = r.i32()?;
        if version >= 9 {
            m.current_leader_epoch = r.i32()?;
        }
        m.fetch_offset = r.i64()?;
        if version >= 12 {
            m.last_fetched_epoch = r.i32()?;
        }
        if version >= 5 {
            m.log_start_offset = r.i64()?;
        }
        m.partition_max_bytes = r.i32()?;
        if flexible {
            r.tags(|tag, r| {
                match tag {
                    0 if version >= 17 => m.replica_directory_id = r.uuid()?,
                    1 if version >= 18 => m.high_watermark = r.i64()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(m)
    }
}

impl Encode for FetchPartition {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        w.i32(self.partition);
        if version >= 9 {
            w.i32(self.current_leader_epoch);
        }
        w.i64(self.fetch_offset);
        if version >= 12 {
            w.i32(self.last_fetched_epoch);
        } else if self.last_fetched_epoch != -1 {
            return Err(EncodeError::Absent {
                field: "last_fetched_epoch",
                version,
            });
        }
        if version >= 5 {
            w.i64(self.log_start_offset);
        }
        w.i32(self.partition_max_bytes);
        if flexible {
            let mut tags = w.tags();
            if version >= 17 && !self.replica_directory_id.is_zero() {
                tags.field(0, |w| {
                    w.uuid(self.replica_directory_id);
                    Ok(())
                })?;
            }
            if version >= 18 && self.high_watermark != i64::MAX {
                tags.field(1, |w| {
                    w.i64(self.high_watermark);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForgottenTopic<'a> {
    /// versions 7-12, else ignored
    pub topic: Cow<'a, str>,
    /// versions 13+, else ignored
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for ForgottenTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let mut m = Self::default();
        if version <= 12 {
            m.topic = r.string(flexible)?;
        }
        if version >= 13 {
            m.topic_id = r.uuid()?;
        }
        m.partitions = r.array(flexible, 4, |r| r.i32())?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for ForgottenTopic<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        if version <= 12 {
            w.string(flexible, &self.topic)?;
        }
        if version >= 13 {
            w.uuid(self.topic_id);
        }
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

/// Versions 4-18, flexible from 12.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchResponse<'a> {
    pub throttle_time_ms: i32,
    /// versions 7+, else ignored
    pub error_code: ErrorCode,
    /// versions 7+
    pub session_id: i32,
    pub responses: Vec<FetchableTopicResponse<'a>>,
    /// versions 16+, tag 0
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

impl<'a> Decode<'a> for FetchResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(4..=18).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 12;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        if version >= 7 {
            m.error_code = ErrorCode(r.i16()?);
            m.session_id = r.i32()?;
        }
        m.responses = r.array(flexible, 3, |r| FetchableTopicResponse::decode(r, version))?;
        if flexible {
            r.tags(|tag, r| {
                match tag {
                    0 if version >= 16 => {
                        m.node_endpoints =
                            r.array(true, 11, |r| NodeEndpoint::decode(r, version))?
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(m)
    }
}

impl Encode for FetchResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(4..=18).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 12;
        w.i32(self.throttle_time_ms);
        if version >= 7 {
            w.i16(self.error_code.0);
        }
        if version >= 7 {
            w.i32(self.session_id);
        } else if self.session_id != 0 {
            return Err(EncodeError::Absent {
                field: "session_id",
                version,
            });
        }
        w.array(flexible, &self.responses, |w, v| v.encode(w, version))?;
        if version < 16 && !self.node_endpoints.is_empty() {
            return Err(EncodeError::Absent {
                field: "node_endpoints",
                version,
            });
        }
        if flexible {
            let mut tags = w.tags();
            if version >= 16 && !self.node_endpoints.is_empty() {
                tags.field(0, |w| {
                    w.array(true, &self.node_endpoints, |w, v| v.encode(w, version))
                })?;
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchableTopicResponse<'a> {
    /// versions 4-12, else ignored
    pub topic: Cow<'a, str>,
    /// versions 13+, else ignored
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData<'a>>,
}

impl<'a> Decode<'a> for FetchableTopicResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let mut m = Self::default();
        if version <= 12 {
            m.topic = r.string(flexible)?;
        }
        if version >= 13 {
            m.topic_id = r.uuid()?;
        }
        m.partitions = r.array(flexible, 30, |r| PartitionData::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for FetchableTopicResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        if version <= 12 {
            w.string(flexible, &self.topic)?;
        }
        if version >= 13 {
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
pub struct PartitionData<'a> {
    pub partition_index: i32,
    pub error_code: ErrorCode,
    pub high_watermark: i64,
    pub last_stable_offset: i64,
    /// versions 5+, else ignored
    pub log_start_offset: i64,
    /// versions 12+, tag 0
    pub diverging_epoch: EpochEndOffset,
    /// versions 12+, tag 1
    pub current_leader: LeaderIdAndEpoch,
    /// versions 12+, tag 2
    pub snapshot_id: SnapshotId,
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    /// versions 11+
    pub preferred_read_replica: i32,
    pub records: Records<'a>,
}

impl Default for PartitionData<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            error_code: ErrorCode::NONE,
            high_watermark: 0,
            last_stable_offset: -1,
            log_start_offset: -1,
            diverging_epoch: Default::default(),
            current_leader: Default::default(),
            snapshot_id: Default::default(),
            aborted_transactions: Some(Vec::new()),
            preferred_read_replica: -1,
            records: Records::None,
        }
    }
}

impl<'a> Decode<'a> for PartitionData<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let mut m = Self::default();
        m.partition_index = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        m.high_watermark = r.i64()?;
        m.last_stable_offset = r.i64()?;
        if version >= 5 {
            m.log_start_offset = r.i64()?;
        }
        m.aborted_transactions =
            r.nullable_array(flexible, 16, |r| AbortedTransaction::decode(r, version))?;
        if version >= 11 {
            m.preferred_read_replica = r.i32()?;
        }
        m.records = r.records(flexible)?;
        if flexible {
            r.tags(|tag, r| {
                match tag {
                    0 => m.diverging_epoch = EpochEndOffset::decode(r, version)?,
                    1 => m.current_leader = LeaderIdAndEpoch::decode(r, version)?,
                    2 => m.snapshot_id = SnapshotId::decode(r, version)?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(m)
    }
}

impl Encode for PartitionData<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        w.i32(self.partition_index);
        w.i16(self.error_code.0);
        w.i64(self.high_watermark);
        w.i64(self.last_stable_offset);
        if version >= 5 {
            w.i64(self.log_start_offset);
        }
        w.nullable_array(flexible, self.aborted_transactions.as_deref(), |w, v| {
            v.encode(w, version)
        })?;
        if version >= 11 {
            w.i32(self.preferred_read_replica);
        } else if self.preferred_read_replica != -1 {
            return Err(EncodeError::Absent {
                field: "preferred_read_replica",
                version,
            });
        }
        w.records(flexible, &self.records)?;
        if version < 12 && self.diverging_epoch != EpochEndOffset::default() {
            return Err(EncodeError::Absent {
                field: "diverging_epoch",
                version,
            });
        }
        if version < 12 && self.current_leader != LeaderIdAndEpoch::default() {
            return Err(EncodeError::Absent {
                field: "current_leader",
                version,
            });
        }
        if version < 12 && self.snapshot_id != SnapshotId::default() {
            return Err(EncodeError::Absent {
                field: "snapshot_id",
                version,
            });
        }
        if flexible {
            let mut tags = w.tags();
            if self.diverging_epoch != EpochEndOffset::default() {
                tags.field(0, |w| self.diverging_epoch.encode(w, version))?;
            }
            if self.current_leader != LeaderIdAndEpoch::default() {
                tags.field(1, |w| self.current_leader.encode(w, version))?;
            }
            if self.snapshot_id != SnapshotId::default() {
                tags.field(2, |w| self.snapshot_id.encode(w, version))?;
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct EpochEndOffset {
    pub epoch: i32,
    pub end_offset: i64,
}

impl Default for EpochEndOffset {
    fn default() -> Self {
        Self {
            epoch: -1,
            end_offset: -1,
        }
    }
}

impl Decode<'_> for EpochEndOffset {
    fn decode(r: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.epoch = r.i32()?;
        m.end_offset = r.i64()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for EpochEndOffset {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.epoch);
        w.i64(self.end_offset);
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
}

impl Default for LeaderIdAndEpoch {
    fn default() -> Self {
        Self {
            leader_id: -1,
            leader_epoch: -1,
        }
    }
}

impl Decode<'_> for LeaderIdAndEpoch {
    fn decode(r: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.leader_id = r.i32()?;
        m.leader_epoch = r.i32()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for LeaderIdAndEpoch {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.leader_id);
        w.i32(self.leader_epoch);
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotId {
    pub end_offset: i64,
    pub epoch: i32,
}

impl Default for SnapshotId {
    fn default() -> Self {
        Self {
            end_offset: -1,
            epoch: -1,
        }
    }
}

impl Decode<'_> for SnapshotId {
    fn decode(r: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.end_offset = r.i64()?;
        m.epoch = r.i32()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for SnapshotId {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i64(self.end_offset);
        w.i32(self.epoch);
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AbortedTransaction {
    pub producer_id: i64,
    pub first_offset: i64,
}

impl Decode<'_> for AbortedTransaction {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let mut m = Self::default();
        m.producer_id = r.i64()?;
        m.first_offset = r.i64()?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for AbortedTransaction {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        w.i64(self.producer_id);
        w.i64(self.first_offset);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeEndpoint<'a> {
    pub node_id: i32,
    pub host: Cow<'a, str>,
    pub port: i32,
    pub rack: Option<Cow<'a, str>>,
}

impl<'a> Decode<'a> for NodeEndpoint<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.node_id = r.i32()?;
        m.host = r.string(true)?;
        m.port = r.i32()?;
        m.rack = r.nullable_string(true)?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for NodeEndpoint<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.node_id);
        w.string(true, &self.host)?;
        w.i32(self.port);
        w.nullable_string(true, self.rack.as_deref())?;
        w.tags();
        Ok(())
    }
}
