//! ListTransactions (key 66), made from `schema/list_transactions.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ListTransactionsRequest<'a> {
    pub state_filters: Vec<Cow<'a, str>>,
    pub producer_id_filters: Vec<i64>,
    /// versions 1+
    pub duration_filter: i64,
    /// versions 2+
    pub transactional_id_pattern: Option<Cow<'a, str>>,
}

impl Default for ListTransactionsRequest<'_> {
    fn default() -> Self {
        Self {
            state_filters: Vec::new(),
            producer_id_filters: Vec::new(),
            duration_filter: -1,
            transactional_id_pattern: None,
        }
    }
}

impl<'a> Decode<'a> for ListTransactionsRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.state_filters = r.array(true, 1, |r| r.string(true))?;
        m.producer_id_filters = r.array(true, 8, |r| r.i64())?;
        if version >= 1 {
            m.duration_filter = r.i64()?;
        }
        if version >= 2 {
            m.transactional_id_pattern = r.nullable_string(true)?;
        }
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for ListTransactionsRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.array(true, &self.state_filters, |w, v| w.string(true, v))?;
        w.array(true, &self.producer_id_filters, |w, v| {
            w.i64(*v);
            Ok(())
        })?;
        if version >= 1 {
            w.i64(self.duration_filter);
        } else if self.duration_filter != -1 {
            return Err(EncodeError::Absent {
                field: "duration_filter",
                version,
            });
        }
        if version >= 2 {
            w.nullable_string(true, self.transactional_id_pattern.as_deref())?;
        } else if self.transactional_id_pattern.is_some() {
            return Err(EncodeError::Absent {
                field: "transactional_id_pattern",
                version,
            });
        }
        w.tags();
        Ok(())
    }
}

impl Request for ListTransactionsRequest<'_> {
    const KEY: ApiKey = ApiKey(66);
    type Response<'r> = ListTransactionsResponse<'r>;
}

/// Versions 0-2, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListTransactionsResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub unknown_state_filters: Vec<Cow<'a, str>>,
    pub transaction_states: Vec<TransactionState<'a>>,
}

impl<'a> Decode<'a> for ListTransactionsResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        m.unknown_state_filters = r.array(true, 1, |r| r.string(true))?;
        m.transaction_states = r.array(true, 11, |r| TransactionState::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for ListTransactionsResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code.0);
        w.array(true, &self.unknown_state_filters, |w, v| w.string(true, v))?;
        w.array(true, &self.transaction_states, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransactionState<'a> {
    pub transactional_id: Cow<'a, str>,
    pub producer_id: i64,
    pub transaction_state: Cow<'a, str>,
}

impl<'a> Decode<'a> for TransactionState<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.transactional_id = r.string(true)?;
        m.producer_id = r.i64()?;
        m.transaction_state = r.string(true)?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for TransactionState<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.transactional_id)?;
        w.i64(self.producer_id);
        w.string(true, &self.transaction_state)?;
        w.tags();
        Ok(())
    }
}
