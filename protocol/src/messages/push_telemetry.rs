//! PushTelemetry (key 72), made from `schema/push_telemetry.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PushTelemetryRequest<'a> {
    pub client_instance_id: Uuid,
    pub subscription_id: i32,
    pub terminating: bool,
    pub compression_type: i8,
    pub metrics: Cow<'a, [u8]>,
}

impl<'a> Decode<'a> for PushTelemetryRequest<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.client_instance_id = r.uuid()?;
        m.subscription_id = r.i32()?;
        m.terminating = r.bool()?;
        m.compression_type = r.i8()?;
        m.metrics = r.bytes(true)?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for PushTelemetryRequest<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.uuid(self.client_instance_id);
        w.i32(self.subscription_id);
        w.bool(self.terminating);
        w.i8(self.compression_type);
        w.bytes(true, &self.metrics)?;
        w.tags();
        Ok(())
    }
}

impl Request for PushTelemetryRequest<'_> {
    const KEY: ApiKey = ApiKey(72);
    type Response<'r> = PushTelemetryResponse;
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PushTelemetryResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
}

impl Decode<'_> for PushTelemetryResponse {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for PushTelemetryResponse {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code.0);
        w.tags();
        Ok(())
    }
}
