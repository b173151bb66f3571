//! DescribeConfigs (key 32), made from `schema/describe_configs.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 1-4, flexible from 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeConfigsRequest<'a> {
    pub resources: Vec<DescribeConfigsResource<'a>>,
    pub include_synonyms: bool,
    /// versions 3+
    pub include_documentation: bool,
}

impl<'a> Decode<'a> for DescribeConfigsRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=4).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 4;
        let mut m = Self::default();
        m.resources = r.array(flexible, 4, |r| DescribeConfigsResource::decode(r, version))?;
        m.include_synonyms = r.bool()?;
        if version >= 3 {
            m.include_documentation = r.bool()?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribeConfigsRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        w.array(flexible, &self.resources, |w, v| v.encode(w, version))?;
        w.bool(self.include_synonyms);
        if version >= 3 {
            w.bool(self.include_documentation);
        } else if self.include_documentation {
            return Err(EncodeError::Absent {
                field: "include_documentation",
                version,
            });
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for DescribeConfigsRequest<'_> {
    const KEY: ApiKey = ApiKey(32);
    type Response<'r> = DescribeConfigsResponse<'r>;
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsResource<'a> {
    pub resource_type: i8,
    pub resource_name: Cow<'a, str>,
    pub configuration_keys: Option<Vec<Cow<'a, str>>>,
}

impl Default for DescribeConfigsResource<'_> {
    fn default() -> Self {
        Self {
            resource_type: 0,
            resource_name: Cow::Borrowed(""),
            configuration_keys: Some(Vec::new()),
        }
    }
}

impl<'a> Decode<'a> for DescribeConfigsResource<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let mut m = Self::default();
        m.resource_type = r.i8()?;
        m.resource_name = r.string(flexible)?;
        m.configuration_keys = r.nullable_array(flexible, 1, |r| r.string(flexible))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribeConfigsResource<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        w.i8(self.resource_type);
        w.string(flexible, &self.resource_name)?;
        w.nullable_array(flexible, self.configuration_keys.as_deref(), |w, v| {
            w.string(flexible, v)
        })?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

/// Versions 1-4, flexible from 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeConfigsResponse<'a> {
    pub throttle_time_ms: i32,
    pub results: Vec<DescribeConfigsResult<'a>>,
}

impl<'a> Decode<'a> for DescribeConfigsResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=4).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 4;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.results = r.array(flexible, 7, |r| DescribeConfigsResult::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribeConfigsResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        w.i32(self.throttle_time_ms);
        w.array(flexible, &self.results, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsResult<'a> {
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
    pub resource_type: i8,
    pub resource_name: Cow<'a, str>,
    pub configs: Vec<DescribeConfigsResourceResult<'a>>,
}

impl Default for DescribeConfigsResult<'_> {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            error_message: Some(Cow::Borrowed("")),
            resource_type: 0,
            resource_name: Cow::Borrowed(""),
            configs: Vec::new(),
        }
    }
}

impl<'a> Decode<'a> for DescribeConfigsResult<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let mut m = Self::default();
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(flexible)?;
        m.resource_type = r.i8()?;
        m.resource_name = r.string(flexible)?;
        m.configs = r.array(flexible, 9, |r| {
            DescribeConfigsResourceResult::decode(r, version)
        })?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribeConfigsResult<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        w.i16(self.error_code.0);
        w.nullable_string(flexible, self.error_message.as_deref())?;
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
pub struct DescribeConfigsResourceResult<'a> {
    pub name: Cow<'a, str>,
    pub value: Option<Cow<'a, str>>,
    pub read_only: bool,
    pub config_source: i8,
    pub is_sensitive: bool,
    pub synonyms: Vec<DescribeConfigsSynonym<'a>>,
    /// versions 3+, else ignored
    pub config_type: i8,
    /// versions 3+, else ignored
    pub documentation: Option<Cow<'a, str>>,
}

impl Default for DescribeConfigsResourceResult<'_> {
    fn default() -> Self {
        Self {
            name: Cow::Borrowed(""),
            value: Some(Cow::Borrowed("")),
            read_only: false,
            config_source: -1,
            is_sensitive: false,
            synonyms: Vec::new(),
            config_type: 0,
            documentation: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Decode<'a> for DescribeConfigsResourceResult<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let mut m = Self::default();
        m.name = r.string(flexible)?;
        m.value = r.nullable_string(flexible)?;
        m.read_only = r.bool()?;
        m.config_source = r.i8()?;
        m.is_sensitive = r.bool()?;
        m.synonyms = r.array(flexible, 4, |r| DescribeConfigsSynonym::decode(r, version))?;
        if version >= 3 {
            m.config_type = r.i8()?;
            m.documentation = r.nullable_string(flexible)?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribeConfigsResourceResult<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        w.string(flexible, &self.name)?;
        w.nullable_string(flexible, self.value.as_deref())?;
        w.bool(self.read_only);
        w.i8(self.config_source);
        w.bool(self.is_sensitive);
        w.array(flexible, &self.synonyms, |w, v| v.encode(w, version))?;
        if version >= 3 {
            w.i8(self.config_type);
        }
        if version >= 3 {
            w.nullable_string(flexible, self.documentation.as_deref())?;
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsSynonym<'a> {
    pub name: Cow<'a, str>,
    pub value: Option<Cow<'a, str>>,
    pub source: i8,
}

impl Default for DescribeConfigsSynonym<'_> {
    fn default() -> Self {
        Self {
            name: Cow::Borrowed(""),
            value: Some(Cow::Borrowed("")),
            source: 0,
        }
    }
}

impl<'a> Decode<'a> for DescribeConfigsSynonym<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let mut m = Self::default();
        m.name = r.string(flexible)?;
        m.value = r.nullable_string(flexible)?;
        m.source = r.i8()?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribeConfigsSynonym<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        w.string(flexible, &self.name)?;
        w.nullable_string(flexible, self.value.as_deref())?;
        w.i8(self.source);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
