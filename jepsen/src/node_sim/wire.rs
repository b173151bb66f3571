//! A Kafka client of one connection on the runtime's sockets: requests out, answers in the same order. No retries and no
//! metadata: what happens on the wire is what the scenario decides.

use core::net::SocketAddr;
use std::collections::VecDeque;
use std::io::{Error, ErrorKind};
use std::time::Duration;

use ottla_protocol::api::{ApiKey, Request, ResponseHeader, encode_request};
use ottla_protocol::wire::{Decode, Reader};
use ottla_runtime::net::{ReadHalf, Stream, WriteHalf};
use ottla_runtime::{Result, time};

/// Answers larger than this are nonsense here.
const FRAME_MAX: usize = 16 << 20;

/// One connection.
pub struct Wire {
    reader: ReadHalf,
    writer: WriteHalf,
    patience: Duration,
    next: i32,
    /// Correlation, kind and version of the requests not answered yet.
    waiting: VecDeque<(i32, ApiKey, i16)>,
}

/// An error that is not the network's: the broker said something that no broker may say.
fn nonsense(what: String) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}

impl Wire {
    /// Connects; whatever takes longer than `patience` is an error of kind `TimedOut`.
    pub async fn connect(address: SocketAddr, patience: Duration) -> Result<Self> {
        let stream = in_time(patience, Stream::connect(address)).await?;
        let (reader, writer) = stream.split();
        Ok(Self {
            reader,
            writer,
            patience,
            next: 0,
            waiting: VecDeque::new(),
        })
    }

    /// Sends a request that gets an answer; it is to be received later, in order.
    pub async fn send<R: Request>(&mut self, request: &R, version: i16) -> Result<()> {
        self.waiting.push_back((self.next, R::KEY, version));
        self.send_unanswered(request, version).await
    }

    /// Sends a request that gets none (Produce with acks=0).
    pub async fn send_unanswered<R: Request>(&mut self, request: &R, version: i16) -> Result<()> {
        let frame = encode_request(request, version, self.next, Some("sim"))
            .map_err(|e| nonsense(format!("cannot encode: {e}")))?;
        self.next = self.next.wrapping_add(1);
        let parts = frame.into_parts();
        in_time(self.patience, self.writer.write_parts(&parts)).await
    }

    /// Receives the next answer, which must be to a request of kind `R`, and hands it to `take`.
    ///
    /// # Errors
    /// The network's; `InvalidData` when the answer is none.
    pub async fn receive<R: Request, T>(
        &mut self,
        take: impl FnOnce(R::Response<'_>) -> T,
    ) -> Result<T> {
        let Some((correlation, key, version)) = self.waiting.pop_front() else {
            return Err(nonsense("no request is waiting".to_owned()));
        };
        let frame = in_time(self.patience, self.frame()).await?;
        let mut r = Reader::new(&frame);
        let header = ResponseHeader::decode(&mut r, key, version)
            .map_err(|e| nonsense(format!("{key} answer: {e}")))?;
        if header.correlation_id != correlation || key != R::KEY {
            return Err(nonsense(format!(
                "answer {} came for {key} request {correlation}",
                header.correlation_id
            )));
        }
        let response = <R::Response<'_> as Decode<'_>>::decode(&mut r, version)
            .map_err(|e| nonsense(format!("{key} v{version} answer: {e}")))?;
        Ok(take(response))
    }

    /// One request and its answer.
    pub async fn call<R: Request, T>(
        &mut self,
        request: &R,
        version: i16,
        take: impl FnOnce(R::Response<'_>) -> T,
    ) -> Result<T> {
        self.send(request, version).await?;
        self.receive::<R, T>(take).await
    }

    async fn frame(&mut self) -> Result<Vec<u8>> {
        let mut length = [0; 4];
        self.reader.read_exact(&mut length).await?;
        let length = u32::from_be_bytes(length) as usize;
        if length > FRAME_MAX {
            return Err(nonsense(format!("an answer of {length} bytes")));
        }
        let mut frame = vec![0; length];
        self.reader.read_exact(&mut frame).await?;
        Ok(frame)
    }
}

async fn in_time<T>(patience: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    match time::timeout(patience, work).await {
        Ok(done) => done,
        Err(_) => Err(ErrorKind::TimedOut.into()),
    }
}
