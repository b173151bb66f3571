//! Who of a streams group may commit offsets, and ask for them.

use ottla_protocol::error_code::ErrorCode;

use super::super::commit::{Epoch, validate_by_epoch};
use super::super::offsets::{Commit, NewOffset};
use super::group::Group;
use super::member::Member;

impl Group {
    /// May this be committed? A member whose epoch is behind may commit what its active tasks read, if it has had them since then.
    ///
    /// # Errors
    /// 22, 25, 35, 113.
    pub fn validate_commit(&self, commit: &Commit) -> Result<(), ErrorCode> {
        let member = self.member(&commit.member.id);
        let is_empty = self.members().is_empty();
        validate_by_epoch(commit, is_empty, member.map(epoch_of), |offset| {
            self.held_since(member?, offset)
        })
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
        epoch_of(member).validate_fetch(*epoch)
    }
}

fn epoch_of(member: &Member) -> Epoch {
    Epoch {
        epoch: member.epoch,
        is_classic: false,
    }
}
