//! What a disk keeps and what it breaks.

use std::{collections::BTreeSet, io::ErrorKind};

use ottla_runtime::{
    fs::{self, Buf, File, OpenOptions},
    shards::ShardId,
    sim::{CrashKind, DiskOp, DiskOptions},
};

use crate::{LONG, create, read_all, world, write};

const NEW: OpenOptions = OpenOptions {
    create: false,
    create_new: true,
    write: true,
    direct: false,
    dsync: false,
};
const SECTOR: usize = 512;

fn disk(crash_keep: Option<f64>) -> DiskOptions {
    DiskOptions {
        sector: SECTOR,
        crash_keep,
        ..DiskOptions::default()
    }
}

#[test]
fn what_was_not_synced_is_lost_and_what_was_is_not() {
    let (sim, node) = world(1, disk(Some(0.0)));
    let written = sim.block_on(node, LONG, async {
        let file = create("/d/f", NEW).await;
        write(&file, 1, 4 * SECTOR, 0).await.unwrap();
        file.sync().await.unwrap();
        write(&file, 2, 2 * SECTOR, 0).await.unwrap();
        assert_eq!(
            read_all("/d/f").await[..2 * SECTOR],
            [2; 2 * SECTOR],
            "a reader sees it"
        );
    });
    written.unwrap();
    sim.crash(node, CrashKind::Power);
    sim.restart(node);
    let after = sim.block_on(node, LONG, read_all("/d/f")).unwrap();
    assert_eq!(after, [1; 4 * SECTOR]);
}

#[test]
fn a_killed_process_loses_nothing_it_wrote() {
    let (sim, node) = world(2, disk(Some(0.0)));
    let written = sim.block_on(node, LONG, async {
        let file = File::open("/d/f", &NEW).await.unwrap();
        write(&file, 1, 700, 0).await.unwrap();
    });
    written.unwrap();
    sim.crash(node, CrashKind::Process);
    sim.restart(node);
    assert_eq!(
        sim.block_on(node, LONG, read_all("/d/f")).unwrap(),
        [1; 700]
    );
}

#[test]
fn a_write_under_way_is_torn_at_sectors_and_never_inside() {
    let mut outcomes = BTreeSet::new();
    for seed in 0..200 {
        let (sim, node) = world(seed, disk(None));
        let ready = sim.block_on(node, LONG, async {
            let file = create("/d/f", NEW).await;
            write(&file, 1, 4 * SECTOR, 0).await.unwrap();
            file.sync().await.unwrap();
        });
        ready.unwrap();
        sim.spawn(node, ShardId(0), async {
            let file = File::open(
                "/d/f",
                &OpenOptions {
                    create_new: false,
                    ..NEW
                },
            )
            .await
            .unwrap();
            write(&file, 2, 4 * SECTOR, 0).await.unwrap();
            std::future::pending::<()>().await;
        })
        .detach();
        sim.run_for(std::time::Duration::from_micros(sim.below(400)));
        sim.crash(node, CrashKind::Power);
        sim.restart(node);
        let after = sim.block_on(node, LONG, read_all("/d/f")).unwrap();
        let sectors: Vec<u8> = after.chunks(SECTOR).map(|sector| sector[0]).collect();
        for (i, sector) in after.chunks(SECTOR).enumerate() {
            assert!(
                sector.iter().all(|byte| *byte == sectors[i]),
                "seed {seed}: a sector is torn"
            );
        }
        outcomes.insert(sectors);
    }
    assert!(outcomes.contains(&vec![1; 4]) && outcomes.contains(&vec![2; 4]));
    assert!(outcomes.len() > 8, "only {} of 16 outcomes", outcomes.len());
}

#[test]
fn a_dsync_write_is_durable_when_it_completes() {
    for seed in 0..50 {
        let (sim, node) = world(seed, disk(Some(0.0)));
        let written = sim.block_on(node, LONG, async {
            let file = create("/d/f", OpenOptions { dsync: true, ..NEW }).await;
            write(&file, 7, 3 * SECTOR, 0).await.unwrap();
            write(&file, 8, SECTOR, SECTOR as u64).await.unwrap();
        });
        written.unwrap();
        sim.crash(node, CrashKind::Power);
        sim.restart(node);
        let after = sim.block_on(node, LONG, read_all("/d/f")).unwrap();
        assert_eq!(after, [[7; SECTOR], [8; SECTOR], [7; SECTOR]].concat());
    }
}

#[test]
fn a_sync_covers_only_what_had_completed_before_it() {
    // A write that races the sync may be lost.
    let lost = (0..100).any(|seed| {
        let (sim, node) = world(seed, disk(Some(0.0)));
        let done = sim.block_on(node, LONG, async {
            let file = create("/d/f", NEW).await;
            write(&file, 1, SECTOR, 0).await.unwrap();
            file.sync().await.unwrap();
            let both = futures_lite::future::zip(write(&file, 2, SECTOR, 0), file.sync());
            let (written, synced) = both.await;
            written.and(synced).unwrap();
        });
        done.unwrap();
        sim.crash(node, CrashKind::Power);
        sim.restart(node);
        sim.block_on(node, LONG, read_all("/d/f")).unwrap() == [1; SECTOR]
    });
    assert!(lost);
}

