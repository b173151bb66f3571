//! A broker of one topic with one partition that answers by a script: it refuses, forgets and hangs up where told to.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use ottla_admin_cli::args::values::Address;
use ottla_protocol::api::{self, ApiKey, Request, RequestHeader};
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;
use ottla_protocol::messages::api_versions::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse};
use ottla_protocol::messages::fetch::{
    FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData,
};
use ottla_protocol::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use ottla_protocol::messages::list_offsets::{
    ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use ottla_protocol::messages::metadata::{
    MetadataRequest, MetadataResponse, MetadataResponseBroker, MetadataResponsePartition,
    MetadataResponseTopic,
};
use ottla_protocol::messages::produce::{
    PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceResponse,
};
use ottla_protocol::record::{self, BatchView};
use ottla_protocol::wire::{Decode, Encode, Reader, Records};
use ottla_runtime::net::{Listener, ReadHalf, Stream};
use ottla_runtime::task::{self, Share};

use super::coordinator::{self, Group};

pub const TOPIC: &str = "orders";
pub const ID: Uuid = Uuid([7; 16]);

/// What happens to the next request of a kind, before things go well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is answered with this error.
    Refuse(ErrorCode),
    /// It is done, but the connection ends before the answer.
    DoneAndGone,
    /// The connection ends before it is done.
    Gone,
    /// It is never answered.
    Silent,
}

/// The broker's whole mind.
#[derive(Default)]
pub struct Mind {
    pub port: u16,
    /// Newest version of ApiVersions that it has.
    pub api_versions: i16,
    pub metadata: VecDeque<Step>,
    pub producer_id: VecDeque<Step>,
    pub produce: VecDeque<Step>,
    pub fetch: VecDeque<Step>,
    /// What happens to the requests of coordinators.
    pub scripts: BTreeMap<ApiKey, VecDeque<Step>>,
    pub group: Group,
    /// The partition's batches, as stored.
    pub log: Vec<Vec<u8>>,
    /// The oldest offset that it still has.
    pub begin: i64,
    /// Every batch that came, also those refused.
    pub seen: Vec<Vec<u8>>,
    /// Bytes that are cut from the end of a Fetch answer.
    pub cut: usize,
}

/// Starts it on a free port of this shard.
pub fn start(mind: Mind) -> (Address, Rc<RefCell<Mind>>) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), false).unwrap();
    let port = listener.local_addr().unwrap().port();
    let mind = Rc::new(RefCell::new(Mind { port, ..mind }));
    let shared = mind.clone();
    task::spawn(Share::Foreground, async move {
        loop {
            let stream = listener.accept().await.unwrap();
            task::spawn(Share::Foreground, serve(stream, shared.clone())).detach();
        }
    })
    .detach();
    (
        Address {
            host: "127.0.0.1".to_owned(),
            port,
        },
        mind,
    )
}

async fn serve(stream: Stream, mind: Rc<RefCell<Mind>>) {
    let (mut read, mut write) = stream.split();
    while let Some(frame) = next(&mut read).await {
        let answer = answer(&mut mind.borrow_mut(), &frame);
        match answer {
            Reply::Bytes(bytes) => write.write_all(&bytes).await.unwrap(),
            Reply::Nothing => {}
            Reply::HangUp => return,
        }
    }
}

async fn next(read: &mut ReadHalf) -> Option<Vec<u8>> {
    let mut size = [0; 4];
    read.read_exact(&mut size).await.ok()?;
    let mut frame = vec![0; u32::from_be_bytes(size) as usize];
    read.read_exact(&mut frame).await.ok()?;
    Some(frame)
}

pub enum Reply {
    Bytes(Vec<u8>),
    Nothing,
    HangUp,
}

