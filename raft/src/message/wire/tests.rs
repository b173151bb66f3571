//! The bytes of messages, and what happens when they are not what they should be.

use ottla_protocol::ids::{NodeId, PartitionId, Uuid};

use super::*;
use crate::entry::{Descriptor, Payload};
use crate::log_view::Point;
use crate::members::Members;
use crate::{Input, Limits, Recovered, Replica};

fn joined(message: &PeerMessage) -> Vec<u8> {
    message.encode().unwrap().concat()
}

fn append() -> PeerMessage {
    let mut raft = Message::default();
    raft.set_msg_type(MessageType::MsgAppend);
    (
        raft.from,
        raft.to,
        raft.term,
        raft.log_term,
        raft.index,
        raft.commit,
    ) = (1, 2, 5, 1, 1, 300);
    let mut bodies = Vec::new();
    for (at, text) in ["batch", "", "set"].into_iter().enumerate() {
        let bytes = Bytes::from_static(text.as_bytes());
        let payload = match at {
            0 => Payload::Data {
                bytes: bytes.clone(),
                records: 2,
            },
            _ => Payload::Command(bytes.clone()),
        };
        let mut entry = Entry {
            index: 2 + at as u64,
            term: 3,
            ..Entry::default()
        };
        if !text.is_empty() {
            let offset = if at == 0 { 0 } else { 2 };
            entry.data =
                Bytes::copy_from_slice(&Descriptor::of(&payload, offset).unwrap().encode());
        }
        raft.mut_entries().push(entry);
        bodies.push(Body::Here(bytes));
    }
    PeerMessage { raft, bodies }
}

fn offer() -> PeerMessage {
    let mut raft = Message::default();
    raft.set_msg_type(MessageType::MsgSnapshot);
    (raft.from, raft.to, raft.term) = (1, 2, 5);
    let point = Point {
        index: 9,
        term: 4,
        end_offset: 70,
    };
    let members = Members::of([NodeId(0), NodeId(1)]);
    raft.set_snapshot(crate::message::snapshot(point, &members, b"where"));
    PeerMessage {
        raft,
        bodies: Vec::new(),
    }
}

fn vote() -> PeerMessage {
    let mut raft = Message::default();
    raft.set_msg_type(MessageType::MsgRequestVote);
    (raft.from, raft.to, raft.term, raft.log_term, raft.index) = (1, 2, 7, 1, 1);
    (raft.commit, raft.commit_term, raft.reject) = (1, 1, false);
    raft.context = Bytes::from_static(b"CampaignTransfer");
    PeerMessage {
        raft,
        bodies: Vec::new(),
    }
}

#[test]
fn golden_bytes() {
    let mut raft = Message::default();
    raft.set_msg_type(MessageType::MsgAppendResponse);
    (raft.from, raft.to, raft.term, raft.index, raft.reject) = (3, 1, 300, 7, true);
    (raft.reject_hint, raft.log_term) = (6, 2);
    let message = PeerMessage {
        raft,
        bodies: Vec::new(),
    };
    assert_eq!(
        joined(&message),
        [1, 1, 1, 3, 1, 0xac, 2, 2, 7, 0, 0, 6, 0, 0]
    );
}

#[test]
fn there_and_back() {
    for message in [append(), offer(), vote()] {
        let bytes = joined(&message);
        assert_eq!(PeerMessage::decode(bytes.clone().into()), Ok(message));
        for cut in 0..bytes.len() {
            assert!(
                PeerMessage::decode(Bytes::copy_from_slice(&bytes[..cut])).is_err(),
                "cut at {cut}"
            );
        }
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(PeerMessage::decode(longer.into()), Err(WireError::Length));
    }
    assert_eq!(
        append().encode().unwrap().len(),
        3,
        "a head and two bodies, none copied"
    );
}

#[test]
fn what_is_missing_cannot_leave() {
    let mut message = append();
    message.bodies[0] = Body::Stored {
        base_offset: 0,
        records: 2,
        length: 5,
    };
    assert_eq!(message.encode(), None);
    let missing: Vec<_> = message.missing().collect();
    assert_eq!(
        (missing.len(), missing[0].at, missing[0].base_offset),
        (1, 0, 0)
    );
    assert!(!message.fill(0, Bytes::from_static(b"botch")) && !message.fill(9, Bytes::new()));
    assert!(message.fill(0, Bytes::from_static(b"batch")));
    assert_eq!(message, append());
}

/// Short messages of every other kind.
fn short(kind: MessageType) -> PeerMessage {
    let mut raft = Message::default();
    raft.set_msg_type(kind);
    (
        raft.from,
        raft.to,
        raft.term,
        raft.index,
        raft.log_term,
        raft.commit,
    ) = (1, 2, 2, 2, 1, 1);
    PeerMessage {
        raft,
        bodies: Vec::new(),
    }
}

/// A follower among three, or the leader of a group whose other two only learn.
fn replica(leads: bool) -> Replica {
    let id = PartitionId {
        topic: Uuid::ONE,
        partition: 0,
    };
    let members = match leads {
        false => Members::of([NodeId(0), NodeId(1), NodeId(2)]),
        true => Members {
            learners: [NodeId(0), NodeId(2)].into(),
            ..Members::of([NodeId(1)])
        },
    };
    let mut replica = Replica::open(
        id,
        NodeId(1),
        Recovered::fresh(members),
        Limits::default(),
        1,
    )
    .unwrap();
    if leads {
        replica.campaign();
        replica
            .propose(Payload::Command(Bytes::from_static(b"a")))
            .unwrap();
    }
    replica
}

/// Whatever a peer sends, this process lives. Changed bytes either do not decode, or are dropped, or mean something.
#[test]
fn no_bytes_make_it_panic() {
    let mut samples: Vec<Vec<u8>> = [append(), offer(), vote()].iter().map(joined).collect();
    samples.extend(
        KINDS
            .iter()
            .filter(|k| **k != MessageType::MsgSnapshot)
            .map(|k| joined(&short(*k))),
    );
    let mut seed = 1u64;
    let mut random = move |below: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let (mut decoded, mut replica_now) = (0, replica(false));
    for round in 0..60_000 {
        if round % 50 == 0 {
            replica_now = replica(round % 100 == 0);
        }
        let mut bytes = samples[random(samples.len())].clone();
        for _ in 0..random(4) {
            let at = random(bytes.len());
            bytes[at] = if random(2) == 0 {
                random(256) as u8
            } else {
                random(12) as u8
            };
        }
        if let Ok(message) = PeerMessage::decode(bytes.into()) {
            decoded += 1;
            replica_now.handle(Input::Peer(message));
            let mut last = 0;
            while let Some(action) = replica_now.poll() {
                if let crate::Action::Append(append) = action {
                    last = append.seq;
                }
            }
            if random(3) == 0 {
                replica_now.handle(Input::Appended { seq: last });
            }
            replica_now.handle(Input::Tick);
            if random(5) == 0 {
                replica_now.handle(Input::Fetched { index: 9 });
            }
        }
    }
    assert!(decoded > 20_000, "{decoded}");
}
