//! DescribeAcls (key 29), made from `schema/describe_acls.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 1-3, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeAclsRequest<'a> {
    pub resource_type_filter: i8,
    pub resource_name_filter: Option<Cow<'a, str>>,
    pub pattern_type_filter: i8,
    pub principal_filter: Option<Cow<'a, str>>,
    pub host_filter: Option<Cow<'a, str>>,
    pub operation: i8,
    pub permission_type: i8,
}

impl Default for DescribeAclsRequest<'_> {
    fn default() -> Self {
        Self {
            resource_type_filter: 0,
            resource_name_filter: Some(Cow::Borrowed("")),
            pattern_type_filter: 3,
            principal_filter: Some(Cow::Borrowed("")),
            host_filter: Some(Cow::Borrowed("")),
            operation: 0,
            permission_type: 0,
        }
    }
}

impl<'a> Decode<'a> for DescribeAclsRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=3).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let mut m = Self::default();
        m.resource_type_filter = r.i8()?;
        m.resource_name_filter = r.nullable_string(flexible)?;
        m.pattern_type_filter = r.i8()?;
        m.principal_filter = r.nullable_string(flexible)?;
        m.host_filter = r.nullable_string(flexible)?;
        m.operation = r.i8()?;
        m.permission_type = r.i8()?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribeAclsRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        w.i8(self.resource_type_filter);
        w.nullable_string(flexible, self.resource_name_filter.as_deref())?;
        w.i8(self.pattern_type_filter);
        w.nullable_string(flexible, self.principal_filter.as_deref())?;
        w.nullable_string(flexible, self.host_filter.as_deref())?;
        w.i8(self.operation);
        w.i8(self.permission_type);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for DescribeAclsRequest<'_> {
    const KEY: ApiKey = ApiKey(29);
    type Response<'r> = DescribeAclsResponse<'r>;
}

/// Versions 1-3, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeAclsResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
    pub resources: Vec<DescribeAclsResource<'a>>,
}

impl Default for DescribeAclsResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            error_message: Some(Cow::Borrowed("")),
            resources: Vec::new(),
        }
    }
}

impl<'a> Decode<'a> for DescribeAclsResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=3).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(flexible)?;
        m.resources = r.array(flexible, 5, |r| DescribeAclsResource::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribeAclsResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code.0);
        w.nullable_string(flexible, self.error_message.as_deref())?;
        w.array(flexible, &self.resources, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeAclsResource<'a> {
    pub resource_type: i8,
    pub resource_name: Cow<'a, str>,
    pub pattern_type: i8,
    pub acls: Vec<AclDescription<'a>>,
}

impl Default for DescribeAclsResource<'_> {
    fn default() -> Self {
        Self {
            resource_type: 0,
            resource_name: Cow::Borrowed(""),
            pattern_type: 3,
            acls: Vec::new(),
        }
    }
}

impl<'a> Decode<'a> for DescribeAclsResource<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let mut m = Self::default();
        m.resource_type = r.i8()?;
        m.resource_name = r.string(flexible)?;
        m.pattern_type = r.i8()?;
        m.acls = r.array(flexible, 5, |r| AclDescription::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribeAclsResource<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        w.i8(self.resource_type);
        w.string(flexible, &self.resource_name)?;
        w.i8(self.pattern_type);
        w.array(flexible, &self.acls, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AclDescription<'a> {
    pub principal: Cow<'a, str>,
    pub host: Cow<'a, str>,
    pub operation: i8,
    pub permission_type: i8,
}

impl<'a> Decode<'a> for AclDescription<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let mut m = Self::default();
        m.principal = r.string(flexible)?;
        m.host = r.string(flexible)?;
        m.operation = r.i8()?;
        m.permission_type = r.i8()?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for AclDescription<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        w.string(flexible, &self.principal)?;
        w.string(flexible, &self.host)?;
        w.i8(self.operation);
        w.i8(self.permission_type);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
