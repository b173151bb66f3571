//! DeleteShareGroupOffsets (key 92): a share group without members forgets how far it is in topics (KIP-932).

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::delete_share_group_offsets::{
    DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsResponse,
    DeleteShareGroupOffsetsResponseTopic,
};

use super::{Context, RequestMeta, share_state};
use crate::coordinator::group::share::{Answer, Command, OldOffsets};
use crate::coordinator::share::Refusal;
use crate::share::are_served;

/// Answers a DeleteShareGroupOffsets request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: DeleteShareGroupOffsetsRequest<'_>,
) -> DeleteShareGroupOffsetsResponse<'static> {
    if !are_served(&ctx.image()) {
        return failed(Refusal::plain(ErrorCode::UNSUPPORTED_VERSION));
    }
    let name = request.group_id.to_string();
    if name.is_empty() {
        return failed(Refusal::plain(ErrorCode::INVALID_GROUP_ID));
    }
    let topics = request.topics.iter().map(|t| t.topic_name.to_string());
    match delete(ctx, &name, Some(topics.collect())).await {
        Ok(responses) => DeleteShareGroupOffsetsResponse {
            responses,
            ..Default::default()
        },
        Err(refusal) => failed(refusal),
    }
}

fn failed(refusal: Refusal) -> DeleteShareGroupOffsetsResponse<'static> {
    DeleteShareGroupOffsetsResponse {
        error_code: refusal.code,
        error_message: Some(refusal.message.into()),
        ..Default::default()
    }
}

/// Deletes the state of these topics, or of all: first the group notes that it is to go, so that a deletion that is cut short is
/// gone on with by the next.
///
/// # Errors
/// 68, 69; 14, 15, 16.
pub(super) async fn delete(
    ctx: &Context,
    name: &str,
    topics: Option<Vec<String>>,
) -> Result<Vec<DeleteShareGroupOffsetsResponseTopic<'static>>, Refusal> {
    let command = Command::Delete {
        group: name.to_owned(),
        topics,
    };
    let old = match share_state::group(ctx, name, command).await {
        Ok(Answer::Deleting(Ok(old))) => old,
        Ok(Answer::Deleting(Err(refusal))) => {
            return Err(Refusal {
                code: refusal.code,
                message: refusal.message,
            });
        }
        Ok(other) => {
            return Err(Refusal::plain(super::unexpected(
                "group coordinator",
                &other,
            )));
        }
        Err(code) => return Err(Refusal::plain(code)),
    };
    let mut answers = Vec::with_capacity(old.len());
    let mut deleted = Vec::new();
    for OldOffsets {
        name: topic,
        id,
        partitions,
    } in old
    {
        let outcome = match partitions {
            Ok(partitions) => share_state::delete(ctx, name, id, partitions).await,
            Err(why) => Err(Refusal {
                code: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                message: why.to_owned(),
            }),
        };
        if outcome.is_ok() {
            deleted.push(id);
        }
        let refusal = outcome.err();
        answers.push(DeleteShareGroupOffsetsResponseTopic {
            topic_name: topic.into(),
            topic_id: id,
            error_code: refusal.as_ref().map_or(ErrorCode::NONE, |r| r.code),
            error_message: refusal.map(|r| r.message.into()),
        });
    }
    let command = Command::Deleted {
        group: name.to_owned(),
        topics: deleted,
    };
    let noted = share_state::group(ctx, name, command).await;
    noted.map_err(Refusal::plain)?;
    Ok(answers)
}
