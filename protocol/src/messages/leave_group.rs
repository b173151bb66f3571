//! LeaveGroup (key 13), made from `schema/leave_group.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-5, flexible from 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaveGroupRequest<'a> {
    pub group_id: Cow<'a, str>,
    /// versions 0-2
    pub member_id: Cow<'a, str>,
    /// versions 3+
    pub members: Vec<MemberIdentity<'a>>,
}

impl<'a> Decode<'a> for LeaveGroupRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 4;
        let mut m = Self::default();
        m.group_id = r.string(flexible)?;
        if version <= 2 {
            m.member_id = r.string(flexible)?;
        }
        if version >= 3 {
            m.members = r.array(flexible, 3, |r| MemberIdentity::decode(r, version))?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for LeaveGroupRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        w.string(flexible, &self.group_id)?;
        if version <= 2 {
            w.string(flexible, &self.member_id)?;
        } else if !self.member_id.is_empty() {
            return Err(EncodeError::Absent {
                field: "member_id",
                version,
            });
        }
        if version >= 3 {
            w.array(flexible, &self.members, |w, v| v.encode(w, version))?;
        } else if !self.members.is_empty() {
            return Err(EncodeError::Absent {
                field: "members",
                version,
            });
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for LeaveGroupRequest<'_> {
    const KEY: ApiKey = ApiKey(13);
    type Response<'r> = LeaveGroupResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemberIdentity<'a> {
    pub member_id: Cow<'a, str>,
    pub group_instance_id: Option<Cow<'a, str>>,
    /// versions 5+, else ignored
    pub reason: Option<Cow<'a, str>>,
}

impl<'a> Decode<'a> for MemberIdentity<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let mut m = Self::default();
        m.member_id = r.string(flexible)?;
        m.group_instance_id = r.nullable_string(flexible)?;
        if version >= 5 {
            m.reason = r.nullable_string(flexible)?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for MemberIdentity<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        w.string(flexible, &self.member_id)?;
        w.nullable_string(flexible, self.group_instance_id.as_deref())?;
        if version >= 5 {
            w.nullable_string(flexible, self.reason.as_deref())?;
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

/// Versions 0-5, flexible from 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaveGroupResponse<'a> {
    /// versions 1+, else ignored
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// versions 3+
    pub members: Vec<MemberResponse<'a>>,
}

impl<'a> Decode<'a> for LeaveGroupResponse<'a> {
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
        if version >= 3 {
            m.members = r.array(flexible, 5, |r| MemberResponse::decode(r, version))?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for LeaveGroupResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        if version >= 1 {
            w.i32(self.throttle_time_ms);
        }
        w.i16(self.error_code.0);
        if version >= 3 {
            w.array(flexible, &self.members, |w, v| v.encode(w, version))?;
        } else if !self.members.is_empty() {
            return Err(EncodeError::Absent {
                field: "members",
                version,
            });
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct MemberResponse<'a> {
    pub member_id: Cow<'a, str>,
    pub group_instance_id: Option<Cow<'a, str>>,
    pub error_code: ErrorCode,
}

impl Default for MemberResponse<'_> {
    fn default() -> Self {
        Self {
            member_id: Cow::Borrowed(""),
            group_instance_id: Some(Cow::Borrowed("")),
            error_code: ErrorCode::NONE,
        }
    }
}

impl<'a> Decode<'a> for MemberResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let mut m = Self::default();
        m.member_id = r.string(flexible)?;
        m.group_instance_id = r.nullable_string(flexible)?;
        m.error_code = ErrorCode(r.i16()?);
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for MemberResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        w.string(flexible, &self.member_id)?;
        w.nullable_string(flexible, self.group_instance_id.as_deref())?;
        w.i16(self.error_code.0);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
