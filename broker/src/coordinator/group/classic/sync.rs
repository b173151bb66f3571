//! SyncGroup: the leader gives the assignment, everybody gets his own.

use std::collections::BTreeMap;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::sync_group::SyncGroupResponse;

use super::group::State;
use super::{Answer, Step, Timer, answer};
use crate::coordinator::group::Groups;
use crate::coordinator::{Ask, Effects, Now};

/// A SyncGroup request.
#[derive(Clone, Debug, Default)]
pub struct Sync {
    /// The group.
    pub group: String,
    /// The member's id.
    pub member: String,
    /// Its name, if it is static.
    pub instance: Option<String>,
    /// The generation that it has joined.
    pub generation: i32,
    /// What it takes the group for, if it says.
    pub protocol_type: Option<String>,
    /// How it takes the group to assign, if it says.
    pub protocol: Option<String>,
    /// Of the leader: who gets what.
    pub assignments: BTreeMap<String, Vec<u8>>,
}

impl Groups {
    pub(super) fn sync(&mut self, sync: Sync, ask: Ask, now: &mut Now<'_>) -> Effects<Groups> {
        let name = sync.group.clone();
        let synced = self.step(&name, now, |step| step.sync(sync, ask));
        synced.unwrap_or_else(|| {
            let response = refusal(ErrorCode::UNKNOWN_MEMBER_ID);
            answer(ask, Answer::Synced(response))
        })
    }
}

fn refusal(error_code: ErrorCode) -> SyncGroupResponse<'static> {
    SyncGroupResponse {
        error_code,
        ..Default::default()
    }
}

impl Step<'_, '_> {
    pub(super) fn refuse_sync(&mut self, ask: Ask, code: ErrorCode) {
        self.reply(ask, Answer::Synced(refusal(code)));
    }

    fn sync(&mut self, sync: Sync, ask: Ask) {
        if let Err(code) = self.may_sync(&sync) {
            return self.refuse_sync(ask, code);
        }
        self.group.syncs_missing.remove(&sync.member);
        if self.group.syncs_missing.is_empty() {
            self.cancel(Timer::Sync);
        }
        if self.group.state == State::Stable {
            return self.answer_sync(&sync.member, ask);
        }
        let Some(member) = self.group.members.get_mut(&sync.member) else {
            return;
        };
        if let Some(before) = member.syncing.replace(ask) {
            // The client has given that one up.
            self.refuse_sync(before, ErrorCode::REBALANCE_IN_PROGRESS);
        }
        if self.group.is_leader(&sync.member) {
            self.assign(sync.assignments);
        }
    }

    fn may_sync(&self, sync: &Sync) -> Result<(), ErrorCode> {
        let group = &self.group;
        group.validate_member(&sync.member, sync.instance.as_deref())?;
        if sync.generation != group.generation {
            return Err(ErrorCode::ILLEGAL_GENERATION);
        }
        let differs = |said: &Option<String>, is: &Option<String>| said.is_some() && said != is;
        if differs(&sync.protocol_type, &group.protocol_type)
            || differs(&sync.protocol, &group.protocol)
        {
            return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
        }
        match group.state {
            State::Preparing => Err(ErrorCode::REBALANCE_IN_PROGRESS),
            State::Empty => Err(ErrorCode::UNKNOWN_MEMBER_ID),
            State::Completing | State::Stable => Ok(()),
        }
    }

    /// The leader has assigned: the generation is written down, and whoever waits for his part gets it.
    fn assign(&mut self, mut assignments: BTreeMap<String, Vec<u8>>) {
        let mut waiting = Vec::new();
        for (id, member) in &mut self.group.members {
            member.assignment = assignments.remove(id).unwrap_or_default();
            waiting.extend(member.syncing.take().map(|ask| (id.clone(), ask)));
        }
        self.effects.write(vec![self.group.record(self.name)]);
        self.group.enter(State::Stable, self.now.wall_ms);
        for (id, ask) in waiting {
            self.answer_sync(&id, ask);
            self.heard(&id);
        }
    }

    fn answer_sync(&mut self, id: &str, ask: Ask) {
        let group = &self.group;
        let assignment = group.members.get(id).map(|m| m.assignment.clone());
        let response = SyncGroupResponse {
            protocol_type: group.protocol_type.clone().map(Into::into),
            protocol_name: group.protocol.clone().map(Into::into),
            assignment: assignment.unwrap_or_default().into(),
            ..Default::default()
        };
        self.reply(ask, Answer::Synced(response));
    }
}
