//! DescribeDelegationToken (key 41), made from `schema/describe_delegation_token.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 1-3, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeDelegationTokenRequest<'a> {
    pub owners: Option<Vec<DescribeDelegationTokenOwner<'a>>>,
}

impl Default for DescribeDelegationTokenRequest<'_> {
    fn default() -> Self {
        Self {
            owners: Some(Vec::new()),
        }
    }
}

impl<'a> Decode<'a> for DescribeDelegationTokenRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=3).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let mut m = Self::default();
        m.owners = r.nullable_array(flexible, 3, |r| {
            DescribeDelegationTokenOwner::decode(r, version)
        })?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribeDelegationTokenRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        w.nullable_array(flexible, self.owners.as_deref(), |w, v| {
            v.encode(w, version)
        })?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for DescribeDelegationTokenRequest<'_> {
    const KEY: ApiKey = ApiKey(41);
    type Response<'r> = DescribeDelegationTokenResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeDelegationTokenOwner<'a> {
    pub principal_type: Cow<'a, str>,
    pub principal_name: Cow<'a, str>,
}

impl<'a> Decode<'a> for DescribeDelegationTokenOwner<'a> {
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

impl Encode for DescribeDelegationTokenOwner<'_> {
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
pub struct DescribeDelegationTokenResponse<'a> {
    pub error_code: ErrorCode,
    pub tokens: Vec<DescribedDelegationToken<'a>>,
    pub throttle_time_ms: i32,
}

impl<'a> Decode<'a> for DescribeDelegationTokenResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=3).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let mut m = Self::default();
        m.error_code = ErrorCode(r.i16()?);
        m.tokens = r.array(flexible, 30, |r| {
            DescribedDelegationToken::decode(r, version)
        })?;
        m.throttle_time_ms = r.i32()?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribeDelegationTokenResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        w.i16(self.error_code.0);
        w.array(flexible, &self.tokens, |w, v| v.encode(w, version))?;
        w.i32(self.throttle_time_ms);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribedDelegationToken<'a> {
    pub principal_type: Cow<'a, str>,
    pub principal_name: Cow<'a, str>,
    /// versions 3+
    pub token_requester_principal_type: Cow<'a, str>,
    /// versions 3+
    pub token_requester_principal_name: Cow<'a, str>,
    pub issue_timestamp: i64,
    pub expiry_timestamp: i64,
    pub max_timestamp: i64,
    pub token_id: Cow<'a, str>,
    pub hmac: Cow<'a, [u8]>,
    pub renewers: Vec<DescribedDelegationTokenRenewer<'a>>,
}

impl<'a> Decode<'a> for DescribedDelegationToken<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let mut m = Self::default();
        m.principal_type = r.string(flexible)?;
        m.principal_name = r.string(flexible)?;
        if version >= 3 {
            m.token_requester_principal_type = r.string(flexible)?;
            m.token_requester_principal_name = r.string(flexible)?;
        }
        m.issue_timestamp = r.i64()?;
        m.expiry_timestamp = r.i64()?;
        m.max_timestamp = r.i64()?;
        m.token_id = r.string(flexible)?;
        m.hmac = r.bytes(flexible)?;
        m.renewers = r.array(flexible, 3, |r| {
            DescribedDelegationTokenRenewer::decode(r, version)
        })?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribedDelegationToken<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
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
        w.i64(self.issue_timestamp);
        w.i64(self.expiry_timestamp);
        w.i64(self.max_timestamp);
        w.string(flexible, &self.token_id)?;
        w.bytes(flexible, &self.hmac)?;
        w.array(flexible, &self.renewers, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribedDelegationTokenRenewer<'a> {
    pub principal_type: Cow<'a, str>,
    pub principal_name: Cow<'a, str>,
}

impl<'a> Decode<'a> for DescribedDelegationTokenRenewer<'a> {
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

impl Encode for DescribedDelegationTokenRenewer<'_> {
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
