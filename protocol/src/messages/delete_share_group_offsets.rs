//! DeleteShareGroupOffsets (key 92), made from `schema/delete_share_group_offsets.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteShareGroupOffsetsRequest<'a> {
    pub group_id: Cow<'a, str>,
    pub topics: Vec<DeleteShareGroupOffsetsRequestTopic<'a>>,
}

impl<'a> Decode<'a> for DeleteShareGroupOffsetsRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.group_id = r.string(true)?;
        m.topics = r.array(true, 2, |r| {
            DeleteShareGroupOffsetsRequestTopic::decode(r, version)
        })?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for DeleteShareGroupOffsetsRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(true, &self.group_id)?;
        w.array(true, &self.topics, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

impl Request for DeleteShareGroupOffsetsRequest<'_> {
    const KEY: ApiKey = ApiKey(92);
    type Response<'r> = DeleteShareGroupOffsetsResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteShareGroupOffsetsRequestTopic<'a> {
    pub topic_name: Cow<'a, str>,
}

impl<'a> Decode<'a> for DeleteShareGroupOffsetsRequestTopic<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_name = r.string(true)?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for DeleteShareGroupOffsetsRequestTopic<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.topic_name)?;
        w.tags();
        Ok(())
    }
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteShareGroupOffsetsResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
    pub responses: Vec<DeleteShareGroupOffsetsResponseTopic<'a>>,
}

impl<'a> Decode<'a> for DeleteShareGroupOffsetsResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(true)?;
        m.responses = r.array(true, 21, |r| {
            DeleteShareGroupOffsetsResponseTopic::decode(r, version)
        })?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for DeleteShareGroupOffsetsResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code.0);
        w.nullable_string(true, self.error_message.as_deref())?;
        w.array(true, &self.responses, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteShareGroupOffsetsResponseTopic<'a> {
    pub topic_name: Cow<'a, str>,
    pub topic_id: Uuid,
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
}

impl<'a> Decode<'a> for DeleteShareGroupOffsetsResponseTopic<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_name = r.string(true)?;
        m.topic_id = r.uuid()?;
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(true)?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for DeleteShareGroupOffsetsResponseTopic<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.topic_name)?;
        w.uuid(self.topic_id);
        w.i16(self.error_code.0);
        w.nullable_string(true, self.error_message.as_deref())?;
        w.tags();
        Ok(())
    }
}
