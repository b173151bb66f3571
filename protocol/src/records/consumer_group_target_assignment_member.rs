//! ConsumerGroupTargetAssignmentMember (type 7 of `__consumer_offsets`), made from `schema/records/consumer_group_target_assignment_member.txt`; do not edit.

use std::borrow::Cow;

use crate::api::VersionRange;
use crate::ids::Uuid;
use crate::records::{RecordKey, RecordValue};
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// The key of records of type 7 in `__consumer_offsets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsumerGroupTargetAssignmentMemberKey<'a> {
    pub group_id: Cow<'a, str>,
    pub member_id: Cow<'a, str>,
}

impl<'a> Decode<'a> for ConsumerGroupTargetAssignmentMemberKey<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.group_id = r.string(false)?;
        m.member_id = r.string(false)?;
        Ok(m)
    }
}

impl Encode for ConsumerGroupTargetAssignmentMemberKey<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(false, &self.group_id)?;
        w.string(false, &self.member_id)?;
        Ok(())
    }
}

impl ConsumerGroupTargetAssignmentMemberKey<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> ConsumerGroupTargetAssignmentMemberKey<'static> {
        ConsumerGroupTargetAssignmentMemberKey {
            group_id: Cow::Owned(self.group_id.into_owned()),
            member_id: Cow::Owned(self.member_id.into_owned()),
        }
    }
}

impl<'a> RecordKey<'a> for ConsumerGroupTargetAssignmentMemberKey<'a> {
    const TYPE: i16 = 7;
    type Value = ConsumerGroupTargetAssignmentMemberValue;
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerGroupTargetAssignmentMemberValue {
    pub topic_partitions: Vec<TopicPartition>,
}

impl Decode<'_> for ConsumerGroupTargetAssignmentMemberValue {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.topic_partitions = r.array(true, 18, |r| TopicPartition::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for ConsumerGroupTargetAssignmentMemberValue {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.array(true, &self.topic_partitions, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

impl RecordValue<'_> for ConsumerGroupTargetAssignmentMemberValue {
    const VERSIONS: VersionRange = VersionRange { min: 0, max: 0 };
    fn written(&self) -> i16 {
        0
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicPartition {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
}

impl Decode<'_> for TopicPartition {
    fn decode(r: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.topic_id = r.uuid()?;
        m.partitions = r.array(true, 4, |r| r.i32())?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for TopicPartition {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.uuid(self.topic_id);
        w.array(true, &self.partitions, |w, v| {
            w.i32(*v);
            Ok(())
        })?;
        w.tags();
        Ok(())
    }
}
