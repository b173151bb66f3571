//! WriteTxnMarkers (key 27): ends transactions in partitions, for a coordinator or for an operator (KIP-664).

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::write_txn_markers::{
    WritableTxnMarker, WritableTxnMarkerPartitionResult, WritableTxnMarkerResult,
    WritableTxnMarkerTopicResult, WriteTxnMarkersRequest, WriteTxnMarkersResponse,
};
use ottla_protocol::record::EndMarker;

use super::{Close, Context, RequestMeta};
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
    for marker in &request.markers {
        for topic in &marker.topics {
            for partition in &topic.partition_indexes {
                let end = end_of(&image, marker, &topic.name, *partition);
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
    let mut written = ctx
        .router
        .scatter(ends, Call::Markers, take, Err)
        .await?
        .into_iter();
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

fn answer(
    partition_index: i32,
    written: Result<(), ErrorCode>,
) -> WritableTxnMarkerPartitionResult {
    WritableTxnMarkerPartitionResult {
        partition_index,
        error_code: written.err().unwrap_or_default(),
    }
}
