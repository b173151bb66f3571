//! When a group gets another target assignment, and which.

use ottla_protocol::error_code::ErrorCode;

use super::super::super::timers::{Change, millis};
use super::super::member::{Member, State};
use super::super::tasks::Assignment;
use super::super::{Refusal, Status, Timer, Wait};
use super::Draft;
use super::reconcile::{Goal, step};
use super::sticky::{self, MemberSpec, Spec};
use super::topics::Configured;

impl Draft<'_> {
    /// What a member is to have, and of which epoch; there is another assignment for it if the group's epoch asks for one and the
    /// last was long enough ago. A new group waits for more members first.
    pub(super) fn assign(
        &mut self,
        epoch: i32,
        configured: &Configured,
        member: &Member,
    ) -> (i32, Assignment) {
        let last = self.group.target_epoch;
        if self.delay() || self.scene.delayed {
            let why = "Assignment delayed due to the configured initial rebalance delay.";
            self.tell(Status::AssignmentDelayed, why);
            return (last, Assignment::default());
        }
        let so_far = self.group.target_of(&member.id).cloned();
        if last >= epoch {
            return (last, so_far.unwrap_or_default());
        }
        if !self.is_time_to_assign() {
            let why = "Assignment delayed due to the configured assignment interval.";
            self.tell(Status::AssignmentDelayed, why);
            return (last, so_far.unwrap_or_default());
        }
        let target = self.assign_anew(epoch, configured, Some(member));
        (epoch, target.unwrap_or_default())
    }

    /// The wait of a new group is over: whoever has come gets what he is to have with his next heartbeat.
    pub fn end_delay(&mut self) {
        if self.group.members().is_empty() || self.group.epoch <= self.group.target_epoch {
            return;
        }
        let Some(topology) = self.group.topology().cloned() else {
            return;
        };
        if let Ok(configured) = super::topics::configure(&topology, self.scene.image)
            && self.is_time_to_assign()
        {
            self.assign_anew(self.group.epoch, &configured, None);
        }
    }

    /// Waits for more members, if the group is a new one.
    fn delay(&mut self) -> bool {
        let ms = self.scene.config.initial_delay_ms;
        let waits = self.group.members().is_empty() && ms > 0;
        if waits {
            let change = Change::SetIfAbsent(Timer::DELAY, millis(ms));
            self.timers.push(change);
        }
        waits
    }

    fn assign_anew(
        &mut self,
        epoch: i32,
        configured: &Configured,
        member: Option<&Member>,
    ) -> Option<Assignment> {
        let nothing = Assignment::default();
        let others = self.group.members().values();
        let others = others.filter(|other| member.is_none_or(|m| m.id != other.id));
        let mut spec = Spec {
            standbys: usize::try_from(self.scene.config.standbys).unwrap_or(0),
            ..Spec::default()
        };
        for member in others.chain(member) {
            let had = self.group.target_of(&member.id).unwrap_or(&nothing);
            let process = &*member.process;
            spec.members.insert(&member.id, MemberSpec { process, had });
        }
        if configured.is_ready() {
            let parts = configured.parts.iter();
            let parts = parts.map(|(id, part)| (&**id, (part.tasks, part.is_stateful)));
            spec.subtopologies = parts.collect();
        }
        let mut shares = sticky::assign(&spec);
        for (member, share) in &shares {
            if self.group.target_of(member) != Some(share) {
                self.records.push(self.scribe.target(member, share));
            }
        }
        let made = self.scribe.target_epoch(epoch, self.scene.wall_ms);
        self.records.push(made);
        shares.remove(&*member?.id)
    }

    /// The interval between assignments has passed; a clock that was set back does not stop them.
    fn is_time_to_assign(&self) -> bool {
        let since = self.scene.wall_ms - self.group.target_ms;
        let interval = i64::from(self.scene.config.assignment_interval_ms);
        self.group.target_ms == 0 || !(0..interval).contains(&since)
    }

    /// Takes a member a step towards what it is to have.
    pub(super) fn reconcile(
        &mut self,
        member: Member,
        (epoch, target): (i32, &Assignment),
        owned: Option<&Assignment>,
    ) -> Result<Member, Refusal> {
        let goal = Goal {
            epoch,
            target,
            holders: self.group.holders(),
            owned,
        };
        let next = step(&member, &goal).map_err(|_| {
            let message = "The streams group member is in a unknown state. The member must abandon all its tasks and rejoin.";
            Refusal::new(ErrorCode::FENCED_MEMBER_EPOCH, message)
        })?;
        if next != member {
            self.records.push(self.scribe.current(&next));
            match next.state {
                State::Unrevoked => {
                    self.set(&next.id, Wait::Revocation, next.rebalance_timeout_ms);
                }
                _ => {
                    let timer = Timer::of(&next.id, Wait::Revocation);
                    self.timers.push(Change::Cancel(timer));
                }
            }
        }
        Ok(next)
    }
}
