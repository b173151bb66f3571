//! Share sessions: what a member reads is kept, and later requests name only what changes.
//!
//! Lives on: the shard that accepted the member's connection; a session ends with it. A member that comes back through another is
//! told that its session is unknown, and opens a new one.
//!
//! Invariants: a session's epoch is 1..=i32::MAX; there are at most `slots` sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexSet;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;

/// Opens a session.
pub const OPEN: i32 = 0;
/// Ends a session.
pub const CLOSE: i32 = -1;

struct Session {
    /// Of all sessions of the process, this.
    number: u64,
    epoch: i32,
    conn: u64,
    parts: IndexSet<PartitionId>,
    /// What it ever read: something of that may be in its hands.
    ever: BTreeSet<PartitionId>,
}

/// The session part of a request.
#[derive(Clone, Debug)]
pub struct Request {
    /// The group.
    pub group: Arc<str>,
    /// The member.
    pub member: Arc<str>,
    /// 0 opens, -1 ends, else the next of the session.
    pub epoch: i32,
    /// The connection.
    pub conn: u64,
    /// Partitions to be read from now on.
    pub wanted: Vec<PartitionId>,
    /// And not any more.
    pub forgotten: Vec<PartitionId>,
    /// Does it acknowledge something?
    pub acknowledges: bool,
}

/// What a request is to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The session.
    pub number: u64,
    /// The partitions, another first each time.
    pub parts: Vec<PartitionId>,
}

/// A session that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The group.
    pub group: Arc<str>,
    /// The session.
    pub number: u64,
    /// What it has read.
    pub parts: Vec<PartitionId>,
}

type Key = (Arc<str>, Arc<str>);

/// The sessions of one shard.
pub struct Sessions {
    slots: usize,
    next: u64,
    sessions: BTreeMap<Key, Session>,
}

impl Sessions {
    /// At most `slots` sessions; their numbers tell the shard.
    pub fn new(slots: usize, shard: u16) -> Sessions {
        Sessions {
            slots,
            next: u64::from(shard) << 48,
            sessions: BTreeMap::new(),
        }
    }

    /// Works out what a fetch reads.
    ///
    /// # Errors
    /// 122, 123, 133; 42: who opens a session has nothing to acknowledge.
    pub fn fetch(&mut self, request: &Request) -> Result<Plan, ErrorCode> {
        let key = (request.group.clone(), request.member.clone());
        match request.epoch {
            CLOSE => {
                let session = self.sessions.get(&key);
                let session = session.ok_or(ErrorCode::SHARE_SESSION_NOT_FOUND)?;
                Ok(Plan {
                    number: session.number,
                    parts: Vec::new(),
                })
            }
            OPEN => self.open(key, request),
            epoch => {
                let session = self.at_epoch(&key, epoch)?;
                session.parts.extend(&request.wanted);
                session.ever.extend(&request.wanted);
                for id in &request.forgotten {
                    session.parts.shift_remove(id);
                }
                session.advance();
                Ok(session.plan(epoch))
            }
        }
    }

    fn open(&mut self, key: Key, request: &Request) -> Result<Plan, ErrorCode> {
        if request.acknowledges {
            return Err(ErrorCode::INVALID_REQUEST);
        }
        // What the member has from before stays with it.
        let before = self.sessions.remove(&key);
        if before.is_none() && self.sessions.len() >= self.slots {
            return Err(ErrorCode::SHARE_SESSION_LIMIT_REACHED);
        }
        let (number, mut ever) = match before {
            Some(before) => (before.number, before.ever),
            None => {
                self.next += 1;
                (self.next, BTreeSet::new())
            }
        };
        ever.extend(&request.wanted);
        let session = Session {
            number,
            epoch: 1,
            conn: request.conn,
            parts: request.wanted.iter().copied().collect(),
            ever,
        };
        let plan = session.plan(OPEN);
        self.sessions.insert(key, session);
        Ok(plan)
    }

    /// Takes note of an acknowledgement.
    ///
    /// # Errors
    /// 122, 123.
    pub fn acknowledge(
        &mut self,
        group: &Arc<str>,
        member: &Arc<str>,
        epoch: i32,
    ) -> Result<(), ErrorCode> {
        let key = (group.clone(), member.clone());
        match epoch {
            OPEN => Err(ErrorCode::INVALID_SHARE_SESSION_EPOCH),
            CLOSE => match self.sessions.contains_key(&key) {
                true => Ok(()),
                false => Err(ErrorCode::SHARE_SESSION_NOT_FOUND),
            },
            epoch => {
                self.at_epoch(&key, epoch)?.advance();
                Ok(())
            }
        }
    }

    fn at_epoch(&mut self, key: &Key, epoch: i32) -> Result<&mut Session, ErrorCode> {
        let session = self.sessions.get_mut(key);
        let session = session.ok_or(ErrorCode::SHARE_SESSION_NOT_FOUND)?;
        match session.epoch == epoch {
            true => Ok(session),
            false => Err(ErrorCode::INVALID_SHARE_SESSION_EPOCH),
        }
    }

