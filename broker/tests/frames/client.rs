//! A client that sends what it is told.

use std::io::{ErrorKind, Read, Result, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An answer, without its length.
    Answer(Vec<u8>),
    /// The connection was closed without an answer.
    Closed,
    /// Nothing happened for as long as the client waits.
    Silence,
}

/// One connection.
pub struct Client(TcpStream);

impl Client {
    /// Connects; waits at most `patience` for answers.
    pub fn connect(addr: SocketAddr, patience: Duration) -> Result<Client> {
        let stream = TcpStream::connect(addr)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        stream.set_nodelay(true)?;
        Ok(Client(stream))
    }

    /// Sends bytes as they are. A broker may have closed already: what counts is what is read afterwards.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes);
    }

    /// Sends as much as the connection takes at once.
    pub fn send_some(&mut self, bytes: &[u8]) {
        self.0.set_nonblocking(true).expect("a flag");
        let _ = self.0.write(bytes);
        self.0.set_nonblocking(false).expect("a flag");
    }

    /// Sends one frame.
    pub fn frame(&mut self, frame: &[u8]) {
        let mut bytes = (frame.len() as u32).to_be_bytes().to_vec();
        bytes.extend(frame);
        self.send(&bytes);
    }

    /// Nothing more is sent.
    pub fn finish(&mut self) {
        let _ = self.0.shutdown(Shutdown::Write);
    }

    /// The next answer.
    pub fn outcome(&mut self) -> Outcome {
        let mut len = [0; 4];
        match self.fill(&mut len) {
            Outcome::Answer(_) => {}
            other => return other,
        }
        let mut body = vec![0; u32::from_be_bytes(len) as usize];
        self.fill(&mut body)
    }

    fn fill(&mut self, out: &mut [u8]) -> Outcome {
        match self.0.read_exact(out) {
            Ok(()) => Outcome::Answer(out.to_vec()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Outcome::Silence
            }
            Err(_) => Outcome::Closed,
        }
    }

    /// Sends one frame; its answer, if it gets one.
    pub fn ask(&mut self, frame: &[u8]) -> Option<Vec<u8>> {
        self.frame(frame);
        match self.outcome() {
            Outcome::Answer(answer) => Some(answer),
            _ => None,
        }
    }
}
