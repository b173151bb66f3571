//! Requests of the classic protocol to a consumer group.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::join_group::JoinGroupResponse;
use ottla_protocol::messages::leave_group::{LeaveGroupResponse, MemberResponse};
use ottla_protocol::messages::sync_group::SyncGroupResponse;

use super::super::classic::{self, Join, Leave, Sync};
use super::super::{Answer, Groups};
use super::decide::{Draft, Refusal};
use crate::coordinator::{Ask, Effects, Now};

impl Groups {
    /// Hears a member that speaks the classic protocol.
    pub(in super::super) fn classic_member(
        &mut self,
        command: classic::Command,
        ask: Ask,
        now: &mut Now<'_>,
    ) -> Effects<Groups> {
        match command {
            classic::Command::Join(join) => self.decide_classic(&join.group, ask, now, |draft| {
                classic::Answer::Joined(joined(draft, &join))
            }),
            classic::Command::Sync(sync) => self.decide_classic(&sync.group, ask, now, |draft| {
                classic::Answer::Synced(synced(draft, &sync))
            }),
            classic::Command::Heartbeat(beat) => {
                self.decide_classic(&beat.group, ask, now, |draft| {
                    let refused = draft.hear_classic(&beat).err();
                    classic::Answer::Heard(refused.map_or(ErrorCode::NONE, |r| r.code))
                })
            }
            classic::Command::Leave(leave) => {
                self.decide_classic(&leave.group, ask, now, |draft| {
                    classic::Answer::Left(left(draft, &leave))
                })
            }
            // Not a member's.
            classic::Command::Describe(_) | classic::Command::Adopt { .. } => Effects::none(),
        }
    }

    fn decide_classic(
        &mut self,
        name: &str,
        ask: Ask,
        now: &mut Now<'_>,
        work: impl FnOnce(&mut Draft<'_>) -> classic::Answer,
    ) -> Effects<Groups> {
        let mut answer = None;
        let mut effects = self.decide(name, now, |draft| answer = Some(work(draft)));
        if let Some(answer) = answer {
            effects.reply(ask, Answer::Classic(answer));
        }
        effects
    }
}

fn joined(draft: &mut Draft<'_>, join: &Join) -> JoinGroupResponse<'static> {
    match draft.join_classic(join) {
        Ok(joined) => JoinGroupResponse {
            generation_id: joined.generation,
            protocol_type: Some(classic::group::CONSUMER.into()),
            protocol_name: Some(joined.protocol.into()),
            member_id: joined.member.into(),
            ..Default::default()
        },
        Err(refusal) => {
            draft.forget();
            let code = refusal.code;
            let member = match code {
                ErrorCode::MEMBER_ID_REQUIRED => refusal.message,
                _ => join.member.clone(),
            };
            JoinGroupResponse {
                error_code: code,
                member_id: member.into(),
                ..Default::default()
            }
        }
    }
}

fn synced(draft: &mut Draft<'_>, sync: &Sync) -> SyncGroupResponse<'static> {
    match draft.sync_classic(sync) {
        Ok(assignment) => SyncGroupResponse {
            protocol_type: sync.protocol_type.clone().map(Into::into),
            protocol_name: sync.protocol.clone().map(Into::into),
            assignment: assignment.into(),
            ..Default::default()
        },
        Err(Refusal { code, .. }) => SyncGroupResponse {
            error_code: code,
            ..Default::default()
        },
    }
}

fn left(draft: &mut Draft<'_>, leave: &Leave) -> LeaveGroupResponse<'static> {
    let codes = draft.leave_classic(leave);
    let each = leave.members.iter().zip(codes);
    let each = each.map(|(leaver, error_code)| MemberResponse {
        member_id: leaver.member.clone().into(),
        group_instance_id: leaver.instance.clone().map(Into::into),
        error_code,
    });
    LeaveGroupResponse {
        members: each.collect(),
        ..Default::default()
    }
}
