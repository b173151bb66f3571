//! What is asked of a cluster before and after the load: versions, topics, leaders, offsets. Blocking, one request at a time.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use ottla_protocol::api::{ApiKey, Request, ResponseHeader, encode_request, versions};
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::api_versions::ApiVersionsRequest;
use ottla_protocol::messages::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use ottla_protocol::messages::fetch::FetchRequest;
use ottla_protocol::messages::init_producer_id::InitProducerIdRequest;
use ottla_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsTopic,
};
use ottla_protocol::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use ottla_protocol::messages::offset_commit::OffsetCommitRequest;
use ottla_protocol::messages::produce::ProduceRequest;
use ottla_protocol::wire::{Decode, Reader};

/// The name that brokers see.
pub const CLIENT: &str = "ottla-bench";

/// The last versions that name topics instead of giving their ids.
const PRODUCE_BY_NAME: i16 = 12;
const FETCH_BY_NAME: i16 = 12;
const BY_NAME: &[(ApiKey, i16)] = &[
    (ProduceRequest::KEY, PRODUCE_BY_NAME),
    (FetchRequest::KEY, FETCH_BY_NAME),
    (OffsetCommitRequest::KEY, 9),
];
const PATIENCE: Duration = Duration::from_secs(60);

/// A blocking connection that knows which versions the broker speaks.
#[derive(Debug)]
pub struct Cluster {
    socket: TcpStream,
    correlation: i32,
    versions: BTreeMap<ApiKey, (i16, i16)>,
}

/// A topic and who leads its partitions.
#[derive(Debug, Clone)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// The leader of each partition, in order.
    pub leaders: Vec<SocketAddr>,
}

fn refused_by(what: &str, code: ErrorCode) -> io::Error {
    io::Error::other(format!("{what}: {code}: {}", code.message()))
}

/// Stand for the first offset, and for the one after the last, in the place of a time.
const EARLIEST: i64 = -2;
const LATEST: i64 = -1;

fn list_offsets(topic: &str, partitions: &[i32], timestamp: i64) -> ListOffsetsRequest<'static> {
    let ask = |&partition_index: &i32| ListOffsetsPartition {
        partition_index,
        timestamp,
        ..Default::default()
    };
    ListOffsetsRequest {
        replica_id: -1,
        topics: vec![ListOffsetsTopic {
            name: topic.to_owned().into(),
            partitions: partitions.iter().map(ask).collect(),
        }],
        ..Default::default()
    }
}

/// The first address of a `host:port`.
pub fn resolve(host_port: &str) -> io::Result<SocketAddr> {
    let none = || io::Error::other(format!("{host_port}: no such host"));
    host_port.to_socket_addrs()?.next().ok_or_else(none)
}

