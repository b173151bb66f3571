//! Transactions in one partition, from append to fetch, across restarts.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::record::{EndMarker, Producer, batches};

use super::*;
use crate::partition::calls::{Beginning, FetchPart, Fetched, Guard, ListOffset, Marker};
use crate::partition::internal::Own;
use crate::partition::waiters::Watch;

const HOUR: Duration = Duration::from_secs(3600);

/// A transactional batch of `records` records.
fn txn_batch(id: i64, epoch: i16, base_sequence: i32, records: usize) -> BytesMut {
    let mut batch = BatchBuilder::new(BatchOptions {
        producer: Some(Producer {
            id,
            epoch,
            base_sequence,
        }),
        transactional: true,
        ..BatchOptions::default()
    });
    for _ in 0..records {
        batch.push(time::wall_ms(), None, Some(b"x"), &[]);
    }
    let bytes = batch.build().expect("an uncompressed batch");
    BytesMut::from(&bytes[..])
}

fn marker(producer_id: i64, epoch: i16, committed: bool) -> Marker {
    Marker {
        producer_id,
        epoch,
        end: EndMarker {
            committed,
            coordinator_epoch: 0,
        },
    }
}

/// Appends as a coordinator does; answers with the offset.
async fn append(partition: &Partition, id: i64, epoch: i16, records: usize) -> i64 {
    let who = Beginning {
        producer_id: id,
        epoch,
        sequence: -1,
        bumps: true,
    };
    let guard = partition.begin_txn(who).expect("not fenced");
    let batch = txn_batch(id, epoch, -1, records);
    let own = Own::InTxn(batch, guard.unwrap_or_default());
    partition.append_batch(own).await.expect("it serves")
}

async fn end(partition: &Partition, id: i64, epoch: i16, committed: bool) -> i64 {
    let own = Own::End(marker(id, epoch, committed), 2);
    partition.append_batch(own).await.expect("it serves")
}

async fn fetch(partition: &Partition, offset: i64, committed_only: bool) -> Fetched {
    let part = FetchPart {
        id: ID,
        offset,
        max_bytes: 1 << 20,
        current_leader_epoch: -1,
        last_fetched_epoch: -1,
    };
    partition.fetch(part, 1 << 20, true, committed_only).await
}

/// Offset after the last record, and the aborted transactions.
fn seen(fetched: &Fetched) -> (i64, Vec<(i64, i64)>) {
    assert_eq!(fetched.error, ErrorCode::NONE);
    let bytes = fetched.records.concat();
    let end = batches(&bytes)
        .last()
        .map_or(-1, |b| b.expect("whole").header.next_offset());
    let aborted = fetched.aborted.iter().flatten();
    (
        end,
        aborted.map(|t| (t.producer_id, t.first_offset)).collect(),
    )
}

async fn open(dirty: usize) -> (Rc<Partition>, Rc<Partitions>) {
    let (shard, recovered, checkpointer) = recovered_shard(dirty).await;
    shard.measure_disk().await;
    let partitions = Partitions::new(shard, recovered);
    task::spawn(Share::Background, checkpointer.run(partitions.clone())).detach();
    partitions.reconcile(&image(1)).await.expect("opened");
    (partitions.find(ID).expect("opened"), partitions)
}

