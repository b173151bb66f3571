//! UpdateFeatures (key 57), made from `schema/update_features.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateFeaturesRequest<'a> {
    pub timeout_ms: i32,
    pub feature_updates: Vec<FeatureUpdateKey<'a>>,
    /// versions 1+
    pub validate_only: bool,
}

impl Default for UpdateFeaturesRequest<'_> {
    fn default() -> Self {
        Self {
            timeout_ms: 60000,
            feature_updates: Vec::new(),
            validate_only: false,
        }
    }
}

impl<'a> Decode<'a> for UpdateFeaturesRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.timeout_ms = r.i32()?;
        m.feature_updates = r.array(true, 5, |r| FeatureUpdateKey::decode(r, version))?;
        if version >= 1 {
            m.validate_only = r.bool()?;
        }
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for UpdateFeaturesRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.timeout_ms);
        w.array(true, &self.feature_updates, |w, v| v.encode(w, version))?;
        if version >= 1 {
            w.bool(self.validate_only);
        } else if self.validate_only {
            return Err(EncodeError::Absent {
                field: "validate_only",
                version,
            });
        }
        w.tags();
        Ok(())
    }
}

impl Request for UpdateFeaturesRequest<'_> {
    const KEY: ApiKey = ApiKey(57);
    type Response<'r> = UpdateFeaturesResponse<'r>;
}

#[derive(Clone, Debug, PartialEq)]
pub struct FeatureUpdateKey<'a> {
    pub feature: Cow<'a, str>,
    pub max_version_level: i16,
    /// versions 0
    pub allow_downgrade: bool,
    /// versions 1+
    pub upgrade_type: i8,
}

impl Default for FeatureUpdateKey<'_> {
    fn default() -> Self {
        Self {
            feature: Cow::Borrowed(""),
            max_version_level: 0,
            allow_downgrade: false,
            upgrade_type: 1,
        }
    }
}

impl<'a> Decode<'a> for FeatureUpdateKey<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.feature = r.string(true)?;
        m.max_version_level = r.i16()?;
        if version <= 0 {
            m.allow_downgrade = r.bool()?;
        }
        if version >= 1 {
            m.upgrade_type = r.i8()?;
        }
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for FeatureUpdateKey<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.feature)?;
        w.i16(self.max_version_level);
        if version <= 0 {
            w.bool(self.allow_downgrade);
        } else if self.allow_downgrade {
            return Err(EncodeError::Absent {
                field: "allow_downgrade",
                version,
            });
        }
        if version >= 1 {
            w.i8(self.upgrade_type);
        } else if self.upgrade_type != 1 {
            return Err(EncodeError::Absent {
                field: "upgrade_type",
                version,
            });
        }
        w.tags();
        Ok(())
    }
}

/// Versions 0-2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateFeaturesResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
    /// versions 0-1, else ignored
    pub results: Vec<UpdatableFeatureResult<'a>>,
}

impl Default for UpdateFeaturesResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            error_message: Some(Cow::Borrowed("")),
            results: Vec::new(),
        }
    }
}

impl<'a> Decode<'a> for UpdateFeaturesResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(true)?;
        if version <= 1 {
            m.results = r.array(true, 5, |r| UpdatableFeatureResult::decode(r, version))?;
        }
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for UpdateFeaturesResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code.0);
        w.nullable_string(true, self.error_message.as_deref())?;
        if version <= 1 {
            w.array(true, &self.results, |w, v| v.encode(w, version))?;
        }
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct UpdatableFeatureResult<'a> {
    pub feature: Cow<'a, str>,
    pub error_code: ErrorCode,
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for UpdatableFeatureResult<'_> {
    fn default() -> Self {
        Self {
            feature: Cow::Borrowed(""),
            error_code: ErrorCode::NONE,
            error_message: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Decode<'a> for UpdatableFeatureResult<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.feature = r.string(true)?;
        m.error_code = ErrorCode(r.i16()?);
        m.error_message = r.nullable_string(true)?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for UpdatableFeatureResult<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.feature)?;
        w.i16(self.error_code.0);
        w.nullable_string(true, self.error_message.as_deref())?;
        w.tags();
        Ok(())
    }
}
