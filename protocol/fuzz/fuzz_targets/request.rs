//! Every request: the first byte chooses the API, the second its version, the rest is the body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_protocol::api::APIS;

#[path = "../../tests/cross/ours.rs"]
mod ours;

fuzz_target!(|bytes: &[u8]| {
    let [api, version, body @ ..] = bytes else {
        return;
    };
    let api = &APIS[usize::from(*api) % APIS.len()];
    let count = api.versions.max - api.versions.min + 1;
    let version = api.versions.min + i16::from(*version) % count;
    if !ours::decodes(true, api.key.0, version, body) {
        return;
    }
    // What was understood has one way of being said, and that is understood again.
    if let Ok(said) = ours::recode(true, api.key.0, version, body, version) {
        assert_eq!(
            ours::recode(true, api.key.0, version, &said, version).as_ref(),
            Ok(&said)
        );
    }
});
