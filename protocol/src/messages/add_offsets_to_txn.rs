//! AddOffsetsToTxn (key 25), made from `schema/add_offsets_to_txn.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-4, flexible from 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddOffsetsToTxnRequest<'a> {
    pub transactional_id: Cow<'a, str>,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub group_id: Cow<'a, str>,
}

impl<'a> Decode<'a> for AddOffsetsToTxnRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=4).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let mut m = Self::default();
        m.transactional_id = r.string(flexible)?;
        m.producer_id = r.i64()?;
        m.producer_epoch = r.i16()?;
        m.group_id = r.string(flexible)?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for AddOffsetsToTxnRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        w.string(flexible, &self.transactional_id)?;
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.string(flexible, &self.group_id)?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for AddOffsetsToTxnRequest<'_> {
    const KEY: ApiKey = ApiKey(25);
    type Response<'r> = AddOffsetsToTxnResponse;
}

/// Versions 0-4, flexible from 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddOffsetsToTxnResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
}

impl Decode<'_> for AddOffsetsToTxnResponse {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=4).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for AddOffsetsToTxnResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code.0);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
