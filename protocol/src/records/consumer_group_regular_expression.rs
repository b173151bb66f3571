//! ConsumerGroupRegularExpression (type 16 of `__consumer_offsets`), made from `schema/records/consumer_group_regular_expression.txt`; do not edit.

use std::borrow::Cow;

use crate::api::VersionRange;
use crate::records::{RecordKey, RecordValue};
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// The key of records of type 16 in `__consumer_offsets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsumerGroupRegularExpressionKey<'a> {
    pub group_id: Cow<'a, str>,
    pub regular_expression: Cow<'a, str>,
}

impl<'a> Decode<'a> for ConsumerGroupRegularExpressionKey<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.group_id = r.string(false)?;
        m.regular_expression = r.string(false)?;
        Ok(m)
    }
}

impl Encode for ConsumerGroupRegularExpressionKey<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(false, &self.group_id)?;
        w.string(false, &self.regular_expression)?;
        Ok(())
    }
}

impl ConsumerGroupRegularExpressionKey<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> ConsumerGroupRegularExpressionKey<'static> {
        ConsumerGroupRegularExpressionKey {
            group_id: Cow::Owned(self.group_id.into_owned()),
            regular_expression: Cow::Owned(self.regular_expression.into_owned()),
        }
    }
}

impl<'a> RecordKey<'a> for ConsumerGroupRegularExpressionKey<'a> {
    const TYPE: i16 = 16;
    type Value = ConsumerGroupRegularExpressionValue<'a>;
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerGroupRegularExpressionValue<'a> {
    pub topics: Vec<Cow<'a, str>>,
    pub version: i64,
    pub timestamp: i64,
}

impl<'a> Decode<'a> for ConsumerGroupRegularExpressionValue<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.topics = r.array(true, 1, |r| r.string(true))?;
        m.version = r.i64()?;
        m.timestamp = r.i64()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for ConsumerGroupRegularExpressionValue<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.array(true, &self.topics, |w, v| w.string(true, v))?;
        w.i64(self.version);
        w.i64(self.timestamp);
        w.tags();
        Ok(())
    }
}

impl ConsumerGroupRegularExpressionValue<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> ConsumerGroupRegularExpressionValue<'static> {
        ConsumerGroupRegularExpressionValue {
            topics: self
                .topics
                .into_iter()
                .map(|v| Cow::Owned(v.into_owned()))
                .collect(),
            version: self.version,
            timestamp: self.timestamp,
        }
    }
}

impl<'a> RecordValue<'a> for ConsumerGroupRegularExpressionValue<'a> {
    const VERSIONS: VersionRange = VersionRange { min: 0, max: 0 };
    fn written(&self) -> i16 {
        0
    }
}
