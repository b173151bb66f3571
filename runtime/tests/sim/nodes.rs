//! Nodes: crashing, pausing, stopping, clocks.

use std::{cell::Cell, rc::Rc, time::Duration};

use ottla_runtime::{
    shards::ShardId,
    signal,
    sim::{CrashKind, Options, Simulation},
    time,
};

use crate::LONG;

/// Counts how often it was dropped.
struct Counted(Rc<Cell<u32>>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn a_crash_drops_all_tasks_of_that_node_only() {
    let sim = Simulation::new(1, Options::default());
    let (node, other) = (sim.node(2), sim.node(1));
    let (dropped, ticks) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let theirs = dropped.clone();
    sim.start(node, move |_| {
        let counted = Counted(theirs.clone());
        async move {
            let _counted = counted;
            std::future::pending::<()>().await;
        }
    });
    let theirs = ticks.clone();
    sim.spawn(other, ShardId(0), async move {
        loop {
            time::sleep(Duration::from_millis(1)).await;
            theirs.set(theirs.get() + 1);
        }
    })
    .detach();
    sim.run_for(Duration::from_millis(10));
    assert_eq!(dropped.get(), 0);
    sim.crash(node, CrashKind::Power);
    assert_eq!(dropped.get(), 2);
    assert!(!sim.is_up(node) && sim.is_up(other));
    assert!(
        sim.block_on(node, Duration::from_secs(1), async {})
            .is_none(),
        "a dead node runs nothing"
    );
    sim.restart(node);
    assert!(sim.block_on(node, LONG, async {}).is_some());
    assert!(ticks.get() > 900);
}

#[test]
fn a_paused_node_stands_still_and_goes_on() {
    let sim = Simulation::new(2, Options::default());
    let node = sim.node(1);
    let ticks = Rc::new(Cell::new(0));
    let theirs = ticks.clone();
    sim.spawn(node, ShardId(0), async move {
        loop {
            time::sleep(Duration::from_millis(1)).await;
            theirs.set(theirs.get() + 1);
        }
    })
    .detach();
    sim.run_for(Duration::from_millis(50));
    let before = ticks.get();
    sim.pause(node);
    sim.run_for(Duration::from_secs(1));
    assert_eq!(ticks.get(), before);
    sim.resume(node);
    sim.run_for(Duration::from_millis(50));
    assert!(ticks.get() > before);
}

#[test]
fn terminate_reaches_every_waiter() {
    let sim = Simulation::new(3, Options::default());
    let node = sim.node(2);
    let stopped = Rc::new(Cell::new(0));
    let theirs = stopped.clone();
    sim.start(node, move |_| {
        let stopped = theirs.clone();
        async move {
            signal::terminated().await;
            stopped.set(stopped.get() + 1);
        }
    });
    sim.run_for(Duration::from_secs(1));
    assert_eq!(stopped.get(), 0);
    sim.terminate(node);
    assert!(sim.run_until(LONG, || stopped.get() == 2));
    assert!(
        sim.block_on(node, LONG, signal::terminated()).is_some(),
        "it stays terminated"
    );
}

#[test]
fn the_wall_clock_jumps_alone() {
    let sim = Simulation::new(4, Options::default());
    let node = sim.node(1);
    let read = || {
        sim.block_on(node, LONG, async { (time::now(), time::wall_ms()) })
            .unwrap()
    };
    let (mono, wall) = read();
    sim.jump_wall(node, -3_600_000);
    let (later, earlier) = read();
    assert!(later >= mono && later - mono < Duration::from_secs(1));
    assert!((earlier + 3_600_000 - wall).abs() < 1_000);
}

#[test]
fn time_jumps_over_idleness() {
    let sim = Simulation::new(5, Options::default());
    let node = sim.node(1);
    let year = Duration::from_secs(365 * 86_400);
    sim.block_on(node, 2 * year, async move { time::sleep(year).await })
        .unwrap();
    assert!(sim.steps() < 100);
}
