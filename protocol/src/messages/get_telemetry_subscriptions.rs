//! GetTelemetrySubscriptions (key 71), made from `schema/get_telemetry_subscriptions.txt`; do not edit.

use std::borrow::Cow;

use crate::api::{ApiKey, Request};
use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetTelemetrySubscriptionsRequest {
    pub client_instance_id: Uuid,
}

impl Decode<'_> for GetTelemetrySubscriptionsRequest {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.client_instance_id = r.uuid()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for GetTelemetrySubscriptionsRequest {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.uuid(self.client_instance_id);
        w.tags();
        Ok(())
    }
}

impl Request for GetTelemetrySubscriptionsRequest {
    const KEY: ApiKey = ApiKey(71);
    type Response<'r> = GetTelemetrySubscriptionsResponse<'r>;
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetTelemetrySubscriptionsResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub client_instance_id: Uuid,
    pub subscription_id: i32,
    pub accepted_compression_types: Vec<i8>,
    pub push_interval_ms: i32,
    pub telemetry_max_bytes: i32,
    pub delta_temporality: bool,
    pub requested_metrics: Vec<Cow<'a, str>>,
}

impl<'a> Decode<'a> for GetTelemetrySubscriptionsResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.throttle_time_ms = r.i32()?;
        m.error_code = ErrorCode(r.i16()?);
        m.client_instance_id = r.uuid()?;
        m.subscription_id = r.i32()?;
        m.accepted_compression_types = r.array(true, 1, |r| r.i8())?;
        m.push_interval_ms = r.i32()?;
        m.telemetry_max_bytes = r.i32()?;
        m.delta_temporality = r.bool()?;
        m.requested_metrics = r.array(true, 1, |r| r.string(true))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for GetTelemetrySubscriptionsResponse<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code.0);
        w.uuid(self.client_instance_id);
        w.i32(self.subscription_id);
        w.array(true, &self.accepted_compression_types, |w, v| {
            w.i8(*v);
            Ok(())
        })?;
        w.i32(self.push_interval_ms);
        w.i32(self.telemetry_max_bytes);
        w.bool(self.delta_temporality);
        w.array(true, &self.requested_metrics, |w, v| w.string(true, v))?;
        w.tags();
        Ok(())
    }
}
