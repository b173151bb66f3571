//! A member of a classic group.

use crate::coordinator::Ask;

/// A way of assigning that a member knows, with what it says to whoever assigns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// As `range`.
    pub name: String,
    /// Not ours to read, but for consumers' topics.
    pub metadata: Vec<u8>,
}

/// A member.
#[derive(Clone, Debug)]
pub struct Member {
    /// A static member's name, which outlives its ids (KIP-345).
    pub instance: Option<String>,
    /// What the client calls itself.
    pub client_id: String,
    /// Where it comes from, as Kafka writes it: `/127.0.0.1`.
    pub client_host: String,
    /// How long it may take to come back when the group rebalances, ms.
    pub rebalance_timeout_ms: i32,
    /// Silence after which it is dead, ms.
    pub session_timeout_ms: i32,
    /// What it knows, the best first.
    pub protocols: Vec<Protocol>,
    /// What the leader gave it last.
    pub assignment: Vec<u8>,
    /// It has not been told its id yet: it cannot send heartbeats.
    pub is_new: bool,
    /// Its JoinGroup that waits for the others.
    pub(super) joining: Option<Ask>,
    /// Its SyncGroup that waits for the leader's.
    pub(super) syncing: Option<Ask>,
}

impl Member {
    /// What it says to whoever assigns by this protocol.
    pub fn metadata(&self, protocol: &str) -> &[u8] {
        let known = self.protocols.iter().find(|p| p.name == protocol);
        known.map_or(&[], |p| &p.metadata)
    }

    /// Waits it for the group? Then its silence is no wonder.
    pub(super) fn is_excused(&self) -> bool {
        !self.is_new && (self.joining.is_some() || self.syncing.is_some())
    }
}
