//! SaslAuthenticate (key 36), made from `schema/sasl_authenticate.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-2, flexible from 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SaslAuthenticateRequest<'a> {
    pub auth_bytes: Cow<'a, [u8]>,
}

impl<'a> Decode<'a> for SaslAuthenticateRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let mut m = Self::default();
        m.auth_bytes = r.bytes(flexible)?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for SaslAuthenticateRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        w.bytes(flexible, &self.auth_bytes)?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for SaslAuthenticateRequest<'_> {
    const KEY: ApiKey = ApiKey(36);
    type Response<'r> = SaslAuthenticateResponse<'r>;
}

/// Versions 0-2, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct SaslAuthenticateResponse<'a> {
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
    pub auth_bytes: Cow<'a, [u8]>,
    /// versions 1+, else ignored
    pub session_lifetime_ms: i64,
}

impl Default for SaslAuthenticateResponse<'_> {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            error_message: Some(Cow::Borrowed("")),
            auth_bytes: Cow::Borrowed(&[]),
            session_lifetime_ms: 0,
        }
    }
}

impl<'a> Decode<'a> for SaslAuthenticateResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let mut m = Self::default();
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(flexible)?;
        m.auth_bytes = r.bytes(flexible)?;
        if version >= 1 {
            m.session_lifetime_ms = r.i64()?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for SaslAuthenticateResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        w.i16(self.error_code.0);
        w.nullable_string(flexible, self.error_message.as_deref())?;
        w.bytes(flexible, &self.auth_bytes)?;
        if version >= 1 {
            w.i64(self.session_lifetime_ms);
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
