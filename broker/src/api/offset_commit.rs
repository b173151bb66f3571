//! OffsetCommit (key 8): how far a group has come.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;
use ottla_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitResponse,
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};

use super::{Context, RequestMeta};
use crate::coordinator::group::offsets::{Commit, Committer, NewOffset};
use crate::coordinator::group::{Answer, Command};
use crate::metadata::{Image, Topic};

/// First version that names topics by id.
const BY_ID: i16 = 10;

/// Answers an OffsetCommit request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: OffsetCommitRequest<'_>,
) -> OffsetCommitResponse<'static> {
    let image = ctx.image();
    let mut response = OffsetCommitResponse::default();
    let mut offsets = Vec::new();
    for topic in &request.topics {
        let known = known(&image, meta.version, &topic.name, topic.topic_id);
        let partitions = topic.partitions.iter().map(|p| {
            let error_code = match known {
                Ok(known) if known.partition(p.partition_index).is_some() => {
                    offsets.push(new_offset(known, p));
                    ErrorCode::NONE
                }
                Ok(_) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                Err(code) => code,
            };
            OffsetCommitResponsePartition {
                partition_index: p.partition_index,
                error_code,
            }
        });
        response.topics.push(OffsetCommitResponseTopic {
            partitions: partitions.collect(),
            name: topic.name.to_string().into(),
            topic_id: topic.topic_id,
        });
    }
    let codes = match offsets.is_empty() {
        true => Ok(Vec::new()),
        false => commit(ctx, meta, &request, offsets).await,
    };
    put(&mut response, codes);
    response
}

async fn commit(
    ctx: &Context,
    meta: &RequestMeta,
    request: &OffsetCommitRequest<'_>,
    offsets: Vec<NewOffset>,
) -> Result<Vec<ErrorCode>, ErrorCode> {
    let commit = Commit {
        group: request.group_id.to_string(),
        member: Committer {
            version: meta.version,
            id: request.member_id.to_string(),
            instance: request.group_instance_id.as_deref().map(str::to_owned),
            generation: request.generation_id_or_member_epoch,
        },
        retention_ms: Some(request.retention_time_ms).filter(|ms| *ms != -1),
        txn: None,
        offsets,
    };
    let answer = ctx
        .coordinators
        .group(&request.group_id, Command::Commit(commit))
        .await?;
    match answer {
        Answer::Committed(codes) => codes,
        other => Err(super::unexpected("group coordinator", &other)),
    }
}

fn known<'a>(image: &'a Image, version: i16, name: &str, id: Uuid) -> Result<&'a Topic, ErrorCode> {
    match version {
        BY_ID.. => image.topics.with_id(id).ok_or(ErrorCode::UNKNOWN_TOPIC_ID),
        _ => {
            let topic = image.topics.named(name);
            topic.ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
        }
    }
    .map(|topic| &**topic)
}

fn new_offset(topic: &Topic, p: &OffsetCommitRequestPartition<'_>) -> NewOffset {
    NewOffset {
        topic: topic.name.to_string(),
        topic_id: topic.id,
        partition: p.partition_index,
        offset: p.committed_offset,
        leader_epoch: p.committed_leader_epoch,
        metadata: p.committed_metadata.as_deref().unwrap_or("").to_owned(),
    }
}

/// Puts the coordinator's codes where the request's partitions were fine; one for all is each one's.
fn put(response: &mut OffsetCommitResponse<'_>, codes: Result<Vec<ErrorCode>, ErrorCode>) {
    let fine = response
        .topics
        .iter_mut()
        .flat_map(|topic| &mut topic.partitions)
        .filter(|p| p.error_code == ErrorCode::NONE);
    match codes {
        Ok(codes) => fine.zip(codes).for_each(|(p, code)| p.error_code = code),
        Err(code) => fine.for_each(|p| p.error_code = code),
    }
}
