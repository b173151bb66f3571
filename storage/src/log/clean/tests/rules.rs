//! The filter's rules, batch by batch.

use super::*;
use crate::log::clean::filter::{Filter, Left};
use crate::log::clean::keys::Keys;
use crate::log::clean::transactions::Transactions;

const NOW: i64 = 1000;

/// What a round at `NOW` leaves of these batches; keys are noted from offset 0 on.
fn round(
    all: &[Vec<u8>],
    now_ms: i64,
    aborted: &[AbortedTxn],
    producers: &BTreeMap<i64, LastOfProducer>,
) -> Vec<Vec<u8>> {
    let end = view(&all[all.len() - 1]).header.next_offset();
    let mut keys = Keys::new(1 << 16, 0.9, 1000, [7, 7]);
    let mut transactions = Transactions::new(aborted);
    for batch in all.iter().map(|b| view(b)) {
        let unneeded = transactions.pass(&batch);
        if !unneeded && !batch.header.attributes.is_control() {
            for (offset, key, _) in plain(&batch) {
                assert!(keys.put(&key, offset));
            }
        }
    }
    let mut filter = Filter {
        keys: &keys,
        until: end + 1,
        round_end: end + 1,
        now_ms,
        delete_retention_ms: 500,
        producers,
        transactions: Transactions::new(aborted),
    };
    let left = |bytes: &Vec<u8>| match filter.judge(&view(bytes)).expect("readable") {
        Left::Whole => Some(bytes.clone()),
        Left::Part(part) => Some(part),
        Left::Nothing => None,
    };
    all.iter().filter_map(left).collect()
}

fn view(bytes: &[u8]) -> BatchView<'_> {
    let batch = BatchView::parse(bytes).expect("a batch");
    assert!(batch.crc_ok());
    batch
}

fn plain(batch: &BatchView<'_>) -> Vec<Seen> {
    let bytes = batch.decompress(1 << 20).expect("readable");
    let seen = |r: ottla_protocol::record::Record<'_>| {
        let offset = batch.header.base_offset + i64::from(r.offset_delta);
        (
            offset,
            r.key.unwrap_or_default().to_vec(),
            r.value.map(<[u8]>::to_vec),
        )
    };
    let records = batch.records(&bytes);
    records.map(|r| seen(r.expect("readable"))).collect()
}

fn options(base_offset: i64, producer: Option<i64>) -> BatchOptions {
    BatchOptions {
        base_offset,
        leader_epoch: 3,
        producer: producer.map(|id| Producer {
            id,
            epoch: 2,
            base_sequence: base_offset as i32,
        }),
        ..BatchOptions::default()
    }
}

fn data(options: BatchOptions, records: &[(&str, Option<&str>)]) -> Vec<u8> {
    let mut builder = BatchBuilder::new(options);
    for (i, (key, value)) in records.iter().enumerate() {
        builder.push(
            100 + i as i64,
            Some(key.as_bytes()),
            value.map(str::as_bytes),
            &[("h", Some(b"1"))],
        );
    }
    builder.build().expect("a small batch")
}

pub(super) fn of_transaction(base: i64, producer: i64, key: &str) -> Vec<u8> {
    let options = BatchOptions {
        transactional: true,
        ..options(base, Some(producer))
    };
    data(options, &[(key, Some("value"))])
}

pub(super) fn marker(base: i64, producer: i64, commit: bool) -> Vec<u8> {
    let mut builder = BatchBuilder::new(BatchOptions {
        transactional: true,
        control: true,
        ..options(base, Some(producer))
    });
    let key = [0, 0, 0, u8::from(commit)];
    builder.push(100, Some(&key), Some(&[0; 6]), &[]);
    builder.build().expect("a small batch")
}

fn bases(left: &[Vec<u8>]) -> Vec<i64> {
    left.iter().map(|b| view(b).header.base_offset).collect()
}

#[test]
fn a_partly_kept_batch_keeps_all_but_the_records() {
    for (codec, time) in [(Codec::Zstd, None), (Codec::None, Some(777))] {
        let of = BatchOptions {
            codec,
            log_append_time: time,
            ..options(10, Some(5))
        };
        let old = data(of, &[("a", Some("1")), ("b", Some("2")), ("c", Some("3"))]);
        let new = data(options(13, None), &[("a", Some("9")), ("c", Some("9"))]);
        let left = round(&[old.clone(), new.clone()], NOW, &[], &BTreeMap::new());
        assert_eq!(left[1], new);
        let (before, after) = (view(&old).header, view(&left[0]).header);
        assert_eq!(
            (
                after.base_offset,
                after.last_offset(),
                after.last_sequence()
            ),
            (10, 12, before.last_sequence())
        );
        assert_eq!(after.attributes, before.attributes);
        assert_eq!(
            (after.count, after.leader_epoch, after.producer_epoch),
            (1, 3, 2)
        );
        assert_eq!(after.max_timestamp, time.unwrap_or(101));
        assert_eq!(
            plain(&view(&left[0])),
            [(11, b"b".to_vec(), Some(b"2".to_vec()))]
        );
    }
}

