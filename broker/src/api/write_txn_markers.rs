//! WriteTxnMarkers (key 27): ends transactions in partitions, for a coordinator or for an operator (KIP-664).

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::write_txn_markers::{
    WritableTxnMarker, WritableTxnMarkerPartitionResult, WritableTxnMarkerResult,
    WritableTxnMarkerTopicResult, WriteTxnMarkersRequest, WriteTxnMarkersResponse,
};
use ottla_protocol::record::EndMarker;

use super::{Close, Context, RequestMeta};
use crate::coordinator::Producer;
use crate::coordinator::group::Command;
use crate::coordinator::topics::Kind;
use crate::metadata::Image;
use crate::partition::calls::{Answer, Call, EndTxn, Marker};

/// Answers a WriteTxnMarkers request.
pub async fn handle(
    ctx: &Context,
    _meta: &RequestMeta,
    request: WriteTxnMarkersRequest<'_>,
) -> Result<WriteTxnMarkersResponse<'static>, Close> {
    let image = ctx.image();
    let mut ends = Vec::new();
    let mut of_groups = Vec::new();
    for marker in &request.markers {
        for topic in &marker.topics {
            for partition in &topic.partition_indexes {
                let end = end_of(&image, marker, &topic.name, *partition);
                let end = match end {
                    Ok(end) if topic.name == Kind::Group.topic() => {
                        of_groups.push((ends.len(), end));
                        // What its coordinator answers comes in its place.
                        Err(ErrorCode::NONE)
                    }
                    end => end,
                };
                ends.push(end.map(|end| (end.id, end)));
            }
        }
    }
    let take = |answer| {
        if let Answer::Markers(written) = answer {
            Some(written)
        } else {
            None
        }
    };
    let mut written = ctx.router.scatter(ends, Call::Markers, take, Err).await?;
    for (at, end) in of_groups {
        written[at] = end_in_group(ctx, &image, end).await;
    }
    let mut written = written.into_iter();
    let markers = request.markers.iter().map(|marker| {
        let topics = marker.topics.iter().map(|topic| {
            let partitions = topic.partition_indexes.iter().zip(written.by_ref());
            WritableTxnMarkerTopicResult {
                name: topic.name.clone().into_owned().into(),
                partitions: partitions.map(|(at, w)| answer(*at, w)).collect(),
            }
        });
        WritableTxnMarkerResult {
            producer_id: marker.producer_id,
            topics: topics.collect(),
        }
    });
    Ok(WriteTxnMarkersResponse {
        markers: markers.collect(),
    })
}

fn end_of(
    image: &Image,
    marker: &WritableTxnMarker<'_>,
    topic: &str,
    partition: i32,
) -> Result<EndTxn, ErrorCode> {
    let topic = image
        .topics
        .named(topic)
        .filter(|topic| topic.partition(partition).is_some())
        .ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    if marker.producer_id < 0 || marker.producer_epoch < 0 {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    Ok(EndTxn {
        id: topic.partition_id(partition),
        marker: Marker {
            producer_id: marker.producer_id,
            epoch: marker.producer_epoch,
            end: EndMarker {
                committed: marker.transaction_result,
                coordinator_epoch: marker.coordinator_epoch,
            },
        },
        version: marker.transaction_version,
    })
}

/// A group coordinator keeps what its transactions will commit, and writes its markers itself.
async fn end_in_group(ctx: &Context, image: &Image, end: EndTxn) -> Result<(), ErrorCode> {
    let topic = image.topics.with_id(end.id.topic);
    let topic = topic.ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    let command = Command::EndTransaction {
        producer: Producer {
            id: end.marker.producer_id,
            epoch: end.marker.epoch,
        },
        coordinator_epoch: end.marker.end.coordinator_epoch,
        commit: end.marker.end.committed,
        version: end.version,
    };
    let ended = ctx.coordinators.group_at(topic, end.id.partition, command);
    // Whoever asks knows partitions, not coordinators.
    ended.await.map(drop).map_err(|code| match code {
        ErrorCode::COORDINATOR_NOT_AVAILABLE
        | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
        | ErrorCode::NOT_COORDINATOR => ErrorCode::NOT_LEADER_OR_FOLLOWER,
        code => code,
    })
}

fn answer(
    partition_index: i32,
    written: Result<(), ErrorCode>,
) -> WritableTxnMarkerPartitionResult {
    WritableTxnMarkerPartitionResult {
        partition_index,
        error_code: written.err().unwrap_or_default(),
    }
}
