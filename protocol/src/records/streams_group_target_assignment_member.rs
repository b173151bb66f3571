//! StreamsGroupTargetAssignmentMember (type 21 of `__consumer_offsets`), made from `schema/records/streams_group_target_assignment_member.txt`; do not edit.

use std::borrow::Cow;

use crate::api::VersionRange;
use crate::records::{RecordKey, RecordValue};
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// The key of records of type 21 in `__consumer_offsets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamsGroupTargetAssignmentMemberKey<'a> {
    pub group_id: Cow<'a, str>,
    pub member_id: Cow<'a, str>,
}

impl<'a> Decode<'a> for StreamsGroupTargetAssignmentMemberKey<'a> {
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

impl Encode for StreamsGroupTargetAssignmentMemberKey<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(false, &self.group_id)?;
        w.string(false, &self.member_id)?;
        Ok(())
    }
}

impl StreamsGroupTargetAssignmentMemberKey<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> StreamsGroupTargetAssignmentMemberKey<'static> {
        StreamsGroupTargetAssignmentMemberKey {
            group_id: Cow::Owned(self.group_id.into_owned()),
            member_id: Cow::Owned(self.member_id.into_owned()),
        }
    }
}

impl<'a> RecordKey<'a> for StreamsGroupTargetAssignmentMemberKey<'a> {
    const TYPE: i16 = 21;
    type Value = StreamsGroupTargetAssignmentMemberValue<'a>;
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamsGroupTargetAssignmentMemberValue<'a> {
    pub active_tasks: Vec<TaskIds<'a>>,
    pub standby_tasks: Vec<TaskIds<'a>>,
    pub warmup_tasks: Vec<TaskIds<'a>>,
}

impl<'a> Decode<'a> for StreamsGroupTargetAssignmentMemberValue<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.active_tasks = r.array(true, 3, |r| TaskIds::decode(r, version))?;
        m.standby_tasks = r.array(true, 3, |r| TaskIds::decode(r, version))?;
        m.warmup_tasks = r.array(true, 3, |r| TaskIds::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for StreamsGroupTargetAssignmentMemberValue<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.array(true, &self.active_tasks, |w, v| v.encode(w, version))?;
        w.array(true, &self.standby_tasks, |w, v| v.encode(w, version))?;
        w.array(true, &self.warmup_tasks, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

impl StreamsGroupTargetAssignmentMemberValue<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> StreamsGroupTargetAssignmentMemberValue<'static> {
        StreamsGroupTargetAssignmentMemberValue {
            active_tasks: self
                .active_tasks
                .into_iter()
                .map(|v| v.into_static())
                .collect(),
            standby_tasks: self
                .standby_tasks
                .into_iter()
                .map(|v| v.into_static())
                .collect(),
            warmup_tasks: self
                .warmup_tasks
                .into_iter()
                .map(|v| v.into_static())
                .collect(),
        }
    }
}

impl<'a> RecordValue<'a> for StreamsGroupTargetAssignmentMemberValue<'a> {
    const VERSIONS: VersionRange = VersionRange { min: 0, max: 0 };
    fn written(&self) -> i16 {
        0
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskIds<'a> {
    pub subtopology_id: Cow<'a, str>,
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for TaskIds<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.subtopology_id = r.string(true)?;
        m.partitions = r.array(true, 4, |r| r.i32())?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for TaskIds<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.subtopology_id)?;
        w.array(true, &self.partitions, |w, v| {
            w.i32(*v);
            Ok(())
        })?;
        w.tags();
        Ok(())
    }
}

impl TaskIds<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> TaskIds<'static> {
        TaskIds {
            subtopology_id: Cow::Owned(self.subtopology_id.into_owned()),
            partitions: self.partitions,
        }
    }
}
