//! The journal on the simulated disk: what comes back, what is refused, what is recycled.

mod names;

use std::time::Duration;

use bytes::Bytes;
use ottla_protocol::ids::PartitionId;
use ottla_runtime::sim::{CrashKind, DiskOp, DiskOptions, Latency, NodeId, Simulation};
use ottla_runtime::{fs, time};

use super::*;
use crate::format::checkpoint::Checkpoint;
use crate::testing::{ID, entry, machine, on};

const DIR: &str = "/data/journal";
const FIRST: &str = "/data/journal/00000000000000000001.journal";

fn options() -> Options {
    Options {
        file_size: 64 << 10,
        sync: Some(Sync::After),
        ..Options::default()
    }
}

fn frames(id: PartitionId, indexes: std::ops::RangeInclusive<u64>, size: usize) -> Vec<Frame> {
    indexes
        .map(|i| Frame::Entry {
            id,
            entry: entry(i, 2 * (i as i64 - 1), size),
        })
        .collect()
}

fn checkpoint(id: PartitionId, index: u64) -> Frame {
    let checkpoint = Checkpoint {
        index,
        term: 1,
        end_offset: 2 * index as i64,
        start_offset: 0,
        tail: None,
        hard: HardState {
            term: 1,
            vote: 1,
            commit: index,
        },
        state: Bytes::from_static(b"state"),
    };
    Frame::Checkpoint { id, checkpoint }
}

use crate::format::frame::HardState;

async fn reopen() -> Result<Recovered, StorageError> {
    Journal::open(DIR, options())
        .await
        .map(|(_, recovered)| recovered)
}

/// A journal with `runs` runs of one entry each; stopped cleanly or not.
fn written(sim: &Simulation, node: NodeId, runs: u64, clean: bool) {
    on(sim, node, async move {
        let (journal, recovered) = Journal::open(DIR, options())
            .await
            .expect("an empty folder");
        assert!(recovered.is_empty());
        for i in 1..=runs {
            journal
                .append(frames(ID, i..=i, 10))
                .await
                .expect("a calm disk");
        }
        if clean {
            journal.settle().await;
        }
    });
}

#[test]
fn what_was_appended_comes_back_per_partition() {
    let (sim, node) = machine(1);
    on(&sim, node, async {
        let other = PartitionId { partition: 1, ..ID };
        let (journal, _) = Journal::open(
            DIR,
            Options {
                sync: None,
                ..options()
            },
        )
        .await
        .expect("opens");
        let first = journal.append([frames(ID, 1..=3, 100), frames(other, 1..=1, 5000)].concat());
        let hard = HardState {
            term: 2,
            vote: 3,
            commit: 3,
        };
        let cut = vec![
            Frame::Truncate { id: ID, from: 3 },
            Frame::HardState { id: ID, hard },
        ];
        let second = journal.append(cut);
        second.await.expect("flushed");
        first.await.expect("in order");
        let recovered = reopen().await.expect("opens again");
        let indexes = |id| {
            recovered[&id]
                .entries
                .iter()
                .map(|e| e.index)
                .collect::<Vec<_>>()
        };
        assert_eq!((indexes(ID), indexes(other)), (vec![1, 2], vec![1]));
        assert_eq!(recovered[&ID].entries[1], entry(2, 2, 100));
        assert_eq!(
            (recovered[&ID].hard, recovered[&ID].end_offset()),
            (hard, 4)
        );
    });
}

#[test]
fn a_forgotten_partition_does_not_come_back() {
    let (sim, node) = machine(2);
    on(&sim, node, async {
        let (journal, _) = Journal::open(DIR, options()).await.expect("opens");
        journal
            .append(frames(ID, 1..=3, 10))
            .await
            .expect("flushed");
        journal
            .append(vec![Frame::Forget { id: ID }])
            .await
            .expect("flushed");
        assert!(reopen().await.expect("opens again").is_empty());
        assert!(journal.pins().1.is_empty());
    });
}

#[test]
fn a_large_append_gets_a_file_of_its_own() {
    let (sim, node) = machine(3);
    on(&sim, node, async {
        let (journal, _) = Journal::open(DIR, options()).await.expect("opens");
        journal
            .append(frames(ID, 1..=1, 100))
            .await
            .expect("flushed");
        journal
            .append(frames(ID, 2..=2, 300_000))
            .await
            .expect("larger than a file");
        journal
            .append(frames(ID, 3..=3, 100))
            .await
            .expect("flushed");
        let recovered = reopen().await.expect("opens again");
        assert_eq!(recovered[&ID].entries.len(), 3);
        assert_eq!(recovered[&ID].entries[1], entry(2, 2, 300_000));
    });
}

