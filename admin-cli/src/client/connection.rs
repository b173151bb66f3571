//! One connection to one broker: requests go out as they come, answers return in the same order.
//!
//! Invariants:
//! - `waiting` holds the requests that are sent and not answered, oldest first; an answer always belongs to its head.
//! - once `ended` says why, nothing is read or written any more, and every waiter has been told.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::marker::PhantomData;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use ottla_protocol::api::{self, ApiKey, Request, ResponseHeader, VersionRange};
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use ottla_protocol::wire::{Decode, Reader};
use ottla_runtime::net::{self, ReadHalf, Stream, WriteHalf};
use ottla_runtime::sync::oneshot;
use ottla_runtime::task::{self, Share, Task};
use ottla_runtime::time::{self, Instant};

use super::error::ClientError;
use crate::args::values::Address;

/// What we call ourselves in every request.
pub const CLIENT_ID: &str = "ottla-cli";

/// The longest answer that is accepted: a Fetch answer is bounded by what we ask for, far below.
const ANSWER_MAX: usize = 256 << 20;

/// Answers are read in steps, so that a length alone never makes us allocate much.
const READ_STEP: usize = 1 << 20;

/// See the module's text.
pub struct Connection {
    address: String,
    write: WriteHalf,
    shared: Rc<Shared>,
    next_id: i32,
    versions: BTreeMap<ApiKey, VersionRange>,
    timeout: Duration,
    _reader: Task<()>,
}

/// A request on its way: its correlation id, and where its answer and the moment it came go.
type Waiting = (i32, oneshot::Sender<(Bytes, Instant)>);

#[derive(Default)]
struct Shared {
    waiting: RefCell<VecDeque<Waiting>>,
    ended: RefCell<Option<String>>,
}

