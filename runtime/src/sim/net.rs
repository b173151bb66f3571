//! The simulated network: who listens where, which links are cut, connections.

mod connection;
mod socket;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    rc::{Rc, Weak},
};

use connection::Connection;
pub(crate) use socket::{Listener, ReadHalf, Stream, WriteHalf};

use super::world::World;

/// First port given out when none is asked for.
const FIRST_FREE_PORT: u16 = 32_768;

#[derive(Default)]
pub(super) struct Net {
    listeners: BTreeMap<(u16, u16), Vec<Rc<socket::Queue>>>,
    next_port: BTreeMap<u16, u16>,
    /// Directed links over which nothing travels.
    cut: BTreeSet<(u16, u16)>,
    /// Live connections by number.
    connections: BTreeMap<u64, Weak<Connection>>,
    /// At this many connections the dead ones are forgotten.
    sweep_at: usize,
}

/// The address of a node.
pub(super) fn ip_of(node: u16) -> IpAddr {
    let [high, low] = (node + 1).to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(10, 0, high, low))
}

/// Which node an address means to code on node `from`; none when there is no such host.
pub(super) fn node_at(from: u16, ip: IpAddr) -> Option<u16> {
    if ip.is_loopback() || ip.is_unspecified() {
        return Some(from);
    }
    match ip {
        IpAddr::V4(ip) => match ip.octets() {
            [10, 0, high, low] => u16::from_be_bytes([high, low]).checked_sub(1),
            _ => None,
        },
        IpAddr::V6(_) => None,
    }
}

impl Net {
    fn free_port(&mut self, node: u16) -> u16 {
        loop {
            let next = self.next_port.entry(node).or_insert(FIRST_FREE_PORT);
            let port = *next;
            *next = if port == u16::MAX {
                FIRST_FREE_PORT
            } else {
                port + 1
            };
            if !self.listeners.contains_key(&(node, port)) {
                return port;
            }
        }
    }

    pub(super) fn is_cut(&self, from: u16, to: u16) -> bool {
        self.cut.contains(&(from, to))
    }

    pub(super) fn set_cut(&mut self, from: u16, to: u16, cut: bool) {
        if cut {
            self.cut.insert((from, to));
        } else {
            self.cut.remove(&(from, to));
        }
    }

    /// Connections with an end on each of these nodes.
    pub(super) fn between(&self, a: u16, b: u16) -> Vec<Rc<Connection>> {
        let joins = |connection: &Rc<Connection>| {
            let nodes = connection.nodes();
            nodes == [a, b] || nodes == [b, a]
        };
        self.connections
            .values()
            .filter_map(Weak::upgrade)
            .filter(joins)
            .collect()
    }

    fn remember(&mut self, number: u64, connection: &Rc<Connection>) {
        if self.connections.len() >= self.sweep_at {
            self.connections
                .retain(|_, connection| connection.strong_count() > 0);
            self.sweep_at = 64 + 2 * self.connections.len();
        }
        self.connections.insert(number, Rc::downgrade(connection));
    }
}

/// Lets what was held back by a cut travel on.
pub(super) fn heal(world: &Rc<World>, from: u16, to: u16) {
    world.net.borrow_mut().set_cut(from, to, false);
    let connections = world.net.borrow().between(from, to);
    for connection in connections {
        connection.release_held(world, from);
    }
}

/// What the system does when a process is gone: nobody listens any more, and what was connected is closed.
pub(super) fn node_died(world: &Rc<World>, node: u16) {
    let (listeners, ends) = {
        let mut net = world.net.borrow_mut();
        let (theirs, others) = std::mem::take(&mut net.listeners)
            .into_iter()
            .partition::<BTreeMap<_, _>, _>(|((of, _), _)| *of == node);
        net.listeners = others;
        let connections = net.connections.values().filter_map(Weak::upgrade);
        let ends: Vec<_> = connections.filter(|c| c.nodes().contains(&node)).collect();
        (theirs, ends)
    };
    drop(listeners);
    for connection in ends {
        connection.close_ends_of(world, node);
    }
}

/// Breaks all connections between two nodes.
pub(super) fn reset_between(world: &Rc<World>, a: u16, b: u16) {
    let connections = world.net.borrow().between(a, b);
    for connection in connections {
        connection.reset(world, 0);
    }
}

fn local(node: u16, addr: SocketAddr) -> SocketAddr {
    let ip = if addr.ip().is_unspecified() {
        ip_of(node)
    } else {
        addr.ip()
    };
    SocketAddr::new(ip, addr.port())
}
