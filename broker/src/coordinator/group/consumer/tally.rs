//! How many have each of something.

use std::collections::BTreeMap;

/// Counts by name; no name stands with none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<String, usize>);

impl Tally {
    /// One more.
    pub fn add(&mut self, name: &str) {
        match self.0.get_mut(name) {
            Some(count) => *count += 1,
            None => {
                self.0.insert(name.to_owned(), 1);
            }
        }
    }

    /// One less.
    pub fn take(&mut self, name: &str) {
        if let Some(count) = self.0.get_mut(name) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(name);
            }
        }
    }

    /// How many.
    pub fn of(&self, name: &str) -> usize {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// Those that anybody has, by name.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &String> {
        self.0.keys()
    }

    /// Has nobody any?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one that most have; of several the first by name.
    pub fn favourite(&self) -> Option<&str> {
        let by_count = |(_, a): &(&String, &usize), (_, b): &(&String, &usize)| a.cmp(b);
        let (name, _) = self.0.iter().rev().max_by(by_count)?;
        Some(name)
    }
}
