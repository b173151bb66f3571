//! What a handler is told about the connection and the request.

use core::net::SocketAddr;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use ottla_protocol::api::ApiKey;
use ottla_runtime::time::Instant;

/// Where clients are told to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// What a client says of itself in ApiVersions v3 and later; empty before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Software {
    /// As `apache-kafka-java` or `librdkafka`.
    pub name: String,
    /// As `4.3.1`.
    pub version: String,
}

/// One connection. Lives on the shard that accepted it.
#[derive(Debug)]
pub struct ConnInfo {
    /// Unique on this shard for the life of the process.
    pub id: u64,
    /// The client's address.
    pub peer: SocketAddr,
    /// What this listener tells clients to connect to.
    pub advertised: Rc<Endpoint>,
    /// The client's program.
    pub software: RefCell<Software>,
    client_id: RefCell<Rc<str>>,
}

impl ConnInfo {
    /// A fresh connection.
    pub fn new(id: u64, peer: SocketAddr, advertised: Rc<Endpoint>) -> Rc<ConnInfo> {
        Rc::new(ConnInfo {
            id,
            peer,
            advertised,
            software: RefCell::default(),
            client_id: RefCell::new("".into()),
        })
    }

    /// The client id of the last request. Clients hardly ever change it, so requests share one copy.
    pub fn client_id(&self) -> Rc<str> {
        self.client_id.borrow().clone()
    }

    pub(super) fn set_client_id(&self, id: &str) -> Rc<str> {
        let mut last = self.client_id.borrow_mut();
        if **last != *id {
            *last = id.into();
        }
        last.clone()
    }
}

/// One request's header, and whence it came.
#[derive(Clone, Debug)]
pub struct RequestMeta {
    /// The API.
    pub api: ApiKey,
    /// Version of the body; one that is served.
    pub version: i16,
    /// To be given back.
    pub correlation_id: i32,
    /// "" when the client sent null, as in Kafka.
    pub client_id: Rc<str>,
    /// The connection.
    pub conn: Rc<ConnInfo>,
    /// When its last byte had come.
    pub received: Instant,
}

impl fmt::Display for RequestMeta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{}", self.api, self.version)?;
        if !self.client_id.is_empty() {
            write!(f, " (client id {:?})", &*self.client_id)?;
        }
        Ok(())
    }
}
