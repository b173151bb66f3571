use super::*;

const NOW: i64 = 1_700_000_000_000;
const RULES: ProduceRules = ProduceRules {
    version: 11,
    acks: -1,
    transactional: false,
    guarded: true,
    own: false,
};

fn batch(codec: Codec, records: &[(i64, Option<&str>, &str)]) -> BytesMut {
    let mut b = BatchBuilder::new(BatchOptions {
        codec,
        ..BatchOptions::default()
    });
    for (time, key, value) in records {
        b.push(
            *time,
            key.map(str::as_bytes),
            Some(value.as_bytes()),
            &[("h", Some(b"x"))],
        );
    }
    BytesMut::from(b.build().unwrap().as_slice())
}

fn one(time: i64) -> BytesMut {
    batch(Codec::None, &[(time, Some("k"), "v")])
}

fn code(mut b: BytesMut, config: &TopicConfig) -> ErrorCode {
    check(&mut b, config, RULES, NOW)
        .map(|_| ErrorCode::NONE)
        .unwrap_or_else(|e| e.code)
}

#[test]
fn a_good_batch_stays_as_it_was_sent() {
    for codec in [
        Codec::None,
        Codec::Gzip,
        Codec::Snappy,
        Codec::Lz4,
        Codec::Zstd,
    ] {
        let sent = batch(codec, &[(NOW, None, "a"), (NOW + 5, Some("k"), "b")]);
        let mut kept = sent.clone();
        let checked = check(&mut kept, &TopicConfig::default(), RULES, NOW).unwrap();
        assert_eq!(
            (
                checked.records,
                checked.max_timestamp,
                checked.log_append_time
            ),
            (2, NOW + 5, -1)
        );
        assert_eq!(kept, sent);
    }
}

#[test]
fn times_outside_the_window_are_refused_with_their_records() {
    let config = TopicConfig::default();
    let hour = 3_600_000;
    assert_eq!(code(one(NOW + hour), &config), ErrorCode::NONE);
    assert_eq!(code(one(-1), &config), ErrorCode::NONE);
    assert_eq!(
        code(one(0), &config),
        ErrorCode::NONE,
        "the past is not limited by default"
    );
    let mut late = batch(
        Codec::None,
        &[(NOW, None, "a"), (NOW + hour + 1, None, "b")],
    );
    let invalid = check(&mut late, &config, RULES, NOW).unwrap_err();
    assert_eq!(invalid.code, ErrorCode::INVALID_TIMESTAMP);
    assert_eq!(
        invalid
            .records
            .iter()
            .map(|(at, _)| *at)
            .collect::<Vec<_>>(),
        [1]
    );
    let strict = TopicConfig {
        timestamp_before_max_ms: 10,
        ..config
    };
    assert_eq!(code(one(NOW - 11), &strict), ErrorCode::INVALID_TIMESTAMP);
}

#[test]
fn compacted_topics_want_keys() {
    let config = TopicConfig {
        compact: true,
        ..TopicConfig::default()
    };
    let mut b = batch(Codec::Gzip, &[(NOW, Some("k"), "a"), (NOW, None, "b")]);
    let invalid = check(&mut b, &config, RULES, NOW).unwrap_err();
    assert_eq!(invalid.code, ErrorCode::INVALID_RECORD);
    assert_eq!(
        invalid
            .records
            .iter()
            .map(|(at, _)| *at)
            .collect::<Vec<_>>(),
        [1]
    );
}

#[test]
fn sizes_are_those_of_the_batch_as_stored() {
    let b = one(NOW);
    let exact = TopicConfig {
        max_message_bytes: b.len() as i32,
        ..TopicConfig::default()
    };
    assert_eq!(code(b.clone(), &exact), ErrorCode::NONE);
    let less = TopicConfig {
        max_message_bytes: b.len() as i32 - 1,
        ..TopicConfig::default()
    };
    assert_eq!(code(b.clone(), &less), ErrorCode::MESSAGE_TOO_LARGE);
    let segment = TopicConfig {
        segment_bytes: b.len() as i32 - 1,
        ..TopicConfig::default()
    };
    assert_eq!(code(b, &segment), ErrorCode::RECORD_LIST_TOO_LARGE);
}

#[test]
fn the_brokers_clock_stamps_log_append_time_topics() {
    let config = TopicConfig {
        timestamp_type: TimestampType::LogAppendTime,
        ..TopicConfig::default()
    };
    let mut b = one(5);
    let checked = check(&mut b, &config, RULES, NOW).unwrap();
    assert_eq!((checked.log_append_time, checked.max_timestamp), (NOW, NOW));
    let view = BatchView::parse(&b).unwrap();
    assert!(view.crc_ok());
    assert_eq!(view.header.max_timestamp, NOW);
    // The bit on a CreateTime topic is cleared, and the time is the records' again.
    let checked = check(&mut b, &TopicConfig::default(), RULES, NOW).unwrap();
    assert_eq!((checked.log_append_time, checked.max_timestamp), (-1, 5));
    assert_eq!(b, one(5));
}

#[test]
fn a_topics_own_codec_is_applied() {
    let sent = batch(Codec::Gzip, &[(NOW, Some("k"), "a"), (NOW + 1, None, "b")]);
    for (wanted, codec) in [
        (Compression::Uncompressed, Codec::None),
        (Compression::Snappy, Codec::Snappy),
        (Compression::Lz4(9), Codec::Lz4),
        (Compression::Zstd(3), Codec::Zstd),
    ] {
        let mut b = sent.clone();
        let config = TopicConfig {
            compression: wanted,
            ..TopicConfig::default()
        };
        check(&mut b, &config, RULES, NOW).unwrap();
        let view = BatchView::parse(&b).unwrap();
        assert_eq!(view.header.attributes.codec(), Ok(codec));
        assert!(view.crc_ok());
        let bytes = view.decompress(1 << 20).unwrap();
        let values: Vec<_> = view
            .records(&bytes)
            .map(|r| r.unwrap().value.unwrap().to_vec())
            .collect();
        assert_eq!(values, [b"a", b"b"]);
    }
}

#[test]
fn malformed_batches_get_kafkas_codes() {
    let config = TopicConfig::default();
    let good = one(NOW);
    let with = |at: usize, byte: u8| {
        let mut b = good.clone();
        b[at] = byte;
        b
    };
    assert_eq!(code(BytesMut::new(), &config), ErrorCode::INVALID_RECORD);
    assert_eq!(
        code(with(7, 1), &config),
        ErrorCode::INVALID_RECORD,
        "base offset not 0"
    );
    assert_eq!(
        code(with(16, 1), &config),
        ErrorCode::INVALID_RECORD,
        "magic 1"
    );
    assert_eq!(
        code(with(16, 3), &config),
        ErrorCode::CORRUPT_MESSAGE,
        "magic 3"
    );
    assert_eq!(
        code(with(good.len() - 1, 77), &config),
        ErrorCode::CORRUPT_MESSAGE,
        "checksum"
    );
    let mut two = good.clone();
    two.extend_from_slice(&good);
    assert_eq!(code(two, &config), ErrorCode::INVALID_RECORD);
    let mut cut = good.clone();
    cut.extend_from_slice(&good[..30]);
    assert_eq!(
        code(cut, &config),
        ErrorCode::NONE,
        "a cut batch behind a whole one is not looked at"
    );
}
