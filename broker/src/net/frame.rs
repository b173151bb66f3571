//! Length-prefixed frames of one connection, read as their bytes arrive.
//!
//! Frames that fit a chunk of [`CHUNK`] bytes are cut from a buffer that several of them share. A larger one gets a buffer of
//! its own, exactly as large as the frame, so that produce can split it without copying. While memory is plentiful a frame of
//! the usual sizes gets it whole, and every byte goes from the socket to its place. Else the buffer at most doubles (from
//! [`FIRST`] bytes on): never larger than twice what arrived, so that an announcement alone costs nothing, and each byte is
//! moved at most once on average.

use std::fmt;
use std::io;
use std::rc::Rc;

use bytes::{Buf, BytesMut};
use futures_lite::future;
use ottla_runtime::net::ReadHalf;
use ottla_runtime::time;

use super::budget::{Budget, FillingGuard, Permit};
use crate::metrics::Metrics;

/// Bytes of the length before each frame: int32, big-endian.
const PREFIX: usize = 4;
/// What a connection may always hold, whatever the budget says.
pub const CHUNK: usize = 4 * 1024;
/// First chunk of a connection; most connections that never do anything stop here.
const FIRST_CHUNK: usize = 512;
/// First buffer of a frame that is larger than a chunk, at most.
const FIRST: usize = 16 * 1024;

/// A whole request as it came, without its length prefix.
pub struct Inbound {
    /// Header and body.
    pub frame: BytesMut,
    /// Memory it holds; none for a frame that fits the connection's own chunk.
    pub permit: Permit,
}

/// Why no further frame can be read.
#[derive(Debug)]
pub enum FrameError {
    /// The length is negative or above `socket.request.max.bytes`.
    Length {
        /// As announced.
        announced: i32,
        /// Largest allowed.
        max: usize,
    },
    /// The client ended the stream inside a frame.
    Cut {
        /// Bytes of it that came, prefix included.
        got: usize,
    },
    /// It held memory that others waited for and sent too slowly.
    Stalled {
        /// Bytes it held.
        held: usize,
        /// Bytes announced.
        announced: usize,
    },
    /// The socket failed, usually by the peer's reset.
    Io(io::Error),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::Length { announced, max } => {
                write!(
                    f,
                    "it announced a frame of {announced} bytes; 0 to {max} are allowed (socket.request.max.bytes, and half a core's share of --memory)"
                )
            }
            FrameError::Cut { got } => write!(f, "it ended the stream {got} bytes into a frame"),
            FrameError::Stalled { held, announced } => write!(
                f,
                "request memory is full, and it sends a frame of {announced} bytes too slowly while it holds {held} bytes"
            ),
            FrameError::Io(error) => write!(f, "the socket failed: {error}"),
        }
    }
}

/// The length of the frame that `bytes` begin with; `None` while the prefix is incomplete.
fn announced(bytes: &[u8], max: usize) -> Result<Option<usize>, FrameError> {
    let Some(prefix) = bytes.first_chunk::<PREFIX>() else {
        return Ok(None);
    };
    let announced = i32::from_be_bytes(*prefix);
    match usize::try_from(announced) {
        Ok(len) if len <= max => Ok(Some(len)),
        _ => Err(FrameError::Length { announced, max }),
    }
}

/// The capacity to have next for a frame of `len` bytes of which `have` are there: the whole halved as often as it stays
/// above what is needed, so that the doublings end at exactly `len`.
fn capacity(len: usize, have: usize) -> usize {
    let enough = FIRST.max(have + 1);
    let mut capacity = len;
    while capacity.div_ceil(2) >= enough {
        capacity = capacity.div_ceil(2);
    }
    capacity
}

/// Most bytes of one read of a large frame: other connections of this core get their turn in between.
const READ: usize = 1 << 20;

/// Reads what is there into the spare capacity of a chunk, a few kilobytes; 0 at the end of the stream.
async fn read_some(half: &mut ReadHalf, buffer: &mut BytesMut) -> io::Result<usize> {
    let have = buffer.len();
    let room = buffer.capacity() - have;
    buffer.resize(have + room, 0);
    let got = half.read(&mut buffer[have..]).await;
    buffer.truncate(have + got.as_ref().map_or(0, |got| *got));
    got
}

