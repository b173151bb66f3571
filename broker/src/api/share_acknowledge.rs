//! ShareAcknowledge (key 79): a member of a share group says what became of records that it was given (KIP-932).

use std::collections::BTreeMap;
use std::sync::Arc;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::{PartitionId, Uuid};
use ottla_protocol::messages::share_acknowledge::{
    PartitionData, ShareAcknowledgeRequest, ShareAcknowledgeResponse, ShareAcknowledgeTopicResponse,
};

use super::{Context, RequestMeta};
use crate::metadata::Image;
use crate::share::are_served;
use crate::share::calls::{Answer, Call};
use crate::share::flight::{Acknowledgement, Kind};
use crate::share::sessions::CLOSE;
use crate::share::settings::ShareSettings;

/// First version that may ask for more time.
pub(super) const RENEWS: i16 = 2;
/// No member's id is longer.
const MEMBER_ID_MAX: usize = 36;

/// Answers a ShareAcknowledge request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: ShareAcknowledgeRequest<'_>,
) -> ShareAcknowledgeResponse<'static> {
    let image = ctx.image();
    let who = Who::of(
        &image,
        request.group_id.as_deref(),
        request.member_id.as_deref(),
    );
    let who = match who {
        Ok(who) => who,
        Err((code, message)) => return refused(code, Some(message)),
    };
    let epoch = request.share_session_epoch;
    let noted = {
        let mut sessions = ctx.shares.sessions.borrow_mut();
        sessions.acknowledge(&who.group, &who.member, epoch)
    };
    if let Err(code) = noted {
        return refused(code, None);
    }
    let mut said = Said::default();
    for topic in &request.topics {
        for p in &topic.partitions {
            let batches = p.acknowledgement_batches.iter();
            let batches =
                batches.map(|b| (b.first_offset, b.last_offset, &b.acknowledge_types[..]));
            let renew = (meta.version >= RENEWS).then_some(request.is_renew_ack);
            said.add(&image, (topic.topic_id, p.partition_index), batches, renew);
        }
    }
    let codes = acknowledge(ctx, &who, said).await;
    if epoch == CLOSE {
        close(ctx, &who).await;
    }
    let mut responses: Vec<ShareAcknowledgeTopicResponse<'static>> = Vec::new();
    for ((topic_id, partition_index), error_code) in codes {
        let data = PartitionData {
            partition_index,
            error_code,
            ..Default::default()
        };
        match responses.last_mut() {
            Some(topic) if topic.topic_id == topic_id => topic.partitions.push(data),
            _ => responses.push(ShareAcknowledgeTopicResponse {
                topic_id,
                partitions: vec![data],
            }),
        }
    }
    ShareAcknowledgeResponse {
        acquisition_lock_timeout_ms: ShareSettings::of(&who.group, &image).lock_ms(),
        responses,
        ..Default::default()
    }
}

fn refused(
    error_code: ErrorCode,
    message: Option<&'static str>,
) -> ShareAcknowledgeResponse<'static> {
    ShareAcknowledgeResponse {
        error_code,
        error_message: Some(message.unwrap_or(error_code.message()).into()),
        ..Default::default()
    }
}

/// The member that asks.
pub(super) struct Who {
    pub(super) group: Arc<str>,
    pub(super) member: Arc<str>,
}

impl Who {
    /// As the request says.
    ///
    /// # Errors
    /// 35, 42, in words.
    pub(super) fn of(
        image: &Image,
        group: Option<&str>,
        member: Option<&str>,
    ) -> Result<Who, (ErrorCode, &'static str)> {
        if !are_served(image) {
            return Err((
                ErrorCode::UNSUPPORTED_VERSION,
                "Share groups are switched off.",
            ));
        }
        let group = group.ok_or((
            ErrorCode::INVALID_REQUEST,
            "Invalid group id in the request.",
        ))?;
        let valid = |id: &&str| !id.is_empty() && id.len() <= MEMBER_ID_MAX;
        let member = member.filter(valid);
        let member = member.ok_or((
            ErrorCode::INVALID_REQUEST,
            "Invalid member id in the request.",
        ))?;
        Ok(Who {
            group: group.into(),
            member: member.into(),
        })
    }
}

/// A topic's id and a partition's number.
pub(super) type Place = (Uuid, i32);

