//! Sockets.

use std::{
    cell::RefCell,
    io::{ErrorKind, IoSlice},
    net::{SocketAddr, ToSocketAddrs},
    os::fd::AsRawFd,
    pin::Pin,
    rc::Rc,
    task::Poll,
};

use bytes::BytesMut;
use futures_lite::{AsyncRead, AsyncWrite};
use glommio::net::{TcpListener, TcpStream};
use socket2::{Domain, Protocol, Socket, Type};

use super::sys;
use crate::Result;

/// The system's resolver; it may ask the network, so not on the shard's own thread.
pub(crate) async fn resolve(host: String, port: u16) -> Result<Vec<SocketAddr>> {
    super::blocking::run(move || Ok((host, port).to_socket_addrs()?.collect())).await
}

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// Bytes of the read that ends a wait in `read_buf`; more follow without waiting.
const FIRST_BYTES: usize = 1024;

/// Slices given to the kernel at once (it takes at most 1024).
const SLICES: usize = 64;

pub(crate) struct Listener(TcpListener);

impl Listener {
    pub(crate) fn bind(addr: SocketAddr, reuse_port: bool) -> Result<Listener> {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        // Connections of an earlier run that linger in the kernel must not keep us from our port.
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(reuse_port)?;
        socket.bind(&addr.into())?;
        socket.listen(BACKLOG)?;
        Ok(Listener(sys::adopt_listener(socket.into())))
    }

    pub(crate) async fn accept(&self) -> Result<Stream> {
        let stream = self.0.accept().await?;
        stream.set_nodelay(true)?;
        Ok(Stream(stream))
    }

    pub(crate) fn local_addr(&self) -> Result<SocketAddr> {
        Ok(self.0.local_addr()?)
    }
}

pub(crate) struct Stream(TcpStream);

impl Stream {
    pub(crate) async fn connect(addr: SocketAddr) -> Result<Stream> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        Ok(Stream(stream))
    }

    pub(crate) fn peer_addr(&self) -> Result<SocketAddr> {
        Ok(self.0.peer_addr()?)
    }

    pub(crate) fn local_addr(&self) -> Result<SocketAddr> {
        Ok(self.0.local_addr()?)
    }

    pub(crate) fn split(self) -> (ReadHalf, WriteHalf) {
        let stream = Rc::new(RefCell::new(self.0));
        (ReadHalf(stream.clone()), WriteHalf(stream))
    }
}

/// The stream is borrowed only inside one poll, and it keeps one waker per direction, so the two halves
/// never meet.
pub(crate) struct ReadHalf(Rc<RefCell<TcpStream>>);

impl ReadHalf {
    pub(crate) async fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        std::future::poll_fn(|cx| Pin::new(&mut *self.0.borrow_mut()).poll_read(cx, out)).await
    }

    /// Bytes that are there already go to their place at once; glommio, which reads into written memory only, does the waiting.
    pub(crate) async fn read_buf(&mut self, out: &mut BytesMut, limit: usize) -> Result<usize> {
        if limit == 0 || out.spare_capacity_mut().is_empty() {
            return Ok(0);
        }
        loop {
            let fd = self.0.borrow().as_raw_fd();
            match sys::receive_some(fd, out, limit) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                done => return done,
            }
        }
        let mut first = [0; FIRST_BYTES];
        let room = (out.capacity() - out.len()).min(limit).min(FIRST_BYTES);
        let n = self.read(&mut first[..room]).await?;
        out.extend_from_slice(&first[..n]);
        Ok(n)
    }
}

/// See [`ReadHalf`].
pub(crate) struct WriteHalf(Rc<RefCell<TcpStream>>);

impl WriteHalf {
    /// glommio has no vectored writes, so we send ourselves for as long as the socket takes it, and leave
    /// only the waiting to glommio.
    pub(crate) async fn write_slices(&mut self, slices: &[&[u8]]) -> Result<()> {
        let mut cursor = Cursor {
            slices,
            first: 0,
            done: 0,
        };
        while let Some(next) = cursor.next() {
            let sent =
                cursor.with_slices(|slices| sys::send_some(self.0.borrow().as_raw_fd(), slices));
            let n = match sent {
                Ok(n) => n,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.write_some(next).await?
                }
                Err(error) => return Err(error),
            };
            if n == 0 {
                return Err(ErrorKind::WriteZero.into());
            }
            cursor.advance(n);
        }
        Ok(())
    }

    async fn write_some(&mut self, bytes: &[u8]) -> Result<usize> {
        std::future::poll_fn(|cx| -> Poll<Result<usize>> {
            Pin::new(&mut *self.0.borrow_mut()).poll_write(cx, bytes)
        })
        .await
    }

    pub(crate) fn shutdown(&mut self) -> Result<()> {
        sys::shutdown_write(self.0.borrow().as_raw_fd())
    }
}

/// Where in a list of slices we are.
struct Cursor<'a> {
    slices: &'a [&'a [u8]],
    first: usize,
    done: usize,
}

impl<'a> Cursor<'a> {
    /// The rest of the first slice that is not sent completely.
    fn next(&mut self) -> Option<&'a [u8]> {
        while self.slices.get(self.first)?.len() == self.done {
            self.first += 1;
            self.done = 0;
        }
        Some(&self.slices[self.first][self.done..])
    }

    fn with_slices<R>(&self, send: impl FnOnce(&mut [IoSlice<'_>]) -> R) -> R {
        let mut batch = [IoSlice::new(&[]); SLICES];
        let mut count = 0;
        for (place, slice) in batch.iter_mut().zip(&self.slices[self.first..]) {
            *place = IoSlice::new(if count == 0 {
                &slice[self.done..]
            } else {
                slice
            });
            count += 1;
        }
        send(&mut batch[..count])
    }

    fn advance(&mut self, mut n: usize) {
        while n > 0 {
            let left = self.slices[self.first].len() - self.done;
            let step = left.min(n);
            self.done += step;
            n -= step;
            if self.done == self.slices[self.first].len() {
                self.first += 1;
                self.done = 0;
            }
        }
    }
}
