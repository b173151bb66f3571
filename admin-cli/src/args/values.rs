//! Argument types that parse themselves, so that a plan only ever sees legal values.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::time::parse_timestamp;

/// A topic's name under Kafka's rule: 1-249 of `[a-zA-Z0-9._-]`, not `.` and not `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopicName(String);

impl TopicName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TopicName {
    type Err = String;

    fn from_str(text: &str) -> Result<TopicName, String> {
        if text.is_empty() || text.len() > 249 {
            return Err(format!(
                "a topic's name has 1 to 249 characters, this one {}",
                text.len()
            ));
        }
        if text == "." || text == ".." {
            return Err("`.` and `..` are not names of topics".to_owned());
        }
        match text
            .chars()
            .find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')))
        {
            Some(c) => Err(format!(
                "{c:?} cannot be in a topic's name (letters, digits, `.`, `_`, `-` can)"
            )),
            None => Ok(TopicName(text.to_owned())),
        }
    }
}

/// A topic, or some of its partitions: `orders`, `orders:0,1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSlice {
    /// The topic.
    pub topic: TopicName,
    /// The partitions, ascending, each once; None for all.
    pub partitions: Option<Vec<i32>>,
}

impl FromStr for TopicSlice {
    type Err = String;

    fn from_str(text: &str) -> Result<TopicSlice, String> {
        let Some((topic, list)) = text.split_once(':') else {
            let (topic, partitions) = (text.parse()?, None);
            return Ok(TopicSlice { topic, partitions });
        };
        let partition = |digits: &str| match digits.parse::<i32>() {
            Ok(partition) if partition >= 0 => Ok(partition),
            _ => Err(format!("{digits:?} is not a partition: expected TOPIC:0,1")),
        };
        let mut partitions = list
            .split(',')
            .map(partition)
            .collect::<Result<Vec<_>, _>>()?;
        partitions.sort_unstable();
        partitions.dedup();
        Ok(TopicSlice {
            topic: topic.parse()?,
            partitions: Some(partitions),
        })
    }
}

/// `KEY=VALUE`; the value may be empty and may contain `=`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// What stands before the first `=`, trimmed; never empty.
    pub key: String,
    /// What stands after it, as typed.
    pub value: String,
}

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Pair, String> {
        let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
        let key = key.trim();
        if key.is_empty() {
            return Err("the key before `=` is empty".to_owned());
        }
        Ok(Pair {
            key: key.to_owned(),
            value: value.to_owned(),
        })
    }
}

/// `HOST:PORT`; an IPv6 host stands in brackets. A port left out is 9092.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Name or number of the host, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Address, String> {
        let (host, port) = split_host_port(text)?;
        if host.is_empty() {
            return Err("the host is missing: expected HOST:PORT".to_owned());
        }
        let port = match port {
            None => 9092,
            Some(digits) => digits
                .parse()
                .map_err(|_| format!("{digits:?} is not a port (0 to 65535)"))?,
        };
        Ok(Address {
            host: host.to_owned(),
            port,
        })
    }
}

fn split_host_port(text: &str) -> Result<(&str, Option<&str>), String> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or("`[` without `]`")?;
        return match after.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if after.is_empty() => Ok((host, None)),
            None => Err(format!("expected `:PORT` after `]`, not {after:?}")),
        };
    }
    match text.split_once(':') {
        Some((_, port)) if port.contains(':') => {
            Err("an IPv6 host stands in brackets: [::1]:9092".to_owned())
        }
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((text, None)),
    }
}

/// Where a consumer begins in each partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartAt {
    /// The oldest record that is kept.
    Beginning,
    /// After the newest record.
    End,
    /// This offset, in each partition asked for.
    Offset(i64),
    /// The first record that is not older than this, in milliseconds since 1970 (UTC).
    Timestamp(i64),
}

impl FromStr for StartAt {
    type Err = String;

    fn from_str(text: &str) -> Result<StartAt, String> {
        match text {
            "beginning" | "earliest" => return Ok(StartAt::Beginning),
            "end" | "latest" => return Ok(StartAt::End),
            _ => {}
        }
        if let Ok(offset) = text.parse::<i64>() {
            return if offset >= 0 {
                Ok(StartAt::Offset(offset))
            } else {
                Err("an offset is not negative".to_owned())
            };
        }
        parse_timestamp(text).map(StartAt::Timestamp).ok_or_else(|| {
            "expected beginning, end, an offset (42), or a time (2026-11-21T10:00:00Z, or @ and milliseconds)".to_owned()
        })
    }
}

