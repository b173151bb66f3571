//! DescribeLogDirs (key 35): how many bytes each partition has on this node's disk.

use std::collections::BTreeMap;

use ottla_protocol::ids::PartitionId;
use ottla_protocol::messages::describe_log_dirs::{
    DescribeLogDirsPartition, DescribeLogDirsRequest, DescribeLogDirsResponse,
    DescribeLogDirsResult, DescribeLogDirsTopic,
};

use super::{Close, Context, RequestMeta};
use crate::metadata::Image;

/// Answers a DescribeLogDirs request. The size of the whole disk is not known (-1), what is free on it is.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: DescribeLogDirsRequest<'_>,
) -> Result<DescribeLogDirsResponse<'static>, Close> {
    let sizes = ctx.log_sizes().await?;
    let image = ctx.image();
    let free = ottla_runtime::fs::free_space(directory(&image)).await;
    let free = free
        .ok()
        .and_then(|bytes| i64::try_from(bytes).ok())
        .unwrap_or(-1);
    Ok(answer(&image, &request, &sizes, free))
}

/// The folder that holds everything.
pub(super) fn directory(image: &Image) -> &str {
    let settings = &image.broker_config.settings;
    match settings.text("log.dirs") {
        "" => settings.text("log.dir"),
        dirs => dirs,
    }
}

fn answer(
    image: &Image,
    request: &DescribeLogDirsRequest<'_>,
    sizes: &BTreeMap<PartitionId, u64>,
    free: i64,
) -> DescribeLogDirsResponse<'static> {
    let mut topics: BTreeMap<String, Vec<DescribeLogDirsPartition>> = BTreeMap::new();
    for (id, bytes) in sizes {
        let Some(topic) = image.topics.with_id(id.topic) else {
            continue;
        };
        let asked = request.topics.as_ref().is_none_or(|topics| {
            topics
                .iter()
                .any(|asked| asked.topic == *topic.name && asked.partitions.contains(&id.partition))
        });
        if asked {
            topics
                .entry(topic.name.to_string())
                .or_default()
                .push(DescribeLogDirsPartition {
                    partition_index: id.partition,
                    partition_size: i64::try_from(*bytes).unwrap_or(i64::MAX),
                    offset_lag: 0,
                    is_future_key: false,
                });
        }
    }
    let topics = topics
        .into_iter()
        .map(|(name, partitions)| DescribeLogDirsTopic {
            name: name.into(),
            partitions,
        });
    let result = DescribeLogDirsResult {
        log_dir: directory(image).to_string().into(),
        topics: topics.collect(),
        total_bytes: -1,
        usable_bytes: free,
        ..Default::default()
    };
    DescribeLogDirsResponse {
        results: vec![result],
        ..Default::default()
    }
}
