//! One connection: requests in, answers out, in the order of the requests.
//!
//! Both directions are futures of one task, so whatever ends one of them drops the other, and with it what its handlers were
//! waiting for. The end of the client's stream is not the end of the connection: all that was asked is answered first,
//! a blocked fetch too, as Kafka does; only a reset cancels it.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::rc::Rc;

use bytes::Bytes;
use futures_lite::future;
use ottla_protocol::wire::Frame;
use ottla_runtime::net::{Stream, WriteHalf};

use super::frame::{FrameError, FrameReader, Inbound};
use super::queue::{Queue, Slot};
use super::registry::{Entry, Kill};
use super::requests::Requests;
use super::server::Server;
use crate::api::{Close, ConnInfo, Fault, Started};

/// Answers that are ready are written together up to this many bytes.
const GATHER: usize = 256 * 1024;

/// How a connection ended.
#[derive(Debug)]
pub enum End {
    /// The client finished, and has all answers.
    Finished,
    /// The client went away.
    Gone(io::Error),
    /// What it sent is no frame.
    Frame(FrameError),
    /// A request that closes.
    Request(Close),
    /// From outside.
    Killed(Kill),
}

impl End {
    /// True when the client is to blame.
    pub fn is_faulty(&self) -> bool {
        match self {
            End::Frame(FrameError::Length { .. } | FrameError::Stalled { .. }) => true,
            End::Request(close) => close.fault() == Fault::Client,
            _ => false,
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Finished => f.write_str("it finished"),
            End::Gone(error) => write!(f, "it went away: {error}"),
            End::Frame(error) => error.fmt(f),
            End::Request(close) => close.fmt(f),
            End::Killed(Kill::Idle) => f.write_str("it was idle for connections.max.idle.ms"),
            End::Killed(Kill::Stopping) => f.write_str("the broker is stopping"),
        }
    }
}

/// Serves `stream` to its end.
pub async fn run<R: Requests>(
    server: &Server<R>,
    entry: &Entry,
    conn: &Rc<ConnInfo>,
    stream: Stream,
) -> End {
    let (read, mut write) = stream.split();
    let frames = FrameReader::new(
        read,
        server.budget(),
        server.options().max_request,
        server.requests().metrics().clone(),
    );
    let queue = Queue::default();
    let serve = async {
        let asked = reading(server, entry, conn, &queue, frames).await;
        // What was asked before the fault, or before the end of the stream, is answered first; but not to a client that
        // is gone: what it waited for is cancelled.
        if !matches!(asked, End::Gone(_)) {
            queue.drained().await;
        }
        asked
    };
    let answer = async { writing(server, entry, &queue, &mut write).await };
    let killed = async { End::Killed(entry.killed().await) };
    let end = future::or(killed, future::or(answer, serve)).await;
    if matches!(end, End::Finished) {
        // The client's side is closed already; failing to say so too does no harm.
        let _ = write.shutdown().await;
    }
    end
}

async fn reading<R: Requests>(
    server: &Server<R>,
    entry: &Entry,
    conn: &Rc<ConnInfo>,
    queue: &Queue,
    mut frames: FrameReader,
) -> End {
    loop {
        let stopping = async {
            server.stopping().await;
            Ok(None)
        };
        let Inbound { frame, mut permit } = match future::or(stopping, frames.next()).await {
            Ok(Some(inbound)) => inbound,
            Ok(None) => return End::Finished,
            Err(FrameError::Io(error)) => return End::Gone(error),
            Err(error) => return End::Frame(error),
        };
        entry.used();
        let bytes = frame.len();
        queue.turn(server.requests().pipelines(&frame), bytes).await;
        // One small frame is the connection's own; more of them count.
        if queue.under_way() > 0 && permit.held() == 0 {
            permit.grow(bytes, bytes).await;
        }
        match server.requests().start(conn, frame).await {
            Ok(started) => queue.push(Slot {
                started,
                permit,
                bytes,
            }),
            Err(close) => return End::Request(close),
        }
    }
}

/// Answers that are written together.
#[derive(Default)]
struct Batch {
    parts: Vec<Bytes>,
    len: usize,
    requests: usize,
    bytes: usize,
}

impl Batch {
    fn add(&mut self, answer: Option<Frame>, bytes: usize) {
        self.requests += 1;
        self.bytes += bytes;
        if let Some(frame) = answer {
            self.len += frame.len();
            self.parts.extend(frame.into_parts());
        }
    }
}

/// Writes answers for ever; returns only when the connection is to be closed.
async fn writing<R: Requests>(
    server: &Server<R>,
    entry: &Entry,
    queue: &Queue,
    write: &mut WriteHalf,
) -> End {
    let metrics = server.requests().metrics();
    let mut early = None;
    loop {
        let first = match early.take() {
            Some(slot) => slot,
            None => queue.next().await,
        };
        let mut batch = Batch::default();
        entry.working(true);
        let answer = match first.started {
            Started::Ready(answer) => Ok(answer),
            Started::Later(later) => later.await,
        };
        entry.working(false);
        match answer {
            Ok(answer) => batch.add(answer, first.bytes),
            Err(close) => return End::Request(close),
        }
        drop(first.permit);
        let gathered = gather(queue, &mut batch).await;
        let held = server.requests().answers().hold(batch.len);
        if let Err(error) = write.write_parts(&batch.parts).await {
            return End::Gone(error);
        }
        drop(held);
        metrics.sent_bytes.add(batch.len as u64);
        entry.used();
        queue.done(batch.requests, batch.bytes);
        match gathered {
            Ok(unready) => early = unready,
            Err(close) => return End::Request(close),
        }
    }
}

/// Adds the answers that are ready already; gives back the first request that is not.
async fn gather(queue: &Queue, batch: &mut Batch) -> Result<Option<Slot>, Close> {
    while batch.len < GATHER {
        let Some(slot) = queue.try_next() else { break };
        match slot.started {
            Started::Ready(answer) => batch.add(answer, slot.bytes),
            Started::Later(mut later) => match future::poll_once(Pin::new(&mut later)).await {
                Some(answer) => batch.add(answer?, slot.bytes),
                None => {
                    return Ok(Some(Slot {
                        started: Started::Later(later),
                        ..slot
                    }));
                }
            },
        }
    }
    Ok(None)
}
