//! DescribeShareGroupOffsets (key 90): how far share groups are (KIP-932, KIP-1226).

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_protocol::messages::describe_share_group_offsets::{
    DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsRequestGroup,
    DescribeShareGroupOffsetsResponse, DescribeShareGroupOffsetsResponseGroup,
    DescribeShareGroupOffsetsResponsePartition, DescribeShareGroupOffsetsResponseTopic,
};

use super::{Context, RequestMeta, share_state};
use crate::coordinator::group::share::{Answer, Command, Known};
use crate::coordinator::share::Verb;
use crate::partition::calls::{self, ListOffset};
use crate::share::are_served;
use crate::share::settings::ShareSettings;

/// Not known.
const UNKNOWN: i64 = -1;
const LATEST: i64 = -1;

/// Answers a DescribeShareGroupOffsets request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: DescribeShareGroupOffsetsRequest<'_>,
) -> DescribeShareGroupOffsetsResponse<'static> {
    let mut groups = Vec::with_capacity(request.groups.len());
    for group in &request.groups {
        let described = describe(ctx, group).await;
        let (error_code, error_message, topics) = match described {
            Ok(topics) => (ErrorCode::NONE, None, topics),
            Err((code, message)) => (code, Some(message.into()), Vec::new()),
        };
        groups.push(DescribeShareGroupOffsetsResponseGroup {
            group_id: group.group_id.to_string().into(),
            topics,
            error_code,
            error_message,
        });
    }
    DescribeShareGroupOffsetsResponse {
        groups,
        ..Default::default()
    }
}

type Topics = Vec<DescribeShareGroupOffsetsResponseTopic<'static>>;

async fn describe(
    ctx: &Context,
    asked: &DescribeShareGroupOffsetsRequestGroup<'_>,
) -> Result<Topics, (ErrorCode, String)> {
    let plain = |code: ErrorCode| (code, code.message().to_owned());
    if !are_served(&ctx.image()) {
        return Err(plain(ErrorCode::UNSUPPORTED_VERSION));
    }
    let name = &*asked.group_id;
    if name.is_empty() {
        return Err(plain(ErrorCode::INVALID_GROUP_ID));
    }
    let command = Command::Known(name.to_owned());
    let known: Known = match share_state::group(ctx, name, command).await {
        Ok(Answer::Known(Ok(known))) => known,
        Ok(Answer::Known(Err(missing))) => {
            let text = missing.words(name, "share");
            return Err((ErrorCode::GROUP_ID_NOT_FOUND, text));
        }
        Ok(other) => return Err(plain(super::unexpected("group coordinator", &other))),
        Err(code) => return Err(plain(code)),
    };
    let wanted: Vec<(String, Vec<i32>)> = match &asked.topics {
        Some(topics) => {
            let each = topics.iter();
            each.map(|t| (t.topic_name.to_string(), t.partitions.clone()))
                .collect()
        }
        None => {
            let each = known.values();
            each.map(|of| (of.name.clone(), of.partitions.iter().copied().collect()))
                .collect()
        }
    };
    let mut topics = Topics::new();
    for (topic, partitions) in wanted {
        let id = ctx.image().topics.named(&topic).map(|topic| topic.id);
        let mut answers = Vec::with_capacity(partitions.len());
        for partition_index in partitions {
            let mut answer = DescribeShareGroupOffsetsResponsePartition {
                partition_index,
                start_offset: UNKNOWN,
                lag: UNKNOWN,
                ..Default::default()
            };
            match id {
                None => refuse(&mut answer, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
                Some(topic) => {
                    let has = known.get(&topic);
                    if has.is_some_and(|of| of.partitions.contains(&partition_index)) {
                        let id = PartitionId {
                            topic,
                            partition: partition_index,
                        };
                        summarize(ctx, name, id, &mut answer).await;
                    }
                }
            }
            answers.push(answer);
        }
        topics.push(DescribeShareGroupOffsetsResponseTopic {
            topic_name: topic.into(),
            topic_id: id.unwrap_or_default(),
            partitions: answers,
        });
    }
    Ok(topics)
}

fn refuse(answer: &mut DescribeShareGroupOffsetsResponsePartition<'static>, code: ErrorCode) {
    answer.error_code = code;
    answer.error_message = Some(code.message().into());
}

async fn summarize(
    ctx: &Context,
    group: &str,
    id: PartitionId,
    answer: &mut DescribeShareGroupOffsetsResponsePartition<'static>,
) {
    match share_state::ask(ctx, group, id, Verb::Summary).await {
        Ok(Some(known)) => {
            answer.start_offset = known.start;
            answer.leader_epoch = known.leader_epoch;
            if known.start >= 0 && known.complete_count >= 0 {
                let done = known.start + i64::from(known.complete_count);
                let end = end_of(ctx, group, id).await;
                answer.lag = end.map_or(UNKNOWN, |end| (end - done).max(0));
            }
        }
        Ok(None) => {}
        Err(refusal) => {
            answer.error_code = refusal.code;
            answer.error_message = Some(refusal.message.into());
        }
    }
}

/// Up to where the group may read.
async fn end_of(ctx: &Context, group: &str, id: PartitionId) -> Option<i64> {
    let committed_only = ShareSettings::of(group, &ctx.image()).committed_only;
    let question = ListOffset {
        id,
        timestamp: LATEST,
        current_leader_epoch: -1,
        committed_only,
    };
    let take = |answer| match answer {
        calls::Answer::ListOffsets(found) => Some(found),
        _ => None,
    };
    let questions = vec![Ok((id, question))];
    let found = ctx
        .router
        .scatter(questions, calls::Call::ListOffsets, take, Err);
    let found = found.await.ok()?.pop()?.ok()?;
    Some(found.offset)
}
