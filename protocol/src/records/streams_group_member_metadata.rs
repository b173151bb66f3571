//! StreamsGroupMemberMetadata (type 19 of `__consumer_offsets`), made from `schema/records/streams_group_member_metadata.txt`; do not edit.

use std::borrow::Cow;

use crate::api::VersionRange;
use crate::records::{RecordKey, RecordValue};
use crate::wire::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

/// The key of records of type 19 in `__consumer_offsets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamsGroupMemberMetadataKey<'a> {
    pub group_id: Cow<'a, str>,
    pub member_id: Cow<'a, str>,
}

impl<'a> Decode<'a> for StreamsGroupMemberMetadataKey<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.group_id = r.string(false)?;
        m.member_id = r.string(false)?;
        Ok(m)
    }
}

impl Encode for StreamsGroupMemberMetadataKey<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.string(false, &self.group_id)?;
        w.string(false, &self.member_id)?;
        Ok(())
    }
}

impl StreamsGroupMemberMetadataKey<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> StreamsGroupMemberMetadataKey<'static> {
        StreamsGroupMemberMetadataKey {
            group_id: Cow::Owned(self.group_id.into_owned()),
            member_id: Cow::Owned(self.member_id.into_owned()),
        }
    }
}

impl<'a> RecordKey<'a> for StreamsGroupMemberMetadataKey<'a> {
    const TYPE: i16 = 19;
    type Value = StreamsGroupMemberMetadataValue<'a>;
}

/// Versions 0-0, flexible from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamsGroupMemberMetadataValue<'a> {
    pub instance_id: Option<Cow<'a, str>>,
    pub rack_id: Option<Cow<'a, str>>,
    pub client_id: Cow<'a, str>,
    pub client_host: Cow<'a, str>,
    pub rebalance_timeout_ms: i32,
    pub topology_epoch: i32,
    pub process_id: Cow<'a, str>,
    pub user_endpoint: Option<Endpoint<'a>>,
    pub client_tags: Vec<KeyValue<'a>>,
}

impl Default for StreamsGroupMemberMetadataValue<'_> {
    fn default() -> Self {
        Self {
            instance_id: Some(Cow::Borrowed("")),
            rack_id: Some(Cow::Borrowed("")),
            client_id: Cow::Borrowed(""),
            client_host: Cow::Borrowed(""),
            rebalance_timeout_ms: -1,
            topology_epoch: 0,
            process_id: Cow::Borrowed(""),
            user_endpoint: None,
            client_tags: Vec::new(),
        }
    }
}

impl<'a> Decode<'a> for StreamsGroupMemberMetadataValue<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let mut m = Self::default();
        m.instance_id = r.nullable_string(true)?;
        m.rack_id = r.nullable_string(true)?;
        m.client_id = r.string(true)?;
        m.client_host = r.string(true)?;
        m.rebalance_timeout_ms = r.i32()?;
        m.topology_epoch = r.i32()?;
        m.process_id = r.string(true)?;
        m.user_endpoint = r.nullable_struct(|r| Endpoint::decode(r, version))?;
        m.client_tags = r.array(true, 3, |r| KeyValue::decode(r, version))?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for StreamsGroupMemberMetadataValue<'_> {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        w.nullable_string(true, self.instance_id.as_deref())?;
        w.nullable_string(true, self.rack_id.as_deref())?;
        w.string(true, &self.client_id)?;
        w.string(true, &self.client_host)?;
        w.i32(self.rebalance_timeout_ms);
        w.i32(self.topology_epoch);
        w.string(true, &self.process_id)?;
        w.nullable_struct(self.user_endpoint.as_ref(), |w, v| v.encode(w, version))?;
        w.array(true, &self.client_tags, |w, v| v.encode(w, version))?;
        w.tags();
        Ok(())
    }
}

impl StreamsGroupMemberMetadataValue<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> StreamsGroupMemberMetadataValue<'static> {
        StreamsGroupMemberMetadataValue {
            instance_id: self.instance_id.map(|v| Cow::Owned(v.into_owned())),
            rack_id: self.rack_id.map(|v| Cow::Owned(v.into_owned())),
            client_id: Cow::Owned(self.client_id.into_owned()),
            client_host: Cow::Owned(self.client_host.into_owned()),
            rebalance_timeout_ms: self.rebalance_timeout_ms,
            topology_epoch: self.topology_epoch,
            process_id: Cow::Owned(self.process_id.into_owned()),
            user_endpoint: self.user_endpoint.map(|v| v.into_static()),
            client_tags: self
                .client_tags
                .into_iter()
                .map(|v| v.into_static())
                .collect(),
        }
    }
}

impl<'a> RecordValue<'a> for StreamsGroupMemberMetadataValue<'a> {
    const VERSIONS: VersionRange = VersionRange { min: 0, max: 0 };
    fn written(&self) -> i16 {
        0
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoint<'a> {
    pub host: Cow<'a, str>,
    pub port: u16,
}

impl<'a> Decode<'a> for Endpoint<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.host = r.string(true)?;
        m.port = r.u16()?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for Endpoint<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.host)?;
        w.u16(self.port);
        w.tags();
        Ok(())
    }
}

impl Endpoint<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> Endpoint<'static> {
        Endpoint {
            host: Cow::Owned(self.host.into_owned()),
            port: self.port,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyValue<'a> {
    pub key: Cow<'a, str>,
    pub value: Cow<'a, str>,
}

impl<'a> Decode<'a> for KeyValue<'a> {
    fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let mut m = Self::default();
        m.key = r.string(true)?;
        m.value = r.string(true)?;
        r.tags(|_, _| Ok(false))?;
        Ok(m)
    }
}

impl Encode for KeyValue<'_> {
    fn encode(&self, w: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        w.string(true, &self.key)?;
        w.string(true, &self.value)?;
        w.tags();
        Ok(())
    }
}

impl KeyValue<'_> {
    /// The same, borrowing nothing.
    pub fn into_static(self) -> KeyValue<'static> {
        KeyValue {
            key: Cow::Owned(self.key.into_owned()),
            value: Cow::Owned(self.value.into_owned()),
        }
    }
}
