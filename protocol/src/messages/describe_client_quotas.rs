//! DescribeClientQuotas (key 48), made from `schema/describe_client_quotas.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-1, flexible from 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeClientQuotasRequest<'a> {
    pub components: Vec<ComponentData<'a>>,
    pub strict: bool,
}

impl<'a> Decode<'a> for DescribeClientQuotasRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 1;
        let mut m = Self::default();
        m.components = r.array(flexible, 4, |r| ComponentData::decode(r, version))?;
        m.strict = r.bool()?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribeClientQuotasRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 1;
        w.array(flexible, &self.components, |w, v| v.encode(w, version))?;
        w.bool(self.strict);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for DescribeClientQuotasRequest<'_> {
    const KEY: ApiKey = ApiKey(48);
    type Response<'r> = DescribeClientQuotasResponse<'r>;
}

#[derive(Clone, Debug, PartialEq)]
pub struct ComponentData<'a> {
    pub entity_type: Cow<'a, str>,
    pub match_type: i8,
    pub r#match: Option<Cow<'a, str>>,
}

impl Default for ComponentData<'_> {
    fn default() -> Self {
        Self {
            entity_type: Cow::Borrowed(""),
            match_type: 0,
            r#match: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Decode<'a> for ComponentData<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let mut m = Self::default();
        m.entity_type = r.string(flexible)?;
        m.match_type = r.i8()?;
        m.r#match = r.nullable_string(flexible)?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for ComponentData<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        w.string(flexible, &self.entity_type)?;
        w.i8(self.match_type);
        w.nullable_string(flexible, self.r#match.as_deref())?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

/// Versions 0-1, flexible from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeClientQuotasResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
    pub entries: Option<Vec<EntryData<'a>>>,
}

impl Default for DescribeClientQuotasResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            error_message: Some(Cow::Borrowed("")),
            entries: Some(Vec::new()),
        }
    }
}

impl<'a> Decode<'a> for DescribeClientQuotasResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 1;
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(flexible)?;
        m.entries = r.nullable_array(flexible, 3, |r| EntryData::decode(r, version))?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for DescribeClientQuotasResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 1;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code.0);
        w.nullable_string(flexible, self.error_message.as_deref())?;
        w.nullable_array(flexible, self.entries.as_deref(), |w, v| {
            v.encode(w, version)
        })?;
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntryData<'a> {
    pub entity: Vec<EntityData<'a>>,
    pub values: Vec<ValueData<'a>>,
}

impl<'a> Decode<'a> for EntryData<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let mut m = Self::default();
        m.entity = r.array(flexible, 3, |r| EntityData::decode(r, version))?;
        m.values = r.array(flexible, 10, |r| ValueData::decode(r, version))?;
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
        w.array(flexible, &self.values, |w, v| v.encode(w, version))?;
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

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ValueData<'a> {
    pub key: Cow<'a, str>,
    pub value: f64,
}

impl<'a> Decode<'a> for ValueData<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let mut m = Self::default();
        m.key = r.string(flexible)?;
        m.value = r.f64()?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for ValueData<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        w.string(flexible, &self.key)?;
        w.f64(self.value);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}
