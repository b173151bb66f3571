//! AlterClientQuotas (key 49), made from `schema/alter_client_quotas.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-1, flexible from 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterClientQuotasRequest<'a> {
    pub entries: Vec<EntryData<'a>>,
    pub validate_only: bool,
}

impl<'a> Decode<'a> for AlterClientQuotasRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 1;
        let mut m = Self::default();
        m.entries = r.array(flexible, 3, |r| EntryData::decode(r, version))?;
        m.validate_only = r.bool()?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for AlterClientQuotasRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 1;
        w.array(flexible, &self.entries, |w, v| v.encode(w, version))?;
        w.bool(self.validate_only);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for AlterClientQuotasRequest<'_> {
    const KEY: ApiKey = ApiKey(49);
    type Response<'r> = AlterClientQuotasResponse<'r>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntryData<'a> {
    pub entity: Vec<EntityData<'a>>,
    pub ops: Vec<OpData<'a>>,
}

impl<'a> Decode<'a> for EntryData<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let mut m = Self::default();
        m.entity = r.array(flexible, 3, |r| EntityData::decode(r, version))?;
        m.ops = r.array(flexible, 11, |r| OpData::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for EntryData<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        w.array(flexible, &self.entity, |w, v| v.encode(w, version))?;
        w.array(flexible, &self.ops, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpData<'a> {
    pub key: Cow<'a, str>,
    pub value: f64,
    pub remove: bool,
}

impl<'a> Decode<'a> for OpData<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let mut m = Self::default();
        m.key = r.string(flexible)?;
        m.value = r.f64()?;
        m.remove = r.bool()?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for OpData<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        w.string(flexible, &self.key)?;
        w.f64(self.value);
        w.bool(self.remove);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

/// Versions 0-1, flexible from 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterClientQuotasResponse<'a> {
    pub throttle_time_ms: i32,
    pub entries: Vec<ResponseEntryData<'a>>,
}

impl<'a> Decode<'a> for AlterClientQuotasResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 1;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.entries = r.array(flexible, 5, |r| ResponseEntryData::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for AlterClientQuotasResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 1;
        w.i32(self.throttle_time_ms);
        w.array(flexible, &self.entries, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ResponseEntryData<'a> {
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
    pub entity: Vec<EntityData<'a>>,
}

impl Default for ResponseEntryData<'_> {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            error_message: Some(Cow::Borrowed("")),
            entity: Vec::new(),
        }
    }
}

impl<'a> Decode<'a> for ResponseEntryData<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let mut m = Self::default();
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(flexible)?;
        m.entity = r.array(flexible, 3, |r| EntityData::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for ResponseEntryData<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        w.i16(self.error_code.0);
        w.nullable_string(flexible, self.error_message.as_deref())?;
        w.array(flexible, &self.entity, |w, v| v.encode(w, version))?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct EntityData<'a> {
    pub entity_type: Cow<'a, str>,
    pub entity_name: Option<Cow<'a, str>>,
}

impl Default for EntityData<'_> {
    fn default() -> Self {
        Self {
            entity_type: Cow::Borrowed(""),
            entity_name: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Decode<'a> for EntityData<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let mut m = Self::default();
        m.entity_type = r.string(flexible)?;
        m.entity_name = r.nullable_string(flexible)?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for EntityData<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        w.string(flexible, &self.entity_type)?;
        w.nullable_string(flexible, self.entity_name.as_deref())?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
