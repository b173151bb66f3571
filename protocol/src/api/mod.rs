//! Which requests exist, in which versions, and what stands before their bodies.

mod header;
mod table;

pub use header::{RequestHeader, ResponseHeader, encode_request, encode_response};
pub use table::APIS;

use std::fmt;

use crate::wire::{Decode, Encode};

/// The number of a request's kind; it may be one that we do not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiKey(pub i16);

/// First and last version, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionRange {
    /// First version.
    pub min: i16,
    /// Last version.
    pub max: i16,
}

impl VersionRange {
    /// True when `version` is in the range.
    pub fn contains(self, version: i16) -> bool {
        (self.min..=self.max).contains(&version)
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Api {
    /// The key.
    pub key: ApiKey,
    /// Kafka's name.
    pub name: &'static str,
    /// Versions whose messages can be decoded and encoded.
    pub versions: VersionRange,
    /// Versions that Kafka 4.3 tells its clients. Wider than `versions` for Produce (old librdkafka
    /// looks for version 0), narrower where the last version is not stable yet.
    pub advertised: VersionRange,
    /// First version with compact lengths and tagged fields.
    pub flexible: Option<i16>,
}

/// A row of the generated table.
const fn row(
    key: i16,
    name: &'static str,
    versions: (i16, i16),
    advertised: (i16, i16),
    flexible: Option<i16>,
) -> Api {
    Api {
        key: ApiKey(key),
        name,
        versions: VersionRange {
            min: versions.0,
            max: versions.1,
        },
        advertised: VersionRange {
            min: advertised.0,
            max: advertised.1,
        },
        flexible,
    }
}

/// A request's body.
pub trait Request: Encode {
    /// The key in its header.
    const KEY: ApiKey;
    /// The body that answers it.
    type Response<'r>: Encode + Decode<'r>;
}

impl ApiKey {
    /// The row of the table; None for a key that no broker listener serves.
    pub fn api(self) -> Option<&'static Api> {
        APIS.binary_search_by_key(&self, |api| api.key)
            .ok()
            .map(|i| &APIS[i])
    }

    /// Kafka's name, or "Unknown".
    pub fn name(self) -> &'static str {
        self.api().map_or("Unknown", |api| api.name)
    }

    /// True when `version` uses compact lengths and tagged fields.
    pub fn is_flexible(self, version: i16) -> bool {
        self.api()
            .and_then(|api| api.flexible)
            .is_some_and(|first| version >= first)
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.api() {
            Some(api) => f.write_str(api.name),
            None => write!(f, "key {}", self.0),
        }
    }
}

/// Versions whose messages can be decoded; None for a key that no broker listener serves.
pub fn versions(key: ApiKey) -> Option<VersionRange> {
    key.api().map(|api| api.versions)
}
