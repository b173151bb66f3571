//! Metadata (key 3), made from `schema/metadata.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-13, flexible from 9.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataRequest<'a> {
    /// null in 1+
    pub topics: Option<Vec<MetadataRequestTopic<'a>>>,
    /// versions 4+
    pub allow_auto_topic_creation: bool,
    /// versions 8-10
    pub include_cluster_authorized_operations: bool,
    /// versions 8+
    pub include_topic_authorized_operations: bool,
}

impl Default for MetadataRequest<'_> {
    fn default() -> Self {
        Self {
            topics: Some(Vec::new()),
            allow_auto_topic_creation: true,
            include_cluster_authorized_operations: false,
            include_topic_authorized_operations: false,
        }
    }
}

impl<'a> Decode<'a> for MetadataRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=13).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 9;
        let mut m = Self::default();
        m.topics = r.nullable_array(flexible, 2, |r| MetadataRequestTopic::decode(r, version))?;
        if m.topics.is_none() && version < 1 {
            return Err(DecodeError::Null);
        }
        if version >= 4 {
            m.allow_auto_topic_creation = r.bool()?;
        }
        if (8..=10).contains(&version) {
            m.include_cluster_authorized_operations = r.bool()?;
        }
        if version >= 8 {
            m.include_topic_authorized_operations = r.bool()?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for MetadataRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=13).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 9;
        if self.topics.is_none() && version < 1 {
            return Err(EncodeError::Null {
                field: "topics",
                version,
            });
        }
        w.nullable_array(flexible, self.topics.as_deref(), |w, v| {
            v.encode(w, version)
        })?;
        if version >= 4 {
            w.bool(self.allow_auto_topic_creation);
        } else if !self.allow_auto_topic_creation {
            return Err(EncodeError::Absent {
                field: "allow_auto_topic_creation",
                version,
            });
        }
        if (8..=10).contains(&version) {
            w.bool(self.include_cluster_authorized_operations);
        } else if self.include_cluster_authorized_operations {
            return Err(EncodeError::Absent {
                field: "include_cluster_authorized_operations",
                version,
            });
        }
        if version >= 8 {
            w.bool(self.include_topic_authorized_operations);
        } else if self.include_topic_authorized_operations {
            return Err(EncodeError::Absent {
                field: "include_topic_authorized_operations",
                version,
            });
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for MetadataRequest<'_> {
    const KEY: ApiKey = ApiKey(3);
    type Response<'r> = MetadataResponse<'r>;
}

#[derive(Clone, Debug, PartialEq)]
pub struct MetadataRequestTopic<'a> {
    /// versions 10+, else ignored
    pub topic_id: Uuid,
    /// null in 10+
    pub name: Option<Cow<'a, str>>,
}

impl Default for MetadataRequestTopic<'_> {
    fn default() -> Self {
        Self {
            topic_id: Uuid::ZERO,
            name: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Decode<'a> for MetadataRequestTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let mut m = Self::default();
        if version >= 10 {
            m.topic_id = r.uuid()?;
        }
        m.name = r.nullable_string(flexible)?;
        if m.name.is_none() && version < 10 {
            return Err(DecodeError::Null);
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for MetadataRequestTopic<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        if version >= 10 {
            w.uuid(self.topic_id);
        }
        if self.name.is_none() && version < 10 {
            return Err(EncodeError::Null {
                field: "name",
                version,
            });
        }
        w.nullable_string(flexible, self.name.as_deref())?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

/// Versions 0-13, flexible from 9.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponse<'a> {
    /// versions 3+, else ignored
    pub throttle_time_ms: i32,
    pub brokers: Vec<MetadataResponseBroker<'a>>,
    /// versions 2+, else ignored
    pub cluster_id: Option<Cow<'a, str>>,
    /// versions 1+, else ignored
    pub controller_id: i32,
    pub topics: Vec<MetadataResponseTopic<'a>>,
    /// versions 8-10
    pub cluster_authorized_operations: i32,
    /// versions 13+, else ignored
    pub error_code: ErrorCode,
}

impl Default for MetadataResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            brokers: Vec::new(),
            cluster_id: None,
            controller_id: -1,
            topics: Vec::new(),
            cluster_authorized_operations: i32::MIN,
            error_code: ErrorCode::NONE,
        }
    }
}

impl<'a> Decode<'a> for MetadataResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=13).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 9;
        let mut m = Self::default();
        if version >= 3 {
            m.throttle_time_ms = r.i32()?;
        }
        m.brokers = r.array(flexible, 10, |r| MetadataResponseBroker::decode(r, version))?;
        if version >= 2 {
            m.cluster_id = r.nullable_string(flexible)?;
        }
        if version >= 1 {
            m.controller_id = r.i32()?;
        }
        m.topics = r.array(flexible, 8, |r| MetadataResponseTopic::decode(r, version))?;
        if (8..=10).contains(&version) {
            m.cluster_authorized_operations = r.i32()?;
        }
        if version >= 13 {
            m.error_code = ErrorCode(r.i16()?);
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for MetadataResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=13).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 9;
        if version >= 3 {
            w.i32(self.throttle_time_ms);
        }
        w.array(flexible, &self.brokers, |w, v| v.encode(w, version))?;
        if version >= 2 {
            w.nullable_string(flexible, self.cluster_id.as_deref())?;
        }
        if version >= 1 {
            w.i32(self.controller_id);
        }
        w.array(flexible, &self.topics, |w, v| v.encode(w, version))?;
        if (8..=10).contains(&version) {
            w.i32(self.cluster_authorized_operations);
        } else if self.cluster_authorized_operations != i32::MIN {
            return Err(EncodeError::Absent {
                field: "cluster_authorized_operations",
                version,
            });
        }
        if version >= 13 {
            w.i16(self.error_code.0);
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetadataResponseBroker<'a> {
    pub node_id: i32,
    pub host: Cow<'a, str>,
    pub port: i32,
    /// versions 1+, else ignored
    pub rack: Option<Cow<'a, str>>,
}

