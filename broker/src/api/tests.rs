//! Dispatch: the table and ApiVersions against each other, headers, and bytes that nobody should send.

use std::rc::Rc;
use std::time::Duration;

use bytes::BytesMut;
use ottla_protocol::api::{ApiKey, ResponseHeader, encode_request};
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use ottla_protocol::wire::{Decode, Reader};
use ottla_runtime::mesh::{Calls, MeshBuilder};
use ottla_runtime::shards::ShardId;
use ottla_runtime::time;

use super::dispatch::{samples, served_versions};
use super::router::Router;
use super::*;
use crate::coordinator::host::Coordinators;
use crate::metadata::Image;
use crate::metrics::Metrics;
use crate::share::Shares;
use crate::tests::{Numbers, on_shard};

/// A shard without partitions and without a controller: calls to either are never answered.
async fn context() -> Rc<Context> {
    let calls = Calls::join(MeshBuilder::new(1, 16), ShardId(0), Rc::new(|_, _, _| {})).await;
    let control = Calls::join(MeshBuilder::new(1, 16), ShardId(0), Rc::new(|_, _, _| {})).await;
    let image = Image::empty("AAAAAAAAAAAAAAAAAAAAAA".into(), ottla_protocol::NodeId(1));
    let router = Router::new(calls.clone(), 1);
    let coordinators = Coordinators::new(calls, control.clone(), image.clone());
    let shares = Calls::join(MeshBuilder::new(1, 16), ShardId(0), Rc::new(|_, _, _| {})).await;
    Rc::new(Context::new(
        Rc::new(Metrics::default()),
        1 << 20,
        router,
        control,
        coordinators,
        Rc::new(Shares::new(shares, 16)),
        image,
    ))
}

fn conn() -> Rc<ConnInfo> {
    let advertised = Endpoint {
        host: "broker".into(),
        port: 9092,
    };
    ConnInfo::new(
        1,
        "10.1.2.3:4567".parse().expect("an address"),
        Rc::new(advertised),
    )
}

/// The answer to `frame`, without its length.
async fn ask(ctx: &Rc<Context>, frame: &[u8]) -> Result<Option<Vec<u8>>, Close> {
    let answer = match dispatch(ctx, &conn(), BytesMut::from(frame)).await? {
        Started::Ready(answer) => answer,
        Started::Later(later) => match time::timeout(Duration::from_secs(1), later).await {
            Ok(answer) => answer?,
            Err(_) => None,
        },
    };
    Ok(answer.map(|frame| frame.into_bytes()[4..].to_vec()))
}

async fn versions(ctx: &Rc<Context>, version: i16) -> ApiVersionsResponse<'static> {
    let request = ApiVersionsRequest {
        client_software_name: "a".into(),
        client_software_version: "1".into(),
    };
    let frame = encode_request(&request, version, 7, None)
        .expect("a request")
        .into_bytes();
    let answer = ask(ctx, &frame[4..])
        .await
        .expect("open")
        .expect("an answer");
    let answer: &'static [u8] = answer.leak();
    let mut reader = Reader::new(answer);
    let header =
        ResponseHeader::decode(&mut reader, ApiKey::API_VERSIONS, version).expect("a header");
    assert_eq!(header.correlation_id, 7);
    ApiVersionsResponse::decode(&mut reader, version).expect("a body")
}

#[test]
fn what_is_advertised_is_what_is_served() {
    on_shard(|| async {
        let ctx = context().await;
        for version in 0..=4 {
            let answer = versions(&ctx, version).await;
            assert_eq!(answer.error_code, ErrorCode::NONE);
            let keys: Vec<i16> = answer.api_keys.iter().map(|api| api.api_key).collect();
            assert!(keys.is_sorted(), "{keys:?}");
            assert_eq!(keys.len(), SERVED.len());
            for api in &answer.api_keys {
                let served = served_versions(ApiKey(api.api_key)).expect("served");
                let min = if api.api_key == 0 { 3 } else { api.min_version };
                assert_eq!(
                    (served.min, served.max),
                    (min, api.max_version),
                    "key {}",
                    api.api_key
                );
            }
            let produce = answer.api_keys.first().expect("Produce");
            assert_eq!(
                (produce.api_key, produce.min_version, produce.max_version),
                (0, 0, 13),
                "KAFKA-18659"
            );
            let zero = answer
                .supported_features
                .iter()
                .any(|feature| feature.min_version == 0);
            assert_eq!(zero, version == 4, "version {version}");
        }
    });
}

