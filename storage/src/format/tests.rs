//! Golden bytes, round trips, every bit flipped, every length cut.

use bytes::Bytes;
use ottla_protocol::ids::{PartitionId, Uuid};
use proptest::prelude::*;

use super::checkpoint::{Checkpoint, Tail};
use super::compacted::Compacted;
use super::frame::{self, Entry, EntryKind, Frame, HardState, Seed};
use super::index::{AbortedTxn, IndexBlock, IndexEntry, OpenTxn, PER_BLOCK};
use super::journal_file::{self, JournalFile};
use super::run::{self, Run};
use super::{BLOCK, FormatError, block_down, block_up, index};

const JOURNAL: [u8; 16] = *b"0123456789abcdef";
const ID: PartitionId = PartitionId {
    topic: Uuid([0xa5; 16]),
    partition: 3,
};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn golden_path(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(format!("{name}.hex"))
}

/// The bytes that an earlier build wrote.
fn golden_bytes(name: &str) -> Vec<u8> {
    let text = std::fs::read_to_string(golden_path(name)).expect("golden file is there");
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(&String::from_utf8_lossy(pair), 16);
    digits
        .chunks(2)
        .map(|pair| byte(pair).expect("hex digits"))
        .collect()
}

/// As the first version wrote it: it knew no transactions.
#[test]
fn an_index_block_without_transactions_stays_readable() {
    let mut block = golden_bytes("index-v1");
    block.resize(BLOCK, 0);
    assert_eq!(IndexBlock::decode(&block, ID, 100, 1), Ok(index_block(3)));
}

/// The golden bytes. A change here is a change of the format: what was written before must stay readable.
fn golden(name: &str, bytes: &[u8]) {
    let path = golden_path(name);
    let lines: Vec<String> = bytes.chunks(32).map(hex).collect();
    let text = lines.join("\n") + "\n";
    if std::env::var_os("OTTLA_WRITE_GOLDEN").is_some() && !path.exists() {
        std::fs::write(&path, &text).expect("golden folder is writable");
    }
    let expected = std::fs::read_to_string(&path).expect("golden file is there");
    assert_eq!(text, expected, "{name}: the bytes changed");
}

fn seed() -> Seed {
    Seed::new(&JOURNAL, 77, 5)
}

fn checkpoint() -> Checkpoint {
    Checkpoint {
        index: 41,
        term: 3,
        end_offset: 1000,
        start_offset: 100,
        tail: Some(Tail {
            segment: 900,
            length: 8192,
            last_batch: 8000,
            max_timestamp: 1_700_000_000_000,
            first_timestamp: 1_600_000_000_000,
        }),
        hard: HardState {
            term: 4,
            vote: 2,
            commit: 41,
        },
        state: Bytes::from_static(b"producers"),
    }
}

fn samples() -> Vec<Frame> {
    let entry = |kind, records, body: &'static [u8]| Frame::Entry {
        id: ID,
        entry: Entry {
            index: 42,
            term: 4,
            kind,
            base_offset: 1000,
            records,
            body: Bytes::from_static(body),
        },
    };
    vec![
        entry(EntryKind::Data, 7, b"a batch of seven"),
        entry(EntryKind::Empty, 0, b""),
        entry(EntryKind::Command, 0, b"set"),
        entry(EntryKind::Config, 0, b"voters 1 2 3"),
        Frame::HardState {
            id: ID,
            hard: HardState {
                term: 5,
                vote: u64::MAX,
                commit: 40,
            },
        },
        Frame::Truncate { id: ID, from: 42 },
        Frame::Checkpoint {
            id: ID,
            checkpoint: checkpoint(),
        },
        Frame::Checkpoint {
            id: ID,
            checkpoint: Checkpoint {
                tail: None,
                start_offset: 1000,
                ..checkpoint()
            },
        },
        Frame::Forget { id: ID },
    ]
}

/// Frames as a run holds them.
fn encode(frames: &[Frame], seed: Seed) -> Bytes {
    let mut out = vec![0; run::HEAD];
    for frame in frames {
        let (head, body) = frame.encode(seed, out.len() as u32);
        let before = out.len();
        out.extend_from_slice(&head);
        out.extend_from_slice(&body);
        out.resize(out.len().next_multiple_of(frame::ALIGN), 0);
        assert_eq!(out.len() - before, frame.encoded_len(), "{frame:?}");
    }
    out.into()
}