#[test]
fn files_are_recycled_when_checkpoints_cover_them() {
    let (sim, node) = machine(4);
    on(&sim, node, async {
        let idle = PartitionId { partition: 9, ..ID };
        let (journal, _) = Journal::open(DIR, options()).await.expect("opens");
        journal
            .append(frames(idle, 1..=1, 10))
            .await
            .expect("flushed");
        for i in 1..=200 {
            journal
                .append(frames(ID, i..=i, 1000))
                .await
                .expect("flushed");
        }
        assert!(journal.files() > 8, "{} files", journal.files());
        journal
            .append(vec![checkpoint(ID, 200)])
            .await
            .expect("flushed");
        assert_eq!(journal.recycle().await.expect("a calm disk"), 0);
        assert_eq!(journal.pins(), (1, vec![idle]));
        journal
            .append(vec![checkpoint(idle, 1)])
            .await
            .expect("flushed");
        let before = journal.files();
        let freed = journal.recycle().await.expect("a calm disk");
        assert!(
            freed > 0 && journal.files() == before - freed && journal.files() <= 2,
            "{freed} of {before}"
        );
        for i in 201..=260 {
            journal
                .append(frames(ID, i..=i, 1000))
                .await
                .expect("flushed");
        }
        let recovered = reopen().await.expect("opens again");
        let entries = &recovered[&ID].entries;
        assert_eq!((entries.len(), entries[0].index), (60, 201));
        assert!(recovered[&idle].entries.is_empty());
    });
}

#[test]
fn a_torn_tail_is_cut_and_the_journal_goes_on() {
    for seed in 0..30 {
        let (sim, node) = machine(100 + seed);
        written(&sim, node, 3, false);
        let task = sim.spawn(node, ottla_runtime::shards::ShardId(0), async {
            let (journal, _) = Journal::open(DIR, options()).await.expect("opens");
            for i in 4..=50 {
                let _unheard = journal.append(frames(ID, i..=i, 3000));
            }
            std::future::pending::<()>().await;
        });
        sim.run_for(Duration::from_micros(1500 + 100 * seed));
        sim.crash(node, CrashKind::Power);
        drop(task);
        sim.restart(node);
        on(&sim, node, async {
            let (journal, recovered) = Journal::open(DIR, options())
                .await
                .expect("a torn tail is no damage");
            let last = recovered[&ID].entries.len() as u64;
            assert!(last >= 3);
            journal
                .append(frames(ID, last + 1..=last + 1, 10))
                .await
                .expect("goes on");
            assert_eq!(
                reopen().await.expect("opens")[&ID].entries.len() as u64,
                last + 1
            );
        });
    }
}

#[test]
fn damage_anywhere_is_named_and_nothing_is_cut() {
    for (run, inside) in [
        (0u64, 3u64),
        (0, 70),
        (2, 0),
        (2, 20),
        (2, 100),
        (4, 130),
        (5, 9),
    ] {
        let (sim, node) = machine(5);
        written(&sim, node, 6, true);
        let at = 4096 * (1 + run) + inside;
        assert!(sim.corrupt(node, FIRST, at, 0x40));
        on(&sim, node, async move {
            for _ in 0..2 {
                let Err(StorageError::Corrupt(corrupt)) = reopen().await else {
                    panic!("byte {at} was not noticed")
                };
                assert_eq!(
                    (corrupt.file.to_str(), corrupt.at),
                    (Some(FIRST), 4096 * (1 + run)),
                    "{corrupt}"
                );
            }
        });
    }
}

#[test]
fn a_missing_or_cut_file_is_damage() {
    for cut in [false, true] {
        let (sim, node) = machine(6);
        on(&sim, node, async move {
            let (journal, _) = Journal::open(DIR, options()).await.expect("opens");
            for i in 1..=40 {
                journal
                    .append(frames(ID, i..=i, 3000))
                    .await
                    .expect("flushed");
            }
            journal.settle().await;
            let second = "/data/journal/00000000000000000002.journal";
            if cut {
                let file = fs::File::open(second, &fs::OpenOptions::read_write())
                    .await
                    .expect("is there");
                file.truncate(8192).await.expect("a calm disk");
            } else {
                fs::remove_file(second).await.expect("is there");
            }
            assert!(matches!(reopen().await, Err(StorageError::Corrupt(_))));
        });
    }
}

