//! The two tasks of the demo: one writes records that carry their birth, one reads them back.

use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Duration;

use ottla_runtime::time::{self, Instant};

use super::meter::Meter;
use crate::client::consumer::Consumer;
use crate::client::error::ClientError;
use crate::client::producer::{Outgoing, Producer};

/// Records of a paced load leave in groups, this far apart.
const BEAT: Duration = Duration::from_millis(5);

/// Records of an unpaced load between two looks at the clock.
const BURST: u64 = 256;

/// A record's first bytes: when it was made, on our own clock.
const STAMP: usize = 8;

/// What the tasks share.
#[derive(Default)]
pub struct Shared {
    /// What happened since somebody last took it.
    pub meter: RefCell<Meter>,
    /// Set to end the writing.
    pub stop: Cell<bool>,
    /// Set when everything written is confirmed.
    pub written: Cell<bool>,
    /// Records confirmed and records read, in all.
    pub confirmed: Cell<u64>,
    pub read: Cell<u64>,
}

/// Writes until told to stop; `rate` in records a second, None as fast as it goes.
pub async fn write(
    mut producer: Producer,
    shared: Rc<Shared>,
    rate: Option<u64>,
    size: usize,
) -> Result<(), ClientError> {
    let started = time::now();
    let mut value = vec![b'.'; size.max(STAMP)];
    let mut sent = 0;
    while !shared.stop.get() {
        let due = match rate {
            None => sent + BURST,
            Some(rate) => due(started.elapsed(), rate),
        };
        while sent < due {
            value[..STAMP].copy_from_slice(&time::now().as_nanos().to_be_bytes());
            producer
                .push(Outgoing {
                    partition: None,
                    key: None,
                    value: Some(&value),
                    headers: &[],
                })
                .await?;
            sent += 1;
        }
        if rate.is_some() {
            producer.flush().await?;
            time::sleep(BEAT).await;
        }
        note(&mut producer, &shared, value.len());
    }
    producer.flush().await?;
    note(&mut producer, &shared, value.len());
    shared.written.set(true);
    Ok(())
}

/// Records that should have left by now.
fn due(elapsed: Duration, rate: u64) -> u64 {
    u64::try_from(elapsed.as_micros() * u128::from(rate) / 1_000_000).unwrap_or(u64::MAX)
}

fn note(producer: &mut Producer, shared: &Shared, size: usize) {
    let mut meter = shared.meter.borrow_mut();
    for batch in producer.take_acked() {
        shared.confirmed.set(shared.confirmed.get() + batch.records);
        meter
            .written
            .add(batch.records, batch.records * size as u64, batch.latency);
    }
}

/// Reads until everything written has been read.
pub async fn read(mut consumer: Consumer, shared: Rc<Shared>) -> Result<(), ClientError> {
    while !(shared.written.get() && shared.read.get() >= shared.confirmed.get()) {
        let mut visit = |record: &crate::render::record::Received<'_>| {
            let born = record.value.and_then(|value| value.first_chunk::<STAMP>());
            if let Some(born) = born {
                let latency = time::now().since(Instant::from_nanos(u64::from_be_bytes(*born)));
                let bytes = record.value.map_or(0, <[u8]>::len);
                shared.meter.borrow_mut().read.add(1, bytes as u64, latency);
            }
            shared.read.set(shared.read.get() + 1);
            ControlFlow::Continue(())
        };
        consumer.poll(&mut visit).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace() {
        for (millis, rate, records) in [
            (0, 1_000, 0),
            (5, 1_000, 5),
            (1_500, 3, 4),
            (1_000, 10_000, 10_000),
        ] {
            assert_eq!(due(Duration::from_millis(millis), rate), records);
        }
    }
}
