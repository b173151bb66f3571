//! ShareUpdate (type 1 of `__share_group_state`), made from `schema/records/share_update.txt`; do not edit.

use std::borrow::Cow;

use crate::api::VersionRange;
use crate::ids::Uuid;
use crate::records::{RecordKey, RecordValue};
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// The key of records of type 1 in `__share_group_state`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShareUpdateKey<'a> {
    pub group_id: Cow<'a, str>,
    pub topic_id: Uuid,
    pub partition: i32,
}

impl<'a> Decode<'a> for ShareUpdateKey<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.group_id = r.string(false)?;
        m.topic_id = r.uuid()?;
        m.partition = r.i32()?;
        Ok(m)
    }
}

impl Encode for ShareUpdateKey<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(false, &self.group_id)?;
        w.uuid(self.topic_id);
        w.i32(self.partition);
        Ok(())
    }
}

impl ShareUpdateKey<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> ShareUpdateKey<'static> {
        ShareUpdateKey {
            group_id: Cow::Owned(self.group_id.into_owned()),
            topic_id: self.topic_id,
            partition: self.partition,
        }
    }
}

impl<'a> RecordKey<'a> for ShareUpdateKey<'a> {
    const TYPE: i16 = 1;
    type Value = ShareUpdateValue;
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareUpdateValue {
    pub snapshot_epoch: i32,
    pub leader_epoch: i32,
    pub start_offset: i64,
    /// tag 0
    pub delivery_complete_count: i32,
    pub state_batches: Vec<StateBatch>,
}

impl Default for ShareUpdateValue {
    fn default() -> Self {
        Self {
            snapshot_epoch: 0,
            leader_epoch: 0,
            start_offset: 0,
            delivery_complete_count: -1,
            state_batches: Vec::new(),
        }
    }
}

impl Decode<'_> for ShareUpdateValue {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.snapshot_epoch = r.i32()?;
        m.leader_epoch = r.i32()?;
        m.start_offset = r.i64()?;
        m.state_batches = r.array(true, 20, |r| StateBatch::decode(r, version))?;
        r.tags(|tag, r| {
            match tag {
                0 => m.delivery_complete_count = r.i32()?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(m)
    }
}

impl Encode for ShareUpdateValue {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.snapshot_epoch);
        w.i32(self.leader_epoch);
        w.i64(self.start_offset);
        w.array(true, &self.state_batches, |w, v| v.encode(w, version))?;
        let mut tags = w.tags();
        if self.delivery_complete_count != -1 {
            tags.field(0, |w| {
                w.i32(self.delivery_complete_count);
                Ok(())
            })?;
        }
        Ok(())
    }
}

impl RecordValue<'_> for ShareUpdateValue {
    const VERSIONS: VersionRange = VersionRange { min: 0, max: 0 };
    fn written(&self) -> i16 {
        0
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateBatch {
    pub first_offset: i64,
    pub last_offset: i64,
    pub delivery_state: i8,
    pub delivery_count: i16,
}

impl Decode<'_> for StateBatch {
    fn decode(r: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.first_offset = r.i64()?;
        m.last_offset = r.i64()?;
        m.delivery_state = r.i8()?;
        m.delivery_count = r.i16()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for StateBatch {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i64(self.first_offset);
        w.i64(self.last_offset);
        w.i8(self.delivery_state);
        w.i16(self.delivery_count);
        w.tags();
        Ok(())
    }
}
