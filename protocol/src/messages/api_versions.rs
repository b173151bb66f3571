//! ApiVersions (key 18), made from `schema/api_versions.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-4, flexible from 3.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiVersionsRequest<'a> {
    /// versions 3+, else ignored
    pub client_software_name: Cow<'a, str>,
    /// versions 3+, else ignored
    pub client_software_version: Cow<'a, str>,
}

impl<'a> Decode<'a> for ApiVersionsRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=4).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let mut m = Self::default();
        if version >= 3 {
            m.client_software_name = r.string(flexible)?;
            m.client_software_version = r.string(flexible)?;
        }
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for ApiVersionsRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        if version >= 3 {
            w.string(flexible, &self.client_software_name)?;
        }
        if version >= 3 {
            w.string(flexible, &self.client_software_version)?;
        }
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

impl Request for ApiVersionsRequest<'_> {
    const KEY: ApiKey = ApiKey(18);
    type Response<'r> = ApiVersionsResponse<'r>;
}

/// Versions 0-4, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiVersionsResponse<'a> {
    pub error_code: ErrorCode,
    pub api_keys: Vec<ApiVersion>,
    /// versions 1+, else ignored
    pub throttle_time_ms: i32,
    /// versions 3+, tag 0, else ignored
    pub supported_features: Vec<SupportedFeatureKey<'a>>,
    /// versions 3+, tag 1, else ignored
    pub finalized_features_epoch: i64,
    /// versions 3+, tag 2, else ignored
    pub finalized_features: Vec<FinalizedFeatureKey<'a>>,
    /// versions 3+, tag 3, else ignored
    pub zk_migration_ready: bool,
}

impl Default for ApiVersionsResponse<'_> {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::NONE,
            api_keys: Vec::new(),
            throttle_time_ms: 0,
            supported_features: Vec::new(),
            finalized_features_epoch: -1,
            finalized_features: Vec::new(),
            zk_migration_ready: false,
        }
    }
}

impl<'a> Decode<'a> for ApiVersionsResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=4).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let mut m = Self::default();
        m.error_code = ErrorCode(r.i16()?);
        m.api_keys = r.array(flexible, 6, |r| ApiVersion::decode(r, version))?;
        if version >= 1 {
            m.throttle_time_ms = r.i32()?;
        }
        if flexible {
            r.tags(|tag, r| {
                match tag {
                    0 => {
                        m.supported_features =
                            r.array(true, 6, |r| SupportedFeatureKey::decode(r, version))?
                    }
                    1 => m.finalized_features_epoch = r.i64()?,
                    2 => {
                        m.finalized_features =
                            r.array(true, 6, |r| FinalizedFeatureKey::decode(r, version))?
                    }
                    3 => m.zk_migration_ready = r.bool()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(m)
    }
}

impl Encode for ApiVersionsResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        w.i16(self.error_code.0);
        w.array(flexible, &self.api_keys, |w, v| v.encode(w, version))?;
        if version >= 1 {
            w.i32(self.throttle_time_ms);
        }
        if flexible {
            let mut tags = w.tags();
            if !self.supported_features.is_empty() {
                tags.field(0, |w| {
                    w.array(true, &self.supported_features, |w, v| v.encode(w, version))
                })?;
            }
            if self.finalized_features_epoch != -1 {
                tags.field(1, |w| {
                    w.i64(self.finalized_features_epoch);
                    Ok(())
                })?;
            }
            if !self.finalized_features.is_empty() {
                tags.field(2, |w| {
                    w.array(true, &self.finalized_features, |w, v| v.encode(w, version))
                })?;
            }
            if self.zk_migration_ready {
                tags.field(3, |w| {
                    w.bool(self.zk_migration_ready);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiVersion {
    pub api_key: i16,
    pub min_version: i16,
    pub max_version: i16,
}

impl Decode<'_> for ApiVersion {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let mut m = Self::default();
        m.api_key = r.i16()?;
        m.min_version = r.i16()?;
        m.max_version = r.i16()?;
        if flexible {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(m)
    }
}

impl Encode for ApiVersion {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        w.i16(self.api_key);
        w.i16(self.min_version);
        w.i16(self.max_version);
        if flexible {
            w.tags();
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct SupportedFeatureKey<'a> {
    pub name: Cow<'a, str>,
    pub min_version: i16,
    pub max_version: i16,
}

impl<'a> Decode<'a> for SupportedFeatureKey<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string(true)?;
        m.min_version = r.i16()?;
        m.max_version = r.i16()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for SupportedFeatureKey<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.name)?;
        w.i16(self.min_version);
        w.i16(self.max_version);
        w.tags();
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct FinalizedFeatureKey<'a> {
    pub name: Cow<'a, str>,
    pub max_version_level: i16,
    pub min_version_level: i16,
}

impl<'a> Decode<'a> for FinalizedFeatureKey<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.name = r.string(true)?;
        m.max_version_level = r.i16()?;
        m.min_version_level = r.i16()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for FinalizedFeatureKey<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.name)?;
        w.i16(self.max_version_level);
        w.i16(self.min_version_level);
        w.tags();
        Ok(())
    }
}