#[test]
fn readers_of_committed_records_stop_where_a_transaction_is_open() {
    let sim = Simulation::new(1, Options::default());
    let node = sim.node(1);
    let told = async {
        let (partition, _all) = open(1 << 30).await;
        assert_eq!(append(&partition, 7, 0, 2).await, 0);
        assert_eq!(append(&partition, 8, 0, 3).await, 2);
        assert_eq!(partition.append_batch(batch()).await, Ok(5));
        let stable = fetch(&partition, 0, true).await;
        assert_eq!((stable.high_watermark, stable.last_stable_offset), (6, 0));
        assert_eq!(seen(&stable), (-1, vec![]));
        let all = fetch(&partition, 0, false).await;
        assert_eq!((seen(&all), all.aborted), ((6, vec![]), None));
        assert_eq!(end(&partition, 7, 1, false).await, 6);
        assert_eq!(partition.last_stable_offset(), 2);
        assert_eq!(seen(&fetch(&partition, 0, true).await), (2, vec![(7, 0)]));
        assert_eq!(end(&partition, 8, 1, true).await, 7);
        assert_eq!(partition.last_stable_offset(), 8);
        assert_eq!(seen(&fetch(&partition, 0, true).await), (8, vec![(7, 0)]));
        assert_eq!(seen(&fetch(&partition, 7, true).await), (8, vec![]));
        // What a marker of the same epoch would end, and what a late batch would begin.
        assert_eq!(append(&partition, 7, 1, 1).await, 8);
        let stale = partition
            .append_batch(Own::End(marker(7, 1, true), 2))
            .await;
        assert_eq!(stale, Err(ErrorCode::INVALID_PRODUCER_EPOCH));
        let late = Own::InTxn(txn_batch(8, 1, -1, 1), Guard::NONE);
        let late = partition.append_batch(late).await;
        assert_eq!(late, Err(ErrorCode::INVALID_TXN_STATE));
        let fenced = Own::InTxn(txn_batch(8, 0, -1, 1), Guard::NONE);
        let fenced = partition.append_batch(fenced).await;
        assert_eq!(fenced, Err(ErrorCode::INVALID_PRODUCER_EPOCH));
        let active = partition.active_producers().expect("it leads");
        let starts: Vec<_> = active
            .iter()
            .map(|p| (p.producer_id, p.txn_start))
            .collect();
        assert_eq!(starts, [(7, 8), (8, -1)]);
        assert_eq!(active[0].coordinator_epoch, 0);
    };
    sim.block_on(node, HOUR, told).expect("it ends");
}

#[test]
fn offsets_by_time_end_where_committed_records_do() {
    let sim = Simulation::new(1, Options::default());
    let node = sim.node(1);
    let told = async {
        let (partition, _all) = open(1 << 30).await;
        partition.append_batch(batch()).await.expect("it serves");
        time::sleep(Duration::from_millis(10)).await;
        append(&partition, 7, 0, 2).await;
        for (committed_only, latest, by_time) in [(true, 1, -1), (false, 3, 1)] {
            let listed = |timestamp| {
                let question = ListOffset {
                    id: ID,
                    timestamp,
                    current_leader_epoch: -1,
                    committed_only,
                };
                partition.list_offset(question)
            };
            assert_eq!(listed(-1).await.expect("it leads").offset, latest);
            let first = listed(0).await.expect("it leads");
            assert_eq!(first.offset, 0);
            let after = listed(first.timestamp + 1).await.expect("it leads");
            assert_eq!(after.offset, by_time, "{committed_only}");
        }
    };
    sim.block_on(node, HOUR, told).expect("it ends");
}

#[test]
fn a_fetch_of_committed_records_wakes_when_the_transaction_ends() {
    let sim = Simulation::new(1, Options::default());
    let node = sim.node(1);
    let woken = async {
        let (partition, _all) = open(1 << 30).await;
        append(&partition, 7, 0, 2).await;
        let later = time::now() + HOUR;
        let (stable, mut on_stable) = Watch::new(1, later);
        partition.watch(0, true, &stable);
        let (any, mut on_any) = Watch::new(1, later);
        partition.watch(2, false, &any);
        append(&partition, 7, 0, 2).await;
        assert!(on_any.try_recv().is_some(), "it was committed");
        assert!(on_stable.try_recv().is_none(), "and is not stable");
        end(&partition, 7, 1, true).await;
        assert!(on_stable.try_recv().is_some());
        let (seen_too_little, mut fired) = Watch::new(1, later);
        partition.watch(0, true, &seen_too_little);
        assert!(fired.try_recv().is_some(), "it ended before the watch came");
        // Without transactions bytes count, as for everybody.
        let (patient, mut on_bytes) = Watch::new(150, later);
        partition.watch(5, true, &patient);
        partition.append_batch(batch()).await.expect("it serves");
        assert!(on_bytes.try_recv().is_none());
        for _ in 0..2 {
            partition.append_batch(batch()).await.expect("it serves");
        }
        assert!(on_bytes.try_recv().is_some());
    };
    sim.block_on(node, HOUR, woken).expect("it ends");
}