#[test]
fn newer_and_foreign_files_are_refused() {
    let (sim, node) = machine(7);
    written(&sim, node, 1, true);
    assert!(sim.corrupt(node, FIRST, 8, 3));
    on(&sim, node, async {
        let Err(error) = reopen().await else {
            panic!("version 2 was opened")
        };
        assert!(
            matches!(
                error,
                StorageError::Newer {
                    found: 2,
                    known: 1,
                    ..
                }
            ),
            "{error}"
        );
    });
    assert!(sim.corrupt(node, FIRST, 8, 3) && sim.corrupt(node, FIRST, 0, 1));
    on(&sim, node, async {
        assert!(matches!(reopen().await, Err(StorageError::Foreign { .. })));
    });
    assert!(sim.corrupt(node, FIRST, 0, 1));
    on(&sim, node, async {
        fs::write_atomic("/data/journal/notes.txt", b"hello")
            .await
            .expect("a calm disk");
        assert!(matches!(reopen().await, Err(StorageError::Foreign { .. })));
    });
}

#[test]
fn a_failed_flush_is_for_good() {
    for op in [DiskOp::Sync, DiskOp::Write] {
        let (sim, node) = machine(8);
        written(&sim, node, 2, false);
        let journal = on(&sim, node, async {
            Journal::open(DIR, options()).await.expect("opens").0
        });
        sim.fail_after(node, op, 0);
        on(&sim, node, async move {
            let (first, second) = (
                journal.append(frames(ID, 3..=3, 10)),
                journal.append(frames(ID, 4..=4, 10)),
            );
            assert!(first.await.is_err() && second.await.is_err());
            assert!(
                journal.append(frames(ID, 5..=5, 10)).await.is_err(),
                "never retried"
            );
            assert!(journal.failed().is_some());
        });
    }
}

#[test]
fn appends_in_one_breath_share_a_write() {
    let (sim, node) = machine(9);
    on(&sim, node, async {
        let (journal, _) = Journal::open(DIR, options()).await.expect("opens");
        let appends: Vec<_> = (1..=100)
            .map(|i| journal.append(frames(ID, i..=i, 10)))
            .collect();
        for append in appends {
            append.await.expect("flushed");
        }
        // 100 entries of some 250 bytes in runs of their own would need 400 KiB: seven files.
        assert_eq!(journal.files(), 1);
    });
}

/// A disk that another program had filled ended the broker: the journal took the missing room of its next file for a failed
/// write. Nothing of that file exists, so nothing is in doubt; the append can wait.
#[test]
fn appends_wait_for_a_full_disk() {
    let (sim, node) = machine(12);
    let capacity = |bytes| {
        sim.set_disk(
            node,
            DiskOptions {
                capacity: bytes,
                ..sim.disk(node)
            },
        );
    };
    let journal = on(&sim, node, async {
        let (journal, _) = Journal::open(DIR, options()).await.expect("opens");
        Rc::new(journal)
    });
    capacity(sim.disk_used(node));
    let appends = journal.clone();
    let acked = on(&sim, node, async move {
        // More than the file there and one prepared ahead hold; the last of these must wait.
        let mut waiting = Vec::new();
        for i in 1..=200 {
            waiting.push(appends.append(frames(ID, i..=i, 1000)));
        }
        let mut acked = 0;
        for append in waiting {
            match time::timeout(Duration::from_secs(5), append).await {
                Ok(flushed) => flushed.expect("a full disk is no failure"),
                Err(_) => break,
            }
            acked += 1;
        }
        acked
    });
    assert!(acked < 200 && journal.full() && journal.failed().is_none());
    capacity(1 << 30);
    on(&sim, node, async move {
        let more = journal.append(frames(ID, 201..=201, 1000));
        more.await.expect("there is room again");
        assert!(!journal.full());
        drop(journal);
        let recovered = reopen().await.expect("opens again");
        assert_eq!(recovered[&ID].entries.len(), 201);
    });
}