/// A length of time: `500ms`, `10s`, `5m`, `2h`; a bare number is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number
        .parse()
        .map_err(|_| "expected a number and a unit, as 500ms, 10s or 5m".to_owned())?;
    let millis = match unit {
        "ms" => Some(number),
        "s" | "" => number.checked_mul(1_000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => return Err(format!("{unit:?} is not a unit of time (ms, s, m, h)")),
    };
    match millis {
        Some(0) => Err("a length of time above zero is needed".to_owned()),
        Some(millis) if millis <= 365 * 24 * 3_600_000 => Ok(Duration::from_millis(millis)),
        _ => Err("longer than a year".to_owned()),
    }
}

/// A length of time, or Kafka's form of one (ISO 8601): `36h`, `P7D`, `PT1H30M`.
pub fn long_duration(text: &str) -> Result<Duration, String> {
    const DAYS: &[(char, u64)] = &[('D', 86_400_000)];
    const CLOCK: &[(char, u64)] = &[('H', 3_600_000), ('M', 60_000), ('S', 1_000)];
    let Some(rest) = text.strip_prefix('P') else {
        return duration(text);
    };
    let (days, clock) = rest.split_once('T').unwrap_or((rest, ""));
    let millis = spans(days, DAYS).zip(spans(clock, CLOCK));
    match millis.and_then(|(days, clock)| days.checked_add(clock)) {
        Some(millis) => duration(&format!("{millis}ms")),
        None => Err("expected a length of time, as 36h, P7D or PT1H30M".to_owned()),
    }
}

/// The sum of `1H30M` under `units`, which come in this order, each at most once.
fn spans(mut text: &str, units: &[(char, u64)]) -> Option<u64> {
    let mut units = units.iter();
    let mut sum: u64 = 0;
    while !text.is_empty() {
        let at = text.find(|c: char| !c.is_ascii_digit())?;
        let unit = text[at..].chars().next()?;
        let &(_, millis) = units.find(|&&(name, _)| name == unit)?;
        sum = sum.checked_add(text[..at].parse::<u64>().ok()?.checked_mul(millis)?)?;
        text = &text[at + unit.len_utf8()..];
    }
    Some(sum)
}

/// A time, in milliseconds since 1970: `2026-11-21T10:00:00Z`, or `@` and the milliseconds.
pub fn timestamp(text: &str) -> Result<i64, String> {
    parse_timestamp(text)
        .ok_or_else(|| "expected a time, as 2026-11-21T10:00:00Z, or @ and milliseconds".to_owned())
}

/// The form of a size: digits and one of `K`, `M`, `G`, `T` (powers of 1024), with or without `iB`/`B`. Passed on as typed.
pub fn size_form(text: &str) -> Result<String, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit
        .strip_suffix("iB")
        .or_else(|| unit.strip_suffix('B'))
        .unwrap_or(unit);
    if number.parse::<u64>().is_ok_and(|n| n > 0)
        && matches!(unit, "" | "K" | "M" | "G" | "T" | "k" | "m" | "g" | "t")
    {
        Ok(text.to_owned())
    } else {
        Err("expected a size, as 512M or 4G".to_owned())
    }
}

/// The form of `--cores`: a count (`4`) or a list with ranges (`0,2,4-7`). Passed on as typed.
pub fn cores_form(text: &str) -> Result<String, String> {
    let wrong = || "expected a count (4) or a list of cores (0,2,4-7)".to_owned();
    let number = |part: &str| part.parse::<u16>().map_err(|_| wrong());
    if let Ok(count) = text.parse::<u16>() {
        return if count > 0 {
            Ok(text.to_owned())
        } else {
            Err("at least one core is needed".to_owned())
        };
    }
    for part in text.split(',') {
        match part.split_once('-') {
            Some((low, high)) if number(low)? > number(high)? => {
                return Err(format!("{part:?} runs backwards"));
            }
            Some(_) => {}
            None => {
                number(part)?;
            }
        }
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests;