#[test]
fn every_request_that_is_served_is_answered_or_closed_with_a_reason() {
    on_shard(|| async {
        let ctx = context().await;
        let mut answered = 0;
        for frame in samples() {
            match ask(&ctx, &frame).await {
                Ok(Some(answer)) => {
                    assert_eq!(answer[..4], [0, 0, 0, 7]);
                    answered += 1;
                }
                Ok(None) => {}
                Err(close) => assert_ne!(close.fault(), Fault::Us, "{close}"),
            }
        }
        assert!(answered > SERVED.len(), "{answered}");
        assert_eq!(ctx.metrics.requests.of(ApiKey::METADATA).get(), 14);
    });
}

#[test]
fn reasons_name_the_request() {
    on_shard(|| async {
        let ctx = context().await;
        let frame = |key: i16, version: i16, rest: &[u8]| {
            let mut frame = [key.to_be_bytes(), version.to_be_bytes(), [0, 0], [0, 7]].concat();
            frame.extend([0, 2, b'm', b'e']);
            frame.extend(rest);
            frame
        };
        let cases = [
            (
                frame(999, 0, &[]),
                "it sent key 999 v0 (client id \"me\"), which is not served",
            ),
            (
                frame(3, 99, &[0]),
                "it sent Metadata v99 (client id \"me\"); versions 0 to 13 are served",
            ),
            (
                frame(3, 1, &[0x7f, 0xff, 0xff, 0xff]),
                "the body of its Metadata v1 (client id \"me\") does not parse: ",
            ),
            (
                frame(3, 1, &[])[..9].to_vec(),
                "the header of its request does not parse: ",
            ),
            (
                frame(0, 2, &[]),
                "it sent Produce v2 (client id \"me\"); versions 3 to 13 are served",
            ),
        ];
        for (frame, why) in cases {
            let close = ask(&ctx, &frame).await.expect_err("closed");
            assert!(close.to_string().starts_with(why), "{close}");
            assert_eq!(close.fault(), Fault::Client);
        }
    });
}

/// Lengths and counts that code trips over.
const SPITEFUL: [[u8; 4]; 5] = [
    [0xff; 4],
    [0x7f, 0xff, 0xff, 0xff],
    [0x80, 0, 0, 0],
    [0; 4],
    [0xff, 0xff, 0xff, 0x0f],
];

fn spoil(frame: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(frame.len() as u64 + 1) as usize;
        match numbers.below(5) {
            0 => frame
                .iter_mut()
                .skip(at)
                .take(1)
                .for_each(|byte| *byte ^= 1 << numbers.below(8)),
            1 => frame.truncate(at),
            2 => frame.insert(at, numbers.below(256) as u8),
            3 => {
                let spite = SPITEFUL[numbers.below(SPITEFUL.len() as u64) as usize];
                frame
                    .iter_mut()
                    .skip(at)
                    .zip(spite)
                    .for_each(|(byte, spiteful)| *byte = spiteful);
            }
            _ => {
                let copy: Vec<u8> = frame.iter().skip(at).take(30).copied().collect();
                frame.extend(copy);
            }
        }
    }
}

#[test]
fn spoilt_frames_never_panic_and_blame_the_client() {
    on_shard(|| async {
        let ctx = context().await;
        let samples = samples();
        let mut numbers = Numbers::new(time::now().as_nanos());
        for _ in 0..10_000 {
            let mut frame = samples[numbers.below(samples.len() as u64) as usize].clone();
            spoil(&mut frame, &mut numbers);
            if let Err(close) = ask(&ctx, &frame).await {
                assert_ne!(close.fault(), Fault::Us, "{close} after {frame:?}");
            }
        }
    });
}