/// Killed at four places; with and without a checkpoint in between. `dirty` says when one is made.
#[test]
fn a_restart_forgets_no_open_transaction_and_no_aborted_one() {
    for (dirty, kind) in [
        (1 << 30, CrashKind::Process),
        (1, CrashKind::Process),
        (1, CrashKind::Power),
    ] {
        let sim = Simulation::new(3, Options::default());
        let node = sim.node(1);
        let restart = |kind| {
            sim.crash(node, kind);
            sim.restart(node);
        };
        let first = async move {
            let (partition, _all) = open(dirty).await;
            append(&partition, 7, 0, 2).await;
            append(&partition, 8, 0, 1).await;
            append(&partition, 9, 0, 1).await;
            end(&partition, 9, 1, false).await;
            time::sleep(Duration::from_secs(1)).await;
        };
        sim.block_on(node, HOUR, first).expect("it ends");
        restart(kind);
        let second = async move {
            let (partition, _all) = open(dirty).await;
            assert_eq!(partition.last_stable_offset(), 0);
            assert_eq!(end(&partition, 7, 1, false).await, 5);
            assert_eq!(partition.last_stable_offset(), 2);
            time::sleep(Duration::from_secs(1)).await;
        };
        sim.block_on(node, HOUR, second).expect("it ends");
        restart(kind);
        let third = async move {
            let (partition, _all) = open(dirty).await;
            assert_eq!(partition.last_stable_offset(), 2);
            assert_eq!(seen(&fetch(&partition, 0, true).await), (2, vec![(7, 0)]));
            assert_eq!(end(&partition, 8, 1, true).await, 6);
            partition.append_batch(batch()).await.expect("it serves");
        };
        sim.block_on(node, HOUR, third).expect("it ends");
        restart(kind);
        let last = async move {
            let (partition, _all) = open(dirty).await;
            assert_eq!(partition.last_stable_offset(), 8);
            let found = seen(&fetch(&partition, 0, true).await);
            assert_eq!(
                found,
                (8, vec![(9, 3), (7, 0)]),
                "in the order of their markers"
            );
        };
        sim.block_on(node, HOUR, last).expect("it ends");
    }
}

/// What is aborted stands in segments after a while: no reader can tell where it was found.
#[test]
fn aborted_transactions_are_found_in_segments_and_above_them() {
    let sim = Simulation::new(5, Options::default());
    let node = sim.node(1);
    let found = async {
        let (partition, _all) = open(1 << 30).await;
        let mut expected = Vec::new();
        for i in 0..40 {
            let (id, epoch) = (i % 3, (i / 3) as i16);
            let first = append(&partition, id, epoch, 2).await;
            let committed = i % 4 == 0;
            end(&partition, id, epoch + 1, committed).await;
            if !committed {
                expected.push((id, first));
            }
            if i % 10 == 0 {
                // As a checkpoint does it: what is in segments is forgotten here.
                partition.checkpoint().await.expect("a calm disk");
            }
            let (_, found) = seen(&fetch(&partition, 0, true).await);
            assert_eq!(found, expected, "{i}");
        }
        partition.checkpoint().await.expect("a calm disk");
        let producers = partition.state.borrow().producers.aborted(0, 1000).count();
        assert_eq!(producers, 0, "all are in segments");
        assert_eq!(seen(&fetch(&partition, 0, true).await).1, expected);
    };
    sim.block_on(node, HOUR, found).expect("it ends");
}