impl Cluster {
    /// Connects and asks for the versions.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let mut cluster = Self {
            socket,
            correlation: 0,
            versions: BTreeMap::new(),
        };
        let ask = ApiVersionsRequest::default();
        let found = cluster.call_in(&ask, 0, |r| {
            let keys = r.api_keys.iter();
            keys.map(|k| (ApiKey(k.api_key), (k.min_version, k.max_version)))
                .collect()
        })?;
        cluster.versions = found;
        Ok(cluster)
    }

    fn version(&self, key: ApiKey, at_most: i16) -> io::Result<i16> {
        let ours = versions(key).map_or((0, 0), |v| (v.min, v.max.min(at_most)));
        let theirs = self.versions.get(&key).copied().unwrap_or((0, -1));
        let chosen = ours.1.min(theirs.1);
        if chosen < ours.0.max(theirs.0) {
            let what = format!("the broker has no {key} that we speak ({theirs:?})");
            return Err(io::Error::other(what));
        }
        Ok(chosen)
    }

    /// The version of Produce to use.
    pub fn produce_version(&self) -> io::Result<i16> {
        self.version(ProduceRequest::KEY, PRODUCE_BY_NAME)
    }

    /// The version of Fetch to use.
    pub fn fetch_version(&self) -> io::Result<i16> {
        self.version(FetchRequest::KEY, FETCH_BY_NAME)
    }

    /// One request in the newest version both know, and its answer.
    pub fn call<R: Request, T>(
        &mut self,
        request: &R,
        take: impl FnOnce(R::Response<'_>) -> T,
    ) -> io::Result<T> {
        let version = self.version(R::KEY, i16::MAX)?;
        self.call_in(request, version, take)
    }

    fn call_in<R: Request, T>(
        &mut self,
        request: &R,
        version: i16,
        take: impl FnOnce(R::Response<'_>) -> T,
    ) -> io::Result<T> {
        self.correlation += 1;
        let bad = |e: &dyn std::fmt::Display| io::Error::other(format!("{}: {e}", R::KEY));
        let frame = encode_request(request, version, self.correlation, Some(CLIENT))
            .map_err(|e| bad(&e))?;
        self.socket.write_all(&frame.into_bytes())?;
        let mut length = [0; 4];
        self.socket.read_exact(&mut length)?;
        let mut answer = vec![0; u32::from_be_bytes(length).min(1 << 30) as usize];
        self.socket.read_exact(&mut answer)?;
        let mut r = Reader::new(&answer);
        ResponseHeader::decode(&mut r, R::KEY, version).map_err(|e| bad(&e))?;
        let body = <R::Response<'_> as Decode<'_>>::decode(&mut r, version).map_err(|e| bad(&e))?;
        Ok(take(body))
    }

    /// Creates a topic; one that exists is as good.
    pub fn create(
        &mut self,
        name: &str,
        partitions: i32,
        replicas: i16,
        configs: &[(String, String)],
    ) -> io::Result<()> {
        let config = |(key, value): &(String, String)| CreatableTopicConfig {
            name: key.clone().into(),
            value: Some(value.clone().into()),
        };
        let topic = CreatableTopic {
            name: name.into(),
            num_partitions: partitions,
            replication_factor: replicas,
            configs: configs.iter().map(config).collect(),
            ..Default::default()
        };
        let request = CreateTopicsRequest {
            topics: vec![topic],
            timeout_ms: 60_000,
            validate_only: false,
        };
        let code = self.call(&request, |r| r.topics.first().map(|t| t.error_code))?;
        match code {
            Some(code) if code.is_error() && code != ErrorCode::TOPIC_ALREADY_EXISTS => {
                Err(refused_by(&format!("create {name}"), code))
            }
            _ => Ok(()),
        }
    }

    /// The topic's leaders, once all its partitions have one.
    pub fn topic(&mut self, name: &str) -> io::Result<Topic> {
        let began = Instant::now();
        loop {
            match self.topic_now(name)? {
                Some(topic) => return Ok(topic),
                None if began.elapsed() > PATIENCE => {
                    return Err(io::Error::other(format!(
                        "{name}: partitions without leader"
                    )));
                }
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    fn topic_now(&mut self, name: &str) -> io::Result<Option<Topic>> {
        let request = MetadataRequest {
            topics: Some(vec![MetadataRequestTopic {
                name: Some(name.into()),
                ..Default::default()
            }]),
            ..Default::default()
        };
        let found = self.call(&request, |r| {
            let host = |id: i32| r.brokers.iter().find(|b| b.node_id == id);
            let topic = r.topics.first().filter(|t| !t.error_code.is_error())?;
            let mut partitions: Vec<_> = topic.partitions.iter().collect();
            partitions.sort_by_key(|p| p.partition_index);
            let leader = |id: i32| host(id).map(|b| format!("{}:{}", b.host, b.port));
            partitions
                .iter()
                .map(|p| leader(p.leader_id))
                .collect::<Option<Vec<_>>>()
        })?;
        let Some(hosts) = found.filter(|hosts| !hosts.is_empty()) else {
            return Ok(None);
        };
        let mut known = BTreeMap::new();
        for host in &hosts {
            if !known.contains_key(host) {
                known.insert(host.clone(), resolve(host)?);
            }
        }
        Ok(Some(Topic {
            name: name.to_owned(),
            leaders: hosts.iter().map(|h| known[h]).collect(),
        }))
    }

    /// Waits until this broker leads the topic's `partitions` not only on paper. A broker without ListOffsets is believed.
    pub fn leads(&mut self, topic: &str, partitions: &[i32]) -> io::Result<()> {
        let request = list_offsets(topic, partitions, LATEST);
        if self.version(ListOffsetsRequest::KEY, i16::MAX).is_err() {
            return Ok(());
        }
        let began = Instant::now();
        loop {
            let refused = self.call(&request, |r| {
                let mut all = r.topics.iter().flat_map(|t| &t.partitions);
                all.find(|p| p.error_code.is_error()).map(|p| p.error_code)
            })?;
            match refused {
                None => return Ok(()),
                Some(code) if began.elapsed() > PATIENCE => return Err(refused_by(topic, code)),
                Some(_) => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    /// The first offset of each of the topic's partitions, all of which this broker leads.
    pub fn starts(&mut self, topic: &Topic) -> io::Result<Vec<i64>> {
        let all: Vec<i32> = (0..topic.leaders.len() as i32).collect();
        let request = list_offsets(&topic.name, &all, EARLIEST);
        self.call(&request, |r| {
            let parts = r.topics.iter().flat_map(|t| &t.partitions);
            let start = |p: &ListOffsetsPartitionResponse| match p.error_code {
                code if code.is_error() => Err(refused_by(&topic.name, code)),
                _ => Ok(p.offset),
            };
            parts.map(start).collect()
        })?
    }

    /// As [`Self::call`], in the newest version that names topics instead of giving their ids.
    pub fn call_by_name<R: Request, T>(
        &mut self,
        request: &R,
        take: impl FnOnce(R::Response<'_>) -> T,
    ) -> io::Result<T> {
        let last = BY_NAME.iter().find(|(key, _)| *key == R::KEY);
        let version = self.version(R::KEY, last.map_or(i16::MAX, |(_, version)| *version))?;
        self.call_in(request, version, take)
    }

    /// An idempotent producer's id and epoch.
    pub fn producer_id(&mut self) -> io::Result<(i64, i16)> {
        let request = InitProducerIdRequest {
            transactional_id: None,
            ..Default::default()
        };
        let began = Instant::now();
        let (id, epoch) = loop {
            let (code, id, epoch) = self.call(&request, |r| {
                (r.error_code, r.producer_id, r.producer_epoch)
            })?;
            match code {
                code if !code.is_error() => break (id, epoch),
                // A broker that has just started loads its coordinator first.
                code if code.retriable() && began.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                code => return Err(refused_by("producer id", code)),
            }
        };
        Ok((id, epoch))
    }
}
