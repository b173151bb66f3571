//! TCP.

use std::net::{IpAddr, SocketAddr};

use bytes::{Bytes, BytesMut};

use crate::{Result, real, sim};

/// Accepts connections.
pub struct Listener(ListenerKind);

enum ListenerKind {
    Real(real::net::Listener),
    Sim(sim::net::Listener),
}

impl Listener {
    /// Listens on `addr` (port 0: a free one). With `reuse_port` several shards (or processes of this
    /// user) can listen on the same port and share the connections; without it a port in use is refused.
    ///
    /// # Errors
    /// AddrInUse, PermissionDenied, AddrNotAvailable, ... naming the address.
    pub fn bind(addr: SocketAddr, reuse_port: bool) -> Result<Listener> {
        let listener = match sim::current() {
            Some(sim) => sim.listen(addr, reuse_port).map(ListenerKind::Sim),
            None => real::net::Listener::bind(addr, reuse_port).map(ListenerKind::Real),
        };
        listener
            .map(Listener)
            .map_err(|e| explain(e, "listening on", addr))
    }

    /// The next connection.
    ///
    /// # Errors
    /// Of one connection or of the process (too many open files): wait a little and go on accepting.
    pub async fn accept(&self) -> Result<Stream> {
        match &self.0 {
            ListenerKind::Real(listener) => listener.accept().await.map(StreamKind::Real),
            ListenerKind::Sim(listener) => listener.accept().await.map(StreamKind::Sim),
        }
        .map(Stream)
    }

    /// The address listened on, with the real port.
    ///
    /// # Errors
    /// The operating system's.
    pub fn local_addr(&self) -> Result<SocketAddr> {
        match &self.0 {
            ListenerKind::Real(listener) => listener.local_addr(),
            ListenerKind::Sim(listener) => Ok(listener.local_addr()),
        }
    }
}

/// A connection. Small writes go out at once (TCP_NODELAY).
pub struct Stream(StreamKind);

enum StreamKind {
    Real(real::net::Stream),
    Sim(sim::net::Stream),
}

impl Stream {
    /// Connects. There is no time limit but the operating system's: wrap it in `time::timeout`.
    ///
    /// # Errors
    /// ConnectionRefused, TimedOut, ... naming the address.
    pub async fn connect(addr: SocketAddr) -> Result<Stream> {
        let stream = match sim::current() {
            Some(sim) => sim.connect(addr).await.map(StreamKind::Sim),
            None => real::net::Stream::connect(addr).await.map(StreamKind::Real),
        };
        stream
            .map(Stream)
            .map_err(|e| explain(e, "connecting to", addr))
    }

    /// The other side's address.
    ///
    /// # Errors
    /// The operating system's (when the connection is gone already).
    pub fn peer_addr(&self) -> Result<SocketAddr> {
        match &self.0 {
            StreamKind::Real(stream) => stream.peer_addr(),
            StreamKind::Sim(stream) => Ok(stream.peer_addr()),
        }
    }

    /// This side's address.
    ///
    /// # Errors
    /// The operating system's.
    pub fn local_addr(&self) -> Result<SocketAddr> {
        match &self.0 {
            StreamKind::Real(stream) => stream.local_addr(),
            StreamKind::Sim(stream) => Ok(stream.local_addr()),
        }
    }

    /// The two directions, for two tasks. The connection is closed when both halves are dropped.
    pub fn split(self) -> (ReadHalf, WriteHalf) {
        match self.0 {
            StreamKind::Real(stream) => {
                let (read, write) = stream.split();
                (
                    ReadHalf(ReadKind::Real(read)),
                    WriteHalf(WriteKind::Real(write)),
                )
            }
            StreamKind::Sim(stream) => {
                let (read, write) = stream.split();
                (
                    ReadHalf(ReadKind::Sim(read)),
                    WriteHalf(WriteKind::Sim(write)),
                )
            }
        }
    }
}

