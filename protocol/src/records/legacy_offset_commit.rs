//! LegacyOffsetCommit (type 0 of `__consumer_offsets`), made from `schema/records/legacy_offset_commit.txt`; do not edit.

use std::borrow::Cow;

use crate::api::VersionRange;
use crate::records::{RecordKey, RecordValue};
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// The key of records of type 0 in `__consumer_offsets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegacyOffsetCommitKey<'a> {
    pub group: Cow<'a, str>,
    pub topic: Cow<'a, str>,
    pub partition: i32,
}

impl<'a> Decode<'a> for LegacyOffsetCommitKey<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.group = r.string(false)?;
        m.topic = r.string(false)?;
        m.partition = r.i32()?;
        Ok(m)
    }
}

impl Encode for LegacyOffsetCommitKey<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(false, &self.group)?;
        w.string(false, &self.topic)?;
        w.i32(self.partition);
        Ok(())
    }
}

impl LegacyOffsetCommitKey<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> LegacyOffsetCommitKey<'static> {
        LegacyOffsetCommitKey {
            group: Cow::Owned(self.group.into_owned()),
            topic: Cow::Owned(self.topic.into_owned()),
            partition: self.partition,
        }
    }
}

impl<'a> RecordKey<'a> for LegacyOffsetCommitKey<'a> {
    const TYPE: i16 = 0;
    type Value = LegacyOffsetCommitValue<'a>;
}

/// Versions 0-0, never flexible.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LegacyOffsetCommitValue<'a> {
    pub offset: i64,
    pub metadata: Cow<'a, str>,
    pub commit_timestamp: i64,
}

impl<'a> Decode<'a> for LegacyOffsetCommitValue<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.offset = r.i64()?;
        m.metadata = r.string(false)?;
        m.commit_timestamp = r.i64()?;
        Ok(m)
    }
}

impl Encode for LegacyOffsetCommitValue<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i64(self.offset);
        w.string(false, &self.metadata)?;
        w.i64(self.commit_timestamp);
        Ok(())
    }
}

impl LegacyOffsetCommitValue<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> LegacyOffsetCommitValue<'static> {
        LegacyOffsetCommitValue {
            offset: self.offset,
            metadata: Cow::Owned(self.metadata.into_owned()),
            commit_timestamp: self.commit_timestamp,
        }
    }
}

impl<'a> RecordValue<'a> for LegacyOffsetCommitValue<'a> {
    const VERSIONS: VersionRange = VersionRange { min: 0, max: 0 };
    fn written(&self) -> i16 {
        0
    }
}
