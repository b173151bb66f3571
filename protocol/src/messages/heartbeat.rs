//! Heartbeat (key 12), made from `schema/heartbeat.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-4, flexible from 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeartbeatRequest<'a> {
    pub group_id: Cow<'a, str>,
    pub generation_id: i32,
    pub member_id: Cow<'a, str>,
    /// versions 3+
    pub group_instance_id: Option<Cow<'a, str>>,
}

impl<'a> Decode<'a> for HeartbeatRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=4).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 4;
        let mut m = Self::default();
        m.group_id = r.string(flexible)?;
        m.generation_id = r.i32()?;
        m.member_id = r.string(flexible)?;
        if version >= 3 {
            m.group_instance_id = r.nullable_string(flexible)?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for HeartbeatRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        w.string(flexible, &self.group_id)?;
        w.i32(self.generation_id);
        w.string(flexible, &self.member_id)?;
        if version >= 3 {
            w.nullable_string(flexible, self.group_instance_id.as_deref())?;
        } else if self.group_instance_id.is_some() {
            return Err(EncodeError::Absent {
                field: "group_instance_id",
                version,
            });
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for HeartbeatRequest<'_> {
    const KEY: ApiKey = ApiKey(12);
    type Response<'r> = HeartbeatResponse;
}

/// Versions 0-4, flexible from 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeartbeatResponse {
    /// versions 1+, else ignored
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
}

impl Decode<'_> for HeartbeatResponse {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=4).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 4;
        let mut m = Self::default();
        if version >= 1 {
            m.throttle_time_ms = r.i32()?;
        }
        m.error_code = ErrorCode(r.i16()?);
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for HeartbeatResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        if version >= 1 {
            w.i32(self.throttle_time_ms);
        }
        w.i16(self.error_code.0);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
