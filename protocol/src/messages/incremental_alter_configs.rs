//! IncrementalAlterConfigs (key 44), made from `schema/incremental_alter_configs.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-1, flexible from 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IncrementalAlterConfigsRequest<'a> {
    pub resources: Vec<AlterConfigsResource<'a>>,
    pub validate_only: bool,
}

impl<'a> Decode<'a> for IncrementalAlterConfigsRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 1;
        let mut m = Self::default();
        m.resources = r.array(flexible, 4, |r| AlterConfigsResource::decode(r, version))?;
        m.validate_only = r.bool()?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for IncrementalAlterConfigsRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 1;
        w.array(flexible, &self.resources, |w, v| v.encode(w, version))?;
        w.bool(self.validate_only);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for IncrementalAlterConfigsRequest<'_> {
    const KEY: ApiKey = ApiKey(44);
    type Response<'r> = IncrementalAlterConfigsResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterConfigsResource<'a> {
    pub resource_type: i8,
    pub resource_name: Cow<'a, str>,
    pub configs: Vec<AlterableConfig<'a>>,
}

impl<'a> Decode<'a> for AlterConfigsResource<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let mut m = Self::default();
        m.resource_type = r.i8()?;
        m.resource_name = r.string(flexible)?;
        m.configs = r.array(flexible, 4, |r| AlterableConfig::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for AlterConfigsResource<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        w.i8(self.resource_type);
        w.string(flexible, &self.resource_name)?;
        w.array(flexible, &self.configs, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct AlterableConfig<'a> {
    pub name: Cow<'a, str>,
    pub config_operation: i8,
    pub value: Option<Cow<'a, str>>,
}

impl Default for AlterableConfig<'_> {
    fn default() -> Self {
        Self {
            name: Cow::Borrowed(""),
            config_operation: 0,
            value: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Decode<'a> for AlterableConfig<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let mut m = Self::default();
        m.name = r.string(flexible)?;
        m.config_operation = r.i8()?;
        m.value = r.nullable_string(flexible)?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for AlterableConfig<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        w.string(flexible, &self.name)?;
        w.i8(self.config_operation);
        w.nullable_string(flexible, self.value.as_deref())?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

/// Versions 0-1, flexible from 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IncrementalAlterConfigsResponse<'a> {
    pub throttle_time_ms: i32,
    pub responses: Vec<AlterConfigsResourceResponse<'a>>,
}

impl<'a> Decode<'a> for IncrementalAlterConfigsResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 1;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.responses = r.array(flexible, 6, |r| {
            AlterConfigsResourceResponse::decode(r, version)
        })?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for IncrementalAlterConfigsResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 1;
        w.i32(self.throttle_time_ms);
        w.array(flexible, &self.responses, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct AlterConfigsResourceResponse<'a> {
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
    pub resource_type: i8,
    pub resource_name: Cow<'a, str>,
}

impl Default for AlterConfigsResourceResponse<'_> {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            error_message: Some(Cow::Borrowed("")),
            resource_type: 0,
            resource_name: Cow::Borrowed(""),
        }
    }
}

impl<'a> Decode<'a> for AlterConfigsResourceResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let mut m = Self::default();
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(flexible)?;
        m.resource_type = r.i8()?;
        m.resource_name = r.string(flexible)?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for AlterConfigsResourceResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        w.i16(self.error_code.0);
        w.nullable_string(flexible, self.error_message.as_deref())?;
        w.i8(self.resource_type);
        w.string(flexible, &self.resource_name)?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
