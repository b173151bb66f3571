//! The codecs: the first byte chooses one, the second the limit, the rest is the compressed bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_protocol::record::compression::{Codec, compress, decompress};

fuzz_target!(|bytes: &[u8]| {
    let [codec, limit, rest @ ..] = bytes else {
        return;
    };
    let codec = Codec::ALL[usize::from(*codec) % Codec::ALL.len()];
    let limit = 1usize << (limit % 21);
    if let Ok(out) = decompress(codec, rest, limit) {
        assert!(out.len() <= limit);
    }
    let mut packed = Vec::new();
    compress(codec, None, rest, &mut packed).expect("compresses");
    assert_eq!(decompress(codec, &packed, rest.len()).as_deref(), Ok(rest));
});