fn decode(bytes: &Bytes, seed: Seed) -> Result<Vec<Frame>, FormatError> {
    let mut frames = Vec::new();
    let mut at = run::HEAD;
    while at < bytes.len() {
        let (frame, next) = frame::decode(bytes, at, seed)?;
        frames.push(frame);
        at = next;
    }
    Ok(frames)
}

#[test]
fn frames_stand_as_golden_and_come_back() {
    let bytes = encode(&samples(), seed());
    golden("frames-v1-batch", &bytes);
    assert_eq!(decode(&bytes, seed()), Ok(samples()));
    // Until batches had a kind of their own.
    let before = Bytes::from(golden_bytes("frames-v1"));
    assert_eq!(decode(&before, seed()), Ok(samples()));
}

#[test]
fn any_flipped_bit_of_a_frame_is_noticed() {
    for sample in samples() {
        let bytes = encode(std::slice::from_ref(&sample), seed());
        for bit in run::HEAD * 8..bytes.len() * 8 {
            let mut bad = bytes.to_vec();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(
                decode(&bad.into(), seed()).is_err(),
                "bit {bit} of {sample:?}"
            );
        }
    }
}

#[test]
fn a_frame_cut_anywhere_is_noticed() {
    for sample in samples() {
        let bytes = encode(std::slice::from_ref(&sample), seed());
        for len in run::HEAD + 1..bytes.len() {
            assert!(
                decode(&bytes.slice(..len), seed()).is_err(),
                "{len} bytes of {sample:?}"
            );
        }
    }
}

#[test]
fn a_frame_is_bound_to_journal_opening_run_and_place() {
    let bytes = encode(&samples()[..1], seed());
    for other in [
        Seed::new(b"another journal.", 77, 5),
        Seed::new(&JOURNAL, 78, 5),
        Seed::new(&JOURNAL, 77, 6),
    ] {
        assert!(matches!(
            frame::decode(&bytes, run::HEAD, other),
            Err(FormatError::Checksum { .. })
        ));
    }
    let mut moved = vec![0; 8];
    moved.extend_from_slice(&bytes);
    assert!(matches!(
        frame::decode(&moved.into(), run::HEAD + 8, seed()),
        Err(FormatError::Checksum { .. })
    ));
}

#[test]
fn an_entry_by_reference_is_refused_by_name() {
    let Frame::Entry { id, entry } = &samples()[1] else {
        unreachable!("the second sample is an empty entry")
    };
    // The kind byte changed and the checksum made right again, as a build that writes such entries would have it.
    let right = Frame::Entry {
        id: *id,
        entry: entry.clone(),
    };
    let (mut head, _) = right.encode(seed(), run::HEAD as u32);
    head[0] = 2;
    let at_seed = {
        let crc = crc32c::crc32c(&JOURNAL);
        let crc = crc32c::crc32c_append(crc, &77u64.to_le_bytes());
        let crc = crc32c::crc32c_append(crc, &5u64.to_le_bytes());
        crc32c::crc32c_append(crc, &(run::HEAD as u32).to_le_bytes())
    };
    head[4..8].fill(0);
    let crc = crc32c::crc32c_append(at_seed, &head);
    head[4..8].copy_from_slice(&crc.to_le_bytes());
    let mut bytes = vec![0; run::HEAD];
    bytes.extend_from_slice(&head);
    assert!(matches!(
        frame::decode(&bytes.into(), run::HEAD, seed()),
        Err(FormatError::Value(_))
    ));
}

const RUN: Run = Run {
    sequence: 9,
    position: 8192,
    ordinal: 5,
    flushed: 3,
    nonce: 77,
    previous: 0xdead_beef,
    length: 500,
    frames: 4,
};

