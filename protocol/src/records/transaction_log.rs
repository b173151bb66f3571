//! TransactionLog (type 0 of `__transaction_state`), made from `schema/records/transaction_log.txt`; do not edit.

use std::borrow::Cow;

use crate::api::VersionRange;
use crate::records::{RecordKey, RecordValue};
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// The key of records of type 0 in `__transaction_state`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionLogKey<'a> {
    pub transactional_id: Cow<'a, str>,
}

impl<'a> Decode<'a> for TransactionLogKey<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.transactional_id = r.string(false)?;
        Ok(m)
    }
}

impl Encode for TransactionLogKey<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(false, &self.transactional_id)?;
        Ok(())
    }
}

impl TransactionLogKey<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> TransactionLogKey<'static> {
        TransactionLogKey {
            transactional_id: Cow::Owned(self.transactional_id.into_owned()),
        }
    }
}

impl<'a> RecordKey<'a> for TransactionLogKey<'a> {
    const TYPE: i16 = 0;
    type Value = TransactionLogValue<'a>;
}

/// Versions 0-1, flexible from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionLogValue<'a> {
    pub producer_id: i64,
    /// versions 1+, tag 0
    pub previous_producer_id: i64,
    /// versions 1+, tag 1
    pub next_producer_id: i64,
    pub producer_epoch: i16,
    /// versions 1+, tag 3
    pub next_producer_epoch: i16,
    pub transaction_timeout_ms: i32,
    pub transaction_status: i8,
    pub transaction_partitions: Option<Vec<PartitionsSchema<'a>>>,
    pub transaction_last_update_timestamp_ms: i64,
    pub transaction_start_timestamp_ms: i64,
    /// versions 1+, tag 2
    pub client_transaction_version: i16,
}

impl Default for TransactionLogValue<'_> {
    fn default() -> Self {
        Self {
            producer_id: 0,
            previous_producer_id: -1,
            next_producer_id: -1,
            producer_epoch: 0,
            next_producer_epoch: -1,
            transaction_timeout_ms: 0,
            transaction_status: 0,
            transaction_partitions: Some(Vec::new()),
            transaction_last_update_timestamp_ms: 0,
            transaction_start_timestamp_ms: 0,
            client_transaction_version: 0,
        }
    }
}

impl<'a> Decode<'a> for TransactionLogValue<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 1;
        let mut m = Self::default();
        m.producer_id = r.i64()?;
        m.producer_epoch = r.i16()?;
        m.transaction_timeout_ms = r.i32()?;
        m.transaction_status = r.i8()?;
        m.transaction_partitions =
            r.nullable_array(flexible, 3, |r| PartitionsSchema::decode(r, version))?;
        m.transaction_last_update_timestamp_ms = r.i64()?;
        m.transaction_start_timestamp_ms = r.i64()?;
        if flexible {
            r.tags(|tag, r| {
                match tag {
                    0 => m.previous_producer_id = r.i64()?,
                    1 => m.next_producer_id = r.i64()?,
                    3 => m.next_producer_epoch = r.i16()?,
                    2 => m.client_transaction_version = r.i16()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(m)
    }
}

impl Encode for TransactionLogValue<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 1;
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.i32(self.transaction_timeout_ms);
        w.i8(self.transaction_status);
        w.nullable_array(flexible, self.transaction_partitions.as_deref(), |w, v| {
            v.encode(w, version)
        })?;
        w.i64(self.transaction_last_update_timestamp_ms);
        w.i64(self.transaction_start_timestamp_ms);
        if version < 1 && self.previous_producer_id != -1 {
            return Err(EncodeError::Absent {
                field: "previous_producer_id",
                version,
            });
        }
        if version < 1 && self.next_producer_id != -1 {
            return Err(EncodeError::Absent {
                field: "next_producer_id",
                version,
            });
        }
        if version < 1 && self.client_transaction_version != 0 {
            return Err(EncodeError::Absent {
                field: "client_transaction_version",
                version,
            });
        }
        if version < 1 && self.next_producer_epoch != -1 {
            return Err(EncodeError::Absent {
                field: "next_producer_epoch",
                version,
            });
        }
        if flexible {
            let mut tags = w.tags();
            if self.previous_producer_id != -1 {
                tags.field(0, |w| {
                    w.i64(self.previous_producer_id);
                    Ok(())
                })?;
            }
            if self.next_producer_id != -1 {
                tags.field(1, |w| {
                    w.i64(self.next_producer_id);
                    Ok(())
                })?;
            }
            if self.client_transaction_version != 0 {
                tags.field(2, |w| {
                    w.i16(self.client_transaction_version);
                    Ok(())
                })?;
            }
            if self.next_producer_epoch != -1 {
                tags.field(3, |w| {
                    w.i16(self.next_producer_epoch);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}

impl TransactionLogValue<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> TransactionLogValue<'static> {
        TransactionLogValue {
            producer_id: self.producer_id,
            previous_producer_id: self.previous_producer_id,
            next_producer_id: self.next_producer_id,
            producer_epoch: self.producer_epoch,
            next_producer_epoch: self.next_producer_epoch,
            transaction_timeout_ms: self.transaction_timeout_ms,
            transaction_status: self.transaction_status,
            transaction_partitions: self
                .transaction_partitions
                .map(|all| all.into_iter().map(|v| v.into_static()).collect()),
            transaction_last_update_timestamp_ms: self.transaction_last_update_timestamp_ms,
            transaction_start_timestamp_ms: self.transaction_start_timestamp_ms,
            client_transaction_version: self.client_transaction_version,
        }
    }
}

impl<'a> RecordValue<'a> for TransactionLogValue<'a> {
    const VERSIONS: VersionRange = VersionRange { min: 0, max: 1 };
    fn written(&self) -> i16 {
        1
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionsSchema<'a> {
    pub topic: Cow<'a, str>,
    pub partition_ids: Vec<i32>,
}

impl<'a> Decode<'a> for PartitionsSchema<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let mut m = Self::default();
        m.topic = r.string(flexible)?;
        m.partition_ids = r.array(flexible, 4, |r| r.i32())?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for PartitionsSchema<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        w.string(flexible, &self.topic)?;
        w.array(flexible, &self.partition_ids, |w, v| {
            w.i32(*v);
            Ok(())
        })?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl PartitionsSchema<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> PartitionsSchema<'static> {
        PartitionsSchema {
            topic: Cow::Owned(self.topic.into_owned()),
            partition_ids: self.partition_ids,
        }
    }
}
