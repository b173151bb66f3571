//! JoinGroup (key 11), made from `schema/join_group.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-9, flexible from 6.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinGroupRequest<'a> {
    pub group_id: Cow<'a, str>,
    pub session_timeout_ms: i32,
    /// versions 1+, else ignored
    pub rebalance_timeout_ms: i32,
    pub member_id: Cow<'a, str>,
    /// versions 5+
    pub group_instance_id: Option<Cow<'a, str>>,
    pub protocol_type: Cow<'a, str>,
    pub protocols: Vec<JoinGroupRequestProtocol<'a>>,
    /// versions 8+, else ignored
    pub reason: Option<Cow<'a, str>>,
}

impl Default for JoinGroupRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: Cow::Borrowed(""),
            session_timeout_ms: 0,
            rebalance_timeout_ms: -1,
            member_id: Cow::Borrowed(""),
            group_instance_id: None,
            protocol_type: Cow::Borrowed(""),
            protocols: Vec::new(),
            reason: None,
        }
    }
}

impl<'a> Decode<'a> for JoinGroupRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=9).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 6;
        let mut m = Self::default();
        m.group_id = r.string(flexible)?;
        m.session_timeout_ms = r.i32()?;
        if version >= 1 {
            m.rebalance_timeout_ms = r.i32()?;
        }
        m.member_id = r.string(flexible)?;
        if version >= 5 {
            m.group_instance_id = r.nullable_string(flexible)?;
        }
        m.protocol_type = r.string(flexible)?;
        m.protocols = r.array(flexible, 3, |r| {
            JoinGroupRequestProtocol::decode(r, version)
        })?;
        if version >= 8 {
            m.reason = r.nullable_string(flexible)?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for JoinGroupRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=9).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 6;
        w.string(flexible, &self.group_id)?;
        w.i32(self.session_timeout_ms);
        if version >= 1 {
            w.i32(self.rebalance_timeout_ms);
        }
        w.string(flexible, &self.member_id)?;
        if version >= 5 {
            w.nullable_string(flexible, self.group_instance_id.as_deref())?;
        } else if self.group_instance_id.is_some() {
            return Err(EncodeError::Absent {
                field: "group_instance_id",
                version,
            });
        }
        w.string(flexible, &self.protocol_type)?;
        w.array(flexible, &self.protocols, |w, v| v.encode(w, version))?;
        if version >= 8 {
            w.nullable_string(flexible, self.reason.as_deref())?;
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for JoinGroupRequest<'_> {
    const KEY: ApiKey = ApiKey(11);
    type Response<'r> = JoinGroupResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct JoinGroupRequestProtocol<'a> {
    pub name: Cow<'a, str>,
    pub metadata: Cow<'a, [u8]>,
}

impl<'a> Decode<'a> for JoinGroupRequestProtocol<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let mut m = Self::default();
        m.name = r.string(flexible)?;
        m.metadata = r.bytes(flexible)?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for JoinGroupRequestProtocol<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        w.string(flexible, &self.name)?;
        w.bytes(flexible, &self.metadata)?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

/// Versions 0-9, flexible from 6.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinGroupResponse<'a> {
    /// versions 2+, else ignored
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub generation_id: i32,
    /// versions 7+, else ignored
    pub protocol_type: Option<Cow<'a, str>>,
    /// null in 7+
    pub protocol_name: Option<Cow<'a, str>>,
    pub leader: Cow<'a, str>,
    /// versions 9+
    pub skip_assignment: bool,
    pub member_id: Cow<'a, str>,
    pub members: Vec<JoinGroupResponseMember<'a>>,
}

impl Default for JoinGroupResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            generation_id: -1,
            protocol_type: None,
            protocol_name: Some(Cow::Borrowed("")),
            leader: Cow::Borrowed(""),
            skip_assignment: false,
            member_id: Cow::Borrowed(""),
            members: Vec::new(),
        }
    }
}

impl<'a> Decode<'a> for JoinGroupResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=9).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 6;
        let mut m = Self::default();
        if version >= 2 {
            m.throttle_time_ms = r.i32()?;
        }
        m.error_code = ErrorCode(r.i16()?);
        m.generation_id = r.i32()?;
        if version >= 7 {
            m.protocol_type = r.nullable_string(flexible)?;
        }
        m.protocol_name = r.nullable_string(flexible)?;
        if m.protocol_name.is_none() && version < 7 {
            return Err(DecodeError::Null);
        }
        m.leader = r.string(flexible)?;
        if version >= 9 {
            m.skip_assignment = r.bool()?;
        }
        m.member_id = r.string(flexible)?;
        m.members = r.array(flexible, 4, |r| JoinGroupResponseMember::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for JoinGroupResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=9).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 6;
        if version >= 2 {
            w.i32(self.throttle_time_ms);
        }
        w.i16(self.error_code.0);
        w.i32(self.generation_id);
        if version >= 7 {
            w.nullable_string(flexible, self.protocol_type.as_deref())?;
        }
        if self.protocol_name.is_none() && version < 7 {
            return Err(EncodeError::Null {
                field: "protocol_name",
                version,
            });
        }
        w.nullable_string(flexible, self.protocol_name.as_deref())?;
        w.string(flexible, &self.leader)?;
        if version >= 9 {
            w.bool(self.skip_assignment);
        } else if self.skip_assignment {
            return Err(EncodeError::Absent {
                field: "skip_assignment",
                version,
            });
        }
        w.string(flexible, &self.member_id)?;
        w.array(flexible, &self.members, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct JoinGroupResponseMember<'a> {
    pub member_id: Cow<'a, str>,
    /// versions 5+, else ignored
    pub group_instance_id: Option<Cow<'a, str>>,
    pub metadata: Cow<'a, [u8]>,
}

impl<'a> Decode<'a> for JoinGroupResponseMember<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let mut m = Self::default();
        m.member_id = r.string(flexible)?;
        if version >= 5 {
            m.group_instance_id = r.nullable_string(flexible)?;
        }
        m.metadata = r.bytes(flexible)?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for JoinGroupResponseMember<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        w.string(flexible, &self.member_id)?;
        if version >= 5 {
            w.nullable_string(flexible, self.group_instance_id.as_deref())?;
        }
        w.bytes(flexible, &self.metadata)?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
