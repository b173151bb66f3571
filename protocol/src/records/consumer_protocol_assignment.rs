//! ConsumerProtocolAssignment (embedded), made from `schema/records/consumer_protocol_assignment.txt`; do not edit.

use std::borrow::Cow;

use crate::api::VersionRange;
use crate::records::Embedded;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-3, never flexible.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerProtocolAssignment<'a> {
    pub assigned_partitions: Vec<TopicPartition<'a>>,
    pub user_data: Option<Cow<'a, [u8]>>,
}

impl<'a> Decode<'a> for ConsumerProtocolAssignment<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=3).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.assigned_partitions = r.array(false, 6, |r| TopicPartition::decode(r, version))?;
        m.user_data = r.nullable_bytes(false)?;
        Ok(m)
    }
}

impl Encode for ConsumerProtocolAssignment<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.array(false, &self.assigned_partitions, |w, v| {
            v.encode(w, version)
        })?;
        w.nullable_bytes(false, self.user_data.as_deref())?;
        Ok(())
    }
}

impl ConsumerProtocolAssignment<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> ConsumerProtocolAssignment<'static> {
        ConsumerProtocolAssignment {
            assigned_partitions: self
                .assigned_partitions
                .into_iter()
                .map(|v| v.into_static())
                .collect(),
            user_data: self.user_data.map(|v| Cow::Owned(v.into_owned())),
        }
    }
}

impl<'a> Embedded<'a> for ConsumerProtocolAssignment<'a> {
    const VERSIONS: VersionRange = VersionRange { min: 0, max: 3 };
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicPartition<'a> {
    pub topic: Cow<'a, str>,
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for TopicPartition<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic = r.string(false)?;
        m.partitions = r.array(false, 4, |r| r.i32())?;
        Ok(m)
    }
}

impl Encode for TopicPartition<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(false, &self.topic)?;
        w.array(false, &self.partitions, |w, v| {
            w.i32(*v);
            Ok(())
        })?;
        Ok(())
    }
}

impl TopicPartition<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> TopicPartition<'static> {
        TopicPartition {
            topic: Cow::Owned(self.topic.into_owned()),
            partitions: self.partitions,
        }
    }
}
