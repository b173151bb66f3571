//! Bytes that Kafka 4.3.1's own classes made, and what is said of bytes that are not as they should be.

use super::consumer_group_member_metadata::{
    ClassicMemberMetadata, ClassicProtocol, ConsumerGroupMemberMetadataKey,
    ConsumerGroupMemberMetadataValue,
};
use super::consumer_group_metadata::{ConsumerGroupMetadataKey, ConsumerGroupMetadataValue};
use super::consumer_protocol_assignment::{self, ConsumerProtocolAssignment};
use super::consumer_protocol_subscription::{self, ConsumerProtocolSubscription};
use super::group_metadata::{GroupMetadataKey, GroupMetadataValue, MemberMetadata};
use super::offset_commit::{OffsetCommitKey, OffsetCommitValue};
use super::share_snapshot::{ShareSnapshotKey, ShareSnapshotValue, StateBatch};
use super::share_update::ShareUpdateKey;
use super::transaction_log::{PartitionsSchema, TransactionLogKey, TransactionLogValue};
use super::*;
use crate::ids::Uuid;
use crate::wire::DecodeError;

fn bytes(hex: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    (0..hex.len()).step_by(2).map(byte).collect()
}

fn key<'a, K: RecordKey<'a> + PartialEq + std::fmt::Debug>(key: K, hex: &'static str) {
    assert_eq!(key.key_bytes(), Ok(bytes(hex)));
    assert_eq!(K::decode_key(bytes(hex).leak()), Ok(key));
}

fn value<'a, V: RecordValue<'a> + PartialEq + std::fmt::Debug>(
    value: &V,
    version: i16,
    hex: &'static str,
) {
    assert_eq!(value.value_bytes(version), Ok(bytes(hex)));
    assert_eq!(V::decode_value(bytes(hex).leak()).as_ref(), Ok(value));
}

