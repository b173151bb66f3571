//! DeleteTopics (key 20): by name, from version 6 by id too.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::delete_topics::{
    DeletableTopicResult, DeleteTopicsRequest, DeleteTopicsResponse,
};

use super::{Context, RequestMeta};
use crate::controller::{Command, Deleted, Outcome, TopicRef};

/// First version that knows error 73, deletion disabled.
const DISABLED: i16 = 3;

/// Answers a DeleteTopics request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: DeleteTopicsRequest<'_>,
) -> DeleteTopicsResponse<'static> {
    let named = request.topic_names.iter().map(|name| TopicRef {
        name: Some(name.to_string()),
        ..Default::default()
    });
    let either = request.topics.iter().map(|topic| TopicRef {
        name: topic.name.as_ref().map(|name| name.to_string()),
        id: topic.topic_id,
    });
    let topics: Vec<TopicRef> = named.chain(either).collect();
    let outcome = ctx
        .controller(Command::DeleteTopics {
            topics: topics.clone(),
        })
        .await;
    answer(meta.version, topics, outcome)
}

fn answer(version: i16, topics: Vec<TopicRef>, outcome: Outcome) -> DeleteTopicsResponse<'static> {
    let deleted = match outcome {
        Outcome::Deleted(deleted) => deleted,
        other => {
            let mut refusal = super::refusal(other);
            if refusal.code == ErrorCode::TOPIC_DELETION_DISABLED && version < DISABLED {
                refusal.code = ErrorCode::INVALID_REQUEST;
            }
            let refused = |topic: TopicRef| Deleted {
                name: topic.name,
                id: topic.id,
                result: Err(refusal.clone()),
            };
            topics.into_iter().map(refused).collect()
        }
    };
    let responses = deleted.into_iter().map(|deleted| {
        let (error_code, error_message) = super::code_and_text(deleted.result);
        let name = deleted.name.map(Into::into);
        DeletableTopicResult {
            name,
            topic_id: deleted.id,
            error_code,
            error_message,
        }
    });
    DeleteTopicsResponse {
        responses: responses.collect(),
        ..Default::default()
    }
}
