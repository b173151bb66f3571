//! RenewDelegationToken (key 39), made from `schema/renew_delegation_token.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 1-2, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RenewDelegationTokenRequest<'a> {
    pub hmac: Cow<'a, [u8]>,
    pub renew_period_ms: i64,
}

impl<'a> Decode<'a> for RenewDelegationTokenRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let mut m = Self::default();
        m.hmac = r.bytes(flexible)?;
        m.renew_period_ms = r.i64()?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for RenewDelegationTokenRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        w.bytes(flexible, &self.hmac)?;
        w.i64(self.renew_period_ms);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for RenewDelegationTokenRequest<'_> {
    const KEY: ApiKey = ApiKey(39);
    type Response<'r> = RenewDelegationTokenResponse;
}

/// Versions 1-2, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RenewDelegationTokenResponse {
    pub error_code: ErrorCode,
    pub expiry_timestamp_ms: i64,
    pub throttle_time_ms: i32,
}

impl Decode<'_> for RenewDelegationTokenResponse {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let mut m = Self::default();
        m.error_code = ErrorCode(r.i16()?);
        m.expiry_timestamp_ms = r.i64()?;
        m.throttle_time_ms = r.i32()?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for RenewDelegationTokenResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        w.i16(self.error_code.0);
        w.i64(self.expiry_timestamp_ms);
        w.i32(self.throttle_time_ms);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
