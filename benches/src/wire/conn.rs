//! A connection that never blocks: frames out of buffers that come back when they are sent, frames in.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// Answers larger than this are refused.
const FRAME_MAX: usize = 256 << 20;
/// What is asked of the socket at least.
const READ_MIN: usize = 64 << 10;

/// Something whose bytes go out.
pub trait Outgoing {
    /// All its bytes.
    fn bytes(&self) -> &[u8];
}

impl Outgoing for super::produce::Request {
    fn bytes(&self) -> &[u8] {
        self.bytes()
    }
}

impl Outgoing for Vec<u8> {
    fn bytes(&self) -> &[u8] {
        self
    }
}

/// One connection.
#[derive(Debug)]
pub struct Conn<T> {
    socket: TcpStream,
    out: VecDeque<T>,
    /// Bytes of the front of `out` that are sent.
    sent: usize,
    input: Vec<u8>,
    /// What of `input` is read and not taken.
    begin: usize,
    end: usize,
}

impl<T: Outgoing> Conn<T> {
    /// Connects.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            out: VecDeque::new(),
            sent: 0,
            input: Vec::new(),
            begin: 0,
            end: 0,
        })
    }

    /// Sends as much as the socket takes; what is sent whole goes to `done`.
    pub fn send(&mut self, mut done: impl FnMut(T)) -> io::Result<()> {
        while let Some(front) = self.out.front() {
            match self.socket.write(&front.bytes()[self.sent..]) {
                Ok(n) => self.sent += n,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            }
            if self.sent == front.bytes().len() {
                self.sent = 0;
                self.out.pop_front().into_iter().for_each(&mut done);
            }
        }
        Ok(())
    }

    /// Appends to what is to be sent.
    pub fn push(&mut self, frame: T) {
        self.out.push_back(frame);
    }

    /// True while the socket did not take everything.
    pub fn wants_to_send(&self) -> bool {
        !self.out.is_empty()
    }

    /// Reads once; false when there was nothing. The end of the stream is an error.
    pub fn read(&mut self) -> io::Result<bool> {
        self.make_room();
        match self.socket.read(&mut self.input[self.end..]) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                self.end += n;
                Ok(true)
            }
            Err(e)
                if matches!(
                    e.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) =>
            {
                Ok(false)
            }
            Err(e) => Err(e),
        }
    }

    /// The next whole frame, without its length.
    pub fn frame(&mut self) -> io::Result<Option<&[u8]>> {
        let Some(length) = self.frame_length()? else {
            return Ok(None);
        };
        let begin = self.begin + 4;
        if self.end - self.begin < 4 + length {
            return Ok(None);
        }
        self.begin = begin + length;
        Ok(Some(&self.input[begin..begin + length]))
    }

    fn frame_length(&self) -> io::Result<Option<usize>> {
        let Some(length) = self.input[self.begin..self.end].first_chunk::<4>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*length) as usize;
        if length > FRAME_MAX {
            return Err(io::Error::other(format!("an answer of {length} bytes")));
        }
        Ok(Some(length))
    }

    /// Room for the rest of the frame that has begun, and for [`READ_MIN`] in any case.
    fn make_room(&mut self) {
        if self.begin == self.end {
            (self.begin, self.end) = (0, 0);
        }
        let whole = self.frame_length().ok().flatten().map_or(0, |n| n + 4);
        let need = whole.max(self.end - self.begin + READ_MIN);
        if self.input.len() - self.begin < need && self.begin > 0 {
            self.input.copy_within(self.begin..self.end, 0);
            (self.begin, self.end) = (0, self.end - self.begin);
        }
        if self.input.len() < need {
            self.input.resize(need, 0);
        }
    }
}

impl<T> AsFd for Conn<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn frames_of_any_size_come_whole_and_in_order() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let peer = std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().expect("a client");
            let mut got = Vec::new();
            socket.read_to_end(&mut got).ok();
            let mut answer = Vec::new();
            for size in [0u32, 5, 300_000, 1] {
                answer.extend_from_slice(&size.to_be_bytes());
                answer.resize(answer.len() + size as usize, size as u8);
            }
            socket.write_all(&answer).expect("to be heard");
            got.len()
        });
        let mut conn = Conn::connect(address).expect("a connection");
        (0..3).for_each(|n| conn.push(vec![n; 1_000_000]));
        let mut back = 0;
        while conn.wants_to_send() {
            conn.send(|_| back += 1).expect("sent");
        }
        conn.socket
            .shutdown(std::net::Shutdown::Write)
            .expect("half closed");
        let mut sizes = Vec::new();
        let end = loop {
            while let Some(frame) = conn.frame().expect("a sane frame") {
                assert!(frame.iter().all(|b| *b == frame.len() as u8));
                sizes.push(frame.len());
            }
            if let Err(e) = conn.read() {
                break e.kind();
            }
        };
        assert_eq!((back, peer.join().expect("the peer")), (3, 3_000_000));
        assert_eq!(
            (sizes, end),
            (vec![0, 5, 300_000, 1], io::ErrorKind::UnexpectedEof)
        );
    }
}
