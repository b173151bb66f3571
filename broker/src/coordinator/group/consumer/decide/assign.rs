//! When a group needs another assignment, and which.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;

use super::super::super::assignor::{MemberSpec, Partitions, Spec};
use super::super::super::topics_hash;
use super::super::Wait;
use super::super::member::{Member, State};
use super::reconcile::{Goal, step};
use super::{Draft, Refusal};

impl Draft<'_> {
    /// Has the cluster changed since it was last looked at?
    pub(super) fn must_look_at_topics(&self) -> bool {
        self.watch.topics_of != Some(self.scene.image.version)
    }

    /// The group's epoch, one higher if it must be (`bump`) or if the topics are not what they were.
    pub(super) fn look_at_topics(&mut self, bump: bool, before: &Member, after: &Member) -> i32 {
        let hash = self.hash_of(&self.topics_with(before, after));
        let mut epoch = self.group.epoch;
        if bump || hash != self.group.metadata_hash {
            epoch += 1;
            self.records.push(self.scribe.epoch(epoch, hash));
        }
        self.watch.topics_of = Some(self.scene.image.version);
        if self.group.has_old_metadata {
            self.records.push(self.scribe.no_old_metadata());
        }
        epoch
    }

    /// The hash of topics that stand in the order of their names.
    pub(super) fn hash_of(&self, topics: &BTreeSet<String>) -> i64 {
        topics_hash::of_topics(topics, self.scene.image)
    }

    /// The topics that the group reads when a member is not as before any more.
    fn topics_with(&self, before: &Member, after: &Member) -> BTreeSet<String> {
        let (by_name, by_pattern) = self.group.wanted();
        let (mut by_name, mut by_pattern) = (by_name.clone(), by_pattern.clone());
        before.topics.iter().for_each(|t| by_name.take(t));
        after.topics.iter().for_each(|t| by_name.add(t));
        if let Some(pattern) = before.pattern()
            && after.pattern() != Some(pattern)
            && self.group.subscribers().of(pattern) == 1
            && let Some(matched) = self.group.patterns().get(pattern)
        {
            matched.topics.iter().for_each(|t| by_pattern.take(t));
        }
        by_name.names().chain(by_pattern.names()).cloned().collect()
    }

    /// What a member is to have, and of which epoch; there is another assignment for it if the group's epoch asks for one and the
    /// last was long enough ago.
    pub(super) fn assign(
        &mut self,
        epoch: i32,
        before: &Member,
        after: &Member,
    ) -> (i32, Partitions) {
        if self.group.target_epoch >= epoch || !self.is_time_to_assign() {
            let target = self.target_of(after).cloned().unwrap_or_default();
            return (self.group.target_epoch, target);
        }
        let mut assignors = self.group.assignors().clone();
        before.assignor.iter().for_each(|a| assignors.take(a));
        after.assignor.iter().for_each(|a| assignors.add(a));
        let config = &self.scene.config;
        let assignor = assignors
            .favourite()
            .and_then(|name| config.assignor(name))
            .unwrap_or_else(|| config.default_assignor());

        let mut shares = assignor.assign(&self.spec(after));
        for (member, share) in &shares {
            if self.group.target_of(member) != Some(share) {
                self.records.push(self.scribe.target(member, share));
            }
        }
        let made = self.scribe.target_epoch(epoch, self.scene.wall_ms);
        self.records.push(made);
        (epoch, shares.remove(&after.id).unwrap_or_default())
    }

    /// The interval between assignments has passed; a clock that was set back does not stop them.
    fn is_time_to_assign(&self) -> bool {
        let since = self.scene.wall_ms - self.group.target_ms;
        let interval = i64::from(self.scene.config.assignment_interval_ms);
        self.group.target_ms == 0 || !(0..interval).contains(&since)
    }

    /// What a member is to have so far; a static one takes over from whoever has its instance.
    fn target_of(&self, member: &Member) -> Option<&Partitions> {
        match &member.instance {
            None => self.group.target_of(&member.id),
            Some(instance) => {
                let before = self.group.static_member(instance);
                self.group.target_of(before.map_or(&*member.id, |m| &m.id))
            }
        }
    }

    fn spec<'s>(&'s self, after: &'s Member) -> Spec<'s> {
        let mut spec = Spec::default();
        let mut known: BTreeMap<(&BTreeSet<String>, &str), Rc<BTreeSet<Uuid>>> = BTreeMap::new();
        let replaced = after.instance.as_deref();
        let others = self.group.members().values().filter(|member| {
            member.id != after.id && (replaced.is_none() || member.instance.as_deref() != replaced)
        });
        for member in others.chain([after]) {
            let wants = known
                .entry((&member.topics, &member.regex))
                .or_insert_with(|| Rc::new(self.wanted_by(member)));
            let had = match member.id == after.id {
                true => self.target_of(after),
                false => self.group.target_of(&member.id),
            };
            let member_spec = MemberSpec {
                instance: member.instance.as_deref(),
                wants: wants.clone(),
                had,
            };
            spec.members.insert(&member.id, member_spec);
        }
        for topic in known.values().flat_map(|wants| wants.iter()) {
            if let Some(topic) = self.scene.image.topics.with_id(*topic) {
                let partitions = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
                spec.topics.insert(topic.id, partitions);
            }
        }
        spec
    }

    /// The topics that a member wants, by name or by pattern, of those that exist.
    fn wanted_by(&self, member: &Member) -> BTreeSet<Uuid> {
        let matched = member.pattern().and_then(|p| self.group.patterns().get(p));
        let by_pattern = matched.into_iter().flat_map(|m| &m.topics);
        let names = member.topics.iter().chain(by_pattern);
        let topics = names.filter_map(|name| self.scene.image.topics.named(name));
        topics.map(|topic| topic.id).collect()
    }

    /// Takes a member a step towards what it is to have.
    pub(super) fn reconcile(
        &mut self,
        member: Member,
        (epoch, target): (i32, &Partitions),
        wants_changed: bool,
        owned: Option<&Partitions>,
    ) -> Result<Member, Refusal> {
        if !wants_changed && member.is_reconciled_to(epoch) {
            return Ok(member);
        }
        let next = step(
            &member,
            &Goal {
                epoch,
                target,
                wanted: &self.wanted_by(&member),
                wants_changed,
                is_held: &|topic, partition| self.group.is_held(topic, partition),
                owned,
            },
        );
        let next = next.map_err(|_| {
            let message = "the member's state is of a version that knows more: it must give up all partitions and join again";
            Refusal::new(ErrorCode::FENCED_MEMBER_EPOCH, message)
        })?;
        if next != member {
            self.records.push(self.scribe.current(&next));
            if next.classic.is_none() {
                let wait = Wait::Revocation;
                match next.state {
                    State::Unrevoked => self.set(&next.id, wait, next.rebalance_timeout_ms),
                    _ => self.cancel(&next.id, wait),
                }
            }
        }
        Ok(next)
    }
}
