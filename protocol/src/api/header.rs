//! Request and response headers. A flexible request has header version 2 and its response header
//! version 1; others have 1 and 0. The response to ApiVersions keeps header version 0 always, so
//! that a client can read it before it knows what the broker speaks (KIP-511).

use std::borrow::Cow;

use super::{ApiKey, Request};
use crate::wire::{DecodeError, Encode, EncodeError, Frame, Reader, Writer};

/// What stands before a request's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHeader<'a> {
    /// The request's kind.
    pub api_key: ApiKey,
    /// Version of the body.
    pub api_version: i16,
    /// Given back in the response.
    pub correlation_id: i32,
    /// What the client calls itself.
    pub client_id: Option<Cow<'a, str>>,
}

impl<'a> RequestHeader<'a> {
    /// Reads a header; the body follows in `r`.
    ///
    /// A key or version that we do not know is not an error here. The header of an unknown key is
    /// read as version 1; ApiVersions above its last version is read as flexible, as Kafka does.
    pub fn decode(r: &mut Reader<'a>) -> Result<RequestHeader<'a>, DecodeError> {
        let api_key = ApiKey(r.i16()?);
        let api_version = r.i16()?;
        let correlation_id = r.i32()?;
        // Not compact even in version 2, so that a broker can read it whatever the version.
        let client_id = r.nullable_string(false)?;
        if api_key.is_flexible(api_version) {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(RequestHeader {
            api_key,
            api_version,
            correlation_id,
            client_id,
        })
    }

    /// Writes a header.
    pub fn encode(&self, w: &mut Writer) -> Result<(), EncodeError> {
        w.i16(self.api_key.0);
        w.i16(self.api_version);
        w.i32(self.correlation_id);
        w.nullable_string(false, self.client_id.as_deref())?;
        if self.api_key.is_flexible(self.api_version) {
            w.tags();
        }
        Ok(())
    }
}

/// What stands before a response's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseHeader {
    /// The request's.
    pub correlation_id: i32,
}

impl ResponseHeader {
    fn has_tags(key: ApiKey, version: i16) -> bool {
        key != ApiKey::API_VERSIONS && key.is_flexible(version)
    }

    /// Reads the header of an answer to `key` in `version`.
    pub fn decode(
        r: &mut Reader<'_>,
        key: ApiKey,
        version: i16,
    ) -> Result<ResponseHeader, DecodeError> {
        let correlation_id = r.i32()?;
        if ResponseHeader::has_tags(key, version) {
            r.tags(|_, _| Ok(false))?;
        }
        Ok(ResponseHeader { correlation_id })
    }

    /// Writes the header of an answer to `key` in `version`.
    pub fn encode(&self, w: &mut Writer, key: ApiKey, version: i16) {
        w.i32(self.correlation_id);
        if ResponseHeader::has_tags(key, version) {
            w.tags();
        }
    }
}

/// A request's whole frame: size, header, body.
pub fn encode_request<R: Request>(
    body: &R,
    version: i16,
    correlation_id: i32,
    client_id: Option<&str>,
) -> Result<Frame, EncodeError> {
    let header = RequestHeader {
        api_key: R::KEY,
        api_version: version,
        correlation_id,
        client_id: client_id.map(Cow::Borrowed),
    };
    let mut w = Writer::framed();
    header.encode(&mut w)?;
    body.encode(&mut w, version)?;
    w.finish()
}

/// A response's whole frame: size, header, body.
pub fn encode_response(
    body: &impl Encode,
    key: ApiKey,
    version: i16,
    correlation_id: i32,
) -> Result<Frame, EncodeError> {
    let mut w = Writer::framed();
    ResponseHeader { correlation_id }.encode(&mut w, key, version);
    body.encode(&mut w, version)?;
    w.finish()
}
