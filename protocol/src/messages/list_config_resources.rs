//! ListConfigResources (key 74), made from `schema/list_config_resources.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-1, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListConfigResourcesRequest {
    /// versions 1+
    pub resource_types: Vec<i8>,
}

impl Decode<'_> for ListConfigResourcesRequest {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        if version >= 1 {
            m.resource_types = r.array(true, 1, |r| r.i8())?;
        }
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for ListConfigResourcesRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        if version >= 1 {
            w.array(true, &self.resource_types, |w, v| {
                w.i8(*v);
                Ok(())
            })?;
        } else if !self.resource_types.is_empty() {
            return Err(EncodeError::Absent {
                field: "resource_types",
                version,
            });
        }
        w.tags();
        Ok(())
    }
}

impl Request for ListConfigResourcesRequest {
    const KEY: ApiKey = ApiKey(74);
    type Response<'r> = ListConfigResourcesResponse<'r>;
}

/// Versions 0-1, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListConfigResourcesResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub config_resources: Vec<ConfigResource<'a>>,
}

impl<'a> Decode<'a> for ListConfigResourcesResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        m.config_resources = r.array(true, 2, |r| ConfigResource::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for ListConfigResourcesResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code.0);
        w.array(true, &self.config_resources, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ConfigResource<'a> {
    pub resource_name: Cow<'a, str>,
    /// versions 1+, else ignored
    pub resource_type: i8,
}

impl Default for ConfigResource<'_> {
    fn default() -> Self {
        Self {
            resource_name: Cow::Borrowed(""),
            resource_type: 16,
        }
    }
}

impl<'a> Decode<'a> for ConfigResource<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.resource_name = r.string(true)?;
        if version >= 1 {
            m.resource_type = r.i8()?;
        }
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for ConfigResource<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.resource_name)?;
        if version >= 1 {
            w.i8(self.resource_type);
        }
        w.tags();
        Ok(())
    }
}