/// The reading side of one connection.
pub struct FrameReader {
    half: ReadHalf,
    chunk: BytesMut,
    budget: Budget,
    max: usize,
    metrics: Rc<Metrics>,
}

impl FrameReader {
    /// Frames of at most `max` bytes from `half`, their memory from `budget`.
    pub fn new(half: ReadHalf, budget: Budget, max: usize, metrics: Rc<Metrics>) -> FrameReader {
        FrameReader {
            half,
            chunk: BytesMut::with_capacity(FIRST_CHUNK),
            budget,
            max,
            metrics,
        }
    }

    /// The next frame; `None` when the client ended the stream between two frames. Not cancel-safe: a reader whose
    /// call was dropped is of no further use.
    pub async fn next(&mut self) -> Result<Option<Inbound>, FrameError> {
        loop {
            match announced(&self.chunk, self.max)? {
                Some(len) if self.chunk.len() >= PREFIX + len => {
                    self.chunk.advance(PREFIX);
                    return Ok(Some(Inbound {
                        frame: self.chunk.split_to(len),
                        permit: self.budget.permit(),
                    }));
                }
                Some(len) if len > CHUNK - PREFIX => return self.large(len).await.map(Some),
                partial => {
                    self.room(partial.map_or(PREFIX, |len| PREFIX + len));
                    let got = read_some(&mut self.half, &mut self.chunk)
                        .await
                        .map_err(FrameError::Io)?;
                    self.metrics.received_bytes.add(got as u64);
                    match (got, self.chunk.len()) {
                        (0, 0) => return Ok(None),
                        (0, got) => return Err(FrameError::Cut { got }),
                        _ => {}
                    }
                }
            }
        }
    }

    /// Makes sure that `want` bytes from the start of the next frame fit the chunk.
    fn room(&mut self, want: usize) {
        if self.chunk.capacity() < want.max(self.chunk.len() + 1) {
            let mut fresh = BytesMut::with_capacity(CHUNK);
            fresh.extend_from_slice(&self.chunk);
            self.chunk = fresh;
        }
    }

    /// Reads the rest of a frame of `len` bytes that does not fit the chunk.
    async fn large(&mut self, len: usize) -> Result<Inbound, FrameError> {
        let mut permit = self.budget.permit();
        let filling = permit.filling(len);
        self.chunk.advance(PREFIX);
        let have = self.chunk.len();
        let mut size = capacity(len, have);
        if len <= super::budget::SMALL {
            permit.grow(len, len).await;
            size = len;
        } else if permit.take_whole(len) {
            size = len;
        } else {
            permit.grow(size, len).await;
        }
        let mut frame = BytesMut::with_capacity(size);
        frame.extend_from_slice(&self.chunk);
        self.chunk = BytesMut::new();
        while frame.len() < len {
            if frame.len() == size {
                filling.pause();
                let next = capacity(len, frame.len());
                permit.grow(next - size, len).await;
                frame.reserve(next - frame.len());
                size = next;
            }
            self.fill(&mut frame, &filling, &permit, len).await?;
            // The allocator may have given a byte or two more than was asked for.
            if frame.len() > size {
                size = frame.len().min(len);
            }
        }
        self.chunk = BytesMut::with_capacity(CHUNK);
        if frame.len() > len {
            self.chunk.extend_from_slice(&frame.split_off(len));
        }
        Ok(Inbound { frame, permit })
    }

    async fn fill(
        &mut self,
        frame: &mut BytesMut,
        filling: &FillingGuard,
        permit: &Permit,
        len: usize,
    ) -> Result<(), FrameError> {
        filling.reading(time::now());
        let read = async { Some(self.half.read_buf(frame, READ).await) };
        let evicted = async {
            filling.evicted().await;
            None
        };
        let got = match future::or(read, evicted).await {
            Some(got) => got.map_err(FrameError::Io)?,
            None => {
                return Err(FrameError::Stalled {
                    held: permit.held(),
                    announced: len,
                });
            }
        };
        if got == 0 {
            return Err(FrameError::Cut {
                got: PREFIX + frame.len(),
            });
        }
        self.metrics.received_bytes.add(got as u64);
        filling.arrived(got, time::now());
        Ok(())
    }
}