#[test]
fn a_run_header_stands_as_golden_and_is_bound_to_its_place() {
    let (bytes, crc) = RUN.encode(&JOURNAL);
    golden("run-v1", &bytes);
    assert_eq!(Run::decode(&bytes, &JOURNAL, 9, 8192), Ok((RUN, crc)));
    assert!(Run::decode(&bytes, &JOURNAL, 10, 8192).is_err());
    assert!(Run::decode(&bytes, &JOURNAL, 9, 4096).is_err());
    assert!(Run::decode(&bytes, b"another journal.", 9, 8192).is_err());
    assert_eq!(
        Run::decode(&[0; run::HEAD], &JOURNAL, 9, 8192),
        Err(FormatError::Blank)
    );
    for bit in 0..bytes.len() * 8 {
        let mut bad = bytes;
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(Run::decode(&bad, &JOURNAL, 9, 8192).is_err(), "bit {bit}");
    }
    for len in 0..bytes.len() {
        assert!(
            Run::decode(&bytes[..len], &JOURNAL, 9, 8192).is_err(),
            "{len} bytes"
        );
    }
}

#[test]
fn a_journal_file_header_stands_as_golden_and_refuses_the_rest() {
    let header = JournalFile {
        journal: JOURNAL,
        sequence: 12,
        size: 64 << 20,
    };
    let bytes = header.encode();
    golden("journal-file-v1", &bytes[..64]);
    assert_eq!(JournalFile::decode(&bytes), Ok(header));
    assert_eq!(JournalFile::decode(&[0; BLOCK]), Err(FormatError::Blank));
    for bit in 0..bytes.len() * 8 {
        let mut bad = bytes;
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(JournalFile::decode(&bad).is_err(), "bit {bit}");
    }
    for len in 0..BLOCK {
        assert!(JournalFile::decode(&bytes[..len]).is_err(), "{len} bytes");
    }
    let mut newer = bytes;
    newer[8] = 2;
    assert_eq!(
        JournalFile::decode(&newer),
        Err(FormatError::Newer {
            found: 2,
            known: journal_file::VERSION
        })
    );
    let mut foreign = bytes;
    foreign[0] = b'X';
    assert!(matches!(
        JournalFile::decode(&foreign),
        Err(FormatError::Magic { .. })
    ));
}

#[test]
fn journal_file_names_come_back() {
    assert_eq!(JournalFile::name(12), "00000000000000000012.journal");
    assert_eq!(
        JournalFile::parse_name("00000000000000000012.journal"),
        Some(12)
    );
    for other in [
        "12.journal",
        "0000000000000000001x.journal",
        "00000000000000000012.log",
        "spare.free",
    ] {
        assert_eq!(JournalFile::parse_name(other), None, "{other}");
    }
}

fn index_block(entries: usize) -> IndexBlock {
    let entries = (0..entries as i64)
        .map(|i| IndexEntry {
            offset: 100 + 10 * i,
            position: 4000 * i as u64,
            max_before: i - 1,
            epoch: 2,
        })
        .collect();
    IndexBlock {
        number: 1,
        from: 0,
        covered: 600_000,
        max_timestamp: 1_700_000_000_000,
        end_offset: 1400,
        entries,
        aborted: Vec::new(),
        open: Some(Vec::new()),
        transactional: false,
    }
}

#[test]
fn an_index_block_stands_as_golden_and_is_bound_to_its_segment() {
    let aborted = AbortedTxn {
        producer_id: 7,
        first_offset: 101,
        last_offset: 120,
        last_stable_offset: 110,
    };
    let open = OpenTxn {
        producer_id: 8,
        first_offset: 110,
    };
    let block = IndexBlock {
        aborted: vec![aborted],
        open: Some(vec![open; 2]),
        transactional: true,
        ..index_block(3)
    };
    let bytes = block.encode(ID, 100);
    golden("index-v2", &[&bytes[..224], &bytes[BLOCK - 16..]].concat());
    assert_eq!(IndexBlock::decode(&bytes, ID, 100, 1), Ok(block));
    let many = IndexBlock {
        open: None,
        ..index_block(3)
    };
    assert_eq!(
        IndexBlock::decode(&many.encode(ID, 100), ID, 100, 1),
        Ok(many)
    );
    let full = index_block(PER_BLOCK);
    assert_eq!(
        IndexBlock::decode(&full.encode(ID, 100), ID, 100, 1),
        Ok(full)
    );
    assert!(IndexBlock::decode(&bytes, PartitionId { partition: 4, ..ID }, 100, 1).is_err());
    assert!(IndexBlock::decode(&bytes, ID, 101, 1).is_err());
    assert!(IndexBlock::decode(&bytes, ID, 100, 2).is_err());
    for bit in 0..bytes.len() * 8 {
        let mut bad = bytes;
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(IndexBlock::decode(&bad, ID, 100, 1).is_err(), "bit {bit}");
    }
    let mut newer = bytes;
    newer[4] = 9;
    assert_eq!(
        IndexBlock::decode(&newer, ID, 100, 1),
        Err(FormatError::Newer {
            found: 9,
            known: index::VERSION
        })
    );
}

