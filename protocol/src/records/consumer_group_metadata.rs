//! ConsumerGroupMetadata (type 3 of `__consumer_offsets`), made from `schema/records/consumer_group_metadata.txt`; do not edit.

use std::borrow::Cow;

use crate::api::VersionRange;
use crate::records::{RecordKey, RecordValue};
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// The key of records of type 3 in `__consumer_offsets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsumerGroupMetadataKey<'a> {
    pub group_id: Cow<'a, str>,
}

impl<'a> Decode<'a> for ConsumerGroupMetadataKey<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.group_id = r.string(false)?;
        Ok(m)
    }
}

impl Encode for ConsumerGroupMetadataKey<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(false, &self.group_id)?;
        Ok(())
    }
}

impl ConsumerGroupMetadataKey<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> ConsumerGroupMetadataKey<'static> {
        ConsumerGroupMetadataKey {
            group_id: Cow::Owned(self.group_id.into_owned()),
        }
    }
}

impl<'a> RecordKey<'a> for ConsumerGroupMetadataKey<'a> {
    const TYPE: i16 = 3;
    type Value = ConsumerGroupMetadataValue;
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerGroupMetadataValue {
    pub epoch: i32,
    /// tag 0
    pub metadata_hash: i64,
}

impl Decode<'_> for ConsumerGroupMetadataValue {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.epoch = r.i32()?;
        r.tags(|tag, r| {
            match tag {
                0 => m.metadata_hash = r.i64()?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(m)
    }
}

impl Encode for ConsumerGroupMetadataValue {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.epoch);
        let mut tags = w.tags();
        if self.metadata_hash != 0 {
            tags.field(0, |w| {
                w.i64(self.metadata_hash);
                Ok(())
            })?;
        }
        Ok(())
    }
}

impl RecordValue<'_> for ConsumerGroupMetadataValue {
    const VERSIONS: VersionRange = VersionRange { min: 0, max: 0 };
    fn written(&self) -> i16 {
        0
    }
}
