//! ElectLeaders (key 43), made from `schema/elect_leaders.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-2, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct ElectLeadersRequest<'a> {
    /// versions 1+
    pub election_type: i8,
    pub topic_partitions: Option<Vec<TopicPartitions<'a>>>,
    pub timeout_ms: i32,
}

impl Default for ElectLeadersRequest<'_> {
    fn default() -> Self {
        Self {
            election_type: 0,
            topic_partitions: Some(Vec::new()),
            timeout_ms: 60000,
        }
    }
}

impl<'a> Decode<'a> for ElectLeadersRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let mut m = Self::default();
        if version >= 1 {
            m.election_type = r.i8()?;
        }
        m.topic_partitions =
            r.nullable_array(flexible, 3, |r| TopicPartitions::decode(r, version))?;
        m.timeout_ms = r.i32()?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for ElectLeadersRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        if version >= 1 {
            w.i8(self.election_type);
        } else if self.election_type != 0 {
            return Err(EncodeError::Absent {
                field: "election_type",
                version,
            });
        }
        w.nullable_array(flexible, self.topic_partitions.as_deref(), |w, v| {
            v.encode(w, version)
        })?;
        w.i32(self.timeout_ms);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for ElectLeadersRequest<'_> {
    const KEY: ApiKey = ApiKey(43);
    type Response<'r> = ElectLeadersResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitions<'a> {
    pub topic: Cow<'a, str>,
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for TopicPartitions<'a> {
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

impl Encode for TopicPartitions<'_> {
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

/// Versions 0-2, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ElectLeadersResponse<'a> {
    pub throttle_time_ms: i32,
    /// versions 1+
    pub error_code: ErrorCode,
    pub replica_election_results: Vec<ReplicaElectionResult<'a>>,
}

impl<'a> Decode<'a> for ElectLeadersResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        if version >= 1 {
            m.error_code = ErrorCode(r.i16()?);
        }
        m.replica_election_results =
            r.array(flexible, 3, |r| ReplicaElectionResult::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for ElectLeadersResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        w.i32(self.throttle_time_ms);
        if version >= 1 {
            w.i16(self.error_code.0);
        } else if self.error_code != ErrorCode::NONE {
            return Err(EncodeError::Absent {
                field: "error_code",
                version,
            });
        }
        w.array(flexible, &self.replica_election_results, |w, v| {
            v.encode(w, version)
        })?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplicaElectionResult<'a> {
    pub topic: Cow<'a, str>,
    pub partition_result: Vec<PartitionResult<'a>>,
}

impl<'a> Decode<'a> for ReplicaElectionResult<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let mut m = Self::default();
        m.topic = r.string(flexible)?;
        m.partition_result = r.array(flexible, 8, |r| PartitionResult::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for ReplicaElectionResult<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        w.string(flexible, &self.topic)?;
        w.array(flexible, &self.partition_result, |w, v| {
            v.encode(w, version)
        })?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct PartitionResult<'a> {
    pub partition_id: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for PartitionResult<'_> {
    fn default() -> Self {
        Self {
            partition_id: 0,
            error_code: ErrorCode::NONE,
            error_message: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Decode<'a> for PartitionResult<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let mut m = Self::default();
        m.partition_id = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(flexible)?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for PartitionResult<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        w.i32(self.partition_id);
        w.i16(self.error_code.0);
        w.nullable_string(flexible, self.error_message.as_deref())?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