#[test]
fn names_are_lost_without_a_folder_sync() {
    let (sim, node) = world(3, disk(Some(0.0)));
    let written = sim.block_on(node, LONG, async {
        let kept = create("/d/kept", NEW).await;
        write(&kept, 1, 10, 0).await.unwrap();
        kept.sync().await.unwrap();
        let lost = File::open("/d/lost", &NEW).await.unwrap();
        write(&lost, 1, 10, 0).await.unwrap();
        lost.sync().await.unwrap();
        fs::rename("/d/kept", "/d/renamed").await.unwrap();
        fs::create_dir_all("/d/sub").await.unwrap();
    });
    written.unwrap();
    sim.crash(node, CrashKind::Power);
    sim.restart(node);
    let names = sim.block_on(node, LONG, fs::list("/d")).unwrap().unwrap();
    assert_eq!(
        names
            .iter()
            .map(|entry| entry.name.as_str())
            .collect::<Vec<_>>(),
        ["kept"]
    );
}

#[test]
fn an_atomic_write_leaves_the_old_or_the_new() {
    let (mut old, mut new) = (0, 0);
    for seed in 0..200 {
        let (sim, node) = world(seed, disk(None));
        sim.block_on(node, LONG, async {
            fs::write_atomic("/d/m", &[1; 2_000]).await.unwrap()
        })
        .unwrap();
        let writing = sim.spawn(node, ShardId(0), fs::write_atomic("/d/m", &[2; 3_000]));
        sim.run_for(std::time::Duration::from_micros(sim.below(1_500)));
        sim.crash(node, CrashKind::Power);
        drop(writing);
        sim.restart(node);
        match &sim.block_on(node, LONG, read_all("/d/m")).unwrap()[..] {
            content if *content == [1; 2_000] => old += 1,
            content if *content == [2; 3_000] => new += 1,
            _ => panic!("seed {seed}: neither the old nor the new content"),
        }
    }
    assert!(old > 0 && new > 0, "old {old} new {new}");
}

#[test]
fn a_truncation_is_kept_or_not_as_one() {
    for seed in 0..100 {
        let (sim, node) = world(seed, disk(None));
        let done = sim.block_on(node, LONG, async {
            let file = create("/d/f", NEW).await;
            write(&file, 1, 4 * SECTOR, 0).await.unwrap();
            file.sync().await.unwrap();
            file.truncate(SECTOR as u64 + 100).await.unwrap();
        });
        done.unwrap();
        sim.crash(node, CrashKind::Power);
        sim.restart(node);
        let after = sim.block_on(node, LONG, read_all("/d/f")).unwrap();
        assert!(
            after == [1; 4 * SECTOR] || after == [1; SECTOR + 100],
            "seed {seed}: {} bytes",
            after.len()
        );
    }
}

#[test]
fn planned_failures_happen_once() {
    let (sim, node) = world(4, disk(Some(0.0)));
    sim.fail_after(node, DiskOp::Write, 1);
    sim.fail_after(node, DiskOp::Sync, 1);
    let done = sim.block_on(node, LONG, async {
        let file = create("/d/f", NEW).await;
        write(&file, 1, SECTOR, 0).await.unwrap();
        assert!(write(&file, 2, SECTOR, 0).await.is_err());
        write(&file, 3, SECTOR, 0).await.unwrap();
        assert!(file.sync().await.is_err());
        // The next sync succeeds, and the data is gone all the same.
        file.sync().await.unwrap();
        assert_eq!(read_all("/d/f").await, [3; SECTOR]);
    });
    done.unwrap();
    sim.crash(node, CrashKind::Power);
    sim.restart(node);
    let after = sim.block_on(node, LONG, read_all("/d/f")).unwrap();
    assert!(
        after.iter().all(|byte| *byte == 0),
        "a failed sync makes nothing durable"
    );
}

#[test]
fn unreadable_sectors_stay_so_until_written() {
    let (sim, node) = world(5, disk(None));
    sim.fail_after(node, DiskOp::Read, 0);
    let done = sim.block_on(node, LONG, async {
        let file = create("/d/f", NEW).await;
        write(&file, 1, 2 * SECTOR, 0).await.unwrap();
        assert!(file.read_at(0, 10).await.is_err());
        assert!(
            file.read_at(5, 10).await.is_err(),
            "trying again does not heal it"
        );
        assert_eq!(file.read_at(SECTOR as u64, 10).await.unwrap()[..], [1; 10]);
        write(&file, 2, SECTOR, 0).await.unwrap();
        assert_eq!(file.read_at(0, 10).await.unwrap()[..], [2; 10]);
    });
    done.unwrap();
}

