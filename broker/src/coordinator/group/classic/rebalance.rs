//! From one generation to the next: gather the members, elect protocol and leader, hand out the leader's assignment.

use ottla_protocol::error_code::ErrorCode;
use ottla_storage::mutants::{Mutant, planted};

use super::group::State;
use super::member::Member;
use super::{Step, Timer};

impl Step<'_, '_> {
    /// Begins a rebalance; or ends it, if one is under way and only this was missing.
    pub(super) fn rebalance(&mut self) {
        match self.group.state {
            State::Preparing => self.maybe_complete_join(),
            _ => self.prepare_rebalance(),
        }
    }

    /// Waits for all members to join (again); of a group that was empty, for a while in any case.
    pub(super) fn prepare_rebalance(&mut self) {
        if self.group.state == State::Completing {
            self.send_assignments_away();
        }
        self.group.syncs_missing.clear();
        self.cancel(Timer::Sync);
        self.group.enter(State::Preparing, self.now.wall_ms);
        let timeout_ms = i64::from(self.group.rebalance_timeout_ms());
        if self.group.is_first_rebalance {
            let delay_ms = self.first_delay_ms();
            self.group.newcomer = false;
            self.group.put_off_ms = (delay_ms, (timeout_ms - delay_ms).max(0));
            self.set(Timer::Join, delay_ms);
        } else if self.group.have_all_joined() {
            self.complete_join();
        } else {
            self.set(Timer::Join, timeout_ms);
        }
    }

    fn first_delay_ms(&self) -> i64 {
        let config = &self.now.image.broker_config.groups;
        config.initial_rebalance_delay_ms
    }

    fn send_assignments_away(&mut self) {
        let waiting: Vec<_> = self
            .group
            .members
            .iter_mut()
            .filter_map(|(id, member)| {
                member.assignment.clear();
                Some((id.clone(), member.syncing.take()?))
            })
            .collect();
        for (id, ask) in waiting {
            self.refuse_sync(ask, ErrorCode::REBALANCE_IN_PROGRESS);
            self.heard(&id);
        }
    }

    /// Ends the wait if nobody is missing. The first one of a group ends by the clock alone.
    pub(super) fn maybe_complete_join(&mut self) {
        let waits = self.group.state == State::Preparing && !self.group.is_first_rebalance;
        if waits && self.group.have_all_joined() {
            self.complete_join();
        }
    }

    pub(super) fn join_time_over(&mut self) {
        if self.group.state != State::Preparing {
            return;
        }
        let (delay_ms, left_ms) = self.group.put_off_ms;
        if self.group.is_first_rebalance && self.group.newcomer && left_ms > 0 {
            let next_ms = self.first_delay_ms().min(left_ms);
            self.group.newcomer = false;
            self.group.put_off_ms = (next_ms, (left_ms - delay_ms).max(0));
            self.set(Timer::Join, next_ms);
        } else {
            self.complete_join();
        }
    }

    /// The next generation, of those who have joined and of static members, who need not.
    fn complete_join(&mut self) {
        self.cancel(Timer::Join);
        let missing = |(_, m): &(&String, &Member)| m.joining.is_none() && m.instance.is_none();
        let members = self.group.members.iter();
        let missing: Vec<String> = members.filter(missing).map(|(id, _)| id.clone()).collect();
        for id in missing {
            self.drop_member(&id);
        }
        if !self.elect_leader() && !self.group.members.is_empty() {
            // Only static members, and none is back: until one is, or its session is over.
            let timeout_ms = self.group.rebalance_timeout_ms();
            return self.set(Timer::Join, timeout_ms.max(1));
        }
        let next = i32::from(!planted(Mutant::GenerationAgain) || self.group.generation == 0);
        self.group.generation = self.group.generation.wrapping_add(next).max(0);
        self.group.protocol = self.group.elect_protocol();
        self.group.learn_topics();
        if self.group.members.is_empty() {
            self.group.enter(State::Empty, self.now.wall_ms);
            self.effects.write(vec![self.group.record(self.name)]);
        } else {
            self.group.enter(State::Completing, self.now.wall_ms);
            self.announce_generation();
        }
    }

    /// A leader who did not come back is replaced by somebody who did.
    fn elect_leader(&mut self) -> bool {
        let members = &self.group.members;
        let leader = self.group.leader.as_ref().and_then(|id| members.get(id));
        if leader.is_some_and(|m| m.joining.is_some()) {
            return true;
        }
        let joined = members.iter().find(|(_, m)| m.joining.is_some());
        match joined.map(|(id, _)| id.clone()) {
            Some(id) => {
                self.group.leader = Some(id);
                true
            }
            None => false,
        }
    }

    fn announce_generation(&mut self) {
        self.group.joining = 0;
        let joined: Vec<_> = self
            .group
            .members
            .iter_mut()
            .map(|(id, member)| {
                member.is_new = false;
                (id.clone(), member.joining.take())
            })
            .collect();
        for (id, ask) in joined {
            if let Some(ask) = ask {
                self.answer_join(&id, ask);
            }
            self.heard(&id);
            self.group.syncs_missing.insert(id);
        }
        let timeout_ms = self.group.rebalance_timeout_ms();
        self.set(Timer::Sync, timeout_ms);
    }

    /// Members who did not ask for their assignment are gone.
    pub(super) fn sync_time_over(&mut self) {
        let missing = std::mem::take(&mut self.group.syncs_missing);
        if missing.is_empty() {
            return;
        }
        for id in missing {
            self.drop_member(&id);
        }
        self.prepare_rebalance();
    }

    /// No sign of life of this member for too long, unless it waits for us.
    pub(super) fn session_over(&mut self, id: &str) {
        if self.group.promised.contains(id) {
            self.group.remove(id);
        } else if self.group.members.get(id).is_some_and(|m| !m.is_excused()) {
            tracing::info!(group = self.name, member = id, "its session is over");
            self.drop_member(id);
        } else {
            return;
        }
        self.after_departure();
    }

    /// The others go on without those who have gone.
    fn after_departure(&mut self) {
        match self.group.state {
            State::Empty => {}
            State::Preparing if self.group.have_all_joined() => self.complete_join(),
            State::Preparing => {}
            State::Stable | State::Completing => self.prepare_rebalance(),
        }
    }

    /// Takes a member out. What it has asked is answered, lest it waits for ever.
    pub(super) fn drop_member(&mut self, id: &str) {
        self.cancel(Timer::Session(id.to_owned()));
        if let Some(member) = self.group.remove(id) {
            self.answer_removed("", &member, ErrorCode::UNKNOWN_MEMBER_ID);
        }
    }

    pub(super) fn answer_removed(&mut self, id: &str, member: &Member, code: ErrorCode) {
        if let Some(ask) = member.joining {
            self.refuse_join(ask, id, code);
        }
        if let Some(ask) = member.syncing {
            self.refuse_sync(ask, code);
        }
    }

    /// The group was read from the log.
    pub(super) fn loaded(&mut self) {
        let ids: Vec<String> = self.group.members.keys().cloned().collect();
        if !planted(Mutant::SessionsForgotten) {
            ids.iter().for_each(|id| self.heard(id));
        }
        if self.group.members.len() > self.now.image.broker_config.groups.max_size {
            // The limit was lowered.
            self.prepare_rebalance();
        }
    }
}
