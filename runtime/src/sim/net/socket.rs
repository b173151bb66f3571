//! Listening, connecting, and the two halves of a connection.

use std::{
    cell::RefCell,
    collections::VecDeque,
    io::{Error, ErrorKind},
    net::SocketAddr,
    rc::Rc,
    task::{Poll, Waker},
    time::Duration,
};

use bytes::BytesMut;

use super::{
    connection::{Connection, Side, SideIndex},
    ip_of, local, node_at,
};
use crate::{
    Result,
    sim::{here::Here, world::World},
    sync::oneshot,
};

/// Connections that may wait to be accepted.
const BACKLOG: usize = 1024;

/// After this long an attempt to reach a host that does not answer is given up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Time between two attempts to get through.
const CONNECT_RETRY: Duration = Duration::from_secs(1);

/// Connections that wait for one listener.
pub(super) struct Queue {
    addr: SocketAddr,
    reuse_port: bool,
    waiting: RefCell<VecDeque<Stream>>,
    /// Tasks that wait to accept.
    accepting: RefCell<Vec<Waker>>,
}

pub(crate) struct Listener {
    world: Rc<World>,
    node: u16,
    queue: Rc<Queue>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        let key = (self.node, self.queue.addr.port());
        {
            let mut net = self.world.net.borrow_mut();
            if let Some(listeners) = net.listeners.get_mut(&key) {
                listeners.retain(|queue| !Rc::ptr_eq(queue, &self.queue));
                if listeners.is_empty() {
                    net.listeners.remove(&key);
                }
            }
        }
        // Nobody will accept these any more.
        let waiting = std::mem::take(&mut *self.queue.waiting.borrow_mut());
        drop(waiting);
    }
}

impl Listener {
    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.queue.addr
    }

    pub(crate) async fn accept(&self) -> Result<Stream> {
        std::future::poll_fn(|cx| {
            if let Some(stream) = self.queue.waiting.borrow_mut().pop_front() {
                return Poll::Ready(Ok(stream));
            }
            let mut accepting = self.queue.accepting.borrow_mut();
            if !accepting.iter().any(|waker| waker.will_wake(cx.waker())) {
                accepting.push(cx.waker().clone());
            }
            Poll::Pending
        })
        .await
    }
}

impl Here {
    pub(crate) fn listen(&self, addr: SocketAddr, reuse_port: bool) -> Result<Listener> {
        let node = self.node();
        if node_at(node, addr.ip()) != Some(node) {
            return Err(Error::new(
                ErrorKind::AddrNotAvailable,
                "not an address of this node",
            ));
        }
        let mut net = self.world().net.borrow_mut();
        let port = if addr.port() == 0 {
            net.free_port(node)
        } else {
            addr.port()
        };
        let addr = local(node, SocketAddr::new(addr.ip(), port));
        let listeners = net.listeners.entry((node, port)).or_default();
        if listeners
            .iter()
            .any(|queue| !(queue.reuse_port && reuse_port))
        {
            return Err(Error::new(ErrorKind::AddrInUse, "address already in use"));
        }
        let queue = Queue {
            addr,
            reuse_port,
            waiting: RefCell::default(),
            accepting: RefCell::default(),
        };
        let queue = Rc::new(queue);
        listeners.push(queue.clone());
        Ok(Listener {
            world: self.world().clone(),
            node,
            queue,
        })
    }

    pub(crate) async fn connect(&self, addr: SocketAddr) -> Result<Stream> {
        let unreachable = || Error::new(ErrorKind::HostUnreachable, "no such host");
        let target = node_at(self.node(), addr.ip()).ok_or_else(unreachable)?;
        if usize::from(target) >= self.world().nodes.borrow().len() {
            return Err(unreachable());
        }
        let port = self.world().net.borrow_mut().free_port(self.node());
        let from = SocketAddr::new(ip_of(self.node()), port);
        let give_up = self.now_ns() + CONNECT_TIMEOUT.as_nanos() as u64;
        loop {
            if let Some(result) = self.knock(target, from, addr).await {
                let stream = result?;
                // The answer needs its time back.
                let delay = self.net_delay(target);
                self.sleep_until(self.now_ns() + delay).await;
                return Ok(stream);
            }
            if self.now_ns() >= give_up {
                return Err(Error::new(ErrorKind::TimedOut, "the host does not answer"));
            }
            self.sleep_until(self.now_ns() + CONNECT_RETRY.as_nanos() as u64)
                .await;
        }
    }

