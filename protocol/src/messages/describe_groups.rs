//! DescribeGroups (key 15), made from `schema/describe_groups.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-6, flexible from 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeGroupsRequest<'a> {
    pub groups: Vec<Cow<'a, str>>,
    /// versions 3+
    pub include_authorized_operations: bool,
}

impl<'a> Decode<'a> for DescribeGroupsRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=6).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 5;
        let mut m = Self::default();
        m.groups = r.array(flexible, 1, |r| r.string(flexible))?;
        if version >= 3 {
            m.include_authorized_operations = r.bool()?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribeGroupsRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=6).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 5;
        w.array(flexible, &self.groups, |w, v| w.string(flexible, v))?;
        if version >= 3 {
            w.bool(self.include_authorized_operations);
        } else if self.include_authorized_operations {
            return Err(EncodeError::Absent {
                field: "include_authorized_operations",
                version,
            });
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for DescribeGroupsRequest<'_> {
    const KEY: ApiKey = ApiKey(15);
    type Response<'r> = DescribeGroupsResponse<'r>;
}

/// Versions 0-6, flexible from 5.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeGroupsResponse<'a> {
    /// versions 1+, else ignored
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup<'a>>,
}

impl<'a> Decode<'a> for DescribeGroupsResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=6).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 5;
        let mut m = Self::default();
        if version >= 1 {
            m.throttle_time_ms = r.i32()?;
        }
        m.groups = r.array(flexible, 12, |r| DescribedGroup::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribeGroupsResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=6).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 5;
        if version >= 1 {
            w.i32(self.throttle_time_ms);
        }
        w.array(flexible, &self.groups, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribedGroup<'a> {
    pub error_code: ErrorCode,
    /// versions 6+
    pub error_message: Option<Cow<'a, str>>,
    pub group_id: Cow<'a, str>,
    pub group_state: Cow<'a, str>,
    pub protocol_type: Cow<'a, str>,
    pub protocol_data: Cow<'a, str>,
    pub members: Vec<DescribedGroupMember<'a>>,
    /// versions 3+
    pub authorized_operations: i32,
}

impl Default for DescribedGroup<'_> {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            error_message: None,
            group_id: Cow::Borrowed(""),
            group_state: Cow::Borrowed(""),
            protocol_type: Cow::Borrowed(""),
            protocol_data: Cow::Borrowed(""),
            members: Vec::new(),
            authorized_operations: i32::MIN,
        }
    }
}

impl<'a> Decode<'a> for DescribedGroup<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let mut m = Self::default();
        m.error_code = ErrorCode(r.i16()?);
        if version >= 6 {
            m.error_message = r.nullable_string(flexible)?;
        }
        m.group_id = r.string(flexible)?;
        m.group_state = r.string(flexible)?;
        m.protocol_type = r.string(flexible)?;
        m.protocol_data = r.string(flexible)?;
        m.members = r.array(flexible, 7, |r| DescribedGroupMember::decode(r, version))?;
        if version >= 3 {
            m.authorized_operations = r.i32()?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribedGroup<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        w.i16(self.error_code.0);
        if version >= 6 {
            w.nullable_string(flexible, self.error_message.as_deref())?;
        } else if self.error_message.is_some() {
            return Err(EncodeError::Absent {
                field: "error_message",
                version,
            });
        }
        w.string(flexible, &self.group_id)?;
        w.string(flexible, &self.group_state)?;
        w.string(flexible, &self.protocol_type)?;
        w.string(flexible, &self.protocol_data)?;
        w.array(flexible, &self.members, |w, v| v.encode(w, version))?;
        if version >= 3 {
            w.i32(self.authorized_operations);
        } else if self.authorized_operations != i32::MIN {
            return Err(EncodeError::Absent {
                field: "authorized_operations",
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
pub struct DescribedGroupMember<'a> {
    pub member_id: Cow<'a, str>,
    /// versions 4+, else ignored
    pub group_instance_id: Option<Cow<'a, str>>,
    pub client_id: Cow<'a, str>,
    pub client_host: Cow<'a, str>,
    pub member_metadata: Cow<'a, [u8]>,
    pub member_assignment: Cow<'a, [u8]>,
}

impl<'a> Decode<'a> for DescribedGroupMember<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let mut m = Self::default();
        m.member_id = r.string(flexible)?;
        if version >= 4 {
            m.group_instance_id = r.nullable_string(flexible)?;
        }
        m.client_id = r.string(flexible)?;
        m.client_host = r.string(flexible)?;
        m.member_metadata = r.bytes(flexible)?;
        m.member_assignment = r.bytes(flexible)?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribedGroupMember<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        w.string(flexible, &self.member_id)?;
        if version >= 4 {
            w.nullable_string(flexible, self.group_instance_id.as_deref())?;
        }
        w.string(flexible, &self.client_id)?;
        w.string(flexible, &self.client_host)?;
        w.bytes(flexible, &self.member_metadata)?;
        w.bytes(flexible, &self.member_assignment)?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
