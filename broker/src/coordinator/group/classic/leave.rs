//! LeaveGroup: members go, or are sent away by an administrator.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::leave_group::{LeaveGroupResponse, MemberResponse};

use super::group::State;
use super::{Answer, Step, Timer, answer};
use crate::coordinator::group::Groups;
use crate::coordinator::{Ask, Effects, Now};

/// A LeaveGroup request.
#[derive(Clone, Debug, Default)]
pub struct Leave {
    /// The group.
    pub group: String,
    /// Who goes.
    pub members: Vec<Leaver>,
}

/// Who goes.
#[derive(Clone, Debug, Default)]
pub struct Leaver {
    /// The member's id; "" where a static member is meant, whatever its id.
    pub member: String,
    /// Its name, if it is static.
    pub instance: Option<String>,
    /// Why, as far as it says.
    pub reason: Option<String>,
}

impl Groups {
    pub(super) fn leave(&mut self, leave: Leave, ask: Ask, now: &mut Now<'_>) -> Effects<Groups> {
        let left = self.step(&leave.group, now, |step| step.leave(&leave, ask));
        left.unwrap_or_else(|| {
            let each = |l: &Leaver| of(l, ErrorCode::UNKNOWN_MEMBER_ID);
            let response = all(leave.members.iter().map(each).collect());
            answer(ask, Answer::Left(response))
        })
    }
}

fn of(leaver: &Leaver, error_code: ErrorCode) -> MemberResponse<'static> {
    MemberResponse {
        member_id: leaver.member.clone().into(),
        group_instance_id: leaver.instance.clone().map(Into::into),
        error_code,
    }
}

fn all(members: Vec<MemberResponse<'static>>) -> LeaveGroupResponse<'static> {
    LeaveGroupResponse {
        members,
        ..Default::default()
    }
}

impl Step<'_, '_> {
    fn leave(&mut self, leave: &Leave, ask: Ask) {
        let mut codes = Vec::new();
        for leaver in &leave.members {
            let code = self.let_go(leaver).err().unwrap_or_default();
            codes.push(of(leaver, code));
        }
        let somebody_left = codes.iter().any(|c| c.error_code == ErrorCode::NONE);
        self.reply(ask, Answer::Left(all(codes)));
        match self.group.state {
            State::Stable | State::Completing if somebody_left => self.prepare_rebalance(),
            State::Preparing if somebody_left => self.maybe_complete_join(),
            _ => {}
        }
    }

    fn let_go(&mut self, leaver: &Leaver) -> Result<(), ErrorCode> {
        if self.group.promised.remove(&leaver.member) {
            self.cancel(Timer::Session(leaver.member.clone()));
            return Ok(());
        }
        let id = match (leaver.member.as_str(), &leaver.instance) {
            ("", Some(instance)) => {
                let present = self.group.statics.get(instance);
                present.cloned().ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?
            }
            (id, instance) => {
                self.group.validate_member(id, instance.as_deref())?;
                id.to_owned()
            }
        };
        tracing::info!(
            group = self.name,
            member = id,
            reason = leaver.reason,
            "it leaves"
        );
        self.drop_member(&id);
        Ok(())
    }
}
