//! AlterReplicaLogDirs (key 34): moving a replica between folders. There is one folder, so there is nothing to move.

use std::collections::BTreeMap;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::alter_replica_log_dirs::{
    AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult, AlterReplicaLogDirsRequest,
    AlterReplicaLogDirsResponse,
};

use super::describe_log_dirs::directory;
use super::{Context, RequestMeta};
use crate::metadata::Image;

/// Answers an AlterReplicaLogDirs request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: AlterReplicaLogDirsRequest<'_>,
) -> AlterReplicaLogDirsResponse<'static> {
    answer(&ctx.image(), &request)
}

fn answer(
    image: &Image,
    request: &AlterReplicaLogDirsRequest<'_>,
) -> AlterReplicaLogDirsResponse<'static> {
    let mut results: BTreeMap<&str, Vec<AlterReplicaLogDirPartitionResult>> = BTreeMap::new();
    for dir in &request.dirs {
        for topic in &dir.topics {
            let known = image.topics.named(&topic.name);
            let partitions =
                topic
                    .partitions
                    .iter()
                    .map(|number| AlterReplicaLogDirPartitionResult {
                        partition_index: *number,
                        error_code: match known.and_then(|topic| topic.partition(*number)) {
                            _ if dir.path != directory(image) => ErrorCode::LOG_DIR_NOT_FOUND,
                            Some(_) => ErrorCode::NONE,
                            None => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                        },
                    });
            results.entry(&topic.name).or_default().extend(partitions);
        }
    }
    let results = results
        .into_iter()
        .map(|(name, partitions)| AlterReplicaLogDirTopicResult {
            topic_name: name.to_string().into(),
            partitions,
        });
    AlterReplicaLogDirsResponse {
        results: results.collect(),
        ..Default::default()
    }
}
