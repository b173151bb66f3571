//! A group becomes a classic one again when the last member that speaks the consumer protocol is gone.

use ottla_protocol::error_code::ErrorCode;

use super::super::super::Record;
use super::super::super::assignor::Partitions;
use super::super::super::classic;
use super::super::Wait;
use super::super::member::Member;
use super::classic::assignment;
use super::{Draft, Refusal};

/// A group that is classic from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Downgrade {
    /// Its members are to join again.
    pub rebalance: bool,
}

impl Draft<'_> {
    /// Are all members classic but these, who go (or one of whom is replaced by a classic one)?
    pub(super) fn may_downgrade(&self, but: &[&Member], is_replaced: bool) -> bool {
        let config = &self.scene.config;
        let classic = but.iter().filter(|m| m.classic.is_some()).count();
        let stay = self.group.members().len() - but.len();
        let members = stay + usize::from(is_replaced);
        self.group.classic_members() - classic == stay
            && (!is_replaced || classic == 0)
            && members > 0
            && members <= config.classic_max_size
            && config.migration.downgrade
    }

    /// The last consumer goes: the others are a classic group, and rebalance. Says whether it could be done.
    pub(super) fn downgrade_by_leave(&mut self, gone: &[&Member]) -> bool {
        let stay = self.group.members().values();
        let stay: Vec<_> = stay
            .filter(|m| !gone.iter().any(|g| g.id == m.id))
            .map(|m| (m, &*m.id))
            .collect();
        let Some(record) = self.classic_record(&stay) else {
            tracing::warn!(
                group = self.scribe.group,
                "it cannot become a classic group: a subscription cannot be read"
            );
            return false;
        };
        let members = self.group.members().keys().map(String::as_str);
        let mut records = self.scribe.delete(self.group, members);
        records.push(record);
        self.records.extend(records);
        self.downgrade = Some(Downgrade { rebalance: true });
        self.wait_no_more();
        true
    }

    /// A static consumer, the last one, is back as a classic member: the group is classic, and rebalances only if it has to.
    pub(super) fn downgrade_by_join(
        &mut self,
        last: &Member,
        member: Member,
        epoch: i32,
        changed: bool,
        owned: &Partitions,
    ) -> Result<Member, Refusal> {
        let group = self.group;
        let rebalance = group.target_epoch < epoch;
        let mut member = member;
        if !rebalance {
            let target = group.target_of(&last.id).cloned().unwrap_or_default();
            member = self.reconcile(member, (group.target_epoch, &target), changed, Some(owned))?;
        }
        let others = group.members().values().filter(|m| m.id != last.id);
        let mut stay: Vec<_> = others.map(|m| (m, &*m.id)).collect();
        stay.push((&member, &last.id));
        let record = self.classic_record(&stay).ok_or_else(|| {
            let message = "the group cannot become a classic one: a subscription cannot be read";
            Refusal::new(ErrorCode::GROUP_ID_NOT_FOUND, message)
        })?;
        let ids = group.members().keys().map(|id| match *id == last.id {
            true => member.id.as_str(),
            false => id.as_str(),
        });
        let records = self.scribe.delete(group, ids);
        self.records.extend(records);
        self.records.push(record);
        self.downgrade = Some(Downgrade { rebalance });
        self.wait_no_more();
        Ok(member)
    }

    /// A classic group waits in its own ways.
    fn wait_no_more(&mut self) {
        for member in self.group.members().keys() {
            for wait in Wait::ALL {
                self.cancel(member, wait);
            }
        }
    }

    /// The classic group of these members, each with whose target it has.
    fn classic_record(&self, members: &[(&Member, &str)]) -> Option<Record> {
        let nothing = Partitions::new();
        let mut group = classic::Converted::new(self.group.epoch, self.scene.wall_ms);
        for (member, _) in members {
            group.add(member);
        }
        let protocol = group.elect_protocol()?;
        for (member, of) in members {
            let known = member.classic.iter().flat_map(|c| &c.protocols);
            let (_, metadata) = known.into_iter().find(|(name, _)| *name == protocol)?;
            let target = self.group.target_of(of).unwrap_or(&nothing);
            group.assign(&member.id, assignment(target, metadata, self.scene.image)?);
        }
        Some(group.record(self.scribe.group))
    }
}
