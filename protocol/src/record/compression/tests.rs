use super::*;

fn text(n: usize) -> Vec<u8> {
    (0..n)
        .map(|i| b"the quick brown fox "[i % 20] ^ (i / 977) as u8)
        .collect()
}

fn noise(n: usize) -> Vec<u8> {
    let mut x = 88172645463325252u64;
    std::iter::repeat_with(|| {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x as u8
    })
    .take(n)
    .collect()
}

#[test]
fn every_codec_gives_back_what_it_got() {
    for codec in Codec::ALL {
        for bytes in [
            vec![],
            text(1),
            text(70_000),
            vec![7; 3_000_000],
            noise(200_000),
        ] {
            let mut out = b"before".to_vec();
            compress(codec, None, &bytes, &mut out).unwrap();
            assert_eq!(out[..6], *b"before");
            assert_eq!(
                decompress(codec, &out[6..], bytes.len()).as_ref(),
                Ok(&bytes),
                "{codec:?} {}",
                bytes.len()
            );
            if !bytes.is_empty() {
                let answer = decompress(codec, &out[6..], bytes.len() - 1);
                assert_eq!(
                    answer,
                    Err(DecompressError::TooLarge(bytes.len() - 1)),
                    "{codec:?} {}",
                    bytes.len()
                );
            }
        }
    }
}

#[test]
fn garbage_and_cut_streams_are_errors() {
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        assert_eq!(
            decompress(codec, &noise(500), 1 << 20),
            Err(DecompressError::Corrupt(codec)),
            "{codec:?}"
        );
        let mut out = Vec::new();
        compress(codec, None, &noise(5000), &mut out).unwrap();
        for n in [1, 20, out.len() / 2] {
            let answer = decompress(codec, &out[..n], 1 << 20);
            assert_eq!(
                answer,
                Err(DecompressError::Corrupt(codec)),
                "{codec:?} cut at {n}"
            );
        }
    }
}

#[test]
fn snappy_bare_block_and_concatenated_streams() {
    let bytes = text(50_000);
    let bare = snap::raw::Encoder::new().compress_vec(&bytes).unwrap();
    assert_eq!(
        decompress(Codec::Snappy, &bare, 1 << 20).as_ref(),
        Ok(&bytes)
    );
    let mut two = Vec::new();
    compress(Codec::Snappy, None, &bytes, &mut two).unwrap();
    compress(Codec::Snappy, None, &bytes, &mut two).unwrap();
    assert_eq!(
        decompress(Codec::Snappy, &two, 1 << 20),
        Ok([&bytes[..], &bytes].concat())
    );
}

#[test]
fn snappy_does_not_believe_an_announced_size() {
    // Announces 4 GiB less one in five bytes.
    let bytes = [0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0];
    assert_eq!(
        decompress(Codec::Snappy, &bytes, usize::MAX),
        Err(DecompressError::Corrupt(Codec::Snappy))
    );
}

#[test]
fn gzip_and_zstd_read_several_members() {
    for codec in [Codec::Gzip, Codec::Zstd] {
        let (one, two) = (text(1000), noise(3000));
        let mut out = Vec::new();
        compress(codec, None, &one, &mut out).unwrap();
        compress(codec, Some(1), &two, &mut out).unwrap();
        assert_eq!(
            decompress(codec, &out, 4000),
            Ok([one, two].concat()),
            "{codec:?}"
        );
    }
}

#[test]
fn zstd_without_an_announced_size_grows_to_the_limit() {
    let bytes = vec![5u8; 10_000_000];
    let mut encoder = ::zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.write_all(&bytes).unwrap();
    let out = encoder.finish().unwrap();
    assert!(out.len() < 2000);
    assert_eq!(
        decompress(Codec::Zstd, &out, bytes.len()).map(|o| o.len()),
        Ok(bytes.len())
    );
    assert_eq!(
        decompress(Codec::Zstd, &out, bytes.len() - 1),
        Err(DecompressError::TooLarge(bytes.len() - 1))
    );
}

#[test]
fn names_and_ids() {
    for codec in Codec::ALL {
        assert_eq!(Codec::from_id(codec.id()), Some(codec));
        assert_eq!(Codec::from_name(codec.name()), Some(codec));
    }
    assert_eq!(Codec::from_id(5), None);
    assert_eq!(Codec::from_name("uncompressed"), None);
}