    /// Is this the member's session?
    pub fn is_open(&self, group: &Arc<str>, member: &Arc<str>, number: u64) -> bool {
        let session = self.sessions.get(&(group.clone(), member.clone()));
        session.is_some_and(|session| session.number == number)
    }

    /// Ends a session.
    pub fn close(&mut self, group: &Arc<str>, member: &Arc<str>) -> Option<Closed> {
        let key = (group.clone(), member.clone());
        self.sessions.remove(&key).map(|s| s.closed(key.0))
    }

    /// Ends all of them.
    pub fn close_all(&mut self) -> Vec<Closed> {
        let sessions = std::mem::take(&mut self.sessions).into_iter();
        sessions.map(|((group, _), s)| s.closed(group)).collect()
    }

    /// Ends those of a connection.
    pub fn connection_ended(&mut self, conn: u64) -> Vec<Closed> {
        let its = |(key, session): (&Key, &Session)| (session.conn == conn).then(|| key.clone());
        let keys: Vec<Key> = self.sessions.iter().filter_map(its).collect();
        let close = |(group, member): Key| self.close(&group, &member);
        keys.into_iter().filter_map(close).collect()
    }
}

impl Session {
    fn advance(&mut self) {
        self.epoch = self.epoch.checked_add(1).unwrap_or(1);
    }

    fn plan(&self, epoch: i32) -> Plan {
        let mut parts: Vec<PartitionId> = self.parts.iter().copied().collect();
        if !parts.is_empty() {
            let first = usize::try_from(epoch).unwrap_or(0) % parts.len();
            parts.rotate_left(first);
        }
        Plan {
            number: self.number,
            parts,
        }
    }

    fn closed(self, group: Arc<str>) -> Closed {
        Closed {
            group,
            number: self.number,
            parts: self.ever.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use ottla_protocol::ids::Uuid;

    use super::*;

    fn part(partition: i32) -> PartitionId {
        PartitionId {
            topic: Uuid([3; 16]),
            partition,
        }
    }

    fn request(member: &str, epoch: i32, wanted: &[i32]) -> Request {
        Request {
            group: "g".into(),
            member: member.into(),
            epoch,
            conn: 7,
            wanted: wanted.iter().map(|p| part(*p)).collect(),
            forgotten: Vec::new(),
            acknowledges: false,
        }
    }

    #[test]
    fn epochs_are_taken_in_their_order() {
        let mut sessions = Sessions::new(2, 0);
        let fetch = |s: &mut Sessions, epoch, wanted: &[i32]| s.fetch(&request("m", epoch, wanted));
        let unknown = Err(ErrorCode::SHARE_SESSION_NOT_FOUND);
        assert_eq!(fetch(&mut sessions, 1, &[0]), unknown);
        assert_eq!(fetch(&mut sessions, CLOSE, &[]), unknown);
        let opened = fetch(&mut sessions, OPEN, &[0, 1]).expect("opened");
        assert_eq!(opened.parts, [part(0), part(1)]);
        let again = fetch(&mut sessions, 1, &[2]).expect("gone on");
        assert_eq!(again.parts, [part(1), part(2), part(0)]);
        let stale = Err(ErrorCode::INVALID_SHARE_SESSION_EPOCH);
        assert_eq!(fetch(&mut sessions, 1, &[]), stale);
        let (g, m) = ("g".into(), "m".into());
        assert_eq!(sessions.acknowledge(&g, &m, 2), Ok(()));
        assert_eq!(
            sessions.acknowledge(&g, &m, OPEN),
            Err(ErrorCode::INVALID_SHARE_SESSION_EPOCH)
        );
        let mut less = request("m", 3, &[]);
        less.forgotten = vec![part(0), part(1)];
        assert_eq!(sessions.fetch(&less).expect("gone on").parts, [part(2)]);
        let number = opened.number;
        assert!(sessions.is_open(&g, &m, number) && !sessions.is_open(&g, &m, number + 1));
        let closed = sessions.close(&g, &m).expect("closed");
        assert!(!sessions.is_open(&g, &m, number));
        assert_eq!(closed.parts, [part(0), part(1), part(2)]);
    }

    #[test]
    fn there_are_only_so_many_and_they_end_with_their_connection() {
        let mut sessions = Sessions::new(2, 1);
        for member in ["a", "b", "a"] {
            sessions.fetch(&request(member, OPEN, &[0])).expect("room");
        }
        let full = Err(ErrorCode::SHARE_SESSION_LIMIT_REACHED);
        assert_eq!(sessions.fetch(&request("c", OPEN, &[0])), full);
        assert!(sessions.connection_ended(8).is_empty());
        assert_eq!(sessions.connection_ended(7).len(), 2);
        assert!(sessions.fetch(&request("c", OPEN, &[0])).is_ok());
        assert_eq!(sessions.close_all().len(), 1);
        let unknown = Err(ErrorCode::SHARE_SESSION_NOT_FOUND);
        assert_eq!(sessions.fetch(&request("c", 1, &[])), unknown);
    }
}