impl Connection {
    /// Connects and learns which versions the broker has. `timeout` holds for the connect and for each answer.
    pub async fn open(address: &Address, timeout: Duration) -> Result<Connection, ClientError> {
        let name = address.to_string();
        let stream = match time::timeout(timeout, connect(address)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(why)) => return Err(ClientError::Connect { address: name, why }),
            Err(_) => {
                return Err(ClientError::Connect {
                    address: name,
                    why: format!("no answer within {timeout:?}"),
                });
            }
        };
        let (read, write) = stream.split();
        let shared = Rc::new(Shared::default());
        let reader = task::spawn(Share::Foreground, read_answers(read, shared.clone()));
        let mut connection = Connection {
            address: name,
            write,
            shared,
            next_id: 0,
            versions: BTreeMap::new(),
            timeout,
            _reader: reader,
        };
        connection.learn_versions().await?;
        Ok(connection)
    }

    /// `HOST:PORT`, as it was dialled.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// True once the connection is of no more use.
    pub fn is_dead(&self) -> bool {
        self.shared.ended.borrow().is_some()
    }

    /// The newest version of `Q` that both sides have.
    pub fn version<Q: Request>(&self) -> Result<i16, ClientError> {
        self.version_up_to::<Q>(i16::MAX)
    }

    /// The newest version of `Q` that both sides have and that is not above `newest`.
    pub fn version_up_to<Q: Request>(&self, newest: i16) -> Result<i16, ClientError> {
        let unsupported = || ClientError::Unsupported {
            address: self.address.clone(),
            asked: Q::KEY.name(),
        };
        let ours = api::versions(Q::KEY).ok_or_else(unsupported)?;
        let theirs = self.versions.get(&Q::KEY).ok_or_else(unsupported)?;
        let version = ours.max.min(theirs.max).min(newest);
        if version >= ours.min.max(theirs.min) {
            Ok(version)
        } else {
            Err(unsupported())
        }
    }

    /// Sends a request and waits for its answer.
    pub async fn call<Q: Request>(&mut self, request: &Q) -> Result<Answer<Q>, ClientError> {
        self.start(request).await?.answer().await
    }

    /// Sends a request; the answer is awaited apart, so that more can be sent behind it.
    pub async fn start<Q: Request>(&mut self, request: &Q) -> Result<Pending<Q>, ClientError> {
        let version = self.version::<Q>()?;
        self.start_in(request, version, Duration::ZERO).await
    }

    /// As [`Connection::start`], for a request that the broker may hold for `hold` before it answers.
    pub async fn start_held<Q: Request>(
        &mut self,
        request: &Q,
        hold: Duration,
    ) -> Result<Pending<Q>, ClientError> {
        let version = self.version::<Q>()?;
        self.start_in(request, version, hold).await
    }

    /// Sends a request that has no answer (Produce with acks 0).
    pub async fn send<Q: Request>(&mut self, request: &Q) -> Result<(), ClientError> {
        let version = self.version::<Q>()?;
        self.write(request, version).await.map(|_| ())
    }

    /// As [`Connection::start_held`], in a version that the caller chose to shape the request for.
    pub async fn start_in<Q: Request>(
        &mut self,
        request: &Q,
        version: i16,
        hold: Duration,
    ) -> Result<Pending<Q>, ClientError> {
        let patience = self.timeout + hold;
        let (sender, receiver) = oneshot::channel();
        // Before the write: the answer may be read while the write still waits.
        self.shared
            .waiting
            .borrow_mut()
            .push_back((self.next_id, sender));
        self.write(request, version).await?;
        Ok(Pending {
            receiver,
            shared: self.shared.clone(),
            address: self.address.clone(),
            version,
            deadline: time::now() + patience,
            patience,
            request: PhantomData,
        })
    }

    async fn write<Q: Request>(&mut self, request: &Q, version: i16) -> Result<(), ClientError> {
        if let Some(why) = self.shared.ended.borrow().clone() {
            return Err(ClientError::Lost {
                address: self.address.clone(),
                why,
            });
        }
        let frame = match api::encode_request(request, version, self.next_id, Some(CLIENT_ID)) {
            Ok(frame) => frame,
            Err(why) => {
                // Nothing was sent: whoever waits behind is not harmed, but the queue holds a request too many.
                self.shared
                    .waiting
                    .borrow_mut()
                    .retain(|(id, _)| *id != self.next_id);
                return Err(ClientError::Unwritable {
                    asked: Q::KEY.name(),
                    why,
                });
            }
        };
        self.next_id = self.next_id.wrapping_add(1);
        let parts = frame.into_parts();
        let why = match time::timeout(self.timeout, self.write.write_parts(&parts)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("it did not take our bytes within {:?}", self.timeout),
        };
        // Part of a frame may be out: the stream cannot be used any more.
        end(&self.shared, why.clone());
        Err(ClientError::Lost {
            address: self.address.clone(),
            why,
        })
    }

    /// ApiVersions: our newest version first; a broker that lacks it says in version 0 which it has (KIP-511).
    async fn learn_versions(&mut self) -> Result<(), ClientError> {
        let request = ApiVersionsRequest {
            client_software_name: CLIENT_ID.into(),
            client_software_version: env!("CARGO_PKG_VERSION").into(),
        };
        let newest = api::versions(ApiKey::API_VERSIONS).map_or(0, |range| range.max);
        let mut answer = self
            .start_in(&request, newest, Duration::ZERO)
            .await?
            .answer()
            .await?;
        if answer.first_code()? == ErrorCode::UNSUPPORTED_VERSION {
            answer.version = 0;
            let best = known_versions(&answer.body()?)
                .get(&ApiKey::API_VERSIONS)
                .map_or(0, |range| range.max.min(newest));
            answer = self
                .start_in(&request, best, Duration::ZERO)
                .await?
                .answer()
                .await?;
        }
        let body = answer.body()?;
        if body.error_code.is_error() {
            return Err(ClientError::refused("ApiVersions", body.error_code, None));
        }
        self.versions = known_versions(&body);
        Ok(())
    }
}

fn known_versions(body: &ApiVersionsResponse<'_>) -> BTreeMap<ApiKey, VersionRange> {
    let range = |min, max| VersionRange { min, max };
    body.api_keys
        .iter()
        .map(|api| (ApiKey(api.api_key), range(api.min_version, api.max_version)))
        .collect()
}

/// A request that is sent, and whose answer is awaited.
pub struct Pending<Q> {
    receiver: oneshot::Receiver<(Bytes, Instant)>,
    shared: Rc<Shared>,
    address: String,
    version: i16,
    deadline: Instant,
    patience: Duration,
    request: PhantomData<Q>,
}

