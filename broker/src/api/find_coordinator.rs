//! FindCoordinator (key 10): which node coordinates a group, a transactional id, a share partition.
//!
//! The topic of the coordinators is made when it is first asked for. Kafka answers 15 meanwhile; here the answer waits
//! until it serves.

use std::borrow::Cow;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::find_coordinator::{
    Coordinator, FindCoordinatorRequest, FindCoordinatorResponse,
};

use super::brokers::Reachable;
use super::{Context, RequestMeta};
use crate::coordinator::topics::{Kind, partition_of};

/// First version that asks about several keys.
const SEVERAL_KEYS: i16 = 4;
/// First version that knows share partitions.
const SHARE_KEYS: i16 = 6;

/// Answers a FindCoordinator request.
pub async fn handle(
    ctx: &Context,
    meta: &RequestMeta,
    request: FindCoordinatorRequest<'_>,
) -> FindCoordinatorResponse<'static> {
    let keys = match meta.version {
        SEVERAL_KEYS.. => request.coordinator_keys,
        _ => vec![request.key],
    };
    let kind = kind(request.key_type, meta.version);
    if let (Ok(kind), false) = (kind, keys.is_empty()) {
        // Whether it could be made is seen below.
        let _ = ctx.coordinators.topic(kind).await;
    }
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        let place = kind.and_then(|kind| find(ctx, meta, kind, &key));
        found.push(coordinator(key.into_owned(), place));
    }
    if meta.version >= SEVERAL_KEYS {
        return FindCoordinatorResponse {
            coordinators: found,
            ..Default::default()
        };
    }
    let one = found.pop().unwrap_or_default();
    FindCoordinatorResponse {
        error_code: one.error_code,
        error_message: one.error_message,
        node_id: one.node_id,
        host: one.host,
        port: one.port,
        ..Default::default()
    }
}

type Place = (i32, String, i32);

fn kind(key_type: i8, version: i16) -> Result<Kind, ErrorCode> {
    match Kind::of_key_type(key_type) {
        Some(Kind::Share) if version < SHARE_KEYS => Err(ErrorCode::INVALID_REQUEST),
        Some(kind) => Ok(kind),
        None => Err(ErrorCode::INVALID_REQUEST),
    }
}

fn find(ctx: &Context, meta: &RequestMeta, kind: Kind, key: &str) -> Result<Place, ErrorCode> {
    if kind == Kind::Share && !is_share_key(key) {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    let image = ctx.image();
    let reachable = Reachable::new(&image, meta);
    let place = image.topics.named(kind.topic()).and_then(|topic| {
        let number = partition_of(key, topic.partitions.len() as i32);
        let leader = topic.partition(number)?.leader;
        let (broker, address) = reachable.all().find(|(broker, _)| broker.id == leader)?;
        Some((
            broker.id.0,
            address.host.to_owned(),
            i32::from(address.port),
        ))
    });
    place.ok_or(ErrorCode::COORDINATOR_NOT_AVAILABLE)
}

/// `group:topic id:partition`
fn is_share_key(key: &str) -> bool {
    let mut parts = key.rsplitn(3, ':');
    let (partition, topic, group) = (parts.next(), parts.next(), parts.next());
    partition.is_some_and(|p| p.parse::<i32>().is_ok_and(|p| p >= 0))
        && topic.is_some_and(|t| t.parse::<ottla_protocol::ids::Uuid>().is_ok())
        && group.is_some_and(|g| !g.is_empty())
}

fn coordinator(key: String, place: Result<Place, ErrorCode>) -> Coordinator<'static> {
    let key = Cow::Owned(key);
    match place {
        Ok((node_id, host, port)) => Coordinator {
            key,
            node_id,
            host: host.into(),
            port,
            ..Default::default()
        },
        Err(code) => Coordinator {
            key,
            node_id: -1,
            host: "".into(),
            port: -1,
            error_code: code,
            error_message: Some(code.message().into()),
        },
    }
}
