//! The crate's side: decode and encode any message by its key.

#![allow(elided_lifetimes_in_paths)] // some messages borrow and some do not; the list does not say which

use ottla_protocol::wire::{Decode, Encode, Reader, Writer};

/// What became of a message that went through the crate.
pub type Outcome = Result<Vec<u8>, String>;

fn again<'a, T: Decode<'a> + Encode>(bytes: &'a [u8], version: i16, other: i16) -> Outcome {
    let mut r = Reader::new(bytes);
    let message = T::decode(&mut r, version).map_err(|why| format!("decode: {why}"))?;
    if !r.rest().is_empty() {
        return Err(format!("decode: {} bytes left", r.rest().len()));
    }
    encode(&message, other)
}

fn encode(message: &impl Encode, version: i16) -> Outcome {
    let mut w = Writer::new();
    message
        .encode(&mut w, version)
        .map_err(|why| why.to_string())?;
    Ok(w.finish()
        .map_err(|why| why.to_string())?
        .into_bytes()
        .to_vec())
}

fn can_decode<'a, T: Decode<'a>>(bytes: &'a [u8], version: i16) -> bool {
    T::decode(&mut Reader::new(bytes), version).is_ok()
}

macro_rules! dispatch {
    ($(($module:ident $request:ident $response:ident))*) => {
        /// Decodes a message of `version` and encodes it in `other`.
        #[allow(dead_code)]
        pub fn recode(request: bool, key: i16, version: i16, bytes: &[u8], other: i16) -> Outcome {
            use ottla_protocol::Request;
            use ottla_protocol::messages::*;
            $(if key == <$module::$request as Request>::KEY.0 {
                return if request {
                    again::<$module::$request>(bytes, version, other)
                } else {
                    again::<$module::$response>(bytes, version, other)
                };
            })*
            Err(format!("no key {key}"))
        }

        /// Is it a message (bytes after it are not looked at)?
        #[allow(dead_code)] // each test that shares this file uses its part
        pub fn decodes(request: bool, key: i16, version: i16, bytes: &[u8]) -> bool {
            use ottla_protocol::Request;
            use ottla_protocol::messages::*;
            $(if key == <$module::$request as Request>::KEY.0 {
                return if request {
                    can_decode::<$module::$request>(bytes, version)
                } else {
                    can_decode::<$module::$response>(bytes, version)
                };
            })*
            false
        }

        /// Encodes a message that holds its defaults.
        #[allow(dead_code)]
        pub fn default(request: bool, key: i16, version: i16) -> Outcome {
            use ottla_protocol::Request;
            use ottla_protocol::messages::*;
            $(if key == <$module::$request as Request>::KEY.0 {
                return if request {
                    encode(&$module::$request::default(), version)
                } else {
                    encode(&$module::$response::default(), version)
                };
            })*
            Err(format!("no key {key}"))
        }
    };
}

ottla_protocol::for_each_api!(dispatch);
