//! DeleteTopics (key 20), made from `schema/delete_topics.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 1-6, flexible from 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteTopicsRequest<'a> {
    /// versions 6+
    pub topics: Vec<DeleteTopicState<'a>>,
    /// versions 1-5, else ignored
    pub topic_names: Vec<Cow<'a, str>>,
    pub timeout_ms: i32,
}

impl<'a> Decode<'a> for DeleteTopicsRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=6).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 4;
        let mut m = Self::default();
        if version >= 6 {
            m.topics = r.array(flexible, 18, |r| DeleteTopicState::decode(r, version))?;
        }
        if version <= 5 {
            m.topic_names = r.array(flexible, 1, |r| r.string(flexible))?;
        }
        m.timeout_ms = r.i32()?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DeleteTopicsRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=6).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        if version >= 6 {
            w.array(flexible, &self.topics, |w, v| v.encode(w, version))?;
        } else if !self.topics.is_empty() {
            return Err(EncodeError::Absent {
                field: "topics",
                version,
            });
        }
        if version <= 5 {
            w.array(flexible, &self.topic_names, |w, v| w.string(flexible, v))?;
        }
        w.i32(self.timeout_ms);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for DeleteTopicsRequest<'_> {
    const KEY: ApiKey = ApiKey(20);
    type Response<'r> = DeleteTopicsResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteTopicState<'a> {
    pub name: Option<Cow<'a, str>>,
    pub topic_id: Uuid,
}

impl<'a> Decode<'a> for DeleteTopicState<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.nullable_string(true)?;
        m.topic_id = r.uuid()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for DeleteTopicState<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.nullable_string(true, self.name.as_deref())?;
        w.uuid(self.topic_id);
        w.tags();
        Ok(())
    }
}

/// Versions 1-6, flexible from 4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteTopicsResponse<'a> {
    pub throttle_time_ms: i32,
    pub responses: Vec<DeletableTopicResult<'a>>,
}

impl<'a> Decode<'a> for DeleteTopicsResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=6).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 4;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.responses = r.array(flexible, 4, |r| DeletableTopicResult::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DeleteTopicsResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(1..=6).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        w.i32(self.throttle_time_ms);
        w.array(flexible, &self.responses, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DeletableTopicResult<'a> {
    /// null in 6+
    pub name: Option<Cow<'a, str>>,
    /// versions 6+, else ignored
    pub topic_id: Uuid,
    pub error_code: ErrorCode,
    /// versions 5+, else ignored
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for DeletableTopicResult<'_> {
    fn default() -> Self {
        Self {
            name: Some(Cow::Borrowed("")),
            topic_id: Uuid::ZERO,
            error_code: ErrorCode::NONE,
            error_message: None,
        }
    }
}

impl<'a> Decode<'a> for DeletableTopicResult<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let mut m = Self::default();
        m.name = r.nullable_string(flexible)?;
        if m.name.is_none() && version < 6 {
            return Err(DecodeError::Null);
        }
        if version >= 6 {
            m.topic_id = r.uuid()?;
        }
        m.error_code = ErrorCode(r.i16()?);
        if version >= 5 {
            m.error_message = r.nullable_string(flexible)?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DeletableTopicResult<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        if self.name.is_none() && version < 6 {
            return Err(EncodeError::Null {
                field: "name",
                version,
            });
        }
        w.nullable_string(flexible, self.name.as_deref())?;
        if version >= 6 {
            w.uuid(self.topic_id);
        }
        w.i16(self.error_code.0);
        if version >= 5 {
            w.nullable_string(flexible, self.error_message.as_deref())?;
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
