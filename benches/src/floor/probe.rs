//! The raw disk: durable overwrites of a file that was written before, and cold reads.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{Advice, OFlags, fadvise};

/// The file's size.
const FILE: u64 = 64 << 20;
/// Each figure is taken for this long.
const LENGTH: Duration = Duration::from_secs(1);

/// One way to use the disk.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Figure {
    /// Which.
    pub what: &'static str,
    /// Median, microseconds.
    pub p50_us: f64,
    /// 99th percentile, microseconds.
    pub p99_us: f64,
    /// 99.9th percentile, microseconds.
    pub p999_us: f64,
    /// Bytes moved.
    pub mb_s: f64,
}

/// Takes all figures in a folder; a file is made there and removed.
pub fn probe(folder: &Path) -> io::Result<Vec<Figure>> {
    let path = folder.join(format!("probe-{}", std::process::id()));
    let figures = probe_file(&path);
    std::fs::remove_file(path)?;
    figures
}

fn probe_file(path: &Path) -> io::Result<Vec<Figure>> {
    let file = File::options()
        .create(true)
        .truncate(true)
        .read(true)
        .write(true)
        .open(path)?;
    let ahead = vec![1; 1 << 20];
    for n in 0..FILE >> 20 {
        file.write_all_at(&ahead, n << 20)?;
    }
    file.sync_all()?;
    let durable = File::options()
        .write(true)
        .custom_flags(OFlags::DSYNC.bits() as i32)
        .open(path)?;
    let flushed = |block: &[u8], at| {
        file.write_all_at(block, at)?;
        file.sync_data()
    };
    let mut read = vec![0; 1 << 20];
    Ok(vec![
        time("4 KiB, O_DSYNC", 4096, |b, at| durable.write_all_at(b, at))?,
        time("4 KiB, fdatasync", 4096, flushed)?,
        time("128 KiB, O_DSYNC", 131_072, |b, at| {
            durable.write_all_at(b, at)
        })?,
        time("128 KiB, fdatasync", 131_072, flushed)?,
        time("1 MiB, cold read", 1 << 20, |_, at| {
            fadvise(&file, at, None, Advice::DontNeed)?;
            file.read_exact_at(&mut read, at)
        })?,
    ])
}

fn time(
    what: &'static str,
    size: u64,
    mut one: impl FnMut(&[u8], u64) -> io::Result<()>,
) -> io::Result<Figure> {
    let block = vec![7; size as usize];
    let (mut times, began) = (Vec::new(), Instant::now());
    while began.elapsed() < LENGTH {
        let at = times.len() as u64 * size % FILE;
        let before = Instant::now();
        one(&block, at)?;
        times.push(before.elapsed().as_secs_f64() * 1e6);
    }
    Ok(figure(what, size, times))
}

fn figure(what: &'static str, size: u64, mut times: Vec<f64>) -> Figure {
    times.sort_by(f64::total_cmp);
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    Figure {
        what,
        p50_us: at(0.5),
        p99_us: at(0.99),
        p999_us: at(0.999),
        mb_s: size as f64 * times.len() as f64 / times.iter().sum::<f64>(),
    }
}

/// 99.9 % of flushes of 4 KiB take less, in milliseconds.
pub fn flush_ms(figures: &[Figure]) -> f64 {
    let flush = figures.iter().find(|f| f.what == "4 KiB, O_DSYNC");
    flush.map_or(f64::NAN, |f| f.p999_us / 1e3)
}

/// The figure of durable writes of 4 KiB in a few words, to stand beside others.
pub fn beside(figures: &[Figure]) -> String {
    let of = |what: &str| figures.iter().find(|f| f.what == what);
    match (of("4 KiB, O_DSYNC"), of("128 KiB, O_DSYNC")) {
        (Some(small), Some(large)) => format!(
            "4 KiB O_DSYNC p50 {:.0} us p99 {:.0} us p99.9 {:.0} us; 128 KiB O_DSYNC {:.0} MB/s",
            small.p50_us, small.p99_us, small.p999_us, large.mb_s
        ),
        _ => "no probe".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_and_rate() {
        let f = figure("x", 1000, (1..=100).rev().map(f64::from).collect());
        assert_eq!((f.p50_us, f.p99_us, f.p999_us), (50.0, 99.0, 99.0));
        assert!((f.mb_s - 100_000.0 / 5050.0).abs() < 1e-9);
    }
}
