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
    /// A client asks for what the broker does in several places: a good moment for a power loss.
    pub tempting: Cell<bool>,
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
    /// The broker's lives in which its connection may have been made, the first and the last.
    lives: (u32, u32),
}

impl Client {
    /// Not connected yet.
    pub fn new(shared: Rc<Shared>, rng: Rng, name: String) -> Self {
        Self {
            shared,
            rng,
            name,
            lives: (0, 0),
        }
    }

    /// The broker's lives in which its connection may have been made, the first and the last.
    pub fn lives(&self) -> (u32, u32) {
        self.lives
    }

    /// Waits a little.
    pub async fn pause(&mut self) {
        let longest = self.shared.pause.as_micros() as u64;
        time::sleep(Duration::from_micros(1 + self.rng.below(longest))).await;
    }

    /// Connects, or waits a little.
    pub async fn connect(&mut self) -> Option<Wire> {
        let life = || self.shared.ledger.borrow().life;
        let before = life();
        match Wire::connect(self.shared.address, self.shared.patience).await {
            Ok(wire) => {
                self.lives = (before, life());
                Some(wire)
            }
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
            true => ledger.failing || ledger.stopping(self.lives),
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

/// Who works over one connection after the other until it is over.
pub trait Worker {
    /// Its client.
    fn client(&mut self) -> &mut Client;

    /// What it does over one connection; when that is done, or broken off, the next is made.
    async fn session(&mut self, wire: &mut Wire) -> Result<(), Broken>;

    /// Is there nothing more to do? Mostly: when the scenario ends.
    fn is_over(&mut self) -> bool {
        self.client().shared.ledger.borrow().ending
    }
}

/// Lets it work.
pub async fn work(mut worker: impl Worker) {
    while !worker.is_over() {
        if let Some(mut wire) = worker.client().connect().await
            && let Err(why) = worker.session(&mut wire).await
        {
            worker.client().ended(&why);
        }
        worker.client().pause().await;
    }
    worker.client().shared.ledger.borrow_mut().finished += 1;
}

#[cfg(test)]
mod tests {
    use core::net::SocketAddr;

    use super::*;
    use crate::node_sim::story::Story;

    /// Seeds 1015728 and 1025261 of an older tree found that a DeleteTopics had been refused with KAFKA_STORAGE_ERROR, on a disk
    /// that never failed. A broker says so when it stops while it carries out a change. The answer had waited on a cut
    /// link, and the broker had died twice before it came: then only a stop in the present life or the one before was
    /// thought of.
    #[test]
    fn an_answer_may_be_older_than_the_life_before_this_one() {
        let ledger = Ledger::new(1, Honesty::Honest, false, Story::new(false));
        let shared = Shared {
            address: SocketAddr::from(([127, 0, 0, 1], 1)),
            ledger: RefCell::new(ledger),
            ahead_ms: Cell::new(0),
            patience: Duration::from_secs(1),
            pause: Duration::from_secs(1),
            tempting: Cell::new(false),
        };
        let mut client = Client::new(Rc::new(shared), Rng::new(1), "keep0".to_owned());
        let refuse = |client: &Client| client.refused("", ErrorCode::KAFKA_STORAGE_ERROR);
        client.shared.ledger.borrow_mut().stopped_in.insert(3);
        client.shared.ledger.borrow_mut().life = 6;
        client.lives = (3, 3);
        assert!(matches!(refuse(&client), Broken::Again));
        client.lives = (2, 3);
        assert!(matches!(refuse(&client), Broken::Again));
        client.lives = (4, 6);
        assert!(matches!(refuse(&client), Broken::Promise(_)));
    }
}
