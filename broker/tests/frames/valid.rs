//! Valid requests of every API and version, to be spoilt.

use ottla_protocol::api::encode_request;
use ottla_protocol::{Request, messages as m};

fn all_versions<R: Request + Default>(frames: &mut Vec<Vec<u8>>) {
    let Some(api) = R::KEY.api() else { return };
    for version in api.versions.min..=api.versions.max {
        if let Ok(frame) = encode_request(&R::default(), version, 7, Some("spoiler")) {
            // Without the length: that is spoilt elsewhere.
            frames.extend(frame.into_bytes().get(4..).map(<[u8]>::to_vec));
        }
    }
}

/// One frame for each API that this broker serves or will serve, and each version.
#[allow(elided_lifetimes_in_paths)] // some of the requests borrow, some do not
pub fn frames() -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    macro_rules! of {
        ($($module:ident :: $request:ident),* $(,)?) => { $(all_versions::<m::$module::$request>(&mut frames);)* };
    }
    of!(
        alter_configs::AlterConfigsRequest,
        api_versions::ApiVersionsRequest,
        create_partitions::CreatePartitionsRequest,
        create_topics::CreateTopicsRequest,
        delete_records::DeleteRecordsRequest,
        delete_topics::DeleteTopicsRequest,
        describe_cluster::DescribeClusterRequest,
        describe_configs::DescribeConfigsRequest,
        describe_log_dirs::DescribeLogDirsRequest,
        describe_producers::DescribeProducersRequest,
        describe_quorum::DescribeQuorumRequest,
        describe_topic_partitions::DescribeTopicPartitionsRequest,
        fetch::FetchRequest,
        find_coordinator::FindCoordinatorRequest,
        incremental_alter_configs::IncrementalAlterConfigsRequest,
        init_producer_id::InitProducerIdRequest,
        list_config_resources::ListConfigResourcesRequest,
        list_offsets::ListOffsetsRequest,
        metadata::MetadataRequest,
        offset_for_leader_epoch::OffsetForLeaderEpochRequest,
        produce::ProduceRequest,
    );
    frames.extend(busy());
    frames
}

/// Requests with something in them.
fn busy() -> Vec<Vec<u8>> {
    use m::create_topics::{CreatableTopic, CreateTopicsRequest};
    use m::fetch::{FetchPartition, FetchRequest, FetchTopic};
    use m::metadata::{MetadataRequest, MetadataRequestTopic};
    use m::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
    use ottla_protocol::wire::Records;
    let topic = CreatableTopic {
        name: "spoilt".into(),
        num_partitions: 2,
        replication_factor: 1,
        ..Default::default()
    };
    let create = CreateTopicsRequest {
        topics: vec![topic],
        timeout_ms: 1000,
        ..Default::default()
    };
    let named = MetadataRequestTopic {
        name: Some("spoilt".into()),
        ..Default::default()
    };
    let metadata = MetadataRequest {
        topics: Some(vec![named]),
        allow_auto_topic_creation: true,
        ..Default::default()
    };
    let noise: Vec<u8> = (0..200_u8).collect();
    let data = PartitionProduceData {
        index: 0,
        records: Records::Borrowed(&noise),
    };
    let topic = TopicProduceData {
        name: "spoilt".into(),
        partition_data: vec![data],
        ..Default::default()
    };
    let produce = ProduceRequest {
        acks: 1,
        timeout_ms: 1000,
        topic_data: vec![topic],
        ..Default::default()
    };
    let part = FetchPartition {
        partition: 0,
        partition_max_bytes: 1 << 20,
        ..Default::default()
    };
    let topic = FetchTopic {
        topic: "spoilt".into(),
        partitions: vec![part],
        ..Default::default()
    };
    let fetch = FetchRequest {
        max_wait_ms: 10,
        max_bytes: 1 << 20,
        topics: vec![topic],
        ..Default::default()
    };
    let encoded = [
        encode_request(&create, 5, 7, Some("spoiler")),
        encode_request(&metadata, 12, 7, Some("spoiler")),
        encode_request(&produce, 9, 7, Some("spoiler")),
        encode_request(&produce, 3, 7, Some("spoiler")),
        encode_request(&fetch, 11, 7, Some("spoiler")),
        encode_request(&fetch, 4, 7, Some("spoiler")),
    ];
    encoded
        .into_iter()
        .flatten()
        .filter_map(|frame| Some(frame.into_bytes().get(4..)?.to_vec()))
        .collect()
}