fn answer(mind: &mut Mind, frame: &[u8]) -> Reply {
    let mut reader = Reader::new(frame);
    let header = RequestHeader::decode(&mut reader).unwrap();
    let (version, id) = (header.api_version, header.correlation_id);
    match header.api_key {
        ApiVersionsRequest::KEY if version > mind.api_versions => {
            let body = ApiVersionsResponse {
                error_code: ErrorCode::UNSUPPORTED_VERSION,
                api_keys: vec![range(ApiVersionsRequest::KEY, 0, mind.api_versions)],
                ..Default::default()
            };
            encode(&body, header.api_key, 0, id)
        }
        ApiVersionsRequest::KEY => encode(&versions(mind), header.api_key, version, id),
        MetadataRequest::KEY => encode(&metadata(mind), header.api_key, version, id),
        InitProducerIdRequest::KEY => {
            let refused = step(&mut mind.producer_id);
            let body = InitProducerIdResponse {
                error_code: refused,
                producer_id: 7,
                ..Default::default()
            };
            encode(&body, header.api_key, version, id)
        }
        ListOffsetsRequest::KEY => encode(
            &offsets(mind, &mut reader, version),
            header.api_key,
            version,
            id,
        ),
        ProduceRequest::KEY => produce(mind, &mut reader, version, id),
        FetchRequest::KEY => fetch(mind, &mut reader, version, id),
        _ => coordinator::answer(mind, &header, &mut reader),
    }
}

pub fn encode(body: &impl Encode, key: ApiKey, version: i16, id: i32) -> Reply {
    Reply::Bytes(
        api::encode_response(body, key, version, id)
            .unwrap()
            .into_bytes()
            .to_vec(),
    )
}

fn step(script: &mut VecDeque<Step>) -> ErrorCode {
    match script.pop_front() {
        None => ErrorCode::NONE,
        Some(Step::Refuse(code)) => code,
        Some(other) => panic!("{other:?} is not for this request"),
    }
}

fn range(key: ApiKey, min_version: i16, max_version: i16) -> ApiVersion {
    ApiVersion {
        api_key: key.0,
        min_version,
        max_version,
    }
}

/// Old versions beside new ones, so that the choice matters.
fn versions(mind: &Mind) -> ApiVersionsResponse<'static> {
    let mut api_keys = vec![
        range(ApiVersionsRequest::KEY, 0, mind.api_versions),
        range(MetadataRequest::KEY, 0, 12),
        range(InitProducerIdRequest::KEY, 0, 4),
        range(ListOffsetsRequest::KEY, 1, 99),
        range(ProduceRequest::KEY, 0, 12),
        range(FetchRequest::KEY, 4, 18),
    ];
    let more = mind.group.versions.iter();
    api_keys.extend(more.map(|(&key, &newest)| range(key, 0, newest)));
    ApiVersionsResponse {
        api_keys,
        ..Default::default()
    }
}

fn metadata(mind: &mut Mind) -> MetadataResponse<'static> {
    let error_code = step(&mut mind.metadata);
    let partition = MetadataResponsePartition {
        leader_id: 1,
        replica_nodes: vec![1],
        isr_nodes: vec![1],
        ..Default::default()
    };
    MetadataResponse {
        brokers: vec![MetadataResponseBroker {
            node_id: 1,
            host: "127.0.0.1".into(),
            port: i32::from(mind.port),
            ..Default::default()
        }],
        topics: vec![MetadataResponseTopic {
            error_code,
            name: Some(TOPIC.into()),
            topic_id: ID,
            partitions: if error_code.is_error() {
                vec![]
            } else {
                vec![partition]
            },
            ..Default::default()
        }],
        ..Default::default()
    }
}