#[test]
fn blocks_round_up_and_down() {
    assert_eq!(
        (block_up(0), block_up(1), block_up(4096), block_up(4097)),
        (0, 4096, 4096, 8192)
    );
    assert_eq!(
        (block_down(0), block_down(4095), block_down(4096)),
        (0, 0, 4096)
    );
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let body = proptest::collection::vec(any::<u8>(), 0..300).prop_map(Bytes::from);
    let kind = prop_oneof![
        Just(EntryKind::Data),
        Just(EntryKind::Empty),
        Just(EntryKind::Command),
        Just(EntryKind::Config)
    ];
    let entry = (
        any::<u64>(),
        any::<u64>(),
        kind,
        any::<i64>(),
        any::<u32>(),
        body.clone(),
    )
        .prop_map(
            |(index, term, kind, base_offset, records, body)| Frame::Entry {
                id: ID,
                entry: Entry {
                    index,
                    term,
                    kind,
                    base_offset,
                    records,
                    body,
                },
            },
        );
    let hard = (any::<u64>(), any::<u64>(), any::<u64>())
        .prop_map(|(term, vote, commit)| HardState { term, vote, commit })
        .boxed();
    let checkpoint = (
        any::<u64>(),
        0..i64::MAX / 2,
        0..i64::MAX / 2,
        hard.clone(),
        body,
    )
        .prop_map(
            |(index, start_offset, more, hard, state)| Frame::Checkpoint {
                id: ID,
                checkpoint: Checkpoint {
                    index,
                    start_offset,
                    end_offset: start_offset + more,
                    hard,
                    state,
                    ..checkpoint()
                },
            },
        );
    prop_oneof![
        entry,
        checkpoint,
        hard.prop_map(|hard| Frame::HardState { id: ID, hard }),
        any::<u64>().prop_map(|from| Frame::Truncate { id: ID, from }),
        Just(Frame::Forget { id: ID }),
    ]
}

proptest! {
    #[test]
    fn frames_come_back(frames in proptest::collection::vec(any_frame(), 0..8), nonce: u64, ordinal: u64) {
        let seed = Seed::new(&JOURNAL, nonce, ordinal);
        let bytes = encode(&frames, seed);
        prop_assert_eq!(decode(&bytes, seed), Ok(frames));
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..9000)) {
        let bytes = Bytes::from(bytes);
        let _ = JournalFile::decode(&bytes);
        let _ = Run::decode(&bytes, &JOURNAL, 1, 4096);
        let _ = decode(&bytes, seed());
        let _ = IndexBlock::decode(&bytes, ID, 0, 0);
    }
}

#[test]
fn a_compaction_stands_as_golden_and_comes_back() {
    let done = Compacted {
        clean_to: 500,
        end: 400,
        swap: Some(100),
        segments: vec![(0, 1234), (100, 0), (300, 77)],
        epochs: vec![(1, 0), (4, 120)],
    };
    let bytes = done.encode(ID);
    golden("compacted-1", &bytes);
    assert_eq!(
        Compacted::decode(&golden_bytes("compacted-1"), ID),
        Ok(done)
    );
    assert_eq!(
        Compacted::decode(&Compacted::NONE.encode(ID), ID),
        Ok(Compacted::NONE)
    );
    let other = PartitionId { partition: 4, ..ID };
    assert!(Compacted::decode(&bytes, other).is_err());
    for cut in 0..bytes.len() {
        assert!(
            Compacted::decode(&bytes[..cut], ID).is_err(),
            "cut at {cut}"
        );
    }
    for bit in 0..8 * bytes.len() {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(Compacted::decode(&flipped, ID).is_err(), "bit {bit}");
    }
}
