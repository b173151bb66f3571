//! DeleteAcls (key 31), made from `schema/delete_acls.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 1-3, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteAclsRequest<'a> {
    pub filters: Vec<DeleteAclsFilter<'a>>,
}

impl<'a> Decode<'a> for DeleteAclsRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=3).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let mut m = Self::default();
        m.filters = r.array(flexible, 8, |r| DeleteAclsFilter::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DeleteAclsRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        w.array(flexible, &self.filters, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for DeleteAclsRequest<'_> {
    const KEY: ApiKey = ApiKey(31);
    type Response<'r> = DeleteAclsResponse<'r>;
}

#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsFilter<'a> {
    pub resource_type_filter: i8,
    pub resource_name_filter: Option<Cow<'a, str>>,
    pub pattern_type_filter: i8,
    pub principal_filter: Option<Cow<'a, str>>,
    pub host_filter: Option<Cow<'a, str>>,
    pub operation: i8,
    pub permission_type: i8,
}

impl Default for DeleteAclsFilter<'_> {
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

impl<'a> Decode<'a> for DeleteAclsFilter<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
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

impl Encode for DeleteAclsFilter<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
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

/// Versions 1-3, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteAclsResponse<'a> {
    pub throttle_time_ms: i32,
    pub filter_results: Vec<DeleteAclsFilterResult<'a>>,
}

impl<'a> Decode<'a> for DeleteAclsResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=3).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.filter_results = r.array(flexible, 5, |r| DeleteAclsFilterResult::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DeleteAclsResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        w.i32(self.throttle_time_ms);
        w.array(flexible, &self.filter_results, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsFilterResult<'a> {
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
    pub matching_acls: Vec<DeleteAclsMatchingAcl<'a>>,
}

impl Default for DeleteAclsFilterResult<'_> {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            error_message: Some(Cow::Borrowed("")),
            matching_acls: Vec::new(),
        }
    }
}

impl<'a> Decode<'a> for DeleteAclsFilterResult<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let mut m = Self::default();
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(flexible)?;
        m.matching_acls = r.array(flexible, 11, |r| DeleteAclsMatchingAcl::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DeleteAclsFilterResult<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        w.i16(self.error_code.0);
        w.nullable_string(flexible, self.error_message.as_deref())?;
        w.array(flexible, &self.matching_acls, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsMatchingAcl<'a> {
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
    pub resource_type: i8,
    pub resource_name: Cow<'a, str>,
    pub pattern_type: i8,
    pub principal: Cow<'a, str>,
    pub host: Cow<'a, str>,
    pub operation: i8,
    pub permission_type: i8,
}

impl Default for DeleteAclsMatchingAcl<'_> {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            error_message: Some(Cow::Borrowed("")),
            resource_type: 0,
            resource_name: Cow::Borrowed(""),
            pattern_type: 3,
            principal: Cow::Borrowed(""),
            host: Cow::Borrowed(""),
            operation: 0,
            permission_type: 0,
        }
    }
}

impl<'a> Decode<'a> for DeleteAclsMatchingAcl<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let mut m = Self::default();
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(flexible)?;
        m.resource_type = r.i8()?;
        m.resource_name = r.string(flexible)?;
        m.pattern_type = r.i8()?;
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

impl Encode for DeleteAclsMatchingAcl<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        w.i16(self.error_code.0);
        w.nullable_string(flexible, self.error_message.as_deref())?;
        w.i8(self.resource_type);
        w.string(flexible, &self.resource_name)?;
        w.i8(self.pattern_type);
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
