//! What all clients of a scenario share, and how they speak.

use core::net::SocketAddr;
use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::Duration;

use ottla_protocol::error_code::ErrorCode;
use ottla_runtime::rand::Rng;
use ottla_runtime::time;

use super::ledger::{Honesty, Ledger};
use super::wire::Wire;

/// One scenario's clients.
pub struct Shared {
    /// Where the broker is.
    pub address: SocketAddr,
    /// What they know.
    pub ledger: RefCell<Ledger>,
    /// How far the broker's clock was ever ahead of theirs, ms.
    pub ahead_ms: Cell<i64>,
    /// How long they wait for an answer.
    pub patience: Duration,
    /// Longest pause between two steps.
    pub pause: Duration,
}

/// Why a client gives its connection up.
#[derive(Debug)]
pub enum Broken {
    /// The connection did, or the broker asked to come again later.
    Again,
    /// A promise was broken.
    Promise(String),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData => Self::Promise(error.to_string()),
            _ => Self::Again,
        }
    }
}

impl From<String> for Broken {
    fn from(what: String) -> Self {
        Self::Promise(what)
    }
}

/// One client: its chance and its connection to what all share.
pub struct Client {
    /// What all share.
    pub shared: Rc<Shared>,
    /// Its choices.
    pub rng: Rng,
    /// What it is called in stories.
    pub name: String,
}

impl Client {
    /// Waits a little.
    pub async fn pause(&mut self) {
        let longest = self.shared.pause.as_micros() as u64;
        time::sleep(Duration::from_micros(1 + self.rng.below(longest))).await;
    }

    /// Connects, or waits a little.
    pub async fn connect(&mut self) -> Option<Wire> {
        match Wire::connect(self.shared.address, self.shared.patience).await {
            Ok(wire) => Some(wire),
            Err(_) => {
                self.pause().await;
                None
            }
        }
    }

    /// Adds a line to the story.
    pub fn tell(&self, line: impl FnOnce() -> String) {
        let ledger = self.shared.ledger.borrow();
        ledger.story.tell(|| format!("{:<5} {}", self.name, line()));
    }

    /// What a connection's end means: a broken promise is remembered.
    pub fn ended(&self, why: &Broken) {
        match why {
            Broken::Again => self.tell(|| "connection given up".to_owned()),
            // Only what is read can be demanded then.
            Broken::Promise(_) if self.is_excused() => {}
            Broken::Promise(what) => {
                let what = format!("{}: {what}", self.name);
                self.shared.ledger.borrow_mut().violate(what);
            }
        }
    }

    fn is_excused(&self) -> bool {
        let lying = self.shared.ledger.borrow().honesty == Honesty::Lying;
        lying && !self.name.starts_with("cons")
    }

    /// The latest that it may be by the broker's clock, ms.
    pub fn latest_ms(&self) -> i64 {
        time::wall_ms() + self.shared.ahead_ms.get()
    }

    /// Is this refusal one that may be? Then the client comes again.
    pub fn refused(&self, what: &str, code: ErrorCode) -> Broken {
        let mut ledger = self.shared.ledger.borrow_mut();
        let disk = code == ErrorCode::KAFKA_STORAGE_ERROR || code == ErrorCode::CORRUPT_MESSAGE;
        let excused = match disk {
            true => ledger.failing || ledger.stopping(),
            // A lost write may have taken a topic, or its growth, with it. A refusal is not wrong data.
            false if ledger.honesty == Honesty::Lying => true,
            false => {
                code == ErrorCode::NOT_LEADER_OR_FOLLOWER
                    || code == ErrorCode::REQUEST_TIMED_OUT
                    || code == ErrorCode::THROTTLING_QUOTA_EXCEEDED
            }
        };
        ledger.counts.storage_errors += u64::from(disk);
        match excused {
            true => Broken::Again,
            false => Broken::Promise(format!("{what} was refused: {}", code.name())),
        }
    }
}