impl<Q: Request> Pending<Q> {
    /// The answer. When it does not come in time the connection is given up: later answers cannot be trusted to be theirs.
    pub async fn answer(self) -> Result<Answer<Q>, ClientError> {
        let Pending {
            receiver,
            shared,
            address,
            version,
            deadline,
            patience,
            ..
        } = self;
        let left = deadline.since(time::now());
        match time::timeout(left, receiver).await {
            Ok(Ok((frame, at))) => Ok(Answer {
                frame,
                at,
                version,
                address,
                request: PhantomData,
            }),
            Ok(Err(_closed)) => {
                let why = shared
                    .ended
                    .borrow()
                    .clone()
                    .unwrap_or_else(|| "closed".to_owned());
                Err(ClientError::Lost { address, why })
            }
            Err(_) => {
                end(&shared, "an answer did not come in time".to_owned());
                Err(ClientError::Timeout {
                    address,
                    asked: Q::KEY.name(),
                    after: patience,
                })
            }
        }
    }
}

/// An answer's bytes; its body borrows from them.
pub struct Answer<Q> {
    frame: Bytes,
    /// When its last byte arrived.
    pub at: Instant,
    version: i16,
    address: String,
    request: PhantomData<Q>,
}

impl<Q: Request> Answer<Q> {
    /// Decodes the body.
    pub fn body(&self) -> Result<Q::Response<'_>, ClientError> {
        let decode = || {
            let mut reader = Reader::new(&self.frame);
            ResponseHeader::decode(&mut reader, Q::KEY, self.version)?;
            Q::Response::decode(&mut reader, self.version)
        };
        decode().map_err(|why| self.malformed(why))
    }

    /// The first two bytes of the body, where an error code stands.
    fn first_code(&self) -> Result<ErrorCode, ClientError> {
        let decode = || {
            let mut reader = Reader::new(&self.frame);
            ResponseHeader::decode(&mut reader, Q::KEY, self.version)?;
            reader.i16().map(ErrorCode)
        };
        decode().map_err(|why| self.malformed(why))
    }

    fn malformed(&self, why: ottla_protocol::wire::DecodeError) -> ClientError {
        ClientError::Malformed {
            address: self.address.clone(),
            asked: Q::KEY.name(),
            why,
        }
    }
}

/// Dials every address that the name stands for, in the resolver's order, until one answers.
async fn connect(address: &Address) -> Result<Stream, String> {
    let candidates = net::resolve(&address.host, address.port)
        .await
        .map_err(|error| error.to_string())?;
    let mut why = "the name stands for no address".to_owned();
    for candidate in candidates {
        match Stream::connect(candidate).await {
            Ok(stream) => return Ok(stream),
            Err(error) => why = error.to_string(),
        }
    }
    Err(why)
}

async fn read_answers(mut read: ReadHalf, shared: Rc<Shared>) {
    let why = loop {
        let frame = match read_frame(&mut read).await {
            Ok(frame) => frame,
            Err(why) => break why,
        };
        let id = i32::from_be_bytes([frame[0], frame[1], frame[2], frame[3]]);
        let head = shared.waiting.borrow_mut().pop_front();
        match head {
            // A waiter that gave up is no error here.
            Some((expected, waiter)) if expected == id => drop(waiter.send((frame, time::now()))),
            Some((expected, _)) => {
                break format!("it answered request {id} where {expected} was due");
            }
            None => break "it sent an answer to nothing".to_owned(),
        }
    };
    end(&shared, why);
}

async fn read_frame(read: &mut ReadHalf) -> Result<Bytes, String> {
    let mut size = [0; 4];
    read.read_exact(&mut size)
        .await
        .map_err(|error| ended_by(&error))?;
    let size = usize::try_from(i32::from_be_bytes(size)).unwrap_or(usize::MAX);
    if !(4..=ANSWER_MAX).contains(&size) {
        return Err(format!("it announced an answer of {size} bytes"));
    }
    let mut frame = BytesMut::new();
    while frame.len() < size {
        let have = frame.len();
        frame.resize(size.min(have + READ_STEP), 0);
        read.read_exact(&mut frame[have..])
            .await
            .map_err(|error| ended_by(&error))?;
    }
    Ok(frame.freeze())
}

fn ended_by(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "the broker closed it".to_owned(),
        _ => error.to_string(),
    }
}

/// Marks the connection as dead and tells everybody who waits.
fn end(shared: &Shared, why: String) {
    shared.ended.borrow_mut().get_or_insert(why);
    // Taken out first: dropping a sender wakes its receiver, which may look at the queue.
    let waiting = std::mem::take(&mut *shared.waiting.borrow_mut());
    drop(waiting);
}
