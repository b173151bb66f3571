//! DeleteGroups (key 42), made from `schema/delete_groups.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-2, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteGroupsRequest<'a> {
    pub groups_names: Vec<Cow<'a, str>>,
}

impl<'a> Decode<'a> for DeleteGroupsRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let mut m = Self::default();
        m.groups_names = r.array(flexible, 1, |r| r.string(flexible))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DeleteGroupsRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        w.array(flexible, &self.groups_names, |w, v| w.string(flexible, v))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for DeleteGroupsRequest<'_> {
    const KEY: ApiKey = ApiKey(42);
    type Response<'r> = DeleteGroupsResponse<'r>;
}

/// Versions 0-2, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteGroupsResponse<'a> {
    pub throttle_time_ms: i32,
    pub results: Vec<DeletableGroupResult<'a>>,
}

impl<'a> Decode<'a> for DeleteGroupsResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.results = r.array(flexible, 4, |r| DeletableGroupResult::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DeleteGroupsResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        w.i32(self.throttle_time_ms);
        w.array(flexible, &self.results, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeletableGroupResult<'a> {
    pub group_id: Cow<'a, str>,
    pub error_code: ErrorCode,
}

impl<'a> Decode<'a> for DeletableGroupResult<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let mut m = Self::default();
        m.group_id = r.string(flexible)?;
        m.error_code = ErrorCode(r.i16()?);
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DeletableGroupResult<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        w.string(flexible, &self.group_id)?;
        w.i16(self.error_code.0);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
