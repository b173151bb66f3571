//! InitProducerId (key 22), made from `schema/init_producer_id.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-6, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct InitProducerIdRequest<'a> {
    pub transactional_id: Option<Cow<'a, str>>,
    pub transaction_timeout_ms: i32,
    /// versions 3+
    pub producer_id: i64,
    /// versions 3+
    pub producer_epoch: i16,
    /// versions 6+
    pub enable2_pc: bool,
    /// versions 6+
    pub keep_prepared_txn: bool,
}

impl Default for InitProducerIdRequest<'_> {
    fn default() -> Self {
        Self {
            transactional_id: Some(Cow::Borrowed("")),
            transaction_timeout_ms: 0,
            producer_id: -1,
            producer_epoch: -1,
            enable2_pc: false,
            keep_prepared_txn: false,
        }
    }
}

impl<'a> Decode<'a> for InitProducerIdRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=6).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let mut m = Self::default();
        m.transactional_id = r.nullable_string(flexible)?;
        m.transaction_timeout_ms = r.i32()?;
        if version >= 3 {
            m.producer_id = r.i64()?;
            m.producer_epoch = r.i16()?;
        }
        if version >= 6 {
            m.enable2_pc = r.bool()?;
            m.keep_prepared_txn = r.bool()?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for InitProducerIdRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=6).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        w.nullable_string(flexible, self.transactional_id.as_deref())?;
        w.i32(self.transaction_timeout_ms);
        if version >= 3 {
            w.i64(self.producer_id);
        } else if self.producer_id != -1 {
            return Err(EncodeError::Absent {
                field: "producer_id",
                version,
            });
        }
        if version >= 3 {
            w.i16(self.producer_epoch);
        } else if self.producer_epoch != -1 {
            return Err(EncodeError::Absent {
                field: "producer_epoch",
                version,
            });
        }
        if version >= 6 {
            w.bool(self.enable2_pc);
        } else if self.enable2_pc {
            return Err(EncodeError::Absent {
                field: "enable2_pc",
                version,
            });
        }
        if version >= 6 {
            w.bool(self.keep_prepared_txn);
        } else if self.keep_prepared_txn {
            return Err(EncodeError::Absent {
                field: "keep_prepared_txn",
                version,
            });
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for InitProducerIdRequest<'_> {
    const KEY: ApiKey = ApiKey(22);
    type Response<'r> = InitProducerIdResponse;
}

/// Versions 0-6, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct InitProducerIdResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub producer_id: i64,
    pub producer_epoch: i16,
    /// versions 6+
    pub ongoing_txn_producer_id: i64,
    /// versions 6+
    pub ongoing_txn_producer_epoch: i16,
}

impl Default for InitProducerIdResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            producer_id: -1,
            producer_epoch: 0,
            ongoing_txn_producer_id: -1,
            ongoing_txn_producer_epoch: -1,
        }
    }
}

impl Decode<'_> for InitProducerIdResponse {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=6).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        m.producer_id = r.i64()?;
        m.producer_epoch = r.i16()?;
        if version >= 6 {
            m.ongoing_txn_producer_id = r.i64()?;
            m.ongoing_txn_producer_epoch = r.i16()?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for InitProducerIdResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=6).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code.0);
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        if version >= 6 {
            w.i64(self.ongoing_txn_producer_id);
        } else if self.ongoing_txn_producer_id != -1 {
            return Err(EncodeError::Absent {
                field: "ongoing_txn_producer_id",
                version,
            });
        }
        if version >= 6 {
            w.i16(self.ongoing_txn_producer_epoch);
        } else if self.ongoing_txn_producer_epoch != -1 {
            return Err(EncodeError::Absent {
                field: "ongoing_txn_producer_epoch",
                version,
            });
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
