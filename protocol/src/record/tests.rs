use super::validate::{first_offset_at, offset_of_max_timestamp, scan};
use super::*;
use crate::wire::DecodeError;

const LIMIT: usize = 1 << 20;

fn sample(options: BatchOptions) -> Vec<u8> {
    let mut builder = BatchBuilder::new(options);
    builder.push(1000, Some(b"k0"), Some(b"v0"), &[]);
    builder.push(
        1500,
        None,
        Some(b"v1"),
        &[("h", Some(b"x")), ("empty", None)],
    );
    builder.push(1500, Some(b""), None, &[]);
    builder.push(900, Some(b"k3"), Some(b"v3"), &[]);
    builder.build().unwrap()
}

fn with_codec(codec: Codec) -> BatchOptions {
    BatchOptions {
        codec,
        ..BatchOptions::default()
    }
}

#[test]
fn what_is_built_is_read_back() {
    for codec in Codec::ALL {
        let producer = Some(Producer {
            id: 7,
            epoch: 3,
            base_sequence: i32::MAX - 1,
        });
        let bytes = sample(BatchOptions {
            base_offset: 40,
            leader_epoch: 5,
            producer,
            ..with_codec(codec)
        });
        let batch = BatchView::parse(&bytes).unwrap();
        assert!(batch.crc_ok());
        let h = &batch.header;
        assert_eq!(
            (h.base_offset, h.last_offset(), h.next_offset(), h.count),
            (40, 43, 44, 4)
        );
        assert_eq!((h.leader_epoch, h.producer_id, h.producer_epoch), (5, 7, 3));
        assert_eq!((h.base_sequence, h.last_sequence()), (i32::MAX - 1, 1));
        assert_eq!((h.base_timestamp, h.max_timestamp), (1000, 1500));
        assert_eq!(h.attributes.codec(), Ok(codec));
        let records = batch.decompress(LIMIT).unwrap();
        let records: Vec<_> = batch.records(&records).map(Result::unwrap).collect();
        assert_eq!(records.len(), 4);
        assert_eq!(records[1].key, None);
        assert_eq!(records[1].value, Some(&b"v1"[..]));
        let headers: Vec<_> = records[1].headers.clone().collect();
        assert_eq!(
            headers[0],
            Header {
                key: b"h",
                value: Some(b"x")
            }
        );
        assert_eq!(
            headers[1],
            Header {
                key: b"empty",
                value: None
            }
        );
        assert_eq!((records[2].key, records[2].value), (Some(&b""[..]), None));
        assert_eq!(
            (records[3].offset_delta, records[3].timestamp_delta),
            (3, -100)
        );
    }
}

#[test]
fn flags_are_what_was_asked() {
    let options = BatchOptions {
        transactional: true,
        control: true,
        log_append_time: Some(77),
        delete_horizon: Some(55),
        ..BatchOptions::default()
    };
    let bytes = sample(options);
    let h = BatchHeader::parse(&bytes).unwrap();
    assert!(
        h.attributes.is_transactional()
            && h.attributes.is_control()
            && h.attributes.has_delete_horizon()
    );
    assert_eq!(h.attributes.timestamp_type(), TimestampType::LogAppendTime);
    assert_eq!((h.base_timestamp, h.max_timestamp), (55, 77));
}

#[test]
fn patches_keep_the_checksum_right() {
    let mut bytes = sample(with_codec(Codec::Lz4));
    let crc = BatchHeader::parse(&bytes).unwrap().crc;
    set_base_offset(&mut bytes, i64::MAX - 9);
    set_leader_epoch(&mut bytes, 12);
    let batch = BatchView::parse(&bytes).unwrap();
    assert!(batch.crc_ok() && batch.header.crc == crc);
    assert_eq!(
        (batch.header.base_offset, batch.header.leader_epoch),
        (i64::MAX - 9, 12)
    );
    set_log_append_time(&mut bytes, 5000);
    let batch = BatchView::parse(&bytes).unwrap();
    assert!(batch.crc_ok() && batch.header.crc != crc);
    assert_eq!(batch.header.max_timestamp, 5000);
    assert_eq!(batch.header.attributes.codec(), Ok(Codec::Lz4));
    set_max_timestamp(&mut bytes, TimestampType::CreateTime, 1500);
    assert_eq!(BatchHeader::parse(&bytes).unwrap().crc, crc);
}

#[test]
fn batches_in_a_row_and_a_cut_one() {
    let one = sample(BatchOptions::default());
    let mut bytes = [one.clone(), one.clone(), one.clone()].concat();
    assert_eq!(batches(&bytes).filter(Result::is_ok).count(), 3);
    bytes.pop();
    let all: Vec<_> = batches(&bytes).collect();
    assert_eq!(all.len(), 3);
    assert_eq!(
        all[2],
        Err(BatchError::Truncated {
            need: one.len(),
            have: one.len() - 1
        })
    );
    assert_eq!(
        BatchHeader::parse(&one[..60]),
        Err(BatchError::Truncated { need: 61, have: 60 })
    );
}

#[test]
fn damaged_records_are_named() {
    let bytes = sample(BatchOptions::default());
    let batch = BatchView::parse(&bytes).unwrap();
    let mut records = batch.payload().to_vec();
    records.push(0);
    assert_eq!(
        batch.records(&records).last(),
        Some(Err(BatchError::Trailing(1)))
    );
    records.truncate(records.len() - 2);
    let last = batch.records(&records).last().unwrap();
    assert!(
        matches!(
            last,
            Err(BatchError::Record {
                index: 3,
                why: DecodeError::Truncated { .. }
            })
        ),
        "{last:?}"
    );
    let endless = [0xff; 20];
    let mut iter = batch.records(&endless);
    assert_eq!(
        iter.next(),
        Some(Err(BatchError::Record {
            index: 0,
            why: DecodeError::Varint
        }))
    );
    assert_eq!(iter.next(), None);
}

#[test]
fn scan_and_timestamp_lookups() {
    for codec in Codec::ALL {
        let bytes = sample(BatchOptions {
            base_offset: 100,
            ..with_codec(codec)
        });
        let batch = BatchView::parse(&bytes).unwrap();
        let found = scan(&batch, LIMIT).unwrap();
        assert_eq!((found.max_timestamp, found.max_timestamp_delta), (1500, 1));
        assert_eq!(
            (found.min_timestamp, found.first_null_key),
            (Some(900), Some(1))
        );
        assert_eq!(offset_of_max_timestamp(&batch, LIMIT), Ok(101));
        assert_eq!(first_offset_at(&batch, 1000, LIMIT), Ok(Some((100, 1000))));
        assert_eq!(first_offset_at(&batch, 1001, LIMIT), Ok(Some((101, 1500))));
        assert_eq!(first_offset_at(&batch, 1501, LIMIT), Ok(None));
    }
    let mut bytes = sample(BatchOptions {
        base_offset: 100,
        ..BatchOptions::default()
    });
    set_log_append_time(&mut bytes, 9000);
    let batch = BatchView::parse(&bytes).unwrap();
    assert_eq!(first_offset_at(&batch, 8000, LIMIT), Ok(Some((100, 9000))));
    assert_eq!(offset_of_max_timestamp(&batch, LIMIT), Ok(100));
}
