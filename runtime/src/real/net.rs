//! Sockets.

use std::{
    io::{Error, ErrorKind, IoSlice},
    net::{SocketAddr, ToSocketAddrs},
    os::fd::{AsRawFd, OwnedFd},
    rc::Rc,
};

use bytes::BytesMut;
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::executor::{Operation, operate};
use super::ring::Job;
use super::sys;
use crate::Result;

/// The system's resolver; it may ask the network, so not on the shard's own thread.
pub(crate) async fn resolve(host: String, port: u16) -> Result<Vec<SocketAddr>> {
    super::blocking::run(move || Ok((host, port).to_socket_addrs()?.collect())).await
}

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// Slices given to the kernel at once (it takes at most 1024).
const SLICES: usize = 64;

/// An open socket that does not block, and at most one wait for one of its directions.
struct Direction {
    socket: Rc<OwnedFd>,
    events: libc::c_short,
    /// Kept when a future is dropped while it waits: the next one goes on with it.
    waiting: Option<Operation>,
}

impl Direction {
    fn new(socket: Rc<OwnedFd>, events: libc::c_short) -> Direction {
        Direction {
            socket,
            events,
            waiting: None,
        }
    }

    /// Resolves when there may be something to do; errors of the connection count as that.
    async fn ready(&mut self) -> Result<()> {
        let waiting = self.waiting.get_or_insert_with(|| {
            operate(Job::Poll {
                socket: self.socket.clone(),
                events: self.events,
            })
        });
        let (_, answer) = waiting.await;
        self.waiting = None;
        answer.map(drop)
    }

    /// Does `work` now if the socket is ready for it, else when it is.
    async fn when_ready<T>(&mut self, mut work: impl FnMut(&OwnedFd) -> Result<T>) -> Result<T> {
        loop {
            match work(&self.socket) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.ready().await?,
                done => return done,
            }
        }
    }
}

fn address(socket: Result<socket2::SockAddr>) -> Result<SocketAddr> {
    let unknown = || Error::from(ErrorKind::AddrNotAvailable);
    socket?.as_socket().ok_or_else(unknown)
}

pub(crate) struct Listener(Rc<OwnedFd>);

impl Listener {
    pub(crate) fn bind(addr: SocketAddr, reuse_port: bool) -> Result<Listener> {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        // Connections of an earlier run that linger in the kernel must not keep us from our port.
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(reuse_port)?;
        socket.set_nonblocking(true)?;
        socket.bind(&addr.into())?;
        socket.listen(BACKLOG)?;
        Ok(Listener(Rc::new(socket.into())))
    }

    pub(crate) async fn accept(&self) -> Result<Stream> {
        let mut arriving = Direction::new(self.0.clone(), libc::POLLIN);
        let socket = arriving.when_ready(sys::accept_one).await?;
        SockRef::from(&socket).set_tcp_nodelay(true)?;
        Ok(Stream(Rc::new(socket)))
    }

    pub(crate) fn local_addr(&self) -> Result<SocketAddr> {
        address(SockRef::from(&self.0).local_addr())
    }
}

pub(crate) struct Stream(Rc<OwnedFd>);

impl Stream {
    pub(crate) async fn connect(addr: SocketAddr) -> Result<Stream> {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        let connecting = match socket.connect(&addr.into()) {
            Ok(()) => false,
            Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => true,
            Err(error) => return Err(error),
        };
        let socket = Rc::new(OwnedFd::from(socket));
        if connecting {
            Direction::new(socket.clone(), libc::POLLOUT)
                .ready()
                .await?;
            if let Some(error) = SockRef::from(&socket).take_error()? {
                return Err(error);
            }
        }
        Ok(Stream(socket))
    }

    pub(crate) fn peer_addr(&self) -> Result<SocketAddr> {
        address(SockRef::from(&self.0).peer_addr())
    }

    pub(crate) fn local_addr(&self) -> Result<SocketAddr> {
        address(SockRef::from(&self.0).local_addr())
    }

    pub(crate) fn split(self) -> (ReadHalf, WriteHalf) {
        let read = ReadHalf {
            direction: Direction::new(self.0.clone(), libc::POLLIN),
            emptied: false,
        };
        (read, WriteHalf(Direction::new(self.0, libc::POLLOUT)))
    }
}

/// The socket is closed when both halves, and what the ring has under way for them, are gone.
pub(crate) struct ReadHalf {
    direction: Direction,
    /// The last read took all there was: another one at once would be a system call for nothing.
    emptied: bool,
}

impl ReadHalf {
    pub(crate) async fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        self.receive(out.len(), |socket| sys::receive(socket.as_raw_fd(), out))
            .await
    }

    pub(crate) async fn read_buf(&mut self, out: &mut BytesMut, limit: usize) -> Result<usize> {
        let room = out.spare_capacity_mut().len().min(limit);
        if room == 0 {
            return Ok(0);
        }
        self.receive(room, |socket| {
            sys::receive_some(socket.as_raw_fd(), out, limit)
        })
        .await
    }

    async fn receive(
        &mut self,
        room: usize,
        receive: impl FnMut(&OwnedFd) -> Result<usize>,
    ) -> Result<usize> {
        if self.emptied {
            self.direction.ready().await?;
            self.emptied = false;
        }
        let n = self.direction.when_ready(receive).await?;
        self.emptied = n < room;
        Ok(n)
    }
}

/// See [`ReadHalf`].
pub(crate) struct WriteHalf(Direction);

impl WriteHalf {
    pub(crate) async fn write_slices(&mut self, slices: &[&[u8]]) -> Result<()> {
        let mut cursor = Cursor {
            slices,
            first: 0,
            done: 0,
        };
        while cursor.is_unsent() {
            let send = |socket: &OwnedFd| {
                cursor.with_slices(|slices| sys::send_some(socket.as_raw_fd(), slices))
            };
            let n = self.0.when_ready(send).await?;
            if n == 0 {
                return Err(ErrorKind::WriteZero.into());
            }
            cursor.advance(n);
        }
        Ok(())
    }

    pub(crate) fn shutdown(&mut self) -> Result<()> {
        sys::shutdown_write(self.0.socket.as_raw_fd())
    }
}

/// Where in a list of slices we are.
struct Cursor<'a> {
    slices: &'a [&'a [u8]],
    first: usize,
    done: usize,
}

impl Cursor<'_> {
    /// Is anything left? Steps over slices that are sent completely.
    fn is_unsent(&mut self) -> bool {
        while let Some(slice) = self.slices.get(self.first) {
            if slice.len() > self.done {
                return true;
            }
            self.first += 1;
            self.done = 0;
        }
        false
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
