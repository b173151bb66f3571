//! OffsetDelete (key 47): single offsets of a group that does not read their topics.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestTopic, OffsetDeleteResponse,
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};

use super::{Context, RequestMeta};
use crate::coordinator::group::{Answer, Command, TopicCodes};
use crate::metadata::Image;

/// Answers an OffsetDelete request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: OffsetDeleteRequest<'_>,
) -> OffsetDeleteResponse<'static> {
    let (known, mut answered) = sort(&ctx.image(), &request.topics);
    match delete(ctx, &request.group_id, known).await {
        Ok(codes) => {
            answered.extend(codes);
            OffsetDeleteResponse {
                topics: merged(&request.topics, answered),
                ..Default::default()
            }
        }
        Err(error_code) => OffsetDeleteResponse {
            error_code,
            ..Default::default()
        },
    }
}

/// The partitions that there are, and the answer of those that are not.
fn sort(
    image: &Image,
    topics: &[OffsetDeleteRequestTopic<'_>],
) -> (Vec<(String, Vec<i32>)>, TopicCodes) {
    let (mut known, mut unknown) = (Vec::new(), TopicCodes::new());
    for topic in topics {
        let found = image.topics.named(&topic.name);
        let is_known = |p: &i32| found.is_some_and(|t| t.partition(*p).is_some());
        let numbers = topic.partitions.iter().map(|p| p.partition_index);
        let (here, missing): (Vec<i32>, Vec<i32>) = numbers.partition(is_known);
        let fail = |p| (p, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        if !here.is_empty() {
            known.push((topic.name.to_string(), here));
        }
        unknown.push((
            topic.name.to_string(),
            missing.into_iter().map(fail).collect(),
        ));
    }
    (known, unknown)
}

async fn delete(
    ctx: &Context,
    group: &str,
    topics: Vec<(String, Vec<i32>)>,
) -> Result<TopicCodes, ErrorCode> {
    if group.is_empty() {
        return Err(ErrorCode::INVALID_GROUP_ID);
    }
    let command = Command::DeleteOffsets {
        group: group.to_owned(),
        topics,
    };
    match ctx.coordinators.group(group, command).await? {
        Answer::OffsetsDeleted(codes) => codes,
        other => Err(super::unexpected("group coordinator", &other)),
    }
}

/// One topic for each that was asked, with all of its codes.
fn merged(
    asked: &[OffsetDeleteRequestTopic<'_>],
    codes: TopicCodes,
) -> Vec<OffsetDeleteResponseTopic<'static>> {
    let mut topics: Vec<OffsetDeleteResponseTopic<'static>> = Vec::new();
    for topic in asked {
        let mut partitions = Vec::new();
        for (_, some) in codes.iter().filter(|(name, _)| *name == topic.name) {
            partitions.extend(some.iter().map(|(p, code)| OffsetDeleteResponsePartition {
                partition_index: *p,
                error_code: *code,
            }));
        }
        topics.push(OffsetDeleteResponseTopic {
            name: topic.name.to_string().into(),
            partitions,
        });
    }
    topics
}
