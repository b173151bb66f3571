//! SaslHandshake (key 17), made from `schema/sasl_handshake.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-1, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SaslHandshakeRequest<'a> {
    pub mechanism: Cow<'a, str>,
}

impl<'a> Decode<'a> for SaslHandshakeRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.mechanism = r.string(false)?;
        Ok(m)
    }
}

impl Encode for SaslHandshakeRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(false, &self.mechanism)?;
        Ok(())
    }
}

impl Request for SaslHandshakeRequest<'_> {
    const KEY: ApiKey = ApiKey(17);
    type Response<'r> = SaslHandshakeResponse<'r>;
}

/// Versions 0-1, never flexible.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SaslHandshakeResponse<'a> {
    pub error_code: ErrorCode,
    pub mechanisms: Vec<Cow<'a, str>>,
}

impl<'a> Decode<'a> for SaslHandshakeResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.error_code = ErrorCode(r.i16()?);
        m.mechanisms = r.array(false, 2, |r| r.string(false))?;
        Ok(m)
    }
}

impl Encode for SaslHandshakeResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i16(self.error_code.0);
        w.array(false, &self.mechanisms, |w, v| w.string(false, v))?;
        Ok(())
    }
}
