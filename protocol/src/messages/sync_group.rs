//! SyncGroup (key 14), made from `schema/sync_group.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-5, flexible from 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncGroupRequest<'a> {
    pub group_id: Cow<'a, str>,
    pub generation_id: i32,
    pub member_id: Cow<'a, str>,
    /// versions 3+
    pub group_instance_id: Option<Cow<'a, str>>,
    /// versions 5+, else ignored
    pub protocol_type: Option<Cow<'a, str>>,
    /// versions 5+, else ignored
    pub protocol_name: Option<Cow<'a, str>>,
    pub assignments: Vec<SyncGroupRequestAssignment<'a>>,
}

impl<'a> Decode<'a> for SyncGroupRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
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
        if version >= 5 {
            m.protocol_type = r.nullable_string(flexible)?;
            m.protocol_name = r.nullable_string(flexible)?;
        }
        m.assignments = r.array(flexible, 3, |r| {
            SyncGroupRequestAssignment::decode(r, version)
        })?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for SyncGroupRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
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
        if version >= 5 {
            w.nullable_string(flexible, self.protocol_type.as_deref())?;
        }
        if version >= 5 {
            w.nullable_string(flexible, self.protocol_name.as_deref())?;
        }
        w.array(flexible, &self.assignments, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for SyncGroupRequest<'_> {
    const KEY: ApiKey = ApiKey(14);
    type Response<'r> = SyncGroupResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncGroupRequestAssignment<'a> {
    pub member_id: Cow<'a, str>,
    pub assignment: Cow<'a, [u8]>,
}

impl<'a> Decode<'a> for SyncGroupRequestAssignment<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let mut m = Self::default();
        m.member_id = r.string(flexible)?;
        m.assignment = r.bytes(flexible)?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for SyncGroupRequestAssignment<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        w.string(flexible, &self.member_id)?;
        w.bytes(flexible, &self.assignment)?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

/// Versions 0-5, flexible from 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncGroupResponse<'a> {
    /// versions 1+, else ignored
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// versions 5+, else ignored
    pub protocol_type: Option<Cow<'a, str>>,
    /// versions 5+, else ignored
    pub protocol_name: Option<Cow<'a, str>>,
    pub assignment: Cow<'a, [u8]>,
}

impl<'a> Decode<'a> for SyncGroupResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 4;
        let mut m = Self::default();
        if version >= 1 {
            m.throttle_time_ms = r.i32()?;
        }
        m.error_code = ErrorCode(r.i16()?);
        if version >= 5 {
            m.protocol_type = r.nullable_string(flexible)?;
            m.protocol_name = r.nullable_string(flexible)?;
        }
        m.assignment = r.bytes(flexible)?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for SyncGroupResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        if version >= 1 {
            w.i32(self.throttle_time_ms);
        }
        w.i16(self.error_code.0);
        if version >= 5 {
            w.nullable_string(flexible, self.protocol_type.as_deref())?;
        }
        if version >= 5 {
            w.nullable_string(flexible, self.protocol_name.as_deref())?;
        }
        w.bytes(flexible, &self.assignment)?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
