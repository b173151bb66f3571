//! Who of a streams group may commit offsets, and ask for them.

use ottla_protocol::error_code::ErrorCode;

use super::super::offsets::{Commit, NewOffset};
use super::group::Group;
use super::member::Member;

/// First version of OffsetCommit whose clients know about member epochs.
const EPOCHS_SINCE: i16 = 9;

impl Group {
    /// May this be committed? A member whose epoch is behind may commit what its active tasks read, if it has had them since then.
    ///
    /// # Errors
    /// 22, 25, 35, 113.
    pub fn validate_commit(&self, commit: &Commit) -> Result<(), ErrorCode> {
        let (who, transactional) = (&commit.member, commit.txn.is_some());
        if who.generation < 0 && self.members().is_empty() {
            return Ok(());
        }
        let says_nothing = who.generation == -1 && who.id.is_empty() && who.instance.is_none();
        if transactional && says_nothing {
            return Ok(());
        }
        let member = self.member(&who.id).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        if !transactional && who.version < EPOCHS_SINCE {
            return Err(ErrorCode::UNSUPPORTED_VERSION);
        }
        let has_had = |offset: &NewOffset| {
            self.held_since(member, offset)
                .is_some_and(|since| who.generation >= since)
        };
        let fine = who.generation == member.epoch
            || who.generation < member.epoch && commit.offsets.iter().all(has_had);
        match fine {
            true => Ok(()),
            false if transactional => Err(ErrorCode::ILLEGAL_GENERATION),
            false => Err(ErrorCode::STALE_MEMBER_EPOCH),
        }
    }

    /// The epoch in which the member got the task that reads this partition, if it has it or is giving it up.
    fn held_since(&self, member: &Member, offset: &NewOffset) -> Option<i32> {
        let subtopology = self.topology()?.reader_of(&offset.topic)?;
        let of = |held: &super::tasks::Holding| held.active_since(subtopology, offset.partition);
        of(&member.has).or_else(|| of(&member.revoking))
    }

    /// May this member, by id and epoch, hear what was committed?
    ///
    /// # Errors
    /// 25, 113.
    pub fn validate_fetch(&self, member: Option<&(String, i32)>) -> Result<(), ErrorCode> {
        let Some((id, epoch)) = member else {
            return Ok(());
        };
        let member = self.member(id).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        match member.epoch == *epoch {
            true => Ok(()),
            false => Err(ErrorCode::STALE_MEMBER_EPOCH),
        }
    }
}
