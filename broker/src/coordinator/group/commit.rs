//! Commits and questions after what was committed, as far as they are the group's matter.

use ottla_protocol::error_code::ErrorCode;
use ottla_storage::mutants::{Mutant, planted};

use super::offsets::{Commit, Fetch, Offsets};
use super::{Answer, Groups};
use crate::coordinator::{Ask, Effects, Now, Write};

/// First version of OffsetCommit whose clients know error 69.
const GROUP_NOT_FOUND_SINCE: i16 = 9;

impl Groups {
    /// Commits what the group lets this member commit.
    pub(super) fn commit(
        &mut self,
        commit: Commit,
        ask: Ask,
        now: &mut Now<'_>,
    ) -> Effects<Groups> {
        if let Err(code) = self.may_commit(&commit) {
            return Effects::answer(ask, Answer::Committed(Err(code)));
        }
        self.heard_of(&commit, now);
        let config = &now.image.broker_config;
        let (mut records, mut codes) = (Vec::new(), Vec::new());
        for new in &commit.offsets {
            let record = self
                .offsets
                .record(&commit, new, config.offset_metadata_max, now.wall_ms);
            codes.push(record.as_ref().err().copied().unwrap_or_default());
            records.extend(record);
        }
        let mut effects = Effects::answer(ask, Answer::Committed(Ok(codes)));
        if !records.is_empty() {
            effects.writes.push(Write::Records {
                records,
                txn: commit.txn,
            });
        }
        effects
    }

    /// A group that is not known takes commits of nobody's, and comes to be by them.
    fn may_commit(&self, commit: &Commit) -> Result<(), ErrorCode> {
        let member = &commit.member;
        if planted(Mutant::GenerationUnchecked) && commit.txn.is_some() {
            return Ok(());
        }
        match self.groups.get(&commit.group) {
            Some(group) => group.validate_commit(commit),
            None if member.generation < 0 => Ok(()),
            None if commit.txn.is_none() && member.version >= GROUP_NOT_FOUND_SINCE => {
                Err(ErrorCode::GROUP_ID_NOT_FOUND)
            }
            None => Err(ErrorCode::ILLEGAL_GENERATION),
        }
    }

    /// A commit of a classic member is a sign of life.
    fn heard_of(&mut self, commit: &Commit, now: &mut Now<'_>) {
        if commit.txn.is_some() {
            return;
        }
        let group = self.groups.get(&commit.group);
        if let Some(group) = group.and_then(|g| g.as_classic()) {
            group.heard_by_commit(&commit.group, &commit.member.id, &mut self.timers, now.at);
        }
    }

    /// What was committed, if the member who asks is not an outdated one.
    pub(super) fn fetch_offsets(&self, fetch: &Fetch) -> Answer {
        Answer::Offsets(match self.groups.get(&fetch.group) {
            Some(group) => group
                .validate_fetch(fetch.member.as_ref())
                .map(|()| self.offsets.fetch(fetch)),
            None => Ok(Offsets::nothing(fetch)),
        })
    }
}
