//! AddPartitionsToTxn (key 24), made from `schema/add_partitions_to_txn.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-5, flexible from 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnRequest<'a> {
    /// versions 4+
    pub transactions: Vec<AddPartitionsToTxnTransaction<'a>>,
    /// versions 0-3
    pub v3_and_below_transactional_id: Cow<'a, str>,
    /// versions 0-3
    pub v3_and_below_producer_id: i64,
    /// versions 0-3
    pub v3_and_below_producer_epoch: i16,
    /// versions 0-3
    pub v3_and_below_topics: Vec<AddPartitionsToTxnTopic<'a>>,
}

impl<'a> Decode<'a> for AddPartitionsToTxnRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let mut m = Self::default();
        if version >= 4 {
            m.transactions = r.array(flexible, 14, |r| {
                AddPartitionsToTxnTransaction::decode(r, version)
            })?;
        }
        if version <= 3 {
            m.v3_and_below_transactional_id = r.string(flexible)?;
            m.v3_and_below_producer_id = r.i64()?;
            m.v3_and_below_producer_epoch = r.i16()?;
            m.v3_and_below_topics =
                r.array(flexible, 3, |r| AddPartitionsToTxnTopic::decode(r, version))?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for AddPartitionsToTxnRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        if version >= 4 {
            w.array(flexible, &self.transactions, |w, v| v.encode(w, version))?;
        } else if !self.transactions.is_empty() {
            return Err(EncodeError::Absent {
                field: "transactions",
                version,
            });
        }
        if version <= 3 {
            w.string(flexible, &self.v3_and_below_transactional_id)?;
        } else if !self.v3_and_below_transactional_id.is_empty() {
            return Err(EncodeError::Absent {
                field: "v3_and_below_transactional_id",
                version,
            });
        }
        if version <= 3 {
            w.i64(self.v3_and_below_producer_id);
        } else if self.v3_and_below_producer_id != 0 {
            return Err(EncodeError::Absent {
                field: "v3_and_below_producer_id",
                version,
            });
        }
        if version <= 3 {
            w.i16(self.v3_and_below_producer_epoch);
        } else if self.v3_and_below_producer_epoch != 0 {
            return Err(EncodeError::Absent {
                field: "v3_and_below_producer_epoch",
                version,
            });
        }
        if version <= 3 {
            w.array(flexible, &self.v3_and_below_topics, |w, v| {
                v.encode(w, version)
            })?;
        } else if !self.v3_and_below_topics.is_empty() {
            return Err(EncodeError::Absent {
                field: "v3_and_below_topics",
                version,
            });
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for AddPartitionsToTxnRequest<'_> {
    const KEY: ApiKey = ApiKey(24);
    type Response<'r> = AddPartitionsToTxnResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnTransaction<'a> {
    pub transactional_id: Cow<'a, str>,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub verify_only: bool,
    pub topics: Vec<AddPartitionsToTxnTopic<'a>>,
}

impl<'a> Decode<'a> for AddPartitionsToTxnTransaction<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.transactional_id = r.string(true)?;
        m.producer_id = r.i64()?;
        m.producer_epoch = r.i16()?;
        m.verify_only = r.bool()?;
        m.topics = r.array(true, 3, |r| AddPartitionsToTxnTopic::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for AddPartitionsToTxnTransaction<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.transactional_id)?;
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.bool(self.verify_only);
        w.array(true, &self.topics, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

/// Versions 0-5, flexible from 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnResponse<'a> {
    pub throttle_time_ms: i32,
    /// versions 4+, else ignored
    pub error_code: ErrorCode,
    /// versions 4+
    pub results_by_transaction: Vec<AddPartitionsToTxnResult<'a>>,
    /// versions 0-3
    pub results_by_topic_v3_and_below: Vec<AddPartitionsToTxnTopicResult<'a>>,
}

impl<'a> Decode<'a> for AddPartitionsToTxnResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        if version >= 4 {
            m.error_code = ErrorCode(r.i16()?);
            m.results_by_transaction = r.array(flexible, 3, |r| {
                AddPartitionsToTxnResult::decode(r, version)
            })?;
        }
        if version <= 3 {
            m.results_by_topic_v3_and_below = r.array(flexible, 3, |r| {
                AddPartitionsToTxnTopicResult::decode(r, version)
            })?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for AddPartitionsToTxnResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        w.i32(self.throttle_time_ms);
        if version >= 4 {
            w.i16(self.error_code.0);
        }
        if version >= 4 {
            w.array(flexible, &self.results_by_transaction, |w, v| {
                v.encode(w, version)
            })?;
        } else if !self.results_by_transaction.is_empty() {
            return Err(EncodeError::Absent {
                field: "results_by_transaction",
                version,
            });
        }
        if version <= 3 {
            w.array(flexible, &self.results_by_topic_v3_and_below, |w, v| {
                v.encode(w, version)
            })?;
        } else if !self.results_by_topic_v3_and_below.is_empty() {
            return Err(EncodeError::Absent {
                field: "results_by_topic_v3_and_below",
                version,
            });
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnResult<'a> {
    pub transactional_id: Cow<'a, str>,
    pub topic_results: Vec<AddPartitionsToTxnTopicResult<'a>>,
}

impl<'a> Decode<'a> for AddPartitionsToTxnResult<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.transactional_id = r.string(true)?;
        m.topic_results = r.array(true, 3, |r| {
            AddPartitionsToTxnTopicResult::decode(r, version)
        })?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for AddPartitionsToTxnResult<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.transactional_id)?;
        w.array(true, &self.topic_results, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnTopic<'a> {
    pub name: Cow<'a, str>,
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for AddPartitionsToTxnTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let mut m = Self::default();
        m.name = r.string(flexible)?;
        m.partitions = r.array(flexible, 4, |r| r.i32())?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for AddPartitionsToTxnTopic<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        w.string(flexible, &self.name)?;
        w.array(flexible, &self.partitions, |w, v| {
            w.i32(*v);
            Ok(())
        })?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnTopicResult<'a> {
    pub name: Cow<'a, str>,
    pub results_by_partition: Vec<AddPartitionsToTxnPartitionResult>,
}

impl<'a> Decode<'a> for AddPartitionsToTxnTopicResult<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let mut m = Self::default();
        m.name = r.string(flexible)?;
        m.results_by_partition = r.array(flexible, 6, |r| {
            AddPartitionsToTxnPartitionResult::decode(r, version)
        })?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for AddPartitionsToTxnTopicResult<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        w.string(flexible, &self.name)?;
        w.array(flexible, &self.results_by_partition, |w, v| {
            v.encode(w, version)
        })?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnPartitionResult {
    pub partition_index: i32,
    pub partition_error_code: ErrorCode,
}

impl Decode<'_> for AddPartitionsToTxnPartitionResult {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let mut m = Self::default();
        m.partition_index = r.i32()?;
        m.partition_error_code = ErrorCode(r.i16()?);
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for AddPartitionsToTxnPartitionResult {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        w.i32(self.partition_index);
        w.i16(self.partition_error_code.0);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
