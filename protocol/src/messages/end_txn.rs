//! EndTxn (key 26), made from `schema/end_txn.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-5, flexible from 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndTxnRequest<'a> {
    pub transactional_id: Cow<'a, str>,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub committed: bool,
}

impl<'a> Decode<'a> for EndTxnRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let mut m = Self::default();
        m.transactional_id = r.string(flexible)?;
        m.producer_id = r.i64()?;
        m.producer_epoch = r.i16()?;
        m.committed = r.bool()?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for EndTxnRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        w.string(flexible, &self.transactional_id)?;
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.bool(self.committed);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for EndTxnRequest<'_> {
    const KEY: ApiKey = ApiKey(26);
    type Response<'r> = EndTxnResponse;
}

/// Versions 0-5, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct EndTxnResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// versions 5+, else ignored
    pub producer_id: i64,
    /// versions 5+, else ignored
    pub producer_epoch: i16,
}

impl Default for EndTxnResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            producer_id: -1,
            producer_epoch: -1,
        }
    }
}

impl Decode<'_> for EndTxnResponse {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        if version >= 5 {
            m.producer_id = r.i64()?;
            m.producer_epoch = r.i16()?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for EndTxnResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code.0);
        if version >= 5 {
            w.i64(self.producer_id);
        }
        if version >= 5 {
            w.i16(self.producer_epoch);
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
