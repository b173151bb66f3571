//! What a socket gives: a request's header and, behind it, the body that it announces.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_protocol::api::{RequestHeader, ResponseHeader};
use ottla_protocol::wire::{Reader, Writer};

#[path = "../../tests/cross/ours.rs"]
mod ours;

fuzz_target!(|bytes: &[u8]| {
    let mut r = Reader::with_memory(bytes, 1 << 20);
    if let Ok(header) = RequestHeader::decode(&mut r) {
        let mut w = Writer::framed();
        header
            .encode(&mut w)
            .expect("a header that was read can be written");
        ours::decodes(true, header.api_key.0, header.api_version, r.rest());
        let _ = ResponseHeader::decode(
            &mut Reader::new(r.rest()),
            header.api_key,
            header.api_version,
        );
    }
});
