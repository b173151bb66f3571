//! A classic group as administrators see it.

use super::group::{Group, State};

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its state.
    pub state: State,
    /// What its members are, or "".
    pub protocol_type: String,
    /// How it assigns; said of stable groups only, else "".
    pub protocol: String,
    /// The members by id.
    pub members: Vec<DescribedMember>,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedMember {
    /// Its id.
    pub id: String,
    /// Its name, if it is static.
    pub instance: Option<String>,
    /// What the client calls itself.
    pub client_id: String,
    /// Where it comes from.
    pub client_host: String,
    /// What it says to whoever assigns; of stable groups only.
    pub metadata: Vec<u8>,
    /// What it was given.
    pub assignment: Vec<u8>,
}

impl Group {
    pub(super) fn describe(&self) -> Described {
        let protocol = match self.state {
            State::Stable => self.protocol.clone().unwrap_or_default(),
            _ => String::new(),
        };
        let members = self.members.iter().map(|(id, m)| DescribedMember {
            id: id.clone(),
            instance: m.instance.clone(),
            client_id: m.client_id.clone(),
            client_host: m.client_host.clone(),
            metadata: match self.state {
                State::Stable => m.metadata(&protocol).to_vec(),
                _ => Vec::new(),
            },
            assignment: m.assignment.clone(),
        });
        Described {
            state: self.state,
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            members: members.collect(),
            protocol,
        }
    }
}
