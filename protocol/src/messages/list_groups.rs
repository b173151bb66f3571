//! ListGroups (key 16), made from `schema/list_groups.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-5, flexible from 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListGroupsRequest<'a> {
    /// versions 4+
    pub states_filter: Vec<Cow<'a, str>>,
    /// versions 5+
    pub types_filter: Vec<Cow<'a, str>>,
}

impl<'a> Decode<'a> for ListGroupsRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let mut m = Self::default();
        if version >= 4 {
            m.states_filter = r.array(flexible, 1, |r| r.string(flexible))?;
        }
        if version >= 5 {
            m.types_filter = r.array(flexible, 1, |r| r.string(flexible))?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for ListGroupsRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        if version >= 4 {
            w.array(flexible, &self.states_filter, |w, v| w.string(flexible, v))?;
        } else if !self.states_filter.is_empty() {
            return Err(EncodeError::Absent {
                field: "states_filter",
                version,
            });
        }
        if version >= 5 {
            w.array(flexible, &self.types_filter, |w, v| w.string(flexible, v))?;
        } else if !self.types_filter.is_empty() {
            return Err(EncodeError::Absent {
                field: "types_filter",
                version,
            });
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for ListGroupsRequest<'_> {
    const KEY: ApiKey = ApiKey(16);
    type Response<'r> = ListGroupsResponse<'r>;
}

/// Versions 0-5, flexible from 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListGroupsResponse<'a> {
    /// versions 1+, else ignored
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub groups: Vec<ListedGroup<'a>>,
}

impl<'a> Decode<'a> for ListGroupsResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let mut m = Self::default();
        if version >= 1 {
            m.throttle_time_ms = r.i32()?;
        }
        m.error_code = ErrorCode(r.i16()?);
        m.groups = r.array(flexible, 3, |r| ListedGroup::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for ListGroupsResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        if version >= 1 {
            w.i32(self.throttle_time_ms);
        }
        w.i16(self.error_code.0);
        w.array(flexible, &self.groups, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListedGroup<'a> {
    pub group_id: Cow<'a, str>,
    pub protocol_type: Cow<'a, str>,
    /// versions 4+, else ignored
    pub group_state: Cow<'a, str>,
    /// versions 5+, else ignored
    pub group_type: Cow<'a, str>,
}

impl<'a> Decode<'a> for ListedGroup<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let mut m = Self::default();
        m.group_id = r.string(flexible)?;
        m.protocol_type = r.string(flexible)?;
        if version >= 4 {
            m.group_state = r.string(flexible)?;
        }
        if version >= 5 {
            m.group_type = r.string(flexible)?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for ListedGroup<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        w.string(flexible, &self.group_id)?;
        w.string(flexible, &self.protocol_type)?;
        if version >= 4 {
            w.string(flexible, &self.group_state)?;
        }
        if version >= 5 {
            w.string(flexible, &self.group_type)?;
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