#[test]
fn tombstones_get_a_horizon_first_and_go_once_it_has_passed() {
    let none = BTreeMap::new();
    let all = vec![
        data(options(0, None), &[("a", Some("1"))]),
        data(options(1, None), &[("a", None), ("b", Some("2"))]),
    ];
    let first = round(&all, NOW, &[], &none);
    assert_eq!(bases(&first), [1]);
    let header = view(&first[0]).header;
    assert!(header.attributes.has_delete_horizon());
    assert_eq!(
        (header.base_timestamp, header.max_timestamp),
        (NOW + 500, 101)
    );
    let times: Vec<_> = {
        let batch = view(&first[0]);
        let bytes = batch.payload().to_vec();
        batch
            .records(&bytes)
            .map(|r| header.base_timestamp + r.expect("readable").timestamp_delta)
            .collect()
    };
    assert_eq!(times, [100, 101]);
    assert_eq!(round(&first, NOW + 499, &[], &none), first, "byte for byte");
    let last = round(&first, NOW + 500, &[], &none);
    assert_eq!(
        plain(&view(&last[0])),
        [(2, b"b".to_vec(), Some(b"2".to_vec()))]
    );
}

#[test]
fn an_emptied_batch_stays_for_its_producer_and_as_the_last_one() {
    let all = vec![
        data(options(0, Some(5)), &[("a", Some("1")), ("b", Some("1"))]),
        data(options(2, Some(6)), &[("a", Some("2"))]),
        data(options(3, None), &[("a", Some("3")), ("b", Some("3"))]),
    ];
    let five = LastOfProducer {
        epoch: 2,
        offset: Some(1),
    };
    let producers = BTreeMap::from([(5, five)]);
    let left = round(&all, NOW, &[], &producers);
    assert_eq!(bases(&left), [0, 3]);
    let header = view(&left[0]).header;
    assert_eq!(
        (header.count, header.size(), header.next_offset()),
        (0, 61, 2)
    );
    assert_eq!((header.producer_id, header.last_sequence()), (5, 1));
    assert_eq!(round(&left, NOW, &[], &producers), left, "and stays so");
    assert_eq!(bases(&round(&left, NOW, &[], &BTreeMap::new())), [3]);
}

#[test]
fn aborted_batches_go_and_their_markers_after_their_horizon() {
    let none = BTreeMap::new();
    let aborted = [AbortedTxn {
        producer_id: 5,
        first_offset: 1,
        last_offset: 3,
        last_stable_offset: 2,
    }];
    let all = vec![
        data(options(0, None), &[("a", Some("old"))]),
        of_transaction(1, 5, "a"),
        of_transaction(2, 6, "b"),
        marker(3, 5, false),
        marker(4, 6, true),
        of_transaction(5, 5, "c"),
        marker(6, 5, true),
    ];
    let first = round(&all, NOW, &aborted, &none);
    assert_eq!(
        bases(&first),
        [0, 2, 3, 4, 5, 6],
        "what was aborted takes no other value away"
    );
    assert!(
        first
            .iter()
            .all(|b| !view(b).header.attributes.has_delete_horizon())
    );
    // Nothing of the aborted transaction is left: its marker gets its horizon.
    let second = round(&first, NOW, &[], &none);
    assert_eq!(bases(&second), [0, 2, 3, 4, 5, 6]);
    assert!(view(&second[2]).header.attributes.has_delete_horizon());
    assert!(!view(&second[3]).header.attributes.has_delete_horizon());
    let third = round(&second, NOW + 500, &[], &none);
    assert_eq!(bases(&third), [0, 2, 4, 5, 6]);
}

#[test]
fn a_marker_that_is_all_of_an_active_producer_stays_empty() {
    let all = vec![
        marker(0, 5, true),
        data(options(1, None), &[("a", Some("1"))]),
    ];
    let five = LastOfProducer {
        epoch: 2,
        offset: None,
    };
    let producers = BTreeMap::from([(5, five)]);
    let first = round(&all, NOW, &[], &producers);
    let second = round(&first, NOW + 500, &[], &producers);
    let header = view(&second[0]).header;
    assert_eq!((header.count, header.attributes.is_control()), (0, true));
    assert_eq!(
        bases(&round(&second, NOW + 500, &[], &BTreeMap::new())),
        [1]
    );
}

#[test]
fn records_without_a_key_go() {
    let mut builder = BatchBuilder::new(options(0, None));
    builder.push(1, None, Some(b"x"), &[]);
    let all = vec![
        builder.build().expect("a small batch"),
        data(options(1, None), &[("a", Some("1"))]),
    ];
    assert_eq!(bases(&round(&all, NOW, &[], &BTreeMap::new())), [1]);
}

/// Aborted transactions are told of segment by segment, so that one over several is told of several times, here also as one
/// whose marker is in no segment yet. Told of once more behind its marker, it would take the next one of its producer with it.
#[test]
fn a_transaction_over_several_segments_ends_once() {
    let aborted = AbortedTxn {
        producer_id: 5,
        first_offset: 1,
        last_offset: 11,
        last_stable_offset: 12,
    };
    let mut transactions = Transactions::new(&[aborted]);
    let mut pass = |end, batches: &[Vec<u8>]| {
        transactions.tell(end, &[aborted]);
        let unneeded = batches.iter().map(|b| transactions.pass(&view(b)));
        unneeded.collect::<Vec<_>>()
    };
    assert_eq!(pass(10, &[of_transaction(1, 5, "a")]), [true]);
    let second = [marker(11, 5, false), of_transaction(12, 5, "b")];
    assert_eq!(pass(15, &second), [false, false]);
    let third = [of_transaction(15, 5, "c"), marker(16, 5, true)];
    assert_eq!(pass(20, &third), [false, false]);
}
