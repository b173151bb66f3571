//! Record batches against Kafka's MemoryRecords, both ways, in every codec.

use ottla_protocol::record::{BatchBuilder, BatchOptions, BatchView, Codec, Producer};

use crate::java::Questions;
use crate::random::Random;

/// Offset delta, timestamp, key, value, headers.
type Plain = (
    i32,
    i64,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Vec<(String, Option<Vec<u8>>)>,
);

fn plain(bytes: &[u8]) -> (BatchView<'_>, Vec<Plain>) {
    let batch = BatchView::parse(bytes).expect("a batch");
    assert!(batch.crc_ok());
    let decompressed = batch.decompress(64 << 20).expect("decompresses");
    let records = batch.records(&decompressed).map(|record| {
        let record = record.expect("a record");
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        let headers = record
            .headers
            .map(|h| (text(h.key), h.value.map(<[u8]>::to_vec)))
            .collect();
        let timestamp = batch.header.base_timestamp + record.timestamp_delta;
        (
            record.offset_delta,
            timestamp,
            record.key.map(<[u8]>::to_vec),
            record.value.map(<[u8]>::to_vec),
            headers,
        )
    });
    (batch, records.collect())
}

fn random_batch(codec: Codec, r: &mut Random) -> Vec<u8> {
    let producer = r.one_in(2).then(|| Producer {
        id: r.below(1 << 40) as i64,
        epoch: r.below(1 << 15) as i16,
        base_sequence: r.below(1 << 31) as i32,
    });
    let options = BatchOptions {
        base_offset: r.below(1 << 50) as i64,
        leader_epoch: r.below(1 << 20) as i32,
        codec,
        log_append_time: r.one_in(4).then(|| r.below(1 << 41) as i64),
        transactional: producer.is_some() && r.one_in(2),
        producer,
        ..BatchOptions::default()
    };
    let mut builder = BatchBuilder::new(options);
    let big = r.one_in(5);
    for i in 0..=r.below(if big { 400 } else { 8 }) {
        let offset = builder.count() + if r.one_in(9) { r.below(3) as i32 } else { 0 };
        let timestamp = if r.one_in(9) {
            -1
        } else {
            1_700_000_000_000 + r.integer(32)
        };
        let key = (!r.one_in(4)).then(|| r.bytes(12));
        let most = if big && i % 10 == 0 { 20_000 } else { 60 };
        let value = (!r.one_in(6)).then(|| {
            if r.one_in(2) {
                r.bytes(most)
            } else {
                vec![b'x'; r.below(most) as usize]
            }
        });
        let headers: Vec<(String, Option<Vec<u8>>)> = (0..r.below(3))
            .map(|_| (r.text(), (!r.one_in(3)).then(|| r.bytes(9))))
            .collect();
        let headers: Vec<(&str, Option<&[u8]>)> = headers
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_deref()))
            .collect();
        let offset = offset.max(builder.next_offset_delta());
        builder.push_at(
            offset,
            timestamp,
            key.as_deref(),
            value.as_deref(),
            &headers,
        );
    }
    builder.build().expect("a batch")
}

#[test]
#[ignore = "needs a JDK and Maven: tests/java-cross-check"]
fn javas_batches_agree() {
    let mut r = Random::new(5);
    let ours: Vec<(Codec, Vec<u8>)> = (0..300)
        .flat_map(|_| Codec::ALL)
        .map(|codec| (codec, random_batch(codec, &mut r)))
        .collect();
    let mut questions = Questions::default();
    ours.iter().for_each(|(_, bytes)| questions.batch(bytes));
    let answers = questions.ask("batches");
    assert_eq!(answers.len(), ours.len());
    for ((codec, ours), theirs) in ours.iter().zip(&answers) {
        let theirs = theirs
            .as_ref()
            .unwrap_or_else(|why| panic!("{codec:?}: {why}"));
        let ((a, ours_records), (b, theirs_records)) = (plain(ours), plain(theirs));
        if a.header.attributes.timestamp_type() == ottla_protocol::record::TimestampType::CreateTime
        {
            assert_eq!(ours_records, theirs_records, "{codec:?}");
            if *codec == Codec::None {
                assert_eq!(ours, theirs);
            }
        }
        let mut expected = b.header;
        (expected.crc, expected.length) = (a.header.crc, a.header.length);
        if a.header.attributes.0 & 8 != 0 {
            expected.base_timestamp = a.header.base_timestamp; // theirs has the append time there
        }
        assert_eq!(a.header, expected, "{codec:?}");
    }
    println!("{} batches", ours.len());
}
