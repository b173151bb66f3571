//! Subscriptions by pattern: which there are is kept with the topics that each matched when it was last tried.
//!
//! Patterns are not tried while a heartbeat is decided, but right after it, all of the group's at once and at most every ten
//! seconds, so that many changes make one rebalance.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::error_code::ErrorCode;

use super::super::group::Matched;
use super::super::member::Member;
use super::re2::Pattern;
use super::{Draft, Refusal};

/// Least time between two trials, ms.
const LEAST_MS: i64 = 10_000;
/// Most time between them, ms: Kafka's `group.consumer.regex.refresh.interval.ms`, which is internal there.
const MOST_MS: i64 = 600_000;

/// What a heartbeat changes about the patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patterns {
    /// Nothing.
    Same,
    /// The member has another, whose topics are not known yet.
    Changed,
    /// It has another, or none, and its topics are known.
    Known,
}

impl<'a> Draft<'a> {
    /// Checks the pattern that a member comes with, and has the group's patterns tried if it is time.
    ///
    /// # Errors
    /// 128: it is none.
    pub(super) fn look_at_patterns(
        &mut self,
        before: &Member,
        after: &Member,
    ) -> Result<Patterns, Refusal> {
        let group = self.group;
        let (old, new) = (before.pattern(), after.pattern());
        let mut change = Patterns::Same;
        let mut is_new = false;
        if old != new {
            change = Patterns::Changed;
            if let Some(old) = old
                && group.subscribers().of(old) == 1
            {
                self.records.push(self.scribe.pattern(old, None));
            }
            match new {
                Some(new) if group.subscribers().of(new) == 0 => {
                    check(new)?;
                    is_new = true;
                }
                Some(new) if !group.patterns().contains_key(new) => {}
                _ => change = Patterns::Known,
            }
        }
        if (is_new || !group.subscribers().is_empty()) && self.is_time_to_match(old, new, is_new) {
            self.match_patterns = true;
            self.watch.matching = true;
        }
        Ok(change)
    }

    fn is_time_to_match(&self, old: Option<&str>, new: Option<&str>, is_new: bool) -> bool {
        let now = self.scene.wall_ms;
        let last = self.group.patterns().values().next();
        let since = last.map_or(i64::MAX, |matched| now.saturating_sub(matched.at_ms));
        if self.watch.matching || (0..=LEAST_MS).contains(&since) {
            return false;
        }
        let mut subscribers = self.group.subscribers().clone();
        old.iter().for_each(|old| subscribers.take(old));
        new.iter().for_each(|new| subscribers.add(new));
        let cluster_changed = || {
            let tried = self.watch.matched_at;
            let version = last.map_or(0, |matched| matched.version);
            version < self.version()
                && tried.is_none_or(|(version, at_ms)| {
                    version < self.version() && !(0..=LEAST_MS).contains(&(now - at_ms))
                })
        };
        !subscribers.is_empty()
            && (is_new
                || subscribers.names().len() != self.group.patterns().len()
                || !(0..=MOST_MS).contains(&since)
                || cluster_changed())
    }

    /// Tries all patterns.
    pub fn match_patterns(&mut self) {
        self.watch.matching = false;
        self.watch.matched_at = Some((self.version(), self.scene.wall_ms));
        let matched = self.matched();
        if !self.is_worth_writing(&matched) {
            return;
        }
        let (by_name, by_pattern) = self.group.wanted();
        let mut by_pattern = by_pattern.clone();
        let mut changed = false;
        for (pattern, new) in &matched {
            let nothing = BTreeSet::new();
            let before = self.group.patterns().get(*pattern);
            let old = before.map_or(&nothing, |m| &m.topics);
            if *old != new.topics {
                old.iter().for_each(|t| by_pattern.take(t));
                new.topics.iter().for_each(|t| by_pattern.add(t));
                changed = true;
            }
        }
        let topics = by_name.names().chain(by_pattern.names()).cloned().collect();
        let hash = self.hash_of(&topics);
        for (pattern, new) in &matched {
            self.records.push(self.scribe.pattern(pattern, Some(new)));
        }
        if changed || hash != self.group.metadata_hash {
            let epoch = self.scribe.epoch(self.group.epoch + 1, hash);
            self.records.push(epoch);
            self.watch.topics_of = Some(self.scene.image.version);
        }
    }

    fn matched(&self) -> BTreeMap<&'a str, Matched> {
        let group = self.group;
        let one = |pattern: &str| Matched {
            topics: self.topics_that_match(pattern),
            version: self.version(),
            at_ms: self.scene.wall_ms,
        };
        let patterns = group.subscribers().names();
        patterns.map(|p| (p.as_str(), one(p))).collect()
    }

    fn topics_that_match(&self, pattern: &str) -> BTreeSet<String> {
        // Each was checked when it came.
        let Ok(pattern) = Pattern::new(pattern) else {
            return BTreeSet::new();
        };
        let names = self.scene.image.topics.iter().map(|topic| &*topic.name);
        let matching = names.filter(|name| pattern.matches(name));
        matching.map(str::to_owned).collect()
    }

    /// Is there a pattern that was never tried, or that matches a topic it did not match, or is it long ago? That topics are gone
    /// is worth nothing: they are gone from the assignment, too.
    fn is_worth_writing(&self, matched: &BTreeMap<&str, Matched>) -> bool {
        matched.iter().any(|(pattern, new)| {
            self.group.patterns().get(*pattern).is_none_or(|old| {
                !new.topics.is_subset(&old.topics)
                    || !(0..=MOST_MS).contains(&(new.at_ms - old.at_ms))
            })
        })
    }

    fn version(&self) -> i64 {
        i64::try_from(self.scene.image.version).unwrap_or(i64::MAX)
    }
}

fn check(pattern: &str) -> Result<(), Refusal> {
    Pattern::new(pattern).map(drop).map_err(|why| {
        let message =
            format!("SubscribedTopicRegex `{pattern}` is not a valid regular expression: {why}.");
        Refusal::new(ErrorCode::INVALID_REGULAR_EXPRESSION, message)
    })
}
