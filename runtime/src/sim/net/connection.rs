//! One connection: two streams of bytes that travel in pieces.
//!
//! Pieces of one direction arrive in order, each after a random delay; over a cut link they wait, as TCP
//! would send them again, until it heals. A side that lost power answers nothing until its node is up
//! again; then what reaches it is answered with a reset.

use std::{
    cell::RefCell,
    collections::VecDeque,
    io::{Error, ErrorKind},
    net::SocketAddr,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use crate::{
    Result,
    sim::world::{Note, World},
};

/// Index of a side: 0 connected, 1 accepted.
pub(super) type SideIndex = usize;

pub(in crate::sim) struct Connection {
    number: u64,
    sides: [Side; 2],
    state: RefCell<State>,
}

pub(super) struct Side {
    pub(super) node: u16,
    pub(super) epoch: u32,
    pub(super) addr: SocketAddr,
}

#[derive(Default)]
struct State {
    /// `flows[i]` goes from side `i` to the other.
    flows: [Flow; 2],
    /// This side knows that the connection is dead.
    broken: [bool; 2],
    /// No code of this side is left.
    gone: [bool; 2],
}

#[derive(Default)]
struct Flow {
    arrived: VecDeque<u8>,
    travelling: usize,
    last_arrival: u64,
    /// Pieces that wait for a cut link to heal.
    held: VecDeque<Piece>,
    fin_sent: bool,
    fin_arrived: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

enum Piece {
    Data(Vec<u8>),
    Fin,
    Reset,
}

/// What the arrival of a piece leads to, done once the connection is no longer borrowed.
enum Arrival {
    Nothing,
    Wake(Option<Waker>),
    Break,
    AnswerReset,
}

impl Connection {
    pub(super) fn new(world: &World, sides: [Side; 2]) -> Rc<Connection> {
        let number = world.next_sequence();
        let connection = Rc::new(Connection {
            number,
            sides,
            state: RefCell::default(),
        });
        world.net.borrow_mut().remember(number, &connection);
        connection
    }

    pub(super) fn side(&self, index: SideIndex) -> &Side {
        &self.sides[index]
    }

    pub(in crate::sim) fn nodes(&self) -> [u16; 2] {
        [self.sides[0].node, self.sides[1].node]
    }

    pub(super) fn poll_read(
        &self,
        world: &World,
        me: SideIndex,
        cx: &Context<'_>,
        out: &mut [u8],
    ) -> Poll<Result<usize>> {
        let short = world.options.borrow().net.short_read;
        let mut state = self.state.borrow_mut();
        let broken = state.broken[me];
        let flow = &mut state.flows[1 - me];
        let mut n = flow.arrived.len().min(out.len());
        if n > 0 {
            if world.chance(short) {
                n = 1 + world.below(n as u64) as usize;
            }
            take_front(&mut flow.arrived, &mut out[..n]);
            if let Some(writer) = flow.writer.take() {
                writer.wake();
            }
            return Poll::Ready(Ok(n));
        }
        if broken {
            return Poll::Ready(Err(Error::new(
                ErrorKind::ConnectionReset,
                "connection reset by peer",
            )));
        }
        if flow.fin_arrived {
            return Poll::Ready(Ok(0));
        }
        flow.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Sends a first part of `bytes`.
    pub(super) fn poll_write(
        self: &Rc<Self>,
        world: &Rc<World>,
        me: SideIndex,
        cx: &Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let (buffer, segment, resets) = {
            let options = world.options.borrow();
            (options.net.buffer, options.net.segment, options.net.resets)
        };
        let n = {
            let mut state = self.state.borrow_mut();
            if state.broken[me] || state.flows[me].fin_sent {
                return Poll::Ready(Err(Error::new(
                    ErrorKind::BrokenPipe,
                    "the connection is closed",
                )));
            }
            let flow = &mut state.flows[me];
            let room = buffer.saturating_sub(flow.arrived.len() + flow.travelling);
            if room == 0 {
                flow.writer = Some(cx.waker().clone());
                return Poll::Pending;
            }
            let most = bytes.len().min(room).min(segment.max(1)) as u64;
            // Half of the pieces are as large as they can be, the others of any size.
            let n = if world.chance(0.5) {
                most
            } else {
                1 + world.below(most)
            };
            flow.travelling += n as usize;
            n as usize
        };
        if world.chance(resets) {
            world.note(Note::Fault, 100, self.number);
            world.count_fault("connection resets");
            self.reset(world, me);
        } else {
            self.send(world, me, Piece::Data(bytes[..n].to_vec()));
        }
        Poll::Ready(Ok(n))
    }

    pub(super) fn shutdown(self: &Rc<Self>, world: &Rc<World>, me: SideIndex) -> Result<()> {
        {
            let mut state = self.state.borrow_mut();
            if state.broken[me] {
                return Err(Error::new(
                    ErrorKind::NotConnected,
                    "the connection is closed",
                ));
            }
            if std::mem::replace(&mut state.flows[me].fin_sent, true) {
                return Ok(());
            }
        }
        self.send(world, me, Piece::Fin);
        Ok(())
    }

    /// The code of this side has dropped the connection, or died.
    pub(super) fn close(self: &Rc<Self>, world: &Rc<World>, me: SideIndex) {
        let side = &self.sides[me];
        let alive = world.is_alive(side.node, side.epoch);
        let silent = !alive && world.with_node(side.node, |node| node.last_crash.is_power_loss());
        let farewell = {
            let mut state = self.state.borrow_mut();
            state.gone[me] = true;
            state.flows[1 - me].reader = None;
            state.flows[me].writer = None;
            let unread = !state.flows[1 - me].arrived.is_empty();
            if state.broken[me] || silent {
                None
            } else if unread || !alive {
                Some(Piece::Reset)
            } else {
                (!std::mem::replace(&mut state.flows[me].fin_sent, true)).then_some(Piece::Fin)
            }
        };
        if let Some(piece) = farewell {
            self.send(world, me, piece);
        }
    }

    /// A node has died: its ends are closed, also those that somebody still holds.
    pub(in crate::sim) fn close_ends_of(self: &Rc<Self>, world: &Rc<World>, node: u16) {
        for me in [0, 1] {
            let gone = self.state.borrow().gone[me];
            if self.sides[me].node == node && !gone {
                self.close(world, me);
            }
        }
    }

    /// Breaks the connection from the point of view of `me`; the other side learns of it later.
    pub(in crate::sim) fn reset(self: &Rc<Self>, world: &Rc<World>, me: SideIndex) {
        self.break_side(me);
        self.send(world, me, Piece::Reset);
    }

    fn break_side(&self, me: SideIndex) {
        let wakers = {
            let mut state = self.state.borrow_mut();
            state.broken[me] = true;
            state.flows[1 - me].arrived.clear();
            [
                state.flows[1 - me].reader.take(),
                state.flows[me].writer.take(),
            ]
        };
        wakers.into_iter().flatten().for_each(Waker::wake);
    }

    fn send(self: &Rc<Self>, world: &Rc<World>, from: SideIndex, piece: Piece) {
        let (delay, stalls, stall) = {
            let options = world.options.borrow();
            let here = self.sides[0].node == self.sides[1].node;
            let delay = if here {
                options.net.local_delay
            } else {
                options.net.delay
            };
            (delay, options.net.stalls, options.net.stall)
        };
        let mut at = world.now() + world.draw(delay);
        if world.chance(stalls) {
            world.count_fault("connection stalls");
            at += world.below(stall.as_nanos() as u64);
        }
        {
            let flow = &mut self.state.borrow_mut().flows[from];
            at = at.max(flow.last_arrival + 1);
            flow.last_arrival = at;
        }
        let connection = self.clone();
        world.after(at - world.now(), move |world| {
            connection.arrive(world, from, piece)
        });
    }

    fn arrive(self: &Rc<Self>, world: &Rc<World>, from: SideIndex, piece: Piece) {
        let to = 1 - from;
        let (source, target) = (self.sides[from].node, self.sides[to].node);
        let cut = world.net.borrow().is_cut(source, target);
        let powered = world.with_node(target, |node| node.up || !node.last_crash.is_power_loss());
        match self.take_in(world, from, piece, cut, powered) {
            Arrival::Nothing | Arrival::Wake(None) => {}
            Arrival::Wake(Some(waker)) => waker.wake(),
            Arrival::Break => self.break_side(to),
            Arrival::AnswerReset => self.send(world, to, Piece::Reset),
        }
    }

    fn take_in(
        &self,
        world: &World,
        from: SideIndex,
        piece: Piece,
        cut: bool,
        powered: bool,
    ) -> Arrival {
        let mut state = self.state.borrow_mut();
        let gone = state.gone[1 - from];
        let broken = state.broken[1 - from];
        let flow = &mut state.flows[from];
        if cut || !flow.held.is_empty() {
            flow.held.push_back(piece);
            return Arrival::Nothing;
        }
        match piece {
            Piece::Data(bytes) => {
                world.note(Note::Segment, self.number, bytes.len() as u64);
                flow.travelling = flow.travelling.saturating_sub(bytes.len());
                if broken && !gone {
                    // What arrives behind a reset is never read: a stream has no holes.
                    Arrival::Nothing
                } else if !gone {
                    flow.arrived.extend(bytes);
                    Arrival::Wake(flow.reader.take())
                } else if powered {
                    Arrival::AnswerReset
                } else {
                    Arrival::Nothing
                }
            }
            Piece::Fin => {
                world.note(Note::Segment, self.number, 0);
                flow.fin_arrived = true;
                Arrival::Wake(flow.reader.take())
            }
            Piece::Reset => {
                world.note(Note::Segment, self.number, u64::MAX);
                Arrival::Break
            }
        }
    }

    /// The link from node `from` is whole again: what it held travels on.
    pub(super) fn release_held(self: &Rc<Self>, world: &Rc<World>, from: u16) {
        for side in [0, 1] {
            if self.sides[side].node == from {
                let held = std::mem::take(&mut self.state.borrow_mut().flows[side].held);
                // At once: what was sent after them may be about to arrive.
                for piece in held {
                    self.arrive(world, side, piece);
                }
            }
        }
    }
}

fn take_front(from: &mut VecDeque<u8>, out: &mut [u8]) {
    let (head, tail) = from.as_slices();
    let first = head.len().min(out.len());
    out[..first].copy_from_slice(&head[..first]);
    let rest = out.len() - first;
    out[first..].copy_from_slice(&tail[..rest]);
    from.drain(..out.len());
}