const TOPIC: Uuid = Uuid([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);

#[test]
fn offset_commits() {
    key(
        OffsetCommitKey {
            group: "g".into(),
            topic: "orders".into(),
            partition: 3,
        },
        "000100016700066f726465727300000003",
    );
    let v3 = OffsetCommitValue {
        offset: 42,
        leader_epoch: 7,
        metadata: "m".into(),
        commit_timestamp: 1_700_000_000_000,
        ..OffsetCommitValue::default()
    };
    value(&v3, 3, "0003000000000000002a0000000700016d0000018bcfe56800");
    value(&v3, 4, "0004000000000000002a00000007026d0000018bcfe5680000");
    let v4 = OffsetCommitValue {
        topic_id: TOPIC,
        ..v3.clone()
    };
    assert_eq!(v4.written(), 4);
    value(
        &v4,
        4,
        "0004000000000000002a00000007026d0000018bcfe568000100100102030405060708090a0b0c0d0e0f10",
    );
    // Only version 1 has room for when it expires, so Kafka writes that one, without the leader's epoch.
    let v1 = OffsetCommitValue {
        leader_epoch: -1,
        expire_timestamp: 1_700_000_060_000,
        ..v3
    };
    assert_eq!(v1.written(), 1);
    value(
        &v1,
        1,
        "0001000000000000002a00016d0000018bcfe568000000018bcfe65260",
    );
}

#[test]
fn classic_groups() {
    key(GroupMetadataKey { group: "g".into() }, "0002000167");
    let group = GroupMetadataValue {
        protocol_type: "consumer".into(),
        generation: 5,
        protocol: Some("range".into()),
        leader: Some("m-1".into()),
        current_state_timestamp: 1_700_000_000_000,
        members: vec![MemberMetadata {
            member_id: "m-1".into(),
            group_instance_id: None,
            client_id: "c".into(),
            client_host: "/127.0.0.1".into(),
            rebalance_timeout: 300_000,
            session_timeout: 45_000,
            subscription: vec![0, 1].into(),
            assignment: vec![2].into(),
        }],
    };
    assert_eq!(group.written(), 3);
    value(
        &group,
        3,
        "00030008636f6e73756d657200000005000572616e676500036d2d310000018bcfe568000000000100036d2d31ffff000163000a2f3132372e302e302e31000493e00000afc80000000200010000000102",
    );
    value(
        &group,
        4,
        "000409636f6e73756d6572000000050672616e6765046d2d310000018bcfe5680002046d2d310002630b2f3132372e302e302e31000493e00000afc803000102020000",
    );
    let empty = GroupMetadataValue {
        protocol: None,
        leader: None,
        current_state_timestamp: 9,
        ..GroupMetadataValue::default()
    };
    value(
        &empty,
        3,
        "0003000000000000ffffffff000000000000000900000000",
    );
}

#[test]
fn transactions() {
    key(
        TransactionLogKey {
            transactional_id: "tx".into(),
        },
        "000000027478",
    );
    let ongoing = TransactionLogValue {
        producer_id: 1000,
        producer_epoch: 2,
        transaction_timeout_ms: 60_000,
        transaction_status: 1,
        transaction_partitions: Some(vec![PartitionsSchema {
            topic: "t".into(),
            partition_ids: vec![0, 1],
        }]),
        transaction_last_update_timestamp_ms: 11,
        transaction_start_timestamp_ms: 10,
        ..TransactionLogValue::default()
    };
    value(
        &ongoing,
        0,
        "000000000000000003e800020000ea600100000001000174000000020000000000000001000000000000000b000000000000000a",
    );
    assert_eq!(ongoing.written(), 1);
    value(
        &ongoing,
        1,
        "000100000000000003e800020000ea600102027403000000000000000100000000000000000b000000000000000a00",
    );
    let empty = TransactionLogValue {
        previous_producer_id: 999,
        next_producer_id: 1001,
        next_producer_epoch: 0,
        client_transaction_version: 2,
        transaction_status: 0,
        transaction_partitions: None,
        ..ongoing
    };
    value(
        &empty,
        1,
        "000100000000000003e800020000ea600000000000000000000b000000000000000a04000800000000000003e7010800000000000003e90202000203020000",
    );
}

#[test]
fn consumer_groups() {
    key(
        ConsumerGroupMetadataKey {
            group_id: "g".into(),
        },
        "0003000167",
    );
    let epoch = |metadata_hash| ConsumerGroupMetadataValue {
        epoch: 10,
        metadata_hash,
    };
    value(&epoch(0), 0, "00000000000a00");
    value(&epoch(-2), 0, "00000000000a010008fffffffffffffffe");
    key(
        ConsumerGroupMemberMetadataKey {
            group_id: "g".into(),
            member_id: "m".into(),
        },
        "000500016700016d",
    );
    let member = ConsumerGroupMemberMetadataValue {
        instance_id: None,
        rack_id: Some("r".into()),
        client_id: "c".into(),
        client_host: "h".into(),
        subscribed_topic_names: vec!["t".into()],
        subscribed_topic_regex: None,
        rebalance_timeout_ms: 1000,
        server_assignor: Some("uniform".into()),
        classic_member_metadata: Some(ClassicMemberMetadata {
            session_timeout_ms: 5,
            supported_protocols: vec![ClassicProtocol {
                name: "range".into(),
                metadata: vec![1].into(),
            }],
        }),
    };
    value(
        &member,
        0,
        "00000002720263026802027400000003e808756e69666f726d0100100100000005020672616e676502010000",
    );
    // What is absent is said to be: left out, it would be metadata that holds its defaults.
    let modern = ConsumerGroupMemberMetadataValue {
        classic_member_metadata: None,
        ..ConsumerGroupMemberMetadataValue::default()
    };
    value(&modern, 0, "0000010101010101ffffffff0101000100");
    value(
        &ConsumerGroupMemberMetadataValue::default(),
        0,
        "0000010101010101ffffffff0100",
    );
}

#[test]
fn share_state() {
    key(
        ShareSnapshotKey {
            group_id: "g".into(),
            topic_id: TOPIC,
            partition: 1,
        },
        "00000001670102030405060708090a0b0c0d0e0f1000000001",
    );
    key(
        ShareUpdateKey {
            group_id: "g".into(),
            topic_id: TOPIC,
            partition: 1,
        },
        "00010001670102030405060708090a0b0c0d0e0f1000000001",
    );
    let snapshot = ShareSnapshotValue {
        snapshot_epoch: 1,
        state_epoch: 2,
        leader_epoch: 3,
        start_offset: 4,
        delivery_complete_count: 5,
        create_timestamp: 6,
        write_timestamp: 7,
        state_batches: vec![StateBatch {
            first_offset: 8,
            last_offset: 9,
            delivery_state: 2,
            delivery_count: 1,
        }],
    };
    value(
        &snapshot,
        0,
        "000000000001000000020000000300000000000000040000000000000006000000000000000702000000000000000800000000000000090200010001000400000005",
    );
}

#[test]
fn subscriptions_and_assignments() {
    let subscription = ConsumerProtocolSubscription {
        topics: vec!["t".into()],
        user_data: None,
        owned_partitions: vec![consumer_protocol_subscription::TopicPartition {
            topic: "t".into(),
            partitions: vec![0],
        }],
        generation_id: 4,
        rack_id: Some("r".into()),
    };
    for (version, hex) in [
        (0, "000000000001000174ffffffff"),
        (
            1,
            "000100000001000174ffffffff000000010001740000000100000000",
        ),
        (
            2,
            "000200000001000174ffffffff00000001000174000000010000000000000004",
        ),
        (
            3,
            "000300000001000174ffffffff00000001000174000000010000000000000004000172",
        ),
    ] {
        assert_eq!(subscription.embedded_bytes(version), Ok(bytes(hex)));
    }
    let v3 = subscription.embedded_bytes(3).expect("bytes");
    let decoded = ConsumerProtocolSubscription::decode_embedded(&v3);
    assert_eq!(decoded.as_ref(), Ok(&subscription));

    let assignment = ConsumerProtocolAssignment {
        assigned_partitions: vec![consumer_protocol_assignment::TopicPartition {
            topic: "t".into(),
            partitions: vec![0, 2],
        }],
        user_data: Some(vec![9].into()),
    };
    let hex = "0003000000010001740000000200000000000000020000000109";
    assert_eq!(assignment.embedded_bytes(3), Ok(bytes(hex)));
    assert_eq!(
        ConsumerProtocolAssignment::decode_embedded(&bytes(hex)),
        Ok(assignment)
    );
}

#[test]
fn newer_subscriptions_are_read_as_the_last_one_known() {
    let mut newer = ConsumerProtocolSubscription::default()
        .embedded_bytes(3)
        .expect("bytes");
    newer[1] = 9;
    newer.extend(b"what a later version adds");
    assert_eq!(
        ConsumerProtocolSubscription::decode_embedded(&newer),
        Ok(ConsumerProtocolSubscription::default())
    );
    newer[0] = 0xff;
    assert_eq!(
        ConsumerProtocolSubscription::decode_embedded(&newer),
        Err(DecodeError::Version(-247))
    );
}

#[test]
fn a_topics_records_are_told_apart() {
    let key = bytes("000100016700066f726465727300000003");
    let value = bytes("0003000000000000002a0000000700016d0000018bcfe56800");
    let record = GroupRecord::decode(&key, Some(&value)).expect("a record");
    let GroupRecord::OffsetCommit(k, Some(v)) = record.clone() else {
        panic!("not a commit: {record:?}");
    };
    assert_eq!((&*k.topic, v.offset), ("orders", 42));
    let owned: GroupRecord<'static> = record.clone().into_static();
    assert_eq!(owned, record);
    assert_eq!(owned.key_bytes().as_ref(), Ok(&key));
    let rewritten = v.value_bytes(4).expect("bytes");
    assert_eq!(owned.value_bytes(), Ok(Some(rewritten)));

    let tombstone = GroupRecord::decode(&key, None).expect("a tombstone");
    assert_eq!(tombstone, GroupRecord::OffsetCommit(k, None));
    assert_eq!(tombstone.value_bytes(), Ok(None));

    assert_eq!(record_type(&key), Ok(1));
    assert!(matches!(
        TransactionRecord::decode(&bytes("000000027478"), None),
        Ok(TransactionRecord::TransactionLog(_, None))
    ));
    let share = bytes("00010001670102030405060708090a0b0c0d0e0f1000000001");
    assert!(matches!(
        ShareRecord::decode(&share, None),
        Ok(ShareRecord::ShareUpdate(_, None))
    ));
}

#[test]
fn what_is_unknown_is_told_from_what_is_damaged() {
    let key = bytes("0002000167");
    let value = bytes("0003000000000000ffffffff000000000000000900000000");
    let decode = |key: &[u8], value: &[u8]| {
        GroupRecord::decode(key, Some(value)).map(|record| record.into_static())
    };
    assert!(decode(&key, &value).is_ok());
    // Types 9 and 18 are unused, 24 and above are not given out yet.
    for id in [-1, 9, 18, 24, i16::MAX] {
        let other = [&id.to_be_bytes()[..], &key[2..]].concat();
        assert_eq!(decode(&other, &value), Err(RecordError::UnknownType(id)));
    }
    for version in [-1, 5, i16::MAX] {
        let other = [&version.to_be_bytes()[..], &value[2..]].concat();
        assert_eq!(
            decode(&key, &other),
            Err(RecordError::UnknownVersion(version))
        );
    }
    for cut in 0..key.len() {
        let found = decode(&key[..cut], &value);
        assert!(matches!(found, Err(RecordError::Damaged(_))), "{found:?}");
    }
    for cut in 0..value.len() {
        let found = decode(&key, &value[..cut]);
        assert!(matches!(found, Err(RecordError::Damaged(_))), "{found:?}");
    }
    let longer = |bytes: &[u8]| [bytes, &[0, 0]].concat();
    assert_eq!(decode(&longer(&key), &value), Err(RecordError::Left(2)));
    assert_eq!(decode(&key, &longer(&value)), Err(RecordError::Left(2)));
    assert_eq!(
        GroupMetadataKey::decode_key(&bytes("000100016700066f726465727300000003")),
        Err(RecordError::UnknownType(1))
    );
}