/// A new journal whose first run did not fit into a file left that file empty and began with the second. The next start
/// took the empty file for one with a lost run and refused the folder.
#[test]
fn the_first_run_may_be_larger_than_a_file() {
    let (sim, node) = machine(13);
    on(&sim, node, async {
        let (journal, _) = Journal::open(DIR, options()).await.expect("opens");
        let large = journal.append(frames(ID, 1..=1, 200_000));
        large.await.expect("a calm disk");
        for i in 2..=5 {
            let small = journal.append(frames(ID, i..=i, 10));
            small.await.expect("a calm disk");
        }
        drop(journal);
        let recovered = reopen().await.expect("opens again");
        assert_eq!(recovered[&ID].entries.len(), 5);
    });
}

/// A flush failed and the broker ended, as it must. The next start found the runs of that flush in the system's cache, took
/// them for durable because its own sync went through, and served them: but a sync that fails drops the dirty mark of
/// what it could not write, and no later one writes it. With the next power loss they were gone.
#[test]
fn runs_of_a_failed_flush_are_written_once_more() {
    for seed in 0..20 {
        let (sim, node) = machine(300 + seed);
        written(&sim, node, 2, false);
        let journal = on(&sim, node, async {
            Journal::open(DIR, options()).await.expect("opens").0
        });
        sim.fail_after(node, DiskOp::Sync, 0);
        on(&sim, node, async move {
            let unheard = journal.append(frames(ID, 3..=3, 5000));
            assert!(unheard.await.is_err());
        });
        sim.crash(node, CrashKind::Process);
        sim.restart(node);
        let entries = async || reopen().await.expect("no damage")[&ID].entries.len();
        let served = on(&sim, node, entries());
        assert_eq!(served, 3, "the write was done, the cache has it");
        sim.crash(node, CrashKind::Power);
        sim.restart(node);
        assert_eq!(on(&sim, node, entries()), served, "seed {seed}");
    }
}

/// The last runs are written once more at each start. They were read once more for that, too: a bit that had rotted since
/// the checked reading was written back, and the start after that took the run for a torn tail and cut what had been served.
#[test]
fn what_is_written_once_more_is_what_was_checked() {
    for seed in 0..20 {
        let (sim, node) = machine(400 + seed);
        on(&sim, node, async {
            let (journal, _) = Journal::open(DIR, options()).await.expect("opens");
            let large = journal.append(frames(ID, 1..=1, 20_000));
            large.await.expect("a calm disk");
        });
        let entries = async || Some(reopen().await.ok()?.get(&ID).map_or(0, |p| p.entries.len()));
        // The header, the runs, what is behind the end: whatever else is read is read without need.
        sim.fail_after(node, DiskOp::RotRead, 3);
        let served = on(&sim, node, entries());
        assert_eq!(served, Some(1), "seed {seed}");
        sim.plan_no_failures(node);
        sim.crash(node, CrashKind::Power);
        sim.restart(node);
        assert_eq!(on(&sim, node, entries()), served, "seed {seed}");
    }
}

/// A journal that had just been laid out for another number of shards was still filling its next file with zeroes when it was
/// opened again, in the same process, to be used: zeroes went over runs that were acknowledged, and a start after a power
/// loss missed them. Seed 5001115 of the whole node found it, on a slow disk.
#[test]
fn nothing_writes_zeroes_behind_the_back_of_the_next_to_open_it() {
    for seed in 0..30 {
        let (sim, node) = machine(300 + seed);
        let fast = sim.disk(node);
        let journal = on(&sim, node, async {
            let (journal, _) = Journal::open(DIR, options()).await.expect("opens");
            // So large that the next file is begun at once.
            let appended = journal.append(frames(ID, 1..=1, 26_000)).await;
            appended.expect("a calm disk");
            journal
        });
        let slow = DiskOptions {
            write: Latency::micros(50_000, 1),
            ..fast.clone()
        };
        sim.set_disk(node, slow);
        on(&sim, node, async move { journal.settle().await });
        sim.set_disk(node, fast);
        on(&sim, node, async {
            let (journal, _) = Journal::open(DIR, options()).await.expect("opens");
            for i in 2..=14 {
                let appended = journal.append(frames(ID, i..=i, 10)).await;
                appended.expect("a calm disk");
            }
            time::sleep(Duration::from_millis(200)).await;
        });
        sim.crash(node, CrashKind::Power);
        sim.restart(node);
        let recovered = on(&sim, node, reopen()).expect("nothing is damaged");
        assert_eq!(recovered[&ID].entries.len(), 14, "seed {seed}");
    }
}
