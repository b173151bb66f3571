//! From a frame to its handler and back: the table of what is served.

use std::pin::Pin;
use std::rc::Rc;

use bytes::{Buf, BytesMut};
use ottla_protocol::api::{ApiKey, RequestHeader, VersionRange, encode_response};
use ottla_protocol::messages as m;
use ottla_protocol::wire::{Decode, Encode, Frame, Reader};
use ottla_runtime::time;

use super::{Close, ConnInfo, Context, RequestMeta, api_versions};

/// An answer that is being worked on; `None` is the answer to a request that gets none (acks=0).
pub type Later = Pin<Box<dyn Future<Output = Result<Option<Frame>, Close>>>>;

/// A request that has been started.
pub enum Started {
    /// Answered already.
    Ready(Option<Frame>),
    /// What must keep the order of requests is done; the rest runs when this is polled.
    Later(Later),
}

/// The handlers: key, module, request. A handler is `async fn handle(&Context, &RequestMeta, Request) -> Response`; one
/// that may close the connection stands under `closing` and gives `Result<Response, Close>`.
macro_rules! serve {
    (
        plain { $($key:ident => $module:ident($request:ty);)* }
        closing { $($ckey:ident => $cmodule:ident($crequest:ty);)* }
        staged { $($skey:ident => $smodule:ident;)* }
    ) => {
        /// What is served, and therefore what ApiVersions advertises, in no particular order.
        pub const SERVED: &[ApiKey] = &[ApiKey::API_VERSIONS, $(ApiKey::$key,)* $(ApiKey::$ckey,)* $(ApiKey::$skey,)*];

        async fn start(ctx: Rc<Context>, meta: RequestMeta, body: BytesMut) -> Result<Started, Close> {
            match meta.api {
                $(ApiKey::$key => Ok(Started::Later(Box::pin(async move {
                    let request: $request = decode(&meta, &body)?;
                    let response = super::$module::handle(&ctx, &meta, request).await;
                    answer(&ctx, &meta, &response).map(Some)
                }))),)*
                $(ApiKey::$ckey => Ok(Started::Later(Box::pin(async move {
                    let request: $crequest = decode(&meta, &body)?;
                    let response = super::$cmodule::handle(&ctx, &meta, request).await?;
                    answer(&ctx, &meta, &response).map(Some)
                }))),)*
                $(ApiKey::$skey => {
                    let enqueued = super::$smodule::enqueue(&ctx, &meta, body).await?;
                    Ok(Started::Later(Box::pin(async move {
                        match enqueued.finish().await? {
                            Some(response) => answer(&ctx, &meta, &response).map(Some),
                            None => Ok(None),
                        }
                    })))
                })*
                ApiKey::API_VERSIONS => {
                    let request: m::api_versions::ApiVersionsRequest<'_> = decode(&meta, &body)?;
                    let response = api_versions::handle(&ctx, &meta, request);
                    answer(&ctx, &meta, &response).map(|frame| Started::Ready(Some(frame)))
                }
                other => Err(Close::internal(format!("{other} is advertised but has no handler"))),
            }
        }
    };
}

serve! {
    plain {
    }
    closing {
        DELETE_RECORDS => delete_records(m::delete_records::DeleteRecordsRequest<'_>);
        DESCRIBE_PRODUCERS => describe_producers(m::describe_producers::DescribeProducersRequest<'_>);
        FETCH => fetch(m::fetch::FetchRequest<'_>);
        INIT_PRODUCER_ID => init_producer_id(m::init_producer_id::InitProducerIdRequest<'_>);
        LIST_OFFSETS => list_offsets(m::list_offsets::ListOffsetsRequest<'_>);
        OFFSET_FOR_LEADER_EPOCH => offset_for_leader_epoch(m::offset_for_leader_epoch::OffsetForLeaderEpochRequest<'_>);
    }
    staged {
        PRODUCE => produce;
    }
}

/// Starts one request. For Produce the batches stand in their owners' queues when this returns, in the order of the calls;
/// of any other request nothing has happened before the result is polled.
pub async fn dispatch(
    ctx: &Rc<Context>,
    conn: &Rc<ConnInfo>,
    mut frame: BytesMut,
) -> Result<Started, Close> {
    let received = time::now();
    let (meta, at) = {
        let mut reader = Reader::new(&frame);
        let header = RequestHeader::decode(&mut reader).map_err(|error| {
            Close::new(format!("the header of its request does not parse: {error}"))
        })?;
        let meta = RequestMeta {
            api: header.api_key,
            version: header.api_version,
            correlation_id: header.correlation_id,
            client_id: conn.set_client_id(header.client_id.as_deref().unwrap_or("")),
            conn: conn.clone(),
            received,
        };
        (meta, frame.len() - reader.rest().len())
    };
    match served_versions(meta.api) {
        Some(served) if served.contains(meta.version) => {}
        Some(_) if meta.api == ApiKey::API_VERSIONS => {
            let response = api_versions::unsupported();
            let frame = encode_response(&response, meta.api, 0, meta.correlation_id)
                .map_err(|error| Close::unsayable(&meta, error))?;
            return Ok(Started::Ready(Some(frame)));
        }
        Some(served) => {
            return Err(Close::new(format!(
                "it sent {meta}; versions {} to {} are served",
                served.min, served.max
            )));
        }
        None => return Err(Close::new(format!("it sent {meta}, which is not served"))),
    }
    ctx.metrics.requests.of(meta.api).inc();
    frame.advance(at);
    start(ctx.clone(), meta, frame).await
}

/// Versions of `api` that are answered; `None` when it is not served. Narrower than what is advertised for Produce, wider
/// for none.
pub(super) fn served_versions(api: ApiKey) -> Option<VersionRange> {
    let known = SERVED.contains(&api).then(|| api.api()).flatten()?;
    Some(VersionRange {
        min: known.versions.min.max(known.advertised.min),
        max: known.versions.max.min(known.advertised.max),
    })
}

/// Reads a body. Bytes after a good one are ignored, as in Kafka.
pub fn decode<'a, R: Decode<'a>>(meta: &RequestMeta, body: &'a [u8]) -> Result<R, Close> {
    R::decode(&mut Reader::new(body), meta.version).map_err(|error| Close::bad_body(meta, error))
}

fn answer(ctx: &Context, meta: &RequestMeta, response: &impl Encode) -> Result<Frame, Close> {
    ctx.metrics
        .request_time
        .of(meta.api)
        .record(meta.received.elapsed());
    encode_response(response, meta.api, meta.version, meta.correlation_id)
        .map_err(|error| Close::unsayable(meta, error))
}

/// Whether `frame` is a Produce request, as far as its first bytes say: it may start while others of its kind are under way.
pub fn is_produce(frame: &[u8]) -> bool {
    frame
        .first_chunk::<2>()
        .is_some_and(|key| ApiKey(i16::from_be_bytes(*key)) == ApiKey::PRODUCE)
}
