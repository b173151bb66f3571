//! ShareGroupMetadata (type 11 of `__consumer_offsets`), made from `schema/records/share_group_metadata.txt`; do not edit.

use std::borrow::Cow;

use crate::api::VersionRange;
use crate::records::{RecordKey, RecordValue};
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// The key of records of type 11 in `__consumer_offsets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShareGroupMetadataKey<'a> {
    pub group_id: Cow<'a, str>,
}

impl<'a> Decode<'a> for ShareGroupMetadataKey<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.group_id = r.string(false)?;
        Ok(m)
    }
}

impl Encode for ShareGroupMetadataKey<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(false, &self.group_id)?;
        Ok(())
    }
}

impl ShareGroupMetadataKey<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> ShareGroupMetadataKey<'static> {
        ShareGroupMetadataKey {
            group_id: Cow::Owned(self.group_id.into_owned()),
        }
    }
}

impl<'a> RecordKey<'a> for ShareGroupMetadataKey<'a> {
    const TYPE: i16 = 11;
    type Value = ShareGroupMetadataValue;
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShareGroupMetadataValue {
    pub epoch: i32,
    pub metadata_hash: i64,
}

impl Decode<'_> for ShareGroupMetadataValue {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.epoch = r.i32()?;
        m.metadata_hash = r.i64()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for ShareGroupMetadataValue {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.epoch);
        w.i64(self.metadata_hash);
        w.tags();
        Ok(())
    }
}

impl RecordValue<'_> for ShareGroupMetadataValue {
    const VERSIONS: VersionRange = VersionRange { min: 0, max: 0 };
    fn written(&self) -> i16 {
        0
    }
}
