//! ConsumerProtocolSubscription (embedded), made from `schema/records/consumer_protocol_subscription.txt`; do not edit.

use std::borrow::Cow;

use crate::api::VersionRange;
use crate::records::Embedded;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-3, never flexible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerProtocolSubscription<'a> {
    pub topics: Vec<Cow<'a, str>>,
    pub user_data: Option<Cow<'a, [u8]>>,
    /// versions 1+, else ignored
    pub owned_partitions: Vec<TopicPartition<'a>>,
    /// versions 2+, else ignored
    pub generation_id: i32,
    /// versions 3+, else ignored
    pub rack_id: Option<Cow<'a, str>>,
}

impl Default for ConsumerProtocolSubscription<'_> {
    fn default() -> Self {
        Self {
            topics: Vec::new(),
            user_data: None,
            owned_partitions: Vec::new(),
            generation_id: -1,
            rack_id: None,
        }
    }
}

impl<'a> Decode<'a> for ConsumerProtocolSubscription<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=3).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.topics = r.array(false, 2, |r| r.string(false))?;
        m.user_data = r.nullable_bytes(false)?;
        if version >= 1 {
            m.owned_partitions = r.array(false, 6, |r| TopicPartition::decode(r, version))?;
        }
        if version >= 2 {
            m.generation_id = r.i32()?;
        }
        if version >= 3 {
            m.rack_id = r.nullable_string(false)?;
        }
        Ok(m)
    }
}

impl Encode for ConsumerProtocolSubscription<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.array(false, &self.topics, |w, v| w.string(false, v))?;
        w.nullable_bytes(false, self.user_data.as_deref())?;
        if version >= 1 {
            w.array(false, &self.owned_partitions, |w, v| v.encode(w, version))?;
        }
        if version >= 2 {
            w.i32(self.generation_id);
        }
        if version >= 3 {
            w.nullable_string(false, self.rack_id.as_deref())?;
        }
        Ok(())
    }
}

impl ConsumerProtocolSubscription<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> ConsumerProtocolSubscription<'static> {
        ConsumerProtocolSubscription {
            topics: self
                .topics
                .into_iter()
                .map(|v| Cow::Owned(v.into_owned()))
                .collect(),
            user_data: self.user_data.map(|v| Cow::Owned(v.into_owned())),
            owned_partitions: self
                .owned_partitions
                .into_iter()
                .map(|v| v.into_static())
                .collect(),
            generation_id: self.generation_id,
            rack_id: self.rack_id.map(|v| Cow::Owned(v.into_owned())),
        }
    }
}

impl<'a> Embedded<'a> for ConsumerProtocolSubscription<'a> {
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
