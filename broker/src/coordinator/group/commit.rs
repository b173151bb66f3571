//! Commits and questions after what was committed, as far as they are the group's matter.

use ottla_protocol::error_code::ErrorCode;
use ottla_storage::mutants::{Mutant, planted};

use super::offsets::{Commit, Fetch, NewOffset, Offsets};
use super::{Answer, Groups};
use crate::coordinator::{Ask, Effects, Now, Write};

/// First version of OffsetCommit whose clients know error 69.
const GROUP_NOT_FOUND_SINCE: i16 = 9;
/// First version of OffsetCommit whose clients know about member epochs.
const EPOCHS_SINCE: i16 = 9;

/// Who commits, or asks, in a group whose coordinator assigns.
pub(super) struct Epoch {
    /// The member's.
    pub epoch: i32,
    /// It speaks the classic protocol, and knows of no epochs.
    pub is_classic: bool,
}

impl Epoch {
    fn stale(&self) -> ErrorCode {
        match self.is_classic {
            true => ErrorCode::ILLEGAL_GENERATION,
            false => ErrorCode::STALE_MEMBER_EPOCH,
        }
    }

    /// May a member of this epoch hear what was committed?
    pub(super) fn validate_fetch(&self, epoch: i32) -> Result<(), ErrorCode> {
        if self.epoch == epoch {
            Ok(())
        } else {
            Err(self.stale())
        }
    }
}

/// May this be committed in a group whose coordinator assigns? A member whose epoch is behind may commit what it has had since
/// that epoch (KIP-1251): `since` tells from when it has had what an offset is of.
///
/// Errors: 22, 25, 35, 113.
pub(super) fn validate_by_epoch(
    commit: &Commit,
    is_empty: bool,
    member: Option<Epoch>,
    since: impl Fn(&NewOffset) -> Option<i32>,
) -> Result<(), ErrorCode> {
    let (who, transactional) = (&commit.member, commit.txn.is_some());
    if who.generation < 0 && is_empty {
        return Ok(());
    }
    let says_nothing = who.generation == -1 && who.id.is_empty() && who.instance.is_none();
    if transactional && says_nothing {
        return Ok(());
    }
    let member = member.ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
    if !transactional && !member.is_classic && who.version < EPOCHS_SINCE {
        return Err(ErrorCode::UNSUPPORTED_VERSION);
    }
    let has_had = |offset: &NewOffset| since(offset).is_some_and(|epoch| who.generation >= epoch);
    let fine = who.generation == member.epoch
        || who.generation < member.epoch && commit.offsets.iter().all(has_had);
    match fine {
        true => Ok(()),
        false if transactional => Err(ErrorCode::ILLEGAL_GENERATION),
        false => Err(member.stale()),
    }
}

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
