//! P2, P4: latency at a fixed rate.

use std::io;

use super::stage::{Shape, Stage, USUAL};
use crate::load::outcome::{Outcome, quantile_ms};
use crate::process::placement::Placement;

/// P2: at a rate that any broker can take, and at half of what the slowest can.
pub fn half_load(stage: &Stage) -> io::Result<Vec<f64>> {
    let shape = Shape {
        consumers: 4,
        rate: 10_000.0,
        ..USUAL
    };
    let low = stage.load(&stage.node(&[])?, &shape, "p2")?;
    let stage = apart(stage);
    let rate = stage.least / 2.0;
    let half = Shape { rate, ..shape };
    let half = stage.load(&stage.node(&[])?, &half, "p2-half")?;
    let tail = |load: &Outcome| {
        let produce = |q| quantile_ms(&load.produce, q);
        let after = quantile_ms(&load.end_to_end, 0.99) - produce(0.99);
        [produce(0.5), produce(0.99), produce(0.999), after]
    };
    Ok([&tail(&low)[..], &[rate], &tail(&half)].concat())
}

/// What a broker can take: records a second.
pub fn most(stage: &Stage) -> io::Result<f64> {
    let stage = apart(stage);
    let shape = Shape {
        seconds: stage.seconds / 2.0,
        ..USUAL
    };
    let load = stage.load(&stage.node(&[])?, &shape, "p2-most")?;
    Ok(load.produced.records as f64 / load.seconds)
}

/// When all cores are busy every flush waits for the scheduler, whoever asks for it. Half load is to show the broker, so it
/// has cores of its own.
fn apart(stage: &Stage) -> Stage {
    Stage {
        placement: stage.placement.or(Some(Placement::Split)),
        ..stage.clone()
    }
}

/// P4.
pub fn fan_in(stage: &Stage) -> io::Result<Vec<f64>> {
    let node = stage.node(&[])?;
    let with = |producers| {
        let shape = Shape {
            partitions: 48,
            producers,
            rate: 30_000.0,
            ..USUAL
        };
        let load = stage.load(&node, &shape, &format!("p4-{producers}"))?;
        let rate = load.produced.records as f64 / load.seconds;
        Ok::<_, io::Error>((quantile_ms(&load.produce, 0.99), rate))
    };
    let (few, many) = (with(4)?, with(50)?);
    Ok(vec![few.0, many.0, many.0 / few.0, many.1 / few.1])
}
