//! A blocking Kafka client of one connection: requests out, answers in the same order. No retries, no metadata, no cleverness:
//! what happens on the wire is what the suite decides.

pub mod batch;

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use ottla_protocol::api::{ApiKey, Request, ResponseHeader, encode_request};
use ottla_protocol::wire::{Decode, Reader};

/// Answers larger than this are refused.
const FRAME_MAX: usize = 256 << 20;

/// One connection.
#[derive(Debug)]
pub struct Client {
    socket: TcpStream,
    name: String,
    next: i32,
    /// Correlation, kind and version of the requests not answered yet.
    waiting: VecDeque<(i32, ApiKey, i16)>,
}

fn bad(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl Client {
    /// Connects; an answer that takes longer than `patience` is an error of kind `WouldBlock` or `TimedOut`.
    pub fn connect(address: SocketAddr, name: &str, patience: Duration) -> io::Result<Self> {
        let socket = TcpStream::connect_timeout(&address, Duration::from_secs(2))?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(patience))?;
        socket.set_write_timeout(Some(patience))?;
        Ok(Self {
            socket,
            name: name.to_owned(),
            next: 0,
            waiting: VecDeque::new(),
        })
    }

    /// Sends a request; its answer is to be received later, in order.
    pub fn send<R: Request>(&mut self, request: &R, version: i16) -> io::Result<()> {
        let frame = encode_request(request, version, self.next, Some(&self.name))
            .map_err(|e| bad(format!("cannot encode: {e}")))?;
        self.waiting.push_back((self.next, R::KEY, version));
        self.next = self.next.wrapping_add(1);
        for part in frame.into_parts() {
            self.socket.write_all(&part)?;
        }
        Ok(())
    }

    /// Receives the next answer, which must be to a request of kind `R`, and hands it to `take`.
    pub fn receive<R: Request, T>(
        &mut self,
        take: impl FnOnce(R::Response<'_>) -> T,
    ) -> io::Result<T> {
        let (correlation, key, version) = self
            .waiting
            .pop_front()
            .ok_or_else(|| bad("no request is waiting".to_owned()))?;
        assert_eq!(
            key,
            R::KEY,
            "answers are received in the order of the requests"
        );
        let frame = self.read_frame()?;
        let mut r = Reader::new(&frame);
        let header = ResponseHeader::decode(&mut r, key, version)
            .map_err(|e| bad(format!("{key} answer: {e}")))?;
        if header.correlation_id != correlation {
            return Err(bad(format!(
                "{key}: answer {} came for request {correlation}",
                header.correlation_id
            )));
        }
        let response = <R::Response<'_> as Decode<'_>>::decode(&mut r, version)
            .map_err(|e| bad(format!("{key} v{version} answer: {e}")))?;
        Ok(take(response))
    }

    /// One request and its answer.
    pub fn call<R: Request, T>(
        &mut self,
        request: &R,
        version: i16,
        take: impl FnOnce(R::Response<'_>) -> T,
    ) -> io::Result<T> {
        self.send(request, version)?;
        self.receive::<R, T>(take)
    }

    fn read_frame(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.socket.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length) as usize;
        if length > FRAME_MAX {
            return Err(bad(format!("an answer of {length} bytes")));
        }
        let mut frame = vec![0; length];
        self.socket.read_exact(&mut frame)?;
        Ok(frame)
    }
}
