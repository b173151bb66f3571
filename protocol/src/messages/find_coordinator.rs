//! FindCoordinator (key 10), made from `schema/find_coordinator.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-6, flexible from 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FindCoordinatorRequest<'a> {
    /// versions 0-3
    pub key: Cow<'a, str>,
    /// versions 1+
    pub key_type: i8,
    /// versions 4+
    pub coordinator_keys: Vec<Cow<'a, str>>,
}

impl<'a> Decode<'a> for FindCoordinatorRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=6).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let mut m = Self::default();
        if version <= 3 {
            m.key = r.string(flexible)?;
        }
        if version >= 1 {
            m.key_type = r.i8()?;
        }
        if version >= 4 {
            m.coordinator_keys = r.array(flexible, 1, |r| r.string(flexible))?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for FindCoordinatorRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=6).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        if version <= 3 {
            w.string(flexible, &self.key)?;
        } else if !self.key.is_empty() {
            return Err(EncodeError::Absent {
                field: "key",
                version,
            });
        }
        if version >= 1 {
            w.i8(self.key_type);
        } else if self.key_type != 0 {
            return Err(EncodeError::Absent {
                field: "key_type",
                version,
            });
        }
        if version >= 4 {
            w.array(flexible, &self.coordinator_keys, |w, v| {
                w.string(flexible, v)
            })?;
        } else if !self.coordinator_keys.is_empty() {
            return Err(EncodeError::Absent {
                field: "coordinator_keys",
                version,
            });
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for FindCoordinatorRequest<'_> {
    const KEY: ApiKey = ApiKey(10);
    type Response<'r> = FindCoordinatorResponse<'r>;
}

/// Versions 0-6, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct FindCoordinatorResponse<'a> {
    /// versions 1+, else ignored
    pub throttle_time_ms: i32,
    /// versions 0-3
    pub error_code: ErrorCode,
    /// versions 1-3, else ignored
    pub error_message: Option<Cow<'a, str>>,
    /// versions 0-3
    pub node_id: i32,
    /// versions 0-3
    pub host: Cow<'a, str>,
    /// versions 0-3
    pub port: i32,
    /// versions 4+
    pub coordinators: Vec<Coordinator<'a>>,
}

impl Default for FindCoordinatorResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            error_message: Some(Cow::Borrowed("")),
            node_id: 0,
            host: Cow::Borrowed(""),
            port: 0,
            coordinators: Vec::new(),
        }
    }
}

impl<'a> Decode<'a> for FindCoordinatorResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=6).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let mut m = Self::default();
        if version >= 1 {
            m.throttle_time_ms = r.i32()?;
        }
        if version <= 3 {
            m.error_code = ErrorCode(r.i16()?);
        }
        if (1..=3).contains(&version) {
            m.error_message = r.nullable_string(flexible)?;
        }
        if version <= 3 {
            m.node_id = r.i32()?;
            m.host = r.string(flexible)?;
            m.port = r.i32()?;
        }
        if version >= 4 {
            m.coordinators = r.array(flexible, 14, |r| Coordinator::decode(r, version))?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for FindCoordinatorResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=6).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        if version >= 1 {
            w.i32(self.throttle_time_ms);
        }
        if version <= 3 {
            w.i16(self.error_code.0);
        } else if self.error_code != ErrorCode::NONE {
            return Err(EncodeError::Absent {
                field: "error_code",
                version,
            });
        }
        if (1..=3).contains(&version) {
            w.nullable_string(flexible, self.error_message.as_deref())?;
        }
        if version <= 3 {
            w.i32(self.node_id);
        } else if self.node_id != 0 {
            return Err(EncodeError::Absent {
                field: "node_id",
                version,
            });
        }
        if version <= 3 {
            w.string(flexible, &self.host)?;
        } else if !self.host.is_empty() {
            return Err(EncodeError::Absent {
                field: "host",
                version,
            });
        }
        if version <= 3 {
            w.i32(self.port);
        } else if self.port != 0 {
            return Err(EncodeError::Absent {
                field: "port",
                version,
            });
        }
        if version >= 4 {
            w.array(flexible, &self.coordinators, |w, v| v.encode(w, version))?;
        } else if !self.coordinators.is_empty() {
            return Err(EncodeError::Absent {
                field: "coordinators",
                version,
            });
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Coordinator<'a> {
    pub key: Cow<'a, str>,
    pub node_id: i32,
    pub host: Cow<'a, str>,
    pub port: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for Coordinator<'_> {
    fn default() -> Self {
        Self {
            key: Cow::Borrowed(""),
            node_id: 0,
            host: Cow::Borrowed(""),
            port: 0,
            error_code: ErrorCode::NONE,
            error_message: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Decode<'a> for Coordinator<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.key = r.string(true)?;
        m.node_id = r.i32()?;
        m.host = r.string(true)?;
        m.port = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(true)?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for Coordinator<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.key)?;
        w.i32(self.node_id);
        w.string(true, &self.host)?;
        w.i32(self.port);
        w.i16(self.error_code.0);
        w.nullable_string(true, self.error_message.as_deref())?;
        w.tags();
        Ok(())
    }
}