/// What a request says of records.
#[derive(Default)]
pub(super) struct Said {
    parts: Vec<(PartitionId, Vec<Acknowledgement>)>,
    codes: BTreeMap<Place, ErrorCode>,
}

impl Said {
    /// Takes what is said of one partition; `renew` says whether more time is asked for, `None` that it cannot be.
    pub(super) fn add<'a>(
        &mut self,
        image: &Image,
        place: Place,
        batches: impl Iterator<Item = (i64, i64, &'a [i8])>,
        renew: Option<bool>,
    ) {
        let (topic, partition) = place;
        let id = PartitionId { topic, partition };
        let code = match read(batches, renew) {
            _ if image.topics.with_id(topic).is_none() => ErrorCode::UNKNOWN_TOPIC_ID,
            None => ErrorCode::INVALID_REQUEST,
            Some(_) if image.topics.partition(id).is_none() => {
                ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
            }
            Some(said) => {
                if !said.is_empty() {
                    self.parts.push((id, said));
                }
                ErrorCode::NONE
            }
        };
        self.codes.insert(place, code);
    }
}

fn read<'a>(
    batches: impl Iterator<Item = (i64, i64, &'a [i8])>,
    renew: Option<bool>,
) -> Option<Vec<Acknowledgement>> {
    let mut said = Vec::new();
    let mut before = -1;
    for (first, last, kinds) in batches {
        let kinds: Option<Vec<Kind>> = kinds.iter().map(|kind| Kind::of(*kind)).collect();
        let kinds = kinds.filter(|kinds| !kinds.is_empty())?;
        let fits = kinds.len() == 1 || i64::try_from(kinds.len()).ok()? - 1 == last - first;
        let renews = kinds.contains(&Kind::Renew);
        if first < 0 || first > last || first < before || last == i64::MAX || !fits {
            return None;
        }
        if renews && renew != Some(true) {
            return None;
        }
        before = last;
        said.push(Acknowledgement { first, last, kinds });
    }
    Some(said)
}

/// Has the owners take what was said; a code for each partition.
pub(super) async fn acknowledge(
    ctx: &Context,
    who: &Who,
    said: Said,
) -> BTreeMap<Place, ErrorCode> {
    let Said { parts, mut codes } = said;
    let mut pending = Vec::new();
    for (shard, parts) in ctx.shares.by_owner(parts, |(id, _)| *id) {
        let ids: Vec<PartitionId> = parts.iter().map(|(id, _)| *id).collect();
        let call = Call::Acknowledge {
            group: who.group.clone(),
            member: who.member.clone(),
            parts,
        };
        pending.push((ids, ctx.shares.start(shard, call).await));
    }
    for (ids, started) in pending {
        let answer = match started {
            Ok(pending) => pending.await.ok(),
            Err(_) => None,
        };
        let said = match answer {
            Some(Answer::Acknowledge(said)) if said.len() == ids.len() => said,
            _ => vec![ErrorCode::NOT_LEADER_OR_FOLLOWER; ids.len()],
        };
        for (id, code) in ids.into_iter().zip(said) {
            codes.insert((id.topic, id.partition), code);
        }
    }
    codes
}

/// Ends a session: what it has goes back.
pub(super) async fn close(ctx: &Context, who: &Who) {
    let closed = {
        let mut sessions = ctx.shares.sessions.borrow_mut();
        sessions.close(&who.group, &who.member)
    };
    if let Some(closed) = closed {
        ctx.shares.release(closed).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_said_is_refused() {
        let takes = |batches: &[(i64, i64, &[i8])], renew| read(batches.iter().copied(), renew);
        assert!(takes(&[(0, 9, &[1]), (10, 11, &[2, 3])], Some(false)).is_some());
        assert_eq!(takes(&[(9, 0, &[1])], None), None);
        assert_eq!(takes(&[(0, 9, &[])], None), None);
        assert_eq!(takes(&[(0, 9, &[1, 1])], None), None);
        assert_eq!(takes(&[(0, 9, &[5])], None), None);
        assert_eq!(takes(&[(5, 9, &[1]), (0, 4, &[1])], None), None);
        assert_eq!(takes(&[(0, 9, &[4])], Some(false)), None);
        assert_eq!(takes(&[(0, 9, &[4])], None), None);
        assert!(takes(&[(0, 9, &[4])], Some(true)).is_some());
    }
}
