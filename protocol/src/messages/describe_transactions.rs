//! DescribeTransactions (key 65), made from `schema/describe_transactions.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeTransactionsRequest<'a> {
    pub transactional_ids: Vec<Cow<'a, str>>,
}

impl<'a> Decode<'a> for DescribeTransactionsRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.transactional_ids = r.array(true, 1, |r| r.string(true))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for DescribeTransactionsRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.array(true, &self.transactional_ids, |w, v| w.string(true, v))?;
        w.tags();
        Ok(())
    }
}

impl Request for DescribeTransactionsRequest<'_> {
    const KEY: ApiKey = ApiKey(65);
    type Response<'r> = DescribeTransactionsResponse<'r>;
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeTransactionsResponse<'a> {
    pub throttle_time_ms: i32,
    pub transaction_states: Vec<TransactionState<'a>>,
}

impl<'a> Decode<'a> for DescribeTransactionsResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.transaction_states = r.array(true, 28, |r| TransactionState::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for DescribeTransactionsResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.throttle_time_ms);
        w.array(true, &self.transaction_states, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransactionState<'a> {
    pub error_code: ErrorCode,
    pub transactional_id: Cow<'a, str>,
    pub transaction_state: Cow<'a, str>,
    pub transaction_timeout_ms: i32,
    pub transaction_start_time_ms: i64,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub topics: Vec<TopicData<'a>>,
}

impl<'a> Decode<'a> for TransactionState<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.error_code = ErrorCode(r.i16()?);
        m.transactional_id = r.string(true)?;
        m.transaction_state = r.string(true)?;
        m.transaction_timeout_ms = r.i32()?;
        m.transaction_start_time_ms = r.i64()?;
        m.producer_id = r.i64()?;
        m.producer_epoch = r.i16()?;
        m.topics = r.array(true, 3, |r| TopicData::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for TransactionState<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.i16(self.error_code.0);
        w.string(true, &self.transactional_id)?;
        w.string(true, &self.transaction_state)?;
        w.i32(self.transaction_timeout_ms);
        w.i64(self.transaction_start_time_ms);
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.array(true, &self.topics, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicData<'a> {
    pub topic: Cow<'a, str>,
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for TopicData<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic = r.string(true)?;
        m.partitions = r.array(true, 4, |r| r.i32())?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for TopicData<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.topic)?;
        w.array(true, &self.partitions, |w, v| {
            w.i32(*v);
            Ok(())
        })?;
        w.tags();
        Ok(())
    }
}
