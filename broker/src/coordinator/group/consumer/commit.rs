//! Who of a consumer group may commit offsets, and ask for them.

use ottla_protocol::error_code::ErrorCode;

use super::super::offsets::Commit;
use super::group::Group;
use super::member::Member;

/// First version of OffsetCommit whose clients know about member epochs.
const EPOCHS_SINCE: i16 = 9;

impl Group {
    /// May this be committed? A member whose epoch is behind may commit what it has had since that epoch (KIP-1251).
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
        if !transactional && member.classic.is_none() && who.version < EPOCHS_SINCE {
            return Err(ErrorCode::UNSUPPORTED_VERSION);
        }
        let has_had = |topic, partition| {
            member
                .held_since(topic, partition)
                .is_some_and(|since| who.generation >= since)
        };
        let fine = who.generation == member.epoch
            || who.generation < member.epoch
                && commit
                    .offsets
                    .iter()
                    .all(|o| has_had(o.topic_id, o.partition));
        match fine {
            true => Ok(()),
            false if transactional => Err(ErrorCode::ILLEGAL_GENERATION),
            false => Err(stale(member)),
        }
    }

    /// May this member, by id and epoch, hear what was committed?
    ///
    /// # Errors
    /// 22, 25, 113.
    pub fn validate_fetch(&self, member: Option<&(String, i32)>) -> Result<(), ErrorCode> {
        let Some((id, epoch)) = member else {
            return Ok(());
        };
        let member = self.member(id).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        match member.epoch == *epoch {
            true => Ok(()),
            false => Err(stale(member)),
        }
    }
}

fn stale(member: &Member) -> ErrorCode {
    match member.classic {
        Some(_) => ErrorCode::ILLEGAL_GENERATION,
        None => ErrorCode::STALE_MEMBER_EPOCH,
    }
}
