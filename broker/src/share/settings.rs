//! What a share group goes by: its own settings, else the broker's.

use std::time::Duration;

use crate::config::group_number;
use crate::metadata::{ConfigResource, Image};

/// Where a group begins in a partition that it has not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// At the first record.
    Earliest,
    /// After the last record.
    Latest,
    /// At the first record that is not older.
    Within(Duration),
}

/// Settings in force for one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareSettings {
    /// How long a member has a record.
    pub lock: Duration,
    /// Deliveries after which a record is given up.
    pub max_deliveries: i16,
    /// Most offsets of a partition in flight.
    pub max_in_flight: i64,
    /// Are records of open and aborted transactions withheld?
    pub committed_only: bool,
    /// Where it begins.
    pub reset: Reset,
    /// May members ask for more time?
    pub renew: bool,
}

impl ShareSettings {
    /// Those of a group.
    pub fn of(group: &str, image: &Image) -> ShareSettings {
        let broker = &image.broker_config.settings;
        let own = image.config(&ConfigResource::Group(group.to_owned()));
        let own = own.map(AsRef::as_ref);
        let text = |name: &str| own.and_then(|own| own.get(name)).map(String::as_str);
        let number = |name| group_number(broker, own, "share", name);
        let lock = number("record.lock.duration.ms");
        let deliveries = number("delivery.count.limit");
        ShareSettings {
            lock: Duration::from_millis(u64::try_from(lock).unwrap_or(0)),
            max_deliveries: i16::try_from(deliveries).unwrap_or(i16::MAX),
            max_in_flight: number("partition.max.record.locks"),
            committed_only: text("share.isolation.level") == Some("read_committed"),
            reset: reset(text("share.auto.offset.reset").unwrap_or("latest")),
            renew: text("share.renew.acknowledge.enable") != Some("false"),
        }
    }

    /// The lock's time as it is told to clients, ms.
    pub fn lock_ms(&self) -> i32 {
        i32::try_from(self.lock.as_millis()).unwrap_or(i32::MAX)
    }
}

fn reset(text: &str) -> Reset {
    match text.strip_prefix("by_duration:") {
        Some(duration) => Reset::Within(iso_duration(duration)),
        None if text == "earliest" => Reset::Earliest,
        None => Reset::Latest,
    }
}

/// `PnDTnHnMn.nS`, which was checked when it was set.
fn iso_duration(text: &str) -> Duration {
    let mut seconds = 0.0;
    let mut digits = String::new();
    for sign in text.chars() {
        let unit = match sign.to_ascii_uppercase() {
            'D' => 86_400.0,
            'H' => 3600.0,
            'M' => 60.0,
            'S' => 1.0,
            '0'..='9' | '.' => {
                digits.push(sign);
                continue;
            }
            _ => continue,
        };
        seconds += std::mem::take(&mut digits).parse().unwrap_or(0.0) * unit;
    }
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        let within = |s| Reset::Within(Duration::from_secs_f64(s));
        assert_eq!(reset("by_duration:P1D"), within(86_400.0));
        assert_eq!(reset("by_duration:PT1H30M"), within(5400.0));
        assert_eq!(reset("by_duration:P2DT0.5S"), within(172_800.5));
        assert_eq!(reset("earliest"), Reset::Earliest);
    }
}
