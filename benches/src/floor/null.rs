//! A broker that keeps nothing: the ceiling of whatever the generator could show.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use ottla_protocol::api::{ApiKey, RequestHeader, encode_response, versions};
use ottla_protocol::messages::api_versions::{ApiVersion, ApiVersionsResponse};
use ottla_protocol::messages::create_topics::{
    CreatableTopicResult, CreateTopicsRequest, CreateTopicsResponse,
};
use ottla_protocol::messages::metadata::{
    MetadataRequest, MetadataResponse, MetadataResponseBroker, MetadataResponsePartition,
    MetadataResponseTopic,
};
use ottla_protocol::messages::produce::{
    PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceResponse,
};
use ottla_protocol::wire::{Decode, DecodeError, Encode, Frame, Reader};

const PRODUCE: ApiKey = ApiKey(0);
const METADATA: ApiKey = ApiKey(3);
const API_VERSIONS: ApiKey = ApiKey(18);
const CREATE_TOPICS: ApiKey = ApiKey(19);
const SERVED: [ApiKey; 4] = [PRODUCE, METADATA, API_VERSIONS, CREATE_TOPICS];

/// Partitions by topic, and where all of them are.
#[derive(Debug)]
struct Null {
    address: SocketAddr,
    topics: Mutex<BTreeMap<String, i32>>,
}

/// Answers on `address` for ever.
pub fn serve(address: SocketAddr) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    let null = Arc::new(Null {
        address: listener.local_addr()?,
        topics: Mutex::default(),
    });
    println!("null broker on {}", null.address);
    for socket in listener.incoming() {
        let (socket, null) = (socket?, null.clone());
        std::thread::spawn(move || null.connection(socket));
    }
    Ok(())
}

fn bad(e: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(e.to_string())
}

impl Null {
    /// Until the client goes.
    fn connection(&self, mut socket: TcpStream) -> io::Result<()> {
        socket.set_nodelay(true)?;
        let mut frame = Vec::new();
        loop {
            let mut length = [0; 4];
            socket.read_exact(&mut length)?;
            frame.resize(u32::from_be_bytes(length) as usize, 0);
            socket.read_exact(&mut frame)?;
            if let Some(answer) = self.answer(&frame)? {
                socket.write_all(&answer.into_bytes())?;
            }
        }
    }

    fn answer(&self, frame: &[u8]) -> io::Result<Option<Frame>> {
        let mut r = Reader::new(frame);
        let header = RequestHeader::decode(&mut r).map_err(|e| bad(&e))?;
        let (key, version) = (header.api_key, header.api_version);
        let framed = |body: &dyn EncodeTo| body.frame(key, version, header.correlation_id);
        let answer = match key {
            PRODUCE => {
                let request = decoded(ProduceRequest::decode(&mut r, version))?;
                if request.acks == 0 {
                    return Ok(None);
                }
                framed(&taken(&request))
            }
            METADATA => {
                let request = decoded(MetadataRequest::decode(&mut r, version))?;
                framed(&self.metadata(&request))
            }
            CREATE_TOPICS => {
                let request = decoded(CreateTopicsRequest::decode(&mut r, version))?;
                framed(&self.create(&request))
            }
            API_VERSIONS => framed(&served()),
            other => Err(bad(&format!("{other} is not served"))),
        };
        answer.map(Some)
    }

    fn create(&self, request: &CreateTopicsRequest<'_>) -> CreateTopicsResponse<'static> {
        let mut topics = self.topics.lock().unwrap_or_else(|e| e.into_inner());
        let one = |topic: &ottla_protocol::messages::create_topics::CreatableTopic<'_>| {
            topics.insert(topic.name.to_string(), topic.num_partitions);
            CreatableTopicResult {
                name: topic.name.to_string().into(),
                ..Default::default()
            }
        };
        CreateTopicsResponse {
            topics: request.topics.iter().map(one).collect(),
            ..Default::default()
        }
    }

    fn metadata(&self, request: &MetadataRequest<'_>) -> MetadataResponse<'static> {
        let topics = self.topics.lock().unwrap_or_else(|e| e.into_inner());
        let names = request
            .topics
            .iter()
            .flatten()
            .filter_map(|t| t.name.as_deref());
        let partition = |partition_index| MetadataResponsePartition {
            partition_index,
            leader_id: 1,
            replica_nodes: vec![1],
            isr_nodes: vec![1],
            ..Default::default()
        };
        let topic = |name: &str| MetadataResponseTopic {
            name: Some(name.to_owned().into()),
            partitions: (0..topics.get(name).copied().unwrap_or(1))
                .map(partition)
                .collect(),
            ..Default::default()
        };
        MetadataResponse {
            brokers: vec![MetadataResponseBroker {
                node_id: 1,
                host: self.address.ip().to_string().into(),
                port: self.address.port().into(),
                ..Default::default()
            }],
            controller_id: 1,
            topics: names.map(topic).collect(),
            ..Default::default()
        }
    }
}

/// A body of any kind, encoded.
trait EncodeTo {
    fn frame(&self, key: ApiKey, version: i16, correlation: i32) -> io::Result<Frame>;
}

impl<T: Encode> EncodeTo for T {
    fn frame(&self, key: ApiKey, version: i16, correlation: i32) -> io::Result<Frame> {
        encode_response(self, key, version, correlation).map_err(|e| bad(&e))
    }
}

fn decoded<T>(body: Result<T, DecodeError>) -> io::Result<T> {
    body.map_err(|e| bad(&e))
}

fn served() -> ApiVersionsResponse<'static> {
    let one = |key: ApiKey| {
        let range = versions(key)?;
        Some(ApiVersion {
            api_key: key.0,
            min_version: range.min,
            max_version: range.max,
        })
    };
    ApiVersionsResponse {
        api_keys: SERVED.into_iter().filter_map(one).collect(),
        ..Default::default()
    }
}

fn taken(request: &ProduceRequest<'_>) -> ProduceResponse<'static> {
    let topic = |t: &ottla_protocol::messages::produce::TopicProduceData<'_>| {
        let partition = |p: &ottla_protocol::messages::produce::PartitionProduceData<'_>| {
            PartitionProduceResponse {
                index: p.index,
                base_offset: 0,
                ..Default::default()
            }
        };
        TopicProduceResponse {
            name: t.name.to_string().into(),
            topic_id: t.topic_id,
            partition_responses: t.partition_data.iter().map(partition).collect(),
        }
    };
    ProduceResponse {
        responses: request.topic_data.iter().map(topic).collect(),
        ..Default::default()
    }
}
