//! CreateDelegationToken (key 38), made from `schema/create_delegation_token.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 1-3, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateDelegationTokenRequest<'a> {
    /// versions 3+
    pub owner_principal_type: Option<Cow<'a, str>>,
    /// versions 3+
    pub owner_principal_name: Option<Cow<'a, str>>,
    pub renewers: Vec<CreatableRenewers<'a>>,
    pub max_lifetime_ms: i64,
}

impl Default for CreateDelegationTokenRequest<'_> {
    fn default() -> Self {
        Self {
            owner_principal_type: Some(Cow::Borrowed("")),
            owner_principal_name: Some(Cow::Borrowed("")),
            renewers: Vec::new(),
            max_lifetime_ms: 0,
        }
    }
}

impl<'a> Decode<'a> for CreateDelegationTokenRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=3).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let mut m = Self::default();
        if version >= 3 {
            m.owner_principal_type = r.nullable_string(flexible)?;
            m.owner_principal_name = r.nullable_string(flexible)?;
        }
        m.renewers = r.array(flexible, 3, |r| CreatableRenewers::decode(r, version))?;
        m.max_lifetime_ms = r.i64()?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for CreateDelegationTokenRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        if version >= 3 {
            w.nullable_string(flexible, self.owner_principal_type.as_deref())?;
        } else if self.owner_principal_type.as_deref() != Some("") {
            return Err(EncodeError::Absent {
                field: "owner_principal_type",
                version,
            });
        }
        if version >= 3 {
            w.nullable_string(flexible, self.owner_principal_name.as_deref())?;
        } else if self.owner_principal_name.as_deref() != Some("") {
            return Err(EncodeError::Absent {
                field: "owner_principal_name",
                version,
            });
        }
        w.array(flexible, &self.renewers, |w, v| v.encode(w, version))?;
        w.i64(self.max_lifetime_ms);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for CreateDelegationTokenRequest<'_> {
    const KEY: ApiKey = ApiKey(38);
    type Response<'r> = CreateDelegationTokenResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatableRenewers<'a> {
    pub principal_type: Cow<'a, str>,
    pub principal_name: Cow<'a, str>,
}

impl<'a> Decode<'a> for CreatableRenewers<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let mut m = Self::default();
        m.principal_type = r.string(flexible)?;
        m.principal_name = r.string(flexible)?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for CreatableRenewers<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        w.string(flexible, &self.principal_type)?;
        w.string(flexible, &self.principal_name)?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

/// Versions 1-3, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateDelegationTokenResponse<'a> {
    pub error_code: ErrorCode,
    pub principal_type: Cow<'a, str>,
    pub principal_name: Cow<'a, str>,
    /// versions 3+
    pub token_requester_principal_type: Cow<'a, str>,
    /// versions 3+
    pub token_requester_principal_name: Cow<'a, str>,
    pub issue_timestamp_ms: i64,
    pub expiry_timestamp_ms: i64,
    pub max_timestamp_ms: i64,
    pub token_id: Cow<'a, str>,
    pub hmac: Cow<'a, [u8]>,
    pub throttle_time_ms: i32,
}

impl<'a> Decode<'a> for CreateDelegationTokenResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=3).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let mut m = Self::default();
        m.error_code = ErrorCode(r.i16()?);
        m.principal_type = r.string(flexible)?;
        m.principal_name = r.string(flexible)?;
        if version >= 3 {
            m.token_requester_principal_type = r.string(flexible)?;
            m.token_requester_principal_name = r.string(flexible)?;
        }
        m.issue_timestamp_ms = r.i64()?;
        m.expiry_timestamp_ms = r.i64()?;
        m.max_timestamp_ms = r.i64()?;
        m.token_id = r.string(flexible)?;
        m.hmac = r.bytes(flexible)?;
        m.throttle_time_ms = r.i32()?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for CreateDelegationTokenResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        w.i16(self.error_code.0);
        w.string(flexible, &self.principal_type)?;
        w.string(flexible, &self.principal_name)?;
        if version >= 3 {
            w.string(flexible, &self.token_requester_principal_type)?;
        } else if !self.token_requester_principal_type.is_empty() {
            return Err(EncodeError::Absent {
                field: "token_requester_principal_type",
                version,
            });
        }
        if version >= 3 {
            w.string(flexible, &self.token_requester_principal_name)?;
        } else if !self.token_requester_principal_name.is_empty() {
            return Err(EncodeError::Absent {
                field: "token_requester_principal_name",
                version,
            });
        }
        w.i64(self.issue_timestamp_ms);
        w.i64(self.expiry_timestamp_ms);
        w.i64(self.max_timestamp_ms);
        w.string(flexible, &self.token_id)?;
        w.bytes(flexible, &self.hmac)?;
        w.i32(self.throttle_time_ms);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
