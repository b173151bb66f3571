//! OffsetCommit (type 1 of `__consumer_offsets`), made from `schema/records/offset_commit.txt`; do not edit.

use std::borrow::Cow;

use crate::api::VersionRange;
use crate::ids::Uuid;
use crate::records::{RecordKey, RecordValue};
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// The key of records of type 1 in `__consumer_offsets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OffsetCommitKey<'a> {
    pub group: Cow<'a, str>,
    pub topic: Cow<'a, str>,
    pub partition: i32,
}

impl<'a> Decode<'a> for OffsetCommitKey<'a> {
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

impl Encode for OffsetCommitKey<'_> {
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

impl OffsetCommitKey<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> OffsetCommitKey<'static> {
        OffsetCommitKey {
            group: Cow::Owned(self.group.into_owned()),
            topic: Cow::Owned(self.topic.into_owned()),
            partition: self.partition,
        }
    }
}

impl<'a> RecordKey<'a> for OffsetCommitKey<'a> {
    const TYPE: i16 = 1;
    type Value = OffsetCommitValue<'a>;
}

/// Versions 0-4, flexible from 4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetCommitValue<'a> {
    pub offset: i64,
    /// versions 3+, else ignored
    pub leader_epoch: i32,
    pub metadata: Cow<'a, str>,
    pub commit_timestamp: i64,
    /// versions 1, else ignored
    pub expire_timestamp: i64,
    /// versions 4+, tag 0, else ignored
    pub topic_id: Uuid,
}

impl Default for OffsetCommitValue<'_> {
    fn default() -> Self {
        Self {
            offset: 0,
            leader_epoch: -1,
            metadata: Cow::Borrowed(""),
            commit_timestamp: 0,
            expire_timestamp: -1,
            topic_id: Uuid::ZERO,
        }
    }
}

impl<'a> Decode<'a> for OffsetCommitValue<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=4).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 4;
        let mut m = Self::default();
        m.offset = r.i64()?;
        if version >= 3 {
            m.leader_epoch = r.i32()?;
        }
        m.metadata = r.string(flexible)?;
        m.commit_timestamp = r.i64()?;
        if (1..=1).contains(&version) {
            m.expire_timestamp = r.i64()?;
        }
        if flexible {
            r.tags(|tag, r| {
                match tag {
                    0 => m.topic_id = r.uuid()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(m)
    }
}

impl Encode for OffsetCommitValue<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        w.i64(self.offset);
        if version >= 3 {
            w.i32(self.leader_epoch);
        }
        w.string(flexible, &self.metadata)?;
        w.i64(self.commit_timestamp);
        if (1..=1).contains(&version) {
            w.i64(self.expire_timestamp);
        }
        if flexible {
            let mut tags = w.tags();
            if !self.topic_id.is_zero() {
                tags.field(0, |w| {
                    w.uuid(self.topic_id);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}

impl OffsetCommitValue<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> OffsetCommitValue<'static> {
        OffsetCommitValue {
            offset: self.offset,
            leader_epoch: self.leader_epoch,
            metadata: Cow::Owned(self.metadata.into_owned()),
            commit_timestamp: self.commit_timestamp,
            expire_timestamp: self.expire_timestamp,
            topic_id: self.topic_id,
        }
    }
}

impl<'a> RecordValue<'a> for OffsetCommitValue<'a> {
    const VERSIONS: VersionRange = VersionRange { min: 0, max: 4 };
    fn written(&self) -> i16 {
        if self.expire_timestamp != -1 { 1 } else { 4 }
    }
}
