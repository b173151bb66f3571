//! Bytes to values and back: the frames of Produce and Fetch, batches, checksums, codecs.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ottla_benches::batch;
use ottla_protocol::api::encode_response;
use ottla_protocol::api::{ApiKey, RequestHeader, encode_request};
use ottla_protocol::messages::fetch::{FetchResponse, FetchableTopicResponse, PartitionData};
use ottla_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use ottla_protocol::record::compression::Codec;
use ottla_protocol::record::{BatchView, set_base_offset, set_leader_epoch};
use ottla_protocol::wire::{Decode, Reader, Records};

fn produce(partitions: i32) -> ProduceRequest<'static> {
    let records = batch(0, 10, 100, Codec::None);
    let partition = |index| PartitionProduceData {
        index,
        records: Records::Parts(vec![records.clone()]),
    };
    let topic = TopicProduceData {
        name: "orders".into(),
        partition_data: (0..partitions).map(partition).collect(),
        ..Default::default()
    };
    ProduceRequest {
        acks: -1,
        timeout_ms: 30_000,
        topic_data: vec![topic],
        ..Default::default()
    }
}

fn frames(c: &mut Criterion) {
    for partitions in [1, 50] {
        let frame = encode_request(&produce(partitions), 12, 1, Some("bench"))
            .expect("encodes")
            .into_bytes();
        c.bench_function(
            &format!("produce v12 decode, {partitions} partitions"),
            |b| {
                b.iter(|| {
                    let mut r = Reader::new(black_box(&frame[4..]));
                    RequestHeader::decode(&mut r).expect("a header");
                    ProduceRequest::decode(&mut r, 12)
                        .expect("a body")
                        .topic_data
                        .len()
                });
            },
        );
        let records = batch(0, 10, 100, Codec::None);
        c.bench_function(&format!("fetch v12 encode, {partitions} partitions"), |b| {
            b.iter(|| {
                let partition = |partition_index| PartitionData {
                    partition_index,
                    records: Records::Parts(vec![records.clone()]),
                    ..Default::default()
                };
                let topic = FetchableTopicResponse {
                    topic: "orders".into(),
                    partitions: (0..partitions).map(partition).collect(),
                    ..Default::default()
                };
                let response = FetchResponse {
                    responses: vec![topic],
                    ..Default::default()
                };
                encode_response(black_box(&response), ApiKey(1), 12, 1)
                    .expect("encodes")
                    .len()
            });
        });
    }
}

fn batches(c: &mut Criterion) {
    let mut group = c.benchmark_group("batch of 64 x 1 KiB");
    let plain = batch(0, 64, 1024, Codec::None);
    group.throughput(Throughput::Bytes(plain.len() as u64));
    group.bench_function("parse and checksum", |b| {
        b.iter(|| {
            BatchView::parse(black_box(&plain))
                .expect("a batch")
                .crc_ok()
        });
    });
    group.bench_function("walk the records", |b| {
        let view = BatchView::parse(&plain).expect("a batch");
        b.iter(|| {
            view.records(black_box(view.payload()))
                .filter(Result::is_ok)
                .count()
        });
    });
    group.bench_function("set offset and epoch", |b| {
        let fresh = || plain.to_vec();
        let set = |mut bytes: Vec<u8>| {
            set_base_offset(&mut bytes, 42);
            set_leader_epoch(&mut bytes, 7);
            bytes
        };
        b.iter_batched(fresh, set, BatchSize::SmallInput);
    });
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let packed = batch(0, 64, 1024, codec);
        group.bench_function(format!("compress {codec:?}"), |b| {
            b.iter(|| batch(0, 64, 1024, black_box(codec)).len())
        });
        group.bench_function(format!("decompress {codec:?}"), |b| {
            let view = BatchView::parse(&packed).expect("a batch");
            b.iter(|| view.decompress(1 << 20).expect("decompresses").len());
        });
    }
    group.finish();
}

criterion_group!(codec, frames, batches);
criterion_main!(codec);
