//! ShareGroupTargetAssignmentMetadata (type 12 of `__consumer_offsets`), made from `schema/records/share_group_target_assignment_metadata.txt`; do not edit.

use std::borrow::Cow;

use crate::api::VersionRange;
use crate::records::{RecordKey, RecordValue};
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// The key of records of type 12 in `__consumer_offsets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShareGroupTargetAssignmentMetadataKey<'a> {
    pub group_id: Cow<'a, str>,
}

impl<'a> Decode<'a> for ShareGroupTargetAssignmentMetadataKey<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.group_id = r.string(false)?;
        Ok(m)
    }
}

impl Encode for ShareGroupTargetAssignmentMetadataKey<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(false, &self.group_id)?;
        Ok(())
    }
}

impl ShareGroupTargetAssignmentMetadataKey<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> ShareGroupTargetAssignmentMetadataKey<'static> {
        ShareGroupTargetAssignmentMetadataKey {
            group_id: Cow::Owned(self.group_id.into_owned()),
        }
    }
}

impl<'a> RecordKey<'a> for ShareGroupTargetAssignmentMetadataKey<'a> {
    const TYPE: i16 = 12;
    type Value = ShareGroupTargetAssignmentMetadataValue;
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShareGroupTargetAssignmentMetadataValue {
    pub assignment_epoch: i32,
    /// tag 0, else ignored
    pub assignment_timestamp: i64,
}

impl Decode<'_> for ShareGroupTargetAssignmentMetadataValue {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.assignment_epoch = r.i32()?;
        r.tags(|tag, r| {
            match tag {
                0 => m.assignment_timestamp = r.i64()?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(m)
    }
}

impl Encode for ShareGroupTargetAssignmentMetadataValue {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.assignment_epoch);
        let mut tags = w.tags();
        if self.assignment_timestamp != 0 {
            tags.field(0, |w| {
                w.i64(self.assignment_timestamp);
                Ok(())
            })?;
        }
        Ok(())
    }
}

impl RecordValue<'_> for ShareGroupTargetAssignmentMetadataValue {
    const VERSIONS: VersionRange = VersionRange { min: 0, max: 0 };
    fn written(&self) -> i16 {
        0
    }
}
