//! Files that change their names, and what a power loss makes of it.

use ottla_runtime::fs::{File, OpenOptions};
use ottla_runtime::shards::ShardId;
use ottla_runtime::sim::Latency;

use super::*;

const SHORT: Latency = Latency::micros(1, 2);

/// What no sync has covered is lost with the power; operations take so long.
fn slow(sim: &Simulation, node: NodeId, write: Latency, sync: Latency) {
    let disk = DiskOptions {
        crash_keep: Some(0.0),
        read: SHORT,
        write,
        sync,
        ..sim.disk(node)
    };
    sim.set_disk(node, disk);
}

/// A journal prepared its next file while it gave up its oldest one, and took the spare file that this had just made: its new
/// header was on the disk before its new name was. The power went, the old name came back, and the start refused the folder:
/// "the header says file 22, the name says 19".
#[test]
fn a_file_has_lost_its_old_name_before_it_is_made_another() {
    for step in 0..80 {
        let (sim, node) = machine(500 + step);
        let journal = on(&sim, node, async {
            let (journal, _) = Journal::open(DIR, options()).await.expect("opens");
            // The next one finds the last file full.
            for i in 1..=44 {
                let append = journal.append(frames(ID, i..=i, 1000));
                append.await.expect("a calm disk");
            }
            let append = journal.append(vec![checkpoint(ID, 44)]);
            append.await.expect("a calm disk");
            journal.settle().await;
            journal
        });
        slow(&sim, node, SHORT, Latency::micros(100, 100));
        let recycled = journal.clone();
        let recycling = sim.spawn(node, ShardId(0), async move { recycled.recycle().await });
        sim.run_for(Duration::from_micros(20));
        // More than half of the file there is now: the one after it is made.
        let appending = sim.spawn(node, ShardId(0), async move {
            journal.append(frames(ID, 45..=45, 20_000)).await
        });
        sim.run_for(Duration::from_micros(10 * step));
        sim.crash(node, CrashKind::Power);
        drop((recycling, appending));
        sim.restart(node);
        let recovered = on(&sim, node, reopen()).expect("no damage");
        assert_eq!(
            recovered[&ID].checkpoint.as_ref().map(|c| c.index),
            Some(44)
        );
    }
}

/// A run that does not fit ends a file early, and the zeroes for the rest of that file may be under way still when a
/// checkpoint frees it. The file made of it got those zeroes over runs that had been acknowledged.
#[test]
fn zeroes_for_a_file_do_not_come_into_the_one_made_of_it() {
    let (sim, node) = machine(14);
    slow(&sim, node, Latency::micros(100, 2), SHORT);
    on(&sim, node, async {
        let options = Options {
            file_size: 1 << 20,
            ..options()
        };
        let (journal, _) = Journal::open(DIR, options.clone()).await.expect("opens");
        for name in ["spare.free", "spare-2.free"] {
            let path = Path::new(DIR).join(name);
            let file = File::open(path, &OpenOptions::new_file()).await;
            let spare = file.expect("a new file");
            spare.allocate(1 << 20).await.expect("room");
        }
        let append = async |frames| journal.append(frames).await.expect("a calm disk");
        // Two blocks: the next run is one block too long for the rest of the file.
        append(frames(ID, 1..=1, 3_000)).await;
        append(frames(ID, 2..=2, 519_000)).await;
        append(vec![checkpoint(ID, 2)]).await;
        assert_eq!(journal.recycle().await.expect("a calm disk"), 1);
        append(frames(ID, 3..=3, 519_000)).await;
        append(frames(ID, 4..=4, 519_000)).await;
        append(frames(ID, 5..=5, 10)).await;
        // Whatever is under way comes to its end.
        time::sleep(Duration::from_millis(20)).await;
        let (_, recovered) = Journal::open(DIR, options).await.expect("no damage");
        assert_eq!(recovered[&ID].entries.len(), 3);
    });
}

/// Files behind the torn end were removed at a start, all with one sync of the folder. The power went, the name in the
/// middle was lost, the one behind it was not: "journal file 3 is missing".
#[test]
fn files_behind_the_end_go_one_after_the_other() {
    // The folder is synced last, and that takes a part of the time as all syncs do.
    for step in 0..160 {
        let (sim, node) = machine(600 + step);
        slow(&sim, node, SHORT, Latency::micros(1000, 2));
        on(&sim, node, async {
            let (journal, _) = Journal::open(DIR, options()).await.expect("opens");
            let append = journal.append(frames(ID, 1..=1, 10));
            append.await.expect("a calm disk");
            // As by appends that were in flight when the power went.
            for sequence in 2..=6 {
                let made = journal.0.folder.create(sequence, 0, Sync::After).await;
                drop(made.expect("a calm disk"));
            }
        });
        sim.crash(node, CrashKind::Power);
        sim.restart(node);
        let opening = sim.spawn(node, ShardId(0), reopen());
        sim.run_for(Duration::from_micros(100 * step));
        let half = DiskOptions {
            crash_keep: Some(0.5),
            ..sim.disk(node)
        };
        sim.set_disk(node, half);
        sim.crash(node, CrashKind::Power);
        drop(opening);
        sim.restart(node);
        let recovered = on(&sim, node, reopen()).expect("no damage");
        assert_eq!(recovered[&ID].entries.len(), 1);
    }
}