#[test]
fn silent_faults_are_silent() {
    let (sim, node) = world(6, disk(None));
    let file = sim.block_on(node, LONG, create("/d/f", NEW)).unwrap();
    let file = std::rc::Rc::new(file);
    let theirs = file.clone();
    let fill = async move {
        write(&theirs, 1, 8 * SECTOR, 0).await.unwrap();
        theirs.sync().await.unwrap();
    };
    sim.block_on(node, LONG, fill).unwrap();

    sim.fail_after(node, DiskOp::LoseWrite, 0);
    let theirs = file.clone();
    sim.block_on(node, LONG, async move {
        write(&theirs, 2, SECTOR, 0).await.unwrap()
    })
    .unwrap();
    assert_eq!(
        sim.block_on(node, LONG, read_all("/d/f")).unwrap(),
        [1; 8 * SECTOR],
        "it was lost"
    );

    sim.fail_after(node, DiskOp::MisdirectWrite, 0);
    let theirs = file.clone();
    sim.block_on(node, LONG, async move {
        write(&theirs, 3, SECTOR, 0).await.unwrap()
    })
    .unwrap();
    let after = sim.block_on(node, LONG, read_all("/d/f")).unwrap();
    assert_eq!(after.iter().filter(|byte| **byte == 3).count(), SECTOR);

    sim.fail_after(node, DiskOp::RotRead, 0);
    let rotten = sim.block_on(node, LONG, read_all("/d/f")).unwrap();
    let flipped: u32 = rotten
        .iter()
        .zip(&after)
        .map(|(a, b)| (a ^ b).count_ones())
        .sum();
    assert_eq!(flipped, 1);
    assert_eq!(
        sim.block_on(node, LONG, read_all("/d/f")).unwrap(),
        rotten,
        "it stays rotten"
    );

    assert!(sim.corrupt(node, "/d/f", 100, 0xff));
    assert!(!sim.corrupt(node, "/d/none", 100, 0xff));
    assert_eq!(
        sim.block_on(node, LONG, read_all("/d/f")).unwrap()[100],
        rotten[100] ^ 0xff
    );
    drop(file);
}

#[test]
fn faults_come_with_their_probability() {
    let faulty = DiskOptions {
        write_error: 0.2,
        read_error: 0.1,
        sync_error: 0.3,
        ..disk(None)
    };
    let (sim, node) = world(
        7,
        DiskOptions {
            sync_error: 0.0,
            ..faulty.clone()
        },
    );
    sim.set_disk(node, faulty);
    let counts = sim.block_on(node, LONG, async {
        let file = File::open("/d/f", &NEW).await.unwrap();
        let (mut writes, mut syncs) = (0, 0);
        for _ in 0..1_000 {
            writes += u32::from(write(&file, 1, SECTOR, 0).await.is_err());
            syncs += u32::from(file.sync().await.is_err());
        }
        (writes, syncs)
    });
    let (writes, syncs) = counts.unwrap();
    assert!((120..280).contains(&writes), "{writes}");
    assert!((220..380).contains(&syncs), "{syncs}");
}

#[test]
fn a_full_disk_refuses_and_space_comes_back() {
    let (sim, node) = world(
        8,
        DiskOptions {
            capacity: 64 << 10,
            ..disk(None)
        },
    );
    let done = sim.block_on(node, LONG, async {
        let file = create("/d/f", NEW).await;
        file.allocate(48 << 10).await.unwrap();
        assert_eq!(fs::free_space("/d").await.unwrap(), 16 << 10);
        write(&file, 1, 48 << 10, 0).await.unwrap();
        assert_eq!(
            fs::free_space("/d").await.unwrap(),
            16 << 10,
            "reserved space is paid once"
        );
        let more = create("/d/more", NEW).await;
        assert_eq!(
            write(&more, 1, 20 << 10, 0).await.unwrap_err().kind(),
            ErrorKind::StorageFull
        );
        assert_eq!(
            more.allocate(20 << 10).await.unwrap_err().kind(),
            ErrorKind::StorageFull
        );
        fs::remove_file("/d/f").await.unwrap();
        fs::sync_dir("/d").await.unwrap();
        file.close().await.unwrap();
        more.write_at(Buf::zeroed(20 << 10), 0).await.unwrap();
    });
    done.unwrap();
    assert_eq!(sim.disk_used(node), 20 << 10);
}

#[test]
fn locks_do_not_survive_a_crash() {
    let (sim, node) = world(9, disk(None));
    let lock = sim
        .block_on(node, LONG, fs::lock("/d/lock"))
        .unwrap()
        .unwrap();
    let again = sim.block_on(node, LONG, fs::lock("/d/lock")).unwrap();
    assert_eq!(again.unwrap_err().kind(), ErrorKind::ResourceBusy);
    sim.crash(node, CrashKind::Process);
    sim.restart(node);
    let fresh = sim
        .block_on(node, LONG, fs::lock("/d/lock"))
        .unwrap()
        .unwrap();
    // The dead process's lock is void, also when its remains are dropped late.
    drop(lock);
    let again = sim.block_on(node, LONG, fs::lock("/d/lock")).unwrap();
    assert_eq!(again.unwrap_err().kind(), ErrorKind::ResourceBusy);
    drop(fresh);
}
