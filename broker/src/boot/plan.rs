//! What to start, worked out from what was asked: addresses, cores, and how the memory is shared out.

use std::path::PathBuf;

use ottla_runtime::shards::Cores;

use super::room::JournalFiles;
use super::{StartError, StartOptions};
use crate::api::Endpoint;
use crate::controller::driver::SNAPSHOT_EVERY;

/// Memory taken when nothing is said: enough for a busy broker, little enough beside other programs; and per core enough
/// for the largest request that Kafka takes by default (100 MiB).
const LEAST_DEFAULT: u64 = 1 << 30;
const DEFAULT_PER_SHARD: u64 = 256 << 20;
/// Below this the parts have no room to work in.
const LEAST_MEMORY: u64 = 64 << 20;

/// A broker that can be started, apart from its settings file.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The data folder.
    pub data: PathBuf,
    /// `HOST:PORT` to listen on.
    pub listen: String,
    /// What clients are told; `None`: what `advertised.listeners` says, or the address listened on.
    pub advertise: Option<Endpoint>,
    /// `HOST:PORT` of the admin listener.
    pub admin: Option<String>,
    /// On which cores.
    pub cores: Cores,
    /// How many shards that makes.
    pub shards: u16,
    /// Each shard's share of the memory.
    pub memory: Memory,
    /// The sizes that the journal's files may have.
    pub journal: JournalFiles,
    /// Bytes of changes after which the controller's state is written anew.
    pub snapshot_every: usize,
    /// The settings file.
    pub config: Option<PathBuf>,
    /// Settings from the command line.
    pub set: Vec<(String, String)>,
    /// Where changed levels of loggers go.
    pub set_log: fn(&str),
}

/// One shard's memory, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Requests being received or worked on.
    pub requests: usize,
    /// Batches kept for readers.
    pub cache: usize,
    /// Appended batches that are not in their segments yet.
    pub dirty: usize,
    /// The table of keys of a compaction, while there is one.
    pub compaction: usize,
}

impl Memory {
    fn of(total: u64, shards: u16) -> Self {
        let share = usize::try_from(total / u64::from(shards)).unwrap_or(usize::MAX);
        // The rest is for what is not counted: partitions, connections, buffers on their way to the disk.
        Self {
            requests: share / 4,
            cache: share / 4,
            dirty: share / 4,
            // Out of the rest.
            compaction: share / 8,
        }
    }

    /// The largest single request, bytes. It may exceed `requests` when it is alone: with `cache` and `dirty` it still fits.
    pub fn largest_request(&self) -> usize {
        self.requests * 2
    }
}

impl Plan {
    /// Works out a plan.
    ///
    /// Errors: an address, core list or size that does not parse or cannot be.
    pub fn new(options: StartOptions) -> Result<Self, StartError> {
        let bad = |flag: &'static str, why: String| StartError::Option { flag, why };
        let available = std::thread::available_parallelism().map_or(1, usize::from);
        let cores = match options.cores.as_deref() {
            None => Cores::Count(available),
            Some(text) => parse_cores(text).map_err(|why| bad("--cores", why))?,
        };
        let shards = match &cores {
            Cores::Count(n) => *n,
            Cores::List(list) => list.len(),
            Cores::Floating => 1,
        };
        let shards = u16::try_from(shards)
            .ok()
            .filter(|n| (1..=1024).contains(n));
        let shards = shards.ok_or_else(|| bad("--cores", "from 1 to 1024 cores".into()))?;
        let memory = match options.memory.as_deref() {
            None => LEAST_DEFAULT.max(DEFAULT_PER_SHARD * u64::from(shards)),
            Some(text) => parse_size(text).map_err(|why| bad("--memory", why))?,
        };
        if memory < LEAST_MEMORY {
            return Err(bad(
                "--memory",
                format!("at least {} MiB", LEAST_MEMORY >> 20),
            ));
        }
        let advertise = options.advertise.as_deref().map(parse_endpoint).transpose();
        Ok(Self {
            data: options.data_dir,
            listen: options.listen,
            advertise: advertise.map_err(|why| bad("--advertise", why))?,
            admin: options.admin_listen,
            cores,
            shards,
            memory: Memory::of(memory, shards),
            journal: JournalFiles::default(),
            snapshot_every: SNAPSHOT_EVERY,
            config: options.config,
            set: options.set,
            set_log: options.set_log,
        })
    }
}

/// `4`, or `0,2,4-7`.
fn parse_cores(text: &str) -> Result<Cores, String> {
    let number = |t: &str| {
        t.trim()
            .parse::<usize>()
            .map_err(|_| format!("{text:?} is neither a count nor a list like 0,2,4-7"))
    };
    if !text.contains([',', '-']) {
        return number(text).map(Cores::Count);
    }
    let mut list = Vec::new();
    for part in text.split(',') {
        match part.split_once('-') {
            None => list.push(number(part)?),
            Some((from, to)) => {
                let (from, to) = (number(from)?, number(to)?);
                if from > to || to - from > 1024 {
                    return Err(format!("{part:?} is not a range of cores"));
                }
                list.extend(from..=to);
            }
        }
    }
    let mut once = list.clone();
    once.sort_unstable();
    once.dedup();
    if once.len() != list.len() {
        return Err(format!("{text:?} names a core twice"));
    }
    Ok(Cores::List(list))
}

/// `512M`, `4G`, `1073741824`.
fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        unit => return Err(format!("{unit:?} is not a unit: use K, M, G or T")),
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| format!("{text:?} is not a size like 512M or 4G"))?;
    number
        .checked_mul(1 << shift)
        .ok_or_else(|| format!("{text:?} is too large"))
}

pub(super) fn parse_endpoint(text: &str) -> Result<Endpoint, String> {
    let wrong = || format!("{text:?} is not HOST:PORT");
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse().map_err(|_| wrong())?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() || host.contains([',', '/', ' ']) {
        return Err(wrong());
    }
    Ok(Endpoint {
        host: host.to_owned(),
        port,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores() {
        assert_eq!(parse_cores("4"), Ok(Cores::Count(4)));
        assert_eq!(parse_cores("0,2,4-6"), Ok(Cores::List(vec![0, 2, 4, 5, 6])));
        for bad in ["", "x", "1,", "3-1", "0,0", "0-99999"] {
            assert!(parse_cores(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(parse_size("512M"), Ok(512 << 20));
        assert_eq!(parse_size("2GiB"), Ok(2 << 30));
        assert_eq!(parse_size("1000"), Ok(1000));
        for bad in ["", "G", "1Q", "-1", "99999999999999T"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn endpoints() {
        assert_eq!(
            parse_endpoint("h:1"),
            Ok(Endpoint {
                host: "h".into(),
                port: 1
            })
        );
        assert_eq!(
            parse_endpoint("[::1]:9092"),
            Ok(Endpoint {
                host: "::1".into(),
                port: 9092
            })
        );
        for bad in ["h", ":1", "h:x", "h:99999"] {
            assert!(parse_endpoint(bad).is_err(), "{bad}");
        }
    }
}
