//! The crate's side: decode and encode anything by its name.

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
    ($(($module:ident $($root:ident)+))*) => {
        pub fn recode(name: &str, version: i16, bytes: &[u8], other: i16) -> Option<Outcome> {
            $($(if name == stringify!($root) {
                return Some(again::<$module::$root>(bytes, version, other));
            })+)*
            None
        }

        pub fn decodes(name: &str, version: i16, bytes: &[u8]) -> Option<bool> {
            $($(if name == stringify!($root) {
                return Some(can_decode::<$module::$root>(bytes, version));
            })+)*
            None
        }

        pub fn default(name: &str, version: i16) -> Option<Outcome> {
            $($(if name == stringify!($root) {
                return Some(encode(&$module::$root::default(), version));
            })+)*
            None
        }
    };
}

#[allow(dead_code)] // each test that shares this file uses its part
mod messages {
    use super::{Outcome, again, can_decode, encode};
    use ottla_protocol::messages::*;

    ottla_protocol::for_each_api!(dispatch);
}

#[allow(dead_code)]
mod records {
    use super::{Outcome, again, can_decode, encode};
    use ottla_protocol::records::*;

    ottla_protocol::for_each_record!(dispatch);
}

fn unknown(name: &str) -> Outcome {
    Err(format!("no {name}"))
}

/// Decodes what has the name (`FetchRequest`, `OffsetCommitKey`) in `version` and encodes it in `other`.
#[allow(dead_code)]
pub fn recode(name: &str, version: i16, bytes: &[u8], other: i16) -> Outcome {
    messages::recode(name, version, bytes, other)
        .or_else(|| records::recode(name, version, bytes, other))
        .unwrap_or_else(|| unknown(name))
}

/// Can it be decoded (bytes after it are not looked at)?
#[allow(dead_code)]
pub fn decodes(name: &str, version: i16, bytes: &[u8]) -> bool {
    messages::decodes(name, version, bytes)
        .or_else(|| records::decodes(name, version, bytes))
        .unwrap_or(false)
}

/// Encodes what holds its defaults.
#[allow(dead_code)]
pub fn default(name: &str, version: i16) -> Outcome {
    messages::default(name, version)
        .or_else(|| records::default(name, version))
        .unwrap_or_else(|| unknown(name))
}
