//! See [`ottla_protocol_fuzz::targets`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ottla_protocol_fuzz::targets::record(bytes));
