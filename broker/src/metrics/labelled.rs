//! Readings with labels, and gauges that somebody sets all at once when readings are asked for.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use super::{Kind, Readings, Value};

/// What tells the series of a family from each other: names, each with a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Labels(Vec<(&'static str, String)>);

impl Labels {
    /// Of these names and values.
    pub fn of<const N: usize>(pairs: [(&'static str, &str); N]) -> Self {
        Labels(pairs.map(|(name, value)| (name, value.to_owned())).into())
    }

    /// With one more at the end.
    pub fn and(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.push((name, value.to_string()));
        self
    }
}

/// As Prometheus writes them, braces included; nothing for none.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = "{";
        for (name, value) in &self.0 {
            write!(f, "{before}{name}=\"{}\"", escaped(value))?;
            before = ",";
        }
        f.write_str(if self.0.is_empty() { "" } else { "}" })
    }
}

fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            other => out.push(other),
        }
    }
    out
}

/// Gauges by labels. A series that is not set the next time is gone.
#[derive(Debug, Default)]
pub struct Labelled(RefCell<BTreeMap<Labels, i64>>);

impl Labelled {
    /// From now on these are the readings.
    pub fn replace(&self, readings: BTreeMap<Labels, i64>) {
        self.0.replace(readings);
    }
}

impl Readings for Labelled {
    const KIND: Kind = Kind::Gauge;
    fn read(&self, each: &mut dyn FnMut(Labels, Value)) {
        for (labels, reading) in self.0.borrow().iter() {
            each(labels.clone(), Value::Number((*reading).into()));
        }
    }
}
