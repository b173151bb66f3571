//! StreamsGroupMetadata (type 17 of `__consumer_offsets`), made from `schema/records/streams_group_metadata.txt`; do not edit.

use std::borrow::Cow;

use crate::api::VersionRange;
use crate::records::{RecordKey, RecordValue};
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// The key of records of type 17 in `__consumer_offsets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamsGroupMetadataKey<'a> {
    pub group_id: Cow<'a, str>,
}

impl<'a> Decode<'a> for StreamsGroupMetadataKey<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.group_id = r.string(false)?;
        Ok(m)
    }
}

impl Encode for StreamsGroupMetadataKey<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(false, &self.group_id)?;
        Ok(())
    }
}

impl StreamsGroupMetadataKey<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> StreamsGroupMetadataKey<'static> {
        StreamsGroupMetadataKey {
            group_id: Cow::Owned(self.group_id.into_owned()),
        }
    }
}

impl<'a> RecordKey<'a> for StreamsGroupMetadataKey<'a> {
    const TYPE: i16 = 17;
    type Value = StreamsGroupMetadataValue<'a>;
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamsGroupMetadataValue<'a> {
    pub epoch: i32,
    pub metadata_hash: i64,
    /// tag 0
    pub validated_topology_epoch: i32,
    /// tag 1
    pub last_assignment_configs: Option<Vec<LastAssignmentConfig<'a>>>,
}

impl Default for StreamsGroupMetadataValue<'_> {
    fn default() -> Self {
        Self {
            epoch: 0,
            metadata_hash: 0,
            validated_topology_epoch: -1,
            last_assignment_configs: Some(Vec::new()),
        }
    }
}

impl<'a> Decode<'a> for StreamsGroupMetadataValue<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.epoch = r.i32()?;
        m.metadata_hash = r.i64()?;
        r.tags(|tag, r| {
            match tag {
                0 => m.validated_topology_epoch = r.i32()?,
                1 => {
                    m.last_assignment_configs =
                        r.nullable_array(true, 3, |r| LastAssignmentConfig::decode(r, version))?
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(m)
    }
}

impl Encode for StreamsGroupMetadataValue<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.epoch);
        w.i64(self.metadata_hash);
        let mut tags = w.tags();
        if self.validated_topology_epoch != -1 {
            tags.field(0, |w| {
                w.i32(self.validated_topology_epoch);
                Ok(())
            })?;
        }
        if self
            .last_assignment_configs
            .as_ref()
            .is_none_or(|v| !v.is_empty())
        {
            tags.field(1, |w| {
                w.nullable_array(true, self.last_assignment_configs.as_deref(), |w, v| {
                    v.encode(w, version)
                })
            })?;
        }
        Ok(())
    }
}

impl StreamsGroupMetadataValue<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> StreamsGroupMetadataValue<'static> {
        StreamsGroupMetadataValue {
            epoch: self.epoch,
            metadata_hash: self.metadata_hash,
            validated_topology_epoch: self.validated_topology_epoch,
            last_assignment_configs: self
                .last_assignment_configs
                .map(|all| all.into_iter().map(|v| v.into_static()).collect()),
        }
    }
}

impl<'a> RecordValue<'a> for StreamsGroupMetadataValue<'a> {
    const VERSIONS: VersionRange = VersionRange { min: 0, max: 0 };
    fn written(&self) -> i16 {
        0
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastAssignmentConfig<'a> {
    pub key: Cow<'a, str>,
    pub value: Cow<'a, str>,
}

impl<'a> Decode<'a> for LastAssignmentConfig<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.key = r.string(true)?;
        m.value = r.string(true)?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for LastAssignmentConfig<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.key)?;
        w.string(true, &self.value)?;
        w.tags();
        Ok(())
    }
}

impl LastAssignmentConfig<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> LastAssignmentConfig<'static> {
        LastAssignmentConfig {
            key: Cow::Owned(self.key.into_owned()),
            value: Cow::Owned(self.value.into_owned()),
        }
    }
}
