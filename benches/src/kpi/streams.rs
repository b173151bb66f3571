//! P7, P15: what lasts.

use std::io;

use hdrhistogram::Histogram;

use super::stage::{Shape, Stage, USUAL};
use crate::load::outcome::quantile_ms;
use crate::load::tally::histogram;
use crate::load::{Running, prepare};

/// Seconds of latency before the consumers begin.
const BEFORE: usize = 8;
/// The longest that a backlog may take.
const READ_MAX: usize = 300;

/// P7.
pub fn backlog(stage: &Stage) -> io::Result<Vec<f64>> {
    let node = stage.node(&[])?;
    let old = stage.setup(&node, &USUAL, "p7-old")?;
    let old_topics = prepare(&old)?;
    let mut writing = Running::start(&old, &old_topics, false)?;
    let mut seconds = 0.0;
    while (writing.counts().0.value_bytes as f64) < stage.backlog_gb * 1e9 {
        seconds = writing.second()?.at;
    }
    writing.stop()?;
    let written = writing.counts().0;
    forget_page_cache();
    let live = Shape {
        rate: 0.3 * written.records as f64 / seconds,
        ..USUAL
    };
    let live = stage.setup(&node, &live, "p7-live")?;
    let live_topics = prepare(&live)?;
    let mut producing = Running::start(&live, &live_topics, false)?;
    let mut before = histogram();
    for n in 0..BEFORE {
        let second = producing.second()?;
        if n > 1 {
            before += second.produce; // not the connecting
        }
    }
    let readers = Shape {
        producers: 0,
        consumers: 4,
        ..USUAL
    };
    let read = stage.setup(&node, &readers, "p7-old")?;
    let mut reading = Running::start(&read, &old_topics, true)?;
    let (mut during, mut progress) = (histogram(), vec![(0.0, 0)]);
    while progress.last().is_some_and(|p| p.1 < written.value_bytes) {
        let consumed = reading.brief()?;
        progress.push((consumed.at, consumed.consumed.value_bytes));
        during += producing.brief()?.produce;
        if consumed.at > READ_MAX as f64 {
            return Err(io::Error::other("the backlog is not read to its end"));
        }
    }
    let p99 = |h: &Histogram<u64>| quantile_ms(h, 0.99);
    let (rate, tail) = drain(&progress);
    Ok(vec![rate, p99(&during) / p99(&before), tail])
}

/// MB/s over all, and the rate in the last tenth over that of the rest, of (seconds, bytes so far).
fn drain(progress: &[(f64, u64)]) -> (f64, f64) {
    let &(end, all) = progress.last().unwrap_or(&(0.0, 0));
    let mark = progress.iter().find(|p| p.1 as f64 >= 0.9 * all as f64);
    let &(at, bytes) = mark.unwrap_or(&(end, all));
    let rest = bytes as f64 / at.max(1e-9);
    let tail = (all - bytes) as f64 / (end - at).max(1e-9);
    (all as f64 / 1e6 / end.max(1e-9), tail / rest)
}

/// Cold means from the disk, also for a broker that leaves its cache to the system.
fn forget_page_cache() {
    let _ = std::process::Command::new("sync").status();
    if std::fs::write("/proc/sys/vm/drop_caches", "3").is_err() {
        eprintln!("P7: the page cache could not be dropped; a broker that uses it reads memory");
    }
}

/// P15.
pub fn soak(stage: &Stage) -> io::Result<Vec<f64>> {
    let mut node = stage.node(&["log.retention.check.interval.ms=5000"])?;
    let most = Shape {
        seconds: stage.seconds / 2.0,
        ..USUAL
    };
    let most = stage.load(&node, &most, "p15-most")?;
    let rate = 0.6 * most.produced.records as f64 / most.seconds;
    // Retention is reached after a third of the time.
    let kept = rate * 1024.0 * stage.soak / 3.0 / f64::from(USUAL.partitions);
    let topic = [
        format!("retention.bytes={kept:.0}"),
        format!("segment.bytes={:.0}", (kept / 8.0).max(1_048_576.0)),
    ];
    let shape = Shape {
        rate,
        topic: &topic,
        seconds: stage.soak,
        ..USUAL
    };
    let setup = stage.setup(&node, &shape, "p15")?;
    let topics = prepare(&setup)?;
    let mut load = Running::start(&setup, &topics, false)?;
    let seconds = stage.soak as usize;
    let tenth = (seconds / 10).max(1);
    let (mut first, mut last, mut longest, mut early) = (histogram(), histogram(), 0.0, 0);
    for n in 0..seconds + tenth {
        let second = load.second()?;
        match n {
            n if n < tenth / 2 => continue, // warm-up
            n if n < tenth + tenth / 2 => first += &second.produce,
            n if n >= seconds => last += &second.produce,
            _ => {}
        }
        if n == tenth {
            early = node.usage()?.resident;
        }
        longest = f64::max(longest, quantile_ms(&second.produce, 1.0));
    }
    let late = node.usage()?.resident;
    let starts = node.cluster()?.starts(&topics[0])?;
    if starts.contains(&0) {
        let what = "retention took nothing: the soak was too short, or the disk too slow";
        return Err(io::Error::other(what));
    }
    let p99 = |h: &Histogram<u64>| quantile_ms(h, 0.99);
    Ok(vec![
        p99(&last) / p99(&first),
        longest,
        longest - stage.flush_ms,
        late as f64 / early as f64,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cliff_at_the_end_is_seen() {
        let even: Vec<_> = (0..=10)
            .map(|n| (f64::from(n), n as u64 * 1_000_000))
            .collect();
        let (rate, tail) = drain(&even);
        assert!((rate - 1.0).abs() < 1e-9 && (tail - 1.0).abs() < 1e-9);
        let mut cliff = even;
        cliff[10].0 = 19.0; // the last million took ten times as long
        let (rate, tail) = drain(&cliff);
        assert!((rate - 10.0 / 19.0).abs() < 1e-9 && (tail - 0.1).abs() < 1e-9);
    }
}
