//! ShareGroupStatePartitionMetadata (type 15 of `__consumer_offsets`), made from `schema/records/share_group_state_partition_metadata.txt`; do not edit.

use std::borrow::Cow;

use crate::api::VersionRange;
use crate::ids::Uuid;
use crate::records::{RecordKey, RecordValue};
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// The key of records of type 15 in `__consumer_offsets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShareGroupStatePartitionMetadataKey<'a> {
    pub group_id: Cow<'a, str>,
}

impl<'a> Decode<'a> for ShareGroupStatePartitionMetadataKey<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.group_id = r.string(false)?;
        Ok(m)
    }
}

impl Encode for ShareGroupStatePartitionMetadataKey<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(false, &self.group_id)?;
        Ok(())
    }
}

impl ShareGroupStatePartitionMetadataKey<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> ShareGroupStatePartitionMetadataKey<'static> {
        ShareGroupStatePartitionMetadataKey {
            group_id: Cow::Owned(self.group_id.into_owned()),
        }
    }
}

impl<'a> RecordKey<'a> for ShareGroupStatePartitionMetadataKey<'a> {
    const TYPE: i16 = 15;
    type Value = ShareGroupStatePartitionMetadataValue<'a>;
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShareGroupStatePartitionMetadataValue<'a> {
    pub initializing_topics: Vec<TopicPartitionsInfo<'a>>,
    pub initialized_topics: Vec<TopicPartitionsInfo<'a>>,
    pub deleting_topics: Vec<TopicInfo<'a>>,
}

impl<'a> Decode<'a> for ShareGroupStatePartitionMetadataValue<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.initializing_topics = r.array(true, 19, |r| TopicPartitionsInfo::decode(r, version))?;
        m.initialized_topics = r.array(true, 19, |r| TopicPartitionsInfo::decode(r, version))?;
        m.deleting_topics = r.array(true, 18, |r| TopicInfo::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for ShareGroupStatePartitionMetadataValue<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.array(true, &self.initializing_topics, |w, v| v.encode(w, version))?;
        w.array(true, &self.initialized_topics, |w, v| v.encode(w, version))?;
        w.array(true, &self.deleting_topics, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

impl ShareGroupStatePartitionMetadataValue<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> ShareGroupStatePartitionMetadataValue<'static> {
        ShareGroupStatePartitionMetadataValue {
            initializing_topics: self
                .initializing_topics
                .into_iter()
                .map(|v| v.into_static())
                .collect(),
            initialized_topics: self
                .initialized_topics
                .into_iter()
                .map(|v| v.into_static())
                .collect(),
            deleting_topics: self
                .deleting_topics
                .into_iter()
                .map(|v| v.into_static())
                .collect(),
        }
    }
}

impl<'a> RecordValue<'a> for ShareGroupStatePartitionMetadataValue<'a> {
    const VERSIONS: VersionRange = VersionRange { min: 0, max: 0 };
    fn written(&self) -> i16 {
        0
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicPartitionsInfo<'a> {
    pub topic_id: Uuid,
    pub topic_name: Cow<'a, str>,
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for TopicPartitionsInfo<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_id = r.uuid()?;
        m.topic_name = r.string(true)?;
        m.partitions = r.array(true, 4, |r| r.i32())?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for TopicPartitionsInfo<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.uuid(self.topic_id);
        w.string(true, &self.topic_name)?;
        w.array(true, &self.partitions, |w, v| {
            w.i32(*v);
            Ok(())
        })?;
        w.tags();
        Ok(())
    }
}

impl TopicPartitionsInfo<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> TopicPartitionsInfo<'static> {
        TopicPartitionsInfo {
            topic_id: self.topic_id,
            topic_name: Cow::Owned(self.topic_name.into_owned()),
            partitions: self.partitions,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicInfo<'a> {
    pub topic_id: Uuid,
    pub topic_name: Cow<'a, str>,
}

impl<'a> Decode<'a> for TopicInfo<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_id = r.uuid()?;
        m.topic_name = r.string(true)?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for TopicInfo<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.uuid(self.topic_id);
        w.string(true, &self.topic_name)?;
        w.tags();
        Ok(())
    }
}

impl TopicInfo<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> TopicInfo<'static> {
        TopicInfo {
            topic_id: self.topic_id,
            topic_name: Cow::Owned(self.topic_name.into_owned()),
        }
    }
}
