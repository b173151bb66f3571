//! Levels of loggers, in Kafka's words. Our loggers are the crates.

use super::settings::Values;

/// The loggers; `root` is what all others inherit.
pub const NAMES: &[&str] = &[
    "root",
    "ottla_broker",
    "ottla_protocol",
    "ottla_raft",
    "ottla_runtime",
    "ottla_storage",
];

/// The levels, quietest first.
pub const LEVELS: &[&str] = &["FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"];

/// Level of `root` when nothing was said.
const QUIET: &str = "WARN";

/// The level in force of a logger, given the levels that were set.
pub fn level<'a>(given: &'a Values, name: &str) -> &'a str {
    let set = |name: &str| given.get(name).map(String::as_str);
    set(name).or_else(|| set("root")).unwrap_or(QUIET)
}

/// The levels that were set as a filter for `tracing`: `info,ottla_raft=debug`; empty if none were.
pub fn filter(given: &Values) -> String {
    let words = given.iter().map(|(name, level)| {
        let level = if level == "FATAL" {
            "error".to_string()
        } else {
            level.to_ascii_lowercase()
        };
        if name == "root" {
            level
        } else {
            format!("{name}={level}")
        }
    });
    words.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logger_inherits_from_root() {
        let given = Values::from([
            ("root".into(), "ERROR".into()),
            ("ottla_raft".into(), "DEBUG".into()),
        ]);
        assert_eq!(level(&given, "ottla_raft"), "DEBUG");
        assert_eq!(level(&given, "ottla_storage"), "ERROR");
        assert_eq!(level(&Values::new(), "root"), "WARN");
        assert_eq!(filter(&given), "ottla_raft=debug,error");
    }
}