impl<'a> Decode<'a> for MetadataResponseBroker<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let mut m = Self::default();
        m.node_id = r.i32()?;
        m.host = r.string(flexible)?;
        m.port = r.i32()?;
        if version >= 1 {
            m.rack = r.nullable_string(flexible)?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for MetadataResponseBroker<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        w.i32(self.node_id);
        w.string(flexible, &self.host)?;
        w.i32(self.port);
        if version >= 1 {
            w.nullable_string(flexible, self.rack.as_deref())?;
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponseTopic<'a> {
    pub error_code: ErrorCode,
    /// null in 12+
    pub name: Option<Cow<'a, str>>,
    /// versions 10+, else ignored
    pub topic_id: Uuid,
    /// versions 1+, else ignored
    pub is_internal: bool,
    pub partitions: Vec<MetadataResponsePartition>,
    /// versions 8+
    pub topic_authorized_operations: i32,
}

impl Default for MetadataResponseTopic<'_> {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            name: Some(Cow::Borrowed("")),
            topic_id: Uuid::ZERO,
            is_internal: false,
            partitions: Vec::new(),
            topic_authorized_operations: i32::MIN,
        }
    }
}

impl<'a> Decode<'a> for MetadataResponseTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let mut m = Self::default();
        m.error_code = ErrorCode(r.i16()?);
        m.name = r.nullable_string(flexible)?;
        if m.name.is_none() && version < 12 {
            return Err(DecodeError::Null);
        }
        if version >= 10 {
            m.topic_id = r.uuid()?;
        }
        if version >= 1 {
            m.is_internal = r.bool()?;
        }
        m.partitions = r.array(flexible, 18, |r| {
            MetadataResponsePartition::decode(r, version)
        })?;
        if version >= 8 {
            m.topic_authorized_operations = r.i32()?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for MetadataResponseTopic<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        w.i16(self.error_code.0);
        if self.name.is_none() && version < 12 {
            return Err(EncodeError::Null {
                field: "name",
                version,
            });
        }
        w.nullable_string(flexible, self.name.as_deref())?;
        if version >= 10 {
            w.uuid(self.topic_id);
        }
        if version >= 1 {
            w.bool(self.is_internal);
        }
        w.array(flexible, &self.partitions, |w, v| v.encode(w, version))?;
        if version >= 8 {
            w.i32(self.topic_authorized_operations);
        } else if self.topic_authorized_operations != i32::MIN {
            return Err(EncodeError::Absent {
                field: "topic_authorized_operations",
                version,
            });
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponsePartition {
    pub error_code: ErrorCode,
    pub partition_index: i32,
    pub leader_id: i32,
    /// versions 7+, else ignored
    pub leader_epoch: i32,
    pub replica_nodes: Vec<i32>,
    pub isr_nodes: Vec<i32>,
    /// versions 5+, else ignored
    pub offline_replicas: Vec<i32>,
}

impl Default for MetadataResponsePartition {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            partition_index: 0,
            leader_id: 0,
            leader_epoch: -1,
            replica_nodes: Vec::new(),
            isr_nodes: Vec::new(),
            offline_replicas: Vec::new(),
        }
    }
}

impl Decode<'_> for MetadataResponsePartition {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let mut m = Self::default();
        m.error_code = ErrorCode(r.i16()?);
        m.partition_index = r.i32()?;
        m.leader_id = r.i32()?;
        if version >= 7 {
            m.leader_epoch = r.i32()?;
        }
        m.replica_nodes = r.array(flexible, 4, |r| r.i32())?;
        m.isr_nodes = r.array(flexible, 4, |r| r.i32())?;
        if version >= 5 {
            m.offline_replicas = r.array(flexible, 4, |r| r.i32())?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for MetadataResponsePartition {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        w.i16(self.error_code.0);
        w.i32(self.partition_index);
        w.i32(self.leader_id);
        if version >= 7 {
            w.i32(self.leader_epoch);
        }
        w.array(flexible, &self.replica_nodes, |w, v| {
            w.i32(*v);
            Ok(())
        })?;
        w.array(flexible, &self.isr_nodes, |w, v| {
            w.i32(*v);
            Ok(())
        })?;
        if version >= 5 {
            w.array(flexible, &self.offline_replicas, |w, v| {
                w.i32(*v);
                Ok(())
            })?;
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
