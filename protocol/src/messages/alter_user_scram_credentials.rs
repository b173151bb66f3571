//! AlterUserScramCredentials (key 51), made from `schema/alter_user_scram_credentials.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterUserScramCredentialsRequest<'a> {
    pub deletions: Vec<ScramCredentialDeletion<'a>>,
    pub upsertions: Vec<ScramCredentialUpsertion<'a>>,
}

impl<'a> Decode<'a> for AlterUserScramCredentialsRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.deletions = r.array(true, 3, |r| ScramCredentialDeletion::decode(r, version))?;
        m.upsertions = r.array(true, 9, |r| ScramCredentialUpsertion::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for AlterUserScramCredentialsRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.array(true, &self.deletions, |w, v| v.encode(w, version))?;
        w.array(true, &self.upsertions, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

impl Request for AlterUserScramCredentialsRequest<'_> {
    const KEY: ApiKey = ApiKey(51);
    type Response<'r> = AlterUserScramCredentialsResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScramCredentialDeletion<'a> {
    pub name: Cow<'a, str>,
    pub mechanism: i8,
}

impl<'a> Decode<'a> for ScramCredentialDeletion<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string(true)?;
        m.mechanism = r.i8()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for ScramCredentialDeletion<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.name)?;
        w.i8(self.mechanism);
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScramCredentialUpsertion<'a> {
    pub name: Cow<'a, str>,
    pub mechanism: i8,
    pub iterations: i32,
    pub salt: Cow<'a, [u8]>,
    pub salted_password: Cow<'a, [u8]>,
}

impl<'a> Decode<'a> for ScramCredentialUpsertion<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string(true)?;
        m.mechanism = r.i8()?;
        m.iterations = r.i32()?;
        m.salt = r.bytes(true)?;
        m.salted_password = r.bytes(true)?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for ScramCredentialUpsertion<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.name)?;
        w.i8(self.mechanism);
        w.i32(self.iterations);
        w.bytes(true, &self.salt)?;
        w.bytes(true, &self.salted_password)?;
        w.tags();
        Ok(())
    }
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterUserScramCredentialsResponse<'a> {
    pub throttle_time_ms: i32,
    pub results: Vec<AlterUserScramCredentialsResult<'a>>,
}

impl<'a> Decode<'a> for AlterUserScramCredentialsResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.results = r.array(true, 5, |r| {
            AlterUserScramCredentialsResult::decode(r, version)
        })?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for AlterUserScramCredentialsResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.throttle_time_ms);
        w.array(true, &self.results, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct AlterUserScramCredentialsResult<'a> {
    pub user: Cow<'a, str>,
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for AlterUserScramCredentialsResult<'_> {
    fn default() -> Self {
        Self {
            user: Cow::Borrowed(""),
            error_code: ErrorCode::NONE,
            error_message: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Decode<'a> for AlterUserScramCredentialsResult<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.user = r.string(true)?;
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(true)?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for AlterUserScramCredentialsResult<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.user)?;
        w.i16(self.error_code.0);
        w.nullable_string(true, self.error_message.as_deref())?;
        w.tags();
        Ok(())
    }
}
