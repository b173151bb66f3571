//! GroupMetadata (type 2 of `__consumer_offsets`), made from `schema/records/group_metadata.txt`; do not edit.

use std::borrow::Cow;

use crate::api::VersionRange;
use crate::records::{RecordKey, RecordValue};
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// The key of records of type 2 in `__consumer_offsets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupMetadataKey<'a> {
    pub group: Cow<'a, str>,
}

impl<'a> Decode<'a> for GroupMetadataKey<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.group = r.string(false)?;
        Ok(m)
    }
}

impl Encode for GroupMetadataKey<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(false, &self.group)?;
        Ok(())
    }
}

impl GroupMetadataKey<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> GroupMetadataKey<'static> {
        GroupMetadataKey {
            group: Cow::Owned(self.group.into_owned()),
        }
    }
}

impl<'a> RecordKey<'a> for GroupMetadataKey<'a> {
    const TYPE: i16 = 2;
    type Value = GroupMetadataValue<'a>;
}

/// Versions 0-4, flexible from 4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMetadataValue<'a> {
    pub protocol_type: Cow<'a, str>,
    pub generation: i32,
    pub protocol: Option<Cow<'a, str>>,
    pub leader: Option<Cow<'a, str>>,
    /// versions 2+, else ignored
    pub current_state_timestamp: i64,
    pub members: Vec<MemberMetadata<'a>>,
}

impl Default for GroupMetadataValue<'_> {
    fn default() -> Self {
        Self {
            protocol_type: Cow::Borrowed(""),
            generation: 0,
            protocol: Some(Cow::Borrowed("")),
            leader: Some(Cow::Borrowed("")),
            current_state_timestamp: -1,
            members: Vec::new(),
        }
    }
}

impl<'a> Decode<'a> for GroupMetadataValue<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=4).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 4;
        let mut m = Self::default();
        m.protocol_type = r.string(flexible)?;
        m.generation = r.i32()?;
        m.protocol = r.nullable_string(flexible)?;
        m.leader = r.nullable_string(flexible)?;
        if version >= 2 {
            m.current_state_timestamp = r.i64()?;
        }
        m.members = r.array(flexible, 15, |r| MemberMetadata::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for GroupMetadataValue<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        w.string(flexible, &self.protocol_type)?;
        w.i32(self.generation);
        w.nullable_string(flexible, self.protocol.as_deref())?;
        w.nullable_string(flexible, self.leader.as_deref())?;
        if version >= 2 {
            w.i64(self.current_state_timestamp);
        }
        w.array(flexible, &self.members, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl GroupMetadataValue<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> GroupMetadataValue<'static> {
        GroupMetadataValue {
            protocol_type: Cow::Owned(self.protocol_type.into_owned()),
            generation: self.generation,
            protocol: self.protocol.map(|v| Cow::Owned(v.into_owned())),
            leader: self.leader.map(|v| Cow::Owned(v.into_owned())),
            current_state_timestamp: self.current_state_timestamp,
            members: self.members.into_iter().map(|v| v.into_static()).collect(),
        }
    }
}

impl<'a> RecordValue<'a> for GroupMetadataValue<'a> {
    const VERSIONS: VersionRange = VersionRange { min: 0, max: 4 };
    fn written(&self) -> i16 {
        3
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberMetadata<'a> {
    pub member_id: Cow<'a, str>,
    /// versions 3+, else ignored
    pub group_instance_id: Option<Cow<'a, str>>,
    pub client_id: Cow<'a, str>,
    pub client_host: Cow<'a, str>,
    /// versions 1+, else ignored
    pub rebalance_timeout: i32,
    pub session_timeout: i32,
    pub subscription: Cow<'a, [u8]>,
    pub assignment: Cow<'a, [u8]>,
}

impl Default for MemberMetadata<'_> {
    fn default() -> Self {
        Self {
            member_id: Cow::Borrowed(""),
            group_instance_id: None,
            client_id: Cow::Borrowed(""),
            client_host: Cow::Borrowed(""),
            rebalance_timeout: -1,
            session_timeout: 0,
            subscription: Cow::Borrowed(&[]),
            assignment: Cow::Borrowed(&[]),
        }
    }
}

impl<'a> Decode<'a> for MemberMetadata<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let mut m = Self::default();
        m.member_id = r.string(flexible)?;
        if version >= 3 {
            m.group_instance_id = r.nullable_string(flexible)?;
        }
        m.client_id = r.string(flexible)?;
        m.client_host = r.string(flexible)?;
        if version >= 1 {
            m.rebalance_timeout = r.i32()?;
        }
        m.session_timeout = r.i32()?;
        m.subscription = r.bytes(flexible)?;
        m.assignment = r.bytes(flexible)?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for MemberMetadata<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        w.string(flexible, &self.member_id)?;
        if version >= 3 {
            w.nullable_string(flexible, self.group_instance_id.as_deref())?;
        }
        w.string(flexible, &self.client_id)?;
        w.string(flexible, &self.client_host)?;
        if version >= 1 {
            w.i32(self.rebalance_timeout);
        }
        w.i32(self.session_timeout);
        w.bytes(flexible, &self.subscription)?;
        w.bytes(flexible, &self.assignment)?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl MemberMetadata<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> MemberMetadata<'static> {
        MemberMetadata {
            member_id: Cow::Owned(self.member_id.into_owned()),
            group_instance_id: self.group_instance_id.map(|v| Cow::Owned(v.into_owned())),
            client_id: Cow::Owned(self.client_id.into_owned()),
            client_host: Cow::Owned(self.client_host.into_owned()),
            rebalance_timeout: self.rebalance_timeout,
            session_timeout: self.session_timeout,
            subscription: Cow::Owned(self.subscription.into_owned()),
            assignment: Cow::Owned(self.assignment.into_owned()),
        }
    }
}
