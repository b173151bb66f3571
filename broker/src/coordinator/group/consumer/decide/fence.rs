//! Members are removed: they left, went silent, or did not give up what they had to.

use std::collections::BTreeSet;

use super::super::Wait;
use super::super::member::Member;
use super::super::tally::Tally;
use super::Draft;

impl Draft<'_> {
    /// Removes members. Nothing is assigned before another member reports, unless only classic ones are left.
    pub fn fence(&mut self, members: &[&Member]) {
        let converts = !members.is_empty() && self.may_downgrade(members, false);
        if members.is_empty() || converts && self.downgrade_by_leave(members) {
            return;
        }
        for member in members {
            self.records.extend(self.scribe.remove_member(&member.id));
        }
        let gone = self.forget_patterns(members);
        let hash = self.hash_of(&self.topics_without(members, &gone));
        let epoch = self.scribe.epoch(self.group.epoch + 1, hash);
        self.records.push(epoch);
        for member in members {
            for wait in Wait::ALL {
                self.cancel(&member.id, wait);
            }
        }
    }

    /// Deletes patterns that none but these want.
    fn forget_patterns(&mut self, members: &[&Member]) -> Vec<String> {
        let mut theirs = Tally::default();
        members
            .iter()
            .filter_map(|m| m.pattern())
            .for_each(|p| theirs.add(p));
        let only_theirs = |p: &&String| self.group.subscribers().of(p) == theirs.of(p);
        let gone: Vec<String> = theirs.names().filter(only_theirs).cloned().collect();
        let records = gone.iter().map(|p| self.scribe.pattern(p, None));
        self.records.extend(records.collect::<Vec<_>>());
        gone
    }

    fn topics_without(&self, members: &[&Member], patterns: &[String]) -> BTreeSet<String> {
        let (by_name, by_pattern) = self.group.wanted();
        let (mut by_name, mut by_pattern) = (by_name.clone(), by_pattern.clone());
        let names = members.iter().flat_map(|m| &m.topics);
        names.for_each(|t| by_name.take(t));
        let matched = patterns.iter().filter_map(|p| self.group.patterns().get(p));
        let topics = matched.flat_map(|m| &m.topics);
        topics.for_each(|t| by_pattern.take(t));
        by_name.names().chain(by_pattern.names()).cloned().collect()
    }
}
