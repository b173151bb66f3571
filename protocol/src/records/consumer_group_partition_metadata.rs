//! ConsumerGroupPartitionMetadata (type 4 of `__consumer_offsets`), made from `schema/records/consumer_group_partition_metadata.txt`; do not edit.

use std::borrow::Cow;

use crate::api::VersionRange;
use crate::ids::Uuid;
use crate::records::{RecordKey, RecordValue};
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// The key of records of type 4 in `__consumer_offsets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsumerGroupPartitionMetadataKey<'a> {
    pub group_id: Cow<'a, str>,
}

impl<'a> Decode<'a> for ConsumerGroupPartitionMetadataKey<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.group_id = r.string(false)?;
        Ok(m)
    }
}

impl Encode for ConsumerGroupPartitionMetadataKey<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(false, &self.group_id)?;
        Ok(())
    }
}

impl ConsumerGroupPartitionMetadataKey<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> ConsumerGroupPartitionMetadataKey<'static> {
        ConsumerGroupPartitionMetadataKey {
            group_id: Cow::Owned(self.group_id.into_owned()),
        }
    }
}

impl<'a> RecordKey<'a> for ConsumerGroupPartitionMetadataKey<'a> {
    const TYPE: i16 = 4;
    type Value = ConsumerGroupPartitionMetadataValue<'a>;
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerGroupPartitionMetadataValue<'a> {
    pub topics: Vec<TopicMetadata<'a>>,
}

impl<'a> Decode<'a> for ConsumerGroupPartitionMetadataValue<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.topics = r.array(true, 23, |r| TopicMetadata::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for ConsumerGroupPartitionMetadataValue<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.array(true, &self.topics, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

impl ConsumerGroupPartitionMetadataValue<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> ConsumerGroupPartitionMetadataValue<'static> {
        ConsumerGroupPartitionMetadataValue {
            topics: self.topics.into_iter().map(|v| v.into_static()).collect(),
        }
    }
}

impl<'a> RecordValue<'a> for ConsumerGroupPartitionMetadataValue<'a> {
    const VERSIONS: VersionRange = VersionRange { min: 0, max: 0 };
    fn written(&self) -> i16 {
        0
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicMetadata<'a> {
    pub topic_id: Uuid,
    pub topic_name: Cow<'a, str>,
    pub num_partitions: i32,
    pub partition_metadata: Vec<PartitionMetadata<'a>>,
}

impl<'a> Decode<'a> for TopicMetadata<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_id = r.uuid()?;
        m.topic_name = r.string(true)?;
        m.num_partitions = r.i32()?;
        m.partition_metadata = r.array(true, 6, |r| PartitionMetadata::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for TopicMetadata<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.uuid(self.topic_id);
        w.string(true, &self.topic_name)?;
        w.i32(self.num_partitions);
        w.array(true, &self.partition_metadata, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

impl TopicMetadata<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> TopicMetadata<'static> {
        TopicMetadata {
            topic_id: self.topic_id,
            topic_name: Cow::Owned(self.topic_name.into_owned()),
            num_partitions: self.num_partitions,
            partition_metadata: self
                .partition_metadata
                .into_iter()
                .map(|v| v.into_static())
                .collect(),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionMetadata<'a> {
    pub partition: i32,
    pub racks: Vec<Cow<'a, str>>,
}

impl<'a> Decode<'a> for PartitionMetadata<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition = r.i32()?;
        m.racks = r.array(true, 1, |r| r.string(true))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for PartitionMetadata<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition);
        w.array(true, &self.racks, |w, v| w.string(true, v))?;
        w.tags();
        Ok(())
    }
}

impl PartitionMetadata<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> PartitionMetadata<'static> {
        PartitionMetadata {
            partition: self.partition,
            racks: self
                .racks
                .into_iter()
                .map(|v| Cow::Owned(v.into_owned()))
                .collect(),
        }
    }
}