fn offsets(mind: &Mind, reader: &mut Reader<'_>, version: i16) -> ListOffsetsResponse<'static> {
    let request = ListOffsetsRequest::decode(reader, version).unwrap();
    let asked = &request.topics[0].partitions[0];
    let offset = if asked.timestamp == -1 {
        end(&mind.log)
    } else {
        mind.begin
    };
    let partition = ListOffsetsPartitionResponse {
        offset,
        ..Default::default()
    };
    let topic = ListOffsetsTopicResponse {
        name: TOPIC.into(),
        partitions: vec![partition],
    };
    ListOffsetsResponse {
        topics: vec![topic],
        ..Default::default()
    }
}

fn end(log: &[Vec<u8>]) -> i64 {
    log.last().map_or(0, |batch| {
        BatchView::parse(batch).unwrap().header.next_offset()
    })
}

fn produce(mind: &mut Mind, reader: &mut Reader<'_>, version: i16, id: i32) -> Reply {
    let request = ProduceRequest::decode(reader, version).unwrap();
    let Records::Borrowed(bytes) = request.topic_data[0].partition_data[0].records else {
        panic!("no records")
    };
    mind.seen.push(bytes.to_vec());
    let step = mind.produce.pop_front();
    let (error_code, base_offset) = match step {
        Some(Step::Gone) => return Reply::HangUp,
        Some(Step::Silent) => return Reply::Nothing,
        Some(Step::Refuse(code)) => (code, -1),
        Some(Step::DoneAndGone) | None => append(&mut mind.log, bytes),
    };
    if step == Some(Step::DoneAndGone) {
        return Reply::HangUp;
    }
    let partition = PartitionProduceResponse {
        error_code,
        base_offset,
        ..Default::default()
    };
    let topic = TopicProduceResponse {
        name: TOPIC.into(),
        partition_responses: vec![partition],
        ..Default::default()
    };
    let body = ProduceResponse {
        responses: vec![topic],
        ..Default::default()
    };
    encode(&body, ProduceRequest::KEY, version, id)
}

/// Stores a batch as a broker does: a sequence that is there already keeps its offset, a gap is refused.
fn append(log: &mut Vec<Vec<u8>>, bytes: &[u8]) -> (ErrorCode, i64) {
    let header = BatchView::parse(bytes).unwrap().header;
    let stored: Vec<_> = log
        .iter()
        .map(|batch| BatchView::parse(batch).unwrap().header)
        .collect();
    if let Some(same) = stored
        .iter()
        .find(|stored| stored.base_sequence == header.base_sequence)
    {
        return (ErrorCode::NONE, same.base_offset);
    }
    if stored.last().map_or(0, |last| last.last_sequence() + 1) != header.base_sequence {
        return (ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
    }
    let mut batch = bytes.to_vec();
    let base = end(log);
    record::set_base_offset(&mut batch, base);
    log.push(batch);
    (ErrorCode::NONE, base)
}

fn fetch(mind: &mut Mind, reader: &mut Reader<'_>, version: i16, id: i32) -> Reply {
    let request = FetchRequest::decode(reader, version).unwrap();
    let from = request.topics[0].partitions[0].fetch_offset;
    let error_code = match mind.fetch.pop_front() {
        Some(Step::Refuse(code)) => code,
        Some(Step::Gone) => return Reply::HangUp,
        Some(Step::Silent) => return Reply::Nothing,
        _ if from < mind.begin || from > end(&mind.log) => ErrorCode::OFFSET_OUT_OF_RANGE,
        Some(Step::DoneAndGone) | None => ErrorCode::NONE,
    };
    let wanted = mind
        .log
        .iter()
        .filter(|batch| BatchView::parse(batch).unwrap().header.next_offset() > from);
    let mut bytes: Vec<u8> = wanted.flatten().copied().collect();
    if error_code.is_error() {
        bytes.clear();
    }
    bytes.truncate(bytes.len() - mind.cut.min(bytes.len()));
    mind.cut = 0;
    let partition = PartitionData {
        error_code,
        records: Records::Borrowed(&bytes),
        high_watermark: end(&mind.log),
        ..Default::default()
    };
    let topic = FetchableTopicResponse {
        topic_id: ID,
        partitions: vec![partition],
        ..Default::default()
    };
    let body = FetchResponse {
        responses: vec![topic],
        ..Default::default()
    };
    encode(&body, FetchRequest::KEY, version, id)
}
