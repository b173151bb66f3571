//! Whole connections against scripted requests.

mod memory;
mod order;
mod stop;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::BytesMut;
use ottla_protocol::wire::{Frame, Writer};
use ottla_runtime::net::{Listener, ReadHalf, Stream, WriteHalf};
use ottla_runtime::sync::Notify;
use ottla_runtime::time;

use super::{ConnectionLimits, Options, Requests, Server};
use crate::api::answers::Answers;
use crate::api::{Close, ConnInfo, Endpoint, Started};
use crate::metrics::Metrics;
use crate::tests::on_shard;

/// What a scripted request does once it is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    /// Answers at once.
    Ready = 0,
    /// Answers after 20 ms.
    Slow = 1,
    /// Answers once [`Script::release`] is notified.
    Blocked = 2,
    /// Is never answered.
    Silent = 3,
    /// Closes instead of an answer.
    Close = 4,
    /// Closes when started.
    CloseAtOnce = 5,
    /// Answers with a megabyte.
    Large = 6,
}

const OPS: [Op; 7] = [
    Op::Ready,
    Op::Slow,
    Op::Blocked,
    Op::Silent,
    Op::Close,
    Op::CloseAtOnce,
    Op::Large,
];
const LARGE: usize = 1 << 20;

/// Answers requests of the form `pipelines: u8, op: u8, id: u8, ...` with `id`.
#[derive(Clone)]
struct Script {
    metrics: Rc<Metrics>,
    answers: Rc<Answers>,
    events: Rc<RefCell<Vec<String>>>,
    release: Rc<Notify>,
}

impl Script {
    fn new() -> Script {
        let metrics = Rc::new(Metrics::default());
        let answers = Answers::new(1 << 20, metrics.clone());
        Script {
            metrics,
            answers,
            events: Rc::default(),
            release: Rc::new(Notify::new()),
        }
    }

    fn event(&self, what: &str, id: u8) {
        self.events.borrow_mut().push(format!("{what} {id}"));
    }
}

/// Tells when a handler's future was dropped before its end.
struct Running {
    script: Script,
    id: u8,
    ended: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.script
            .event(if self.ended { "end" } else { "cancel" }, self.id);
    }
}

fn reply(id: u8, len: usize) -> Frame {
    let mut writer = Writer::framed();
    writer.raw(&vec![id; len]);
    writer.finish().expect("a small frame")
}

impl Requests for Script {
    async fn start(&self, _: &Rc<ConnInfo>, frame: BytesMut) -> Result<Started, Close> {
        let (op, id) = (OPS[usize::from(frame[1])], frame[2]);
        self.event("start", id);
        match op {
            Op::Ready => {
                self.event("end", id);
                return Ok(Started::Ready(Some(reply(id, 1))));
            }
            Op::CloseAtOnce => return Err(Close::new("as asked")),
            _ => {}
        }
        let (script, running) = (
            self.clone(),
            Running {
                script: self.clone(),
                id,
                ended: false,
            },
        );
        Ok(Started::Later(Box::pin(async move {
            let mut running = running;
            let answer = match op {
                Op::Slow => {
                    time::sleep(Duration::from_millis(20)).await;
                    Ok(Some(reply(id, 1)))
                }
                Op::Blocked => {
                    script.release.notified().await;
                    Ok(Some(reply(id, 1)))
                }
                Op::Silent => Ok(None),
                Op::Large => Ok(Some(reply(id, LARGE))),
                _ => Err(Close::new("as asked")),
            };
            running.ended = true;
            answer
        })))
    }

    fn ended(&self, _: &ConnInfo) {}

    fn pipelines(&self, frame: &[u8]) -> bool {
        frame[0] == 1
    }

    fn metrics(&self) -> &Rc<Metrics> {
        &self.metrics
    }

    fn answers(&self) -> &Rc<Answers> {
        &self.answers
    }
}

fn options() -> Options {
    Options {
        max_request: 1 << 20,
        request_memory: 1 << 20,
        max_idle: Duration::from_secs(600),
        advertised: Endpoint {
            host: "broker".into(),
            port: 9092,
        },
    }
}

/// A server with scripted requests, listening.
struct Bed {
    server: Rc<Server<Script>>,
    script: Script,
    addr: SocketAddr,
}

impl Bed {
    fn with(options: Options, limits: std::sync::Arc<ConnectionLimits>) -> Bed {
        let script = Script::new();
        let server = Server::new(script.clone(), options, limits);
        let listener =
            Listener::bind("127.0.0.1:0".parse().expect("address"), false).expect("listening");
        let addr = listener.local_addr().expect("address");
        server.listen(listener);
        Bed {
            server,
            script,
            addr,
        }
    }

    fn new(options: Options) -> Bed {
        Bed::with(options, ConnectionLimits::new(u32::MAX, u32::MAX))
    }

    async fn client(&self) -> Client {
        let (read, write) = Stream::connect(self.addr).await.expect("connected").split();
        Client { read, write }
    }

    fn events(&self) -> Vec<String> {
        self.script.events.borrow().clone()
    }
}

struct Client {
    read: ReadHalf,
    write: WriteHalf,
}

/// A request's frame of `len` bytes (at least 3), length prefix included.
fn request(pipelines: bool, op: Op, id: u8, len: usize) -> Vec<u8> {
    let mut frame = (len as u32).to_be_bytes().to_vec();
    frame.extend([u8::from(pipelines), op as u8, id]);
    frame.resize(4 + len, 0);
    frame
}

impl Client {
    async fn send(&mut self, bytes: &[u8]) {
        self.write.write_all(bytes).await.expect("sent");
    }

    /// The id in the next answer; `None` when the connection has ended.
    async fn answer(&mut self) -> Option<u8> {
        let mut len = [0; 4];
        self.read.read_exact(&mut len).await.ok()?;
        let mut body = vec![0; u32::from_be_bytes(len) as usize];
        self.read.read_exact(&mut body).await.ok()?;
        Some(body[0])
    }

    /// True when the connection ended without a further byte.
    async fn ended(&mut self) -> bool {
        !matches!(self.read.read(&mut [0; 1]).await, Ok(1))
    }
}
