//! P2, P4: latency at a fixed rate.

use std::io;

use super::stage::{Shape, Stage, USUAL};
use crate::load::outcome::quantile_ms;

/// P2.
pub fn half_load(stage: &Stage) -> io::Result<Vec<f64>> {
    let node = stage.node(&[])?;
    let shape = Shape {
        consumers: 4,
        rate: 10_000.0,
        ..USUAL
    };
    let load = stage.load(&node, &shape, "p2")?;
    let produce = |q| quantile_ms(&load.produce, q);
    let after = quantile_ms(&load.end_to_end, 0.99) - produce(0.99);
    let most = Shape {
        seconds: stage.seconds / 2.0,
        ..USUAL
    };
    let most = stage.load(&node, &most, "p2-most")?;
    let half = Shape {
        rate: most.produced.records as f64 / most.seconds / 2.0,
        ..shape
    };
    let half = stage.load(&node, &half, "p2-half")?;
    Ok(vec![
        produce(0.5),
        produce(0.99),
        produce(0.999),
        after,
        quantile_ms(&half.produce, 0.99),
    ])
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
