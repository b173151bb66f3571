//! What a process uses, as the system counts it.

pub mod node;
pub mod placement;

use std::fs;
use std::io;
use std::time::Duration;

/// Counters of a process so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Processor time in user mode.
    pub user: Duration,
    /// Processor time in the kernel.
    pub system: Duration,
    /// Resident bytes now.
    pub resident: u64,
    /// The most bytes that were ever resident.
    pub resident_peak: u64,
    /// Bytes it caused to be written to devices, those in the page cache included.
    pub written: u64,
    /// Bytes it caused to be read from devices.
    pub read: u64,
    /// How often its threads gave the core away by themselves.
    pub switches_voluntary: u64,
    /// How often the core was taken from them.
    pub switches_forced: u64,
}

impl Usage {
    /// Of a process; threads that have ended are missing in the context switches.
    pub fn of(pid: u32) -> io::Result<Self> {
        let file = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}"));
        let (user, system) = times(&file("stat")?);
        let status = file("status")?;
        let io = file("io").unwrap_or_default(); // another user's
        let mut usage = Self {
            user,
            system,
            resident: field(&status, "VmRSS:") * 1024,
            resident_peak: field(&status, "VmHWM:") * 1024,
            written: field(&io, "write_bytes:"),
            read: field(&io, "read_bytes:"),
            ..Self::default()
        };
        for thread in fs::read_dir(format!("/proc/{pid}/task"))?.flatten() {
            let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
            usage.switches_voluntary += field(&status, "voluntary_ctxt_switches:");
            usage.switches_forced += field(&status, "nonvoluntary_ctxt_switches:");
        }
        Ok(usage)
    }

    /// Of this one.
    pub fn own() -> io::Result<Self> {
        Self::of(std::process::id())
    }

    /// Both kinds of processor time.
    pub fn cpu(&self) -> Duration {
        self.user + self.system
    }

    /// What was used since `before`; resident bytes are those of now.
    pub fn since(&self, before: &Self) -> Self {
        Self {
            user: self.user.saturating_sub(before.user),
            system: self.system.saturating_sub(before.system),
            written: self.written.saturating_sub(before.written),
            read: self.read.saturating_sub(before.read),
            switches_voluntary: self
                .switches_voluntary
                .saturating_sub(before.switches_voluntary),
            switches_forced: self.switches_forced.saturating_sub(before.switches_forced),
            ..*self
        }
    }
}

/// User and system time out of a `stat` line; its second field is a name that may hold anything.
fn times(stat: &str) -> (Duration, Duration) {
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let tick = |at: usize| {
        let field = after_name.split_whitespace().nth(at);
        let ticks = field.and_then(|f| f.parse::<u64>().ok()).unwrap_or(0);
        Duration::from_millis(ticks * 10) // USER_HZ is 100 wherever Linux is
    };
    (tick(11), tick(12))
}

/// Processor time of this process and of all its children that have ended.
pub fn family_cpu() -> io::Result<Duration> {
    Ok(family_times(&fs::read_to_string("/proc/self/stat")?))
}

fn family_times(stat: &str) -> Duration {
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields = after_name.split_whitespace().skip(11).take(4);
    let ticks: u64 = fields.filter_map(|f| f.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// The number behind a name at the start of a line; 0 when it is missing.
fn field(text: &str, name: &str) -> u64 {
    let value = text.lines().find_map(|l| l.strip_prefix(name));
    let number = value.and_then(|v| v.split_whitespace().next());
    number.and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// Processor time of all processes so far, as the system counts it (idle and waiting for the disk left out).
pub fn machine_cpu() -> Duration {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = stat.lines().next().unwrap_or_default();
    let ticks: Vec<u64> = line
        .split_whitespace()
        .skip(1)
        .filter_map(|n| n.parse().ok())
        .collect();
    // user, nice, system, idle, iowait, irq, softirq
    let busy: u64 = [0, 1, 2, 5, 6].iter().filter_map(|at| ticks.get(*at)).sum();
    Duration::from_millis(busy * 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_brackets_and_blanks() {
        let stat = "7 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 150 25 0 0";
        let ms = Duration::from_millis;
        assert_eq!(times(stat), (ms(1500), ms(250)));
        assert_eq!(
            family_times("7 (a) S 1 2 3 4 5 6 7 8 9 10 1 2 3 4 99"),
            ms(100)
        );
    }

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "nonvoluntary_ctxt_switches:\t9\nvoluntary_ctxt_switches:\t5\n";
        assert_eq!(field(text, "voluntary_ctxt_switches:"), 5);
        assert_eq!(field(text, "VmRSS:"), 0);
    }

    #[test]
    fn this_process_uses_something() {
        let usage = Usage::own().expect("our own figures");
        assert!(usage.resident > 100_000 && usage.resident_peak >= usage.resident);
    }
}