    fn net_delay(&self, target: u16) -> u64 {
        let world = self.world();
        let latency = {
            let options = world.options.borrow();
            if target == self.node() {
                options.net.local_delay
            } else {
                options.net.delay
            }
        };
        world.draw(latency)
    }

    /// One attempt; none when nothing came back.
    async fn knock(&self, target: u16, from: SocketAddr, to: SocketAddr) -> Option<Result<Stream>> {
        let (node, epoch) = (self.node(), self.epoch());
        let (sender, receiver) = oneshot::channel();
        self.world().after(self.net_delay(target), move |world| {
            let client = Side {
                node,
                epoch,
                addr: from,
            };
            let _ = sender.send(reach(world, client, target, to));
        });
        receiver.await.ok().flatten()
    }
}

/// The attempt arrives at the target.
fn reach(world: &Rc<World>, client: Side, target: u16, to: SocketAddr) -> Option<Result<Stream>> {
    {
        let net = world.net.borrow();
        if net.is_cut(client.node, target) || net.is_cut(target, client.node) {
            return None;
        }
    }
    let (up, silent, epoch) = world.with_node(target, |node| {
        (
            node.up,
            !node.up && node.last_crash.is_power_loss(),
            node.epoch,
        )
    });
    if silent {
        return None;
    }
    let refused = || {
        Some(Err(Error::new(
            ErrorKind::ConnectionRefused,
            "nobody listens there",
        )))
    };
    let queue = {
        let net = world.net.borrow();
        match net.listeners.get(&(target, to.port())) {
            Some(listeners) if up => {
                listeners[world.below(listeners.len() as u64) as usize].clone()
            }
            _ => return refused(),
        }
    };
    if queue.waiting.borrow().len() >= BACKLOG {
        return refused();
    }
    let server = Side {
        node: target,
        epoch,
        addr: local(target, SocketAddr::new(queue.addr.ip(), to.port())),
    };
    let connection = Connection::new(world, [client, server]);
    let accepted = Stream::new(world, &connection, 1);
    queue.waiting.borrow_mut().push_back(accepted);
    let accepting = std::mem::take(&mut *queue.accepting.borrow_mut());
    accepting.into_iter().for_each(Waker::wake);
    Some(Ok(Stream::new(world, &connection, 0)))
}

/// One side of a connection; closed when dropped.
struct Endpoint {
    world: Rc<World>,
    connection: Rc<Connection>,
    me: SideIndex,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.connection.close(&self.world, self.me);
    }
}

pub(crate) struct Stream(Rc<Endpoint>);

impl Stream {
    fn new(world: &Rc<World>, connection: &Rc<Connection>, me: SideIndex) -> Stream {
        Stream(Rc::new(Endpoint {
            world: world.clone(),
            connection: connection.clone(),
            me,
        }))
    }

    pub(crate) fn peer_addr(&self) -> SocketAddr {
        self.0.connection.side(1 - self.0.me).addr
    }

    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.0.connection.side(self.0.me).addr
    }

    pub(crate) fn split(self) -> (ReadHalf, WriteHalf) {
        (ReadHalf(self.0.clone()), WriteHalf(self.0))
    }
}

pub(crate) struct ReadHalf(Rc<Endpoint>);

impl ReadHalf {
    pub(crate) async fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let end = &self.0;
        std::future::poll_fn(|cx| end.connection.poll_read(&end.world, end.me, cx, out)).await
    }

    pub(crate) async fn read_buf(&mut self, out: &mut BytesMut, limit: usize) -> Result<usize> {
        let mut read = vec![0; (out.capacity() - out.len()).min(limit)];
        let n = self.read(&mut read).await?;
        out.extend_from_slice(&read[..n]);
        Ok(n)
    }
}

pub(crate) struct WriteHalf(Rc<Endpoint>);

impl WriteHalf {
    pub(crate) async fn write_slices(&mut self, slices: &[&[u8]]) -> Result<()> {
        let end = &self.0;
        for slice in slices {
            let mut rest = *slice;
            while !rest.is_empty() {
                let n = std::future::poll_fn(|cx| {
                    end.connection.poll_write(&end.world, end.me, cx, rest)
                })
                .await?;
                rest = &rest[n..];
            }
        }
        Ok(())
    }

    pub(crate) fn shutdown(&mut self) -> Result<()> {
        self.0.connection.shutdown(&self.0.world, self.0.me)
    }
}
