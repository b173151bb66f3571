//! StreamsGroupCurrentMemberAssignment (type 22 of `__consumer_offsets`), made from `schema/records/streams_group_current_member_assignment.txt`; do not edit.

use std::borrow::Cow;

use crate::api::VersionRange;
use crate::records::{RecordKey, RecordValue};
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// The key of records of type 22 in `__consumer_offsets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamsGroupCurrentMemberAssignmentKey<'a> {
    pub group_id: Cow<'a, str>,
    pub member_id: Cow<'a, str>,
}

impl<'a> Decode<'a> for StreamsGroupCurrentMemberAssignmentKey<'a> {
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

impl Encode for StreamsGroupCurrentMemberAssignmentKey<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(false, &self.group_id)?;
        w.string(false, &self.member_id)?;
        Ok(())
    }
}

impl StreamsGroupCurrentMemberAssignmentKey<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> StreamsGroupCurrentMemberAssignmentKey<'static> {
        StreamsGroupCurrentMemberAssignmentKey {
            group_id: Cow::Owned(self.group_id.into_owned()),
            member_id: Cow::Owned(self.member_id.into_owned()),
        }
    }
}

impl<'a> RecordKey<'a> for StreamsGroupCurrentMemberAssignmentKey<'a> {
    const TYPE: i16 = 22;
    type Value = StreamsGroupCurrentMemberAssignmentValue<'a>;
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamsGroupCurrentMemberAssignmentValue<'a> {
    pub member_epoch: i32,
    pub previous_member_epoch: i32,
    pub state: i8,
    pub active_tasks: Vec<TaskIds<'a>>,
    pub standby_tasks: Vec<TaskIds<'a>>,
    pub warmup_tasks: Vec<TaskIds<'a>>,
    pub active_tasks_pending_revocation: Vec<TaskIds<'a>>,
    pub standby_tasks_pending_revocation: Vec<TaskIds<'a>>,
    pub warmup_tasks_pending_revocation: Vec<TaskIds<'a>>,
}

impl<'a> Decode<'a> for StreamsGroupCurrentMemberAssignmentValue<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.member_epoch = r.i32()?;
        m.previous_member_epoch = r.i32()?;
        m.state = r.i8()?;
        m.active_tasks = r.array(true, 3, |r| TaskIds::decode(r, version))?;
        m.standby_tasks = r.array(true, 3, |r| TaskIds::decode(r, version))?;
        m.warmup_tasks = r.array(true, 3, |r| TaskIds::decode(r, version))?;
        m.active_tasks_pending_revocation = r.array(true, 3, |r| TaskIds::decode(r, version))?;
        m.standby_tasks_pending_revocation = r.array(true, 3, |r| TaskIds::decode(r, version))?;
        m.warmup_tasks_pending_revocation = r.array(true, 3, |r| TaskIds::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for StreamsGroupCurrentMemberAssignmentValue<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.member_epoch);
        w.i32(self.previous_member_epoch);
        w.i8(self.state);
        w.array(true, &self.active_tasks, |w, v| v.encode(w, version))?;
        w.array(true, &self.standby_tasks, |w, v| v.encode(w, version))?;
        w.array(true, &self.warmup_tasks, |w, v| v.encode(w, version))?;
        w.array(true, &self.active_tasks_pending_revocation, |w, v| {
            v.encode(w, version)
        })?;
        w.array(true, &self.standby_tasks_pending_revocation, |w, v| {
            v.encode(w, version)
        })?;
        w.array(true, &self.warmup_tasks_pending_revocation, |w, v| {
            v.encode(w, version)
        })?;
        w.tags();
        Ok(())
    }
}

impl StreamsGroupCurrentMemberAssignmentValue<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> StreamsGroupCurrentMemberAssignmentValue<'static> {
        StreamsGroupCurrentMemberAssignmentValue {
            member_epoch: self.member_epoch,
            previous_member_epoch: self.previous_member_epoch,
            state: self.state,
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
            active_tasks_pending_revocation: self
                .active_tasks_pending_revocation
                .into_iter()
                .map(|v| v.into_static())
                .collect(),
            standby_tasks_pending_revocation: self
                .standby_tasks_pending_revocation
                .into_iter()
                .map(|v| v.into_static())
                .collect(),
            warmup_tasks_pending_revocation: self
                .warmup_tasks_pending_revocation
                .into_iter()
                .map(|v| v.into_static())
                .collect(),
        }
    }
}

impl<'a> RecordValue<'a> for StreamsGroupCurrentMemberAssignmentValue<'a> {
    const VERSIONS: VersionRange = VersionRange { min: 0, max: 0 };
    fn written(&self) -> i16 {
        0
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskIds<'a> {
    pub subtopology_id: Cow<'a, str>,
    pub partitions: Vec<i32>,
    /// tag 0
    pub assignment_epochs: Option<Vec<i32>>,
}

impl Default for TaskIds<'_> {
    fn default() -> Self {
        Self {
            subtopology_id: Cow::Borrowed(""),
            partitions: Vec::new(),
            assignment_epochs: Some(Vec::new()),
        }
    }
}

impl<'a> Decode<'a> for TaskIds<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.subtopology_id = r.string(true)?;
        m.partitions = r.array(true, 4, |r| r.i32())?;
        r.tags(|tag, r| {
            match tag {
                0 => m.assignment_epochs = r.nullable_array(true, 4, |r| r.i32())?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
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
        let mut tags = w.tags();
        if self
            .assignment_epochs
            .as_ref()
            .is_none_or(|v| !v.is_empty())
        {
            tags.field(0, |w| {
                w.nullable_array(true, self.assignment_epochs.as_deref(), |w, v| {
                    w.i32(*v);
                    Ok(())
                })
            })?;
        }
        Ok(())
    }
}

impl TaskIds<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> TaskIds<'static> {
        TaskIds {
            subtopology_id: Cow::Owned(self.subtopology_id.into_owned()),
            partitions: self.partitions,
            assignment_epochs: self.assignment_epochs,
        }
    }
}
