//! WriteShareGroupState (key 85), made from `schema/write_share_group_state.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-1, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteShareGroupStateRequest<'a> {
    pub group_id: Cow<'a, str>,
    pub topics: Vec<WriteStateData>,
}

impl<'a> Decode<'a> for WriteShareGroupStateRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.group_id = r.string(true)?;
        m.topics = r.array(true, 18, |r| WriteStateData::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for WriteShareGroupStateRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(true, &self.group_id)?;
        w.array(true, &self.topics, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

impl Request for WriteShareGroupStateRequest<'_> {
    const KEY: ApiKey = ApiKey(85);
    type Response<'r> = WriteShareGroupStateResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteStateData {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
}

impl Decode<'_> for WriteStateData {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_id = r.uuid()?;
        m.partitions = r.array(true, 22, |r| PartitionData::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for WriteStateData {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.uuid(self.topic_id);
        w.array(true, &self.partitions, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct PartitionData {
    pub partition: i32,
    pub state_epoch: i32,
    pub leader_epoch: i32,
    pub start_offset: i64,
    /// versions 1+, else ignored
    pub delivery_complete_count: i32,
    pub state_batches: Vec<StateBatch>,
}

impl Default for PartitionData {
    fn default() -> Self {
        Self {
            partition: 0,
            state_epoch: 0,
            leader_epoch: 0,
            start_offset: 0,
            delivery_complete_count: -1,
            state_batches: Vec::new(),
        }
    }
}

impl Decode<'_> for PartitionData {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition = r.i32()?;
        m.state_epoch = r.i32()?;
        m.leader_epoch = r.i32()?;
        m.start_offset = r.i64()?;
        if version >= 1 {
            m.delivery_complete_count = r.i32()?;
        }
        m.state_batches = r.array(true, 20, |r| StateBatch::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for PartitionData {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition);
        w.i32(self.state_epoch);
        w.i32(self.leader_epoch);
        w.i64(self.start_offset);
        if version >= 1 {
            w.i32(self.delivery_complete_count);
        }
        w.array(true, &self.state_batches, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
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

/// Versions 0-1, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteShareGroupStateResponse<'a> {
    pub results: Vec<WriteStateResult<'a>>,
}

impl<'a> Decode<'a> for WriteShareGroupStateResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.results = r.array(true, 18, |r| WriteStateResult::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for WriteShareGroupStateResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.array(true, &self.results, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteStateResult<'a> {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionResult<'a>>,
}

impl<'a> Decode<'a> for WriteStateResult<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_id = r.uuid()?;
        m.partitions = r.array(true, 8, |r| PartitionResult::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for WriteStateResult<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.uuid(self.topic_id);
        w.array(true, &self.partitions, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionResult<'a> {
    pub partition: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
}

impl<'a> Decode<'a> for PartitionResult<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.partition = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(true)?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for PartitionResult<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.i32(self.partition);
        w.i16(self.error_code.0);
        w.nullable_string(true, self.error_message.as_deref())?;
        w.tags();
        Ok(())
    }
}