/// The receiving direction.
pub struct ReadHalf(ReadKind);

enum ReadKind {
    Real(real::net::ReadHalf),
    Sim(sim::net::ReadHalf),
}

impl ReadHalf {
    /// Reads what is there, at least one byte; 0 when the other side has finished sending (or `out` is
    /// empty). Dropping the future loses nothing.
    ///
    /// # Errors
    /// ConnectionReset, ...: the connection is dead.
    pub async fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        match &mut self.0 {
            ReadKind::Real(half) => half.read(out).await,
            ReadKind::Sim(half) => half.read(out).await,
        }
    }

    /// Reads what is there, at most `limit` bytes, into the spare capacity of `out`, which needs no zeroes for it: for large
    /// amounts that are on their way. 0 at the end of the stream, or when there is no room. Loses nothing when it is dropped.
    ///
    /// # Errors
    /// As [`ReadHalf::read`].
    pub async fn read_buf(&mut self, out: &mut BytesMut, limit: usize) -> Result<usize> {
        match &mut self.0 {
            ReadKind::Real(half) => half.read_buf(out, limit).await,
            ReadKind::Sim(half) => half.read_buf(out, limit).await,
        }
    }

    /// Fills `out` completely.
    ///
    /// # Errors
    /// UnexpectedEof when the other side finished before; else as [`ReadHalf::read`].
    pub async fn read_exact(&mut self, out: &mut [u8]) -> Result<()> {
        let mut filled = 0;
        while filled < out.len() {
            match self.read(&mut out[filled..]).await? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                n => filled += n,
            }
        }
        Ok(())
    }
}

/// The sending direction.
pub struct WriteHalf(WriteKind);

enum WriteKind {
    Real(real::net::WriteHalf),
    Sim(sim::net::WriteHalf),
}

impl WriteHalf {
    /// Sends all bytes, waiting while the other side does not read. If the future is dropped, any part may
    /// have been sent.
    ///
    /// # Errors
    /// BrokenPipe, ConnectionReset, ...: the connection is dead.
    pub async fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.0 {
            WriteKind::Real(half) => half.write_slices(&[bytes]).await,
            WriteKind::Sim(half) => half.write_slices(&[bytes]).await,
        }
    }

    /// Sends all parts in order without joining them in memory first.
    ///
    /// # Errors
    /// As [`WriteHalf::write_all`].
    pub async fn write_parts(&mut self, parts: &[Bytes]) -> Result<()> {
        let slices: Vec<&[u8]> = parts.iter().map(|part| &part[..]).collect();
        match &mut self.0 {
            WriteKind::Real(half) => half.write_slices(&slices).await,
            WriteKind::Sim(half) => half.write_slices(&slices).await,
        }
    }

    /// Tells the other side that nothing more comes; reading goes on.
    ///
    /// # Errors
    /// NotConnected when the connection is dead already.
    pub async fn shutdown(&mut self) -> Result<()> {
        match &mut self.0 {
            WriteKind::Real(half) => half.shutdown(),
            WriteKind::Sim(half) => half.shutdown(),
        }
    }
}

/// The addresses that a host's name (or number) stands for, in the system's order of preference. In a simulation only
/// numbers stand for an address.
///
/// # Errors
/// The resolver's, naming the host; none are left when the name is unknown.
pub async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>> {
    if let Ok(number) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(number, port)]);
    }
    let found = match sim::current() {
        Some(_) => Err(std::io::Error::new(
            std::io::ErrorKind::NotFound,
            "a simulation knows no names",
        )),
        None => real::net::resolve(host.to_owned(), port).await,
    };
    found
        .map_err(|error| std::io::Error::new(error.kind(), format!("looking up {host:?}: {error}")))
}

fn explain(error: std::io::Error, operation: &str, addr: SocketAddr) -> std::io::Error {
    std::io::Error::new(error.kind(), format!("{operation} {addr}: {error}"))
}
