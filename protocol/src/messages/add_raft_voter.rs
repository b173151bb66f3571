//! AddRaftVoter (key 80), made from `schema/add_raft_voter.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct AddRaftVoterRequest<'a> {
    pub cluster_id: Option<Cow<'a, str>>,
    pub timeout_ms: i32,
    pub voter_id: i32,
    pub voter_directory_id: Uuid,
    pub listeners: Vec<Listener<'a>>,
    /// versions 1+
    pub ack_when_committed: bool,
}

impl Default for AddRaftVoterRequest<'_> {
    fn default() -> Self {
        Self {
            cluster_id: Some(Cow::Borrowed("")),
            timeout_ms: 0,
            voter_id: 0,
            voter_directory_id: Uuid::ZERO,
            listeners: Vec::new(),
            ack_when_committed: true,
        }
    }
}

impl<'a> Decode<'a> for AddRaftVoterRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.cluster_id = r.nullable_string(true)?;
        m.timeout_ms = r.i32()?;
        m.voter_id = r.i32()?;
        m.voter_directory_id = r.uuid()?;
        m.listeners = r.array(true, 5, |r| Listener::decode(r, version))?;
        if version >= 1 {
            m.ack_when_committed = r.bool()?;
        }
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for AddRaftVoterRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.nullable_string(true, self.cluster_id.as_deref())?;
        w.i32(self.timeout_ms);
        w.i32(self.voter_id);
        w.uuid(self.voter_directory_id);
        w.array(true, &self.listeners, |w, v| v.encode(w, version))?;
        if version >= 1 {
            w.bool(self.ack_when_committed);
        } else if !self.ack_when_committed {
            return Err(EncodeError::Absent {
                field: "ack_when_committed",
                version,
            });
        }
        w.tags();
        Ok(())
    }
}

impl Request for AddRaftVoterRequest<'_> {
    const KEY: ApiKey = ApiKey(80);
    type Response<'r> = AddRaftVoterResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listener<'a> {
    pub name: Cow<'a, str>,
    pub host: Cow<'a, str>,
    pub port: u16,
}

impl<'a> Decode<'a> for Listener<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string(true)?;
        m.host = r.string(true)?;
        m.port = r.u16()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for Listener<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.name)?;
        w.string(true, &self.host)?;
        w.u16(self.port);
        w.tags();
        Ok(())
    }
}

/// Versions 0-1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct AddRaftVoterResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for AddRaftVoterResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            error_message: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Decode<'a> for AddRaftVoterResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(true)?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for AddRaftVoterResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code.0);
        w.nullable_string(true, self.error_message.as_deref())?;
        w.tags();
        Ok(())
    }
}
