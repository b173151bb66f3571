//! RemoveRaftVoter (key 81), made from `schema/remove_raft_voter.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoveRaftVoterRequest<'a> {
    pub cluster_id: Option<Cow<'a, str>>,
    pub voter_id: i32,
    pub voter_directory_id: Uuid,
}

impl Default for RemoveRaftVoterRequest<'_> {
    fn default() -> Self {
        Self {
            cluster_id: Some(Cow::Borrowed("")),
            voter_id: 0,
            voter_directory_id: Uuid::ZERO,
        }
    }
}

impl<'a> Decode<'a> for RemoveRaftVoterRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.cluster_id = r.nullable_string(true)?;
        m.voter_id = r.i32()?;
        m.voter_directory_id = r.uuid()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for RemoveRaftVoterRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.nullable_string(true, self.cluster_id.as_deref())?;
        w.i32(self.voter_id);
        w.uuid(self.voter_directory_id);
        w.tags();
        Ok(())
    }
}

impl Request for RemoveRaftVoterRequest<'_> {
    const KEY: ApiKey = ApiKey(81);
    type Response<'r> = RemoveRaftVoterResponse<'r>;
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoveRaftVoterResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for RemoveRaftVoterResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            error_message: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Decode<'a> for RemoveRaftVoterResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
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

impl Encode for RemoveRaftVoterResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code.0);
        w.nullable_string(true, self.error_message.as_deref())?;
        w.tags();
        Ok(())
    }
}
