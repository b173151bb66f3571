//! Scenarios of classic groups, on the pure machine.

mod joining;
mod leaving;
mod random;
mod restarts;
mod statics;
mod syncing;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::join_group::JoinGroupResponse;
use ottla_protocol::messages::sync_group::SyncGroupResponse;
use ottla_protocol::records::Embedded;
use ottla_protocol::records::consumer_protocol_subscription::ConsumerProtocolSubscription;

use super::leave::Leaver;
use super::member::Protocol;
use super::{Answer, Command, Group, Heartbeat, Join, Leave, State, Sync};
use crate::coordinator::Ask;
use crate::coordinator::group::bench::Bench;
use crate::coordinator::group::offsets::{Commit, Committer, NewOffset};
use crate::coordinator::group::{self as of_any_kind};

const NONE: ErrorCode = ErrorCode::NONE;
/// The wait for further members of a new group, ms.
const FIRST_DELAY: u64 = 3_000;
/// By then those who join at once have joined.
const GATHERED: u64 = 2 * FIRST_DELAY;
const SESSION: u64 = 10_000;
const REBALANCE: u64 = 60_000;

/// What a consumer of these topics says.
fn subscription(topics: &[&str]) -> Vec<u8> {
    let said = ConsumerProtocolSubscription {
        topics: topics.iter().map(|t| t.to_string().into()).collect(),
        ..Default::default()
    };
    said.embedded_bytes(1).expect("short enough")
}

fn protocol(name: &str, metadata: &[u8]) -> Protocol {
    Protocol {
        name: name.into(),
        metadata: metadata.into(),
    }
}

/// A consumer who joins by the last version.
fn consumer(member: &str) -> Join {
    Join {
        version: 9,
        group: "g".into(),
        member: member.into(),
        client_id: "client".into(),
        client_host: "/127.0.0.1".into(),
        session_timeout_ms: SESSION as i32,
        rebalance_timeout_ms: REBALANCE as i32,
        protocol_type: "consumer".into(),
        protocols: vec![protocol("range", &subscription(&["t"]))],
        ..Join::default()
    }
}

fn static_consumer(instance: &str, member: &str) -> Join {
    Join {
        instance: Some(instance.into()),
        ..consumer(member)
    }
}

impl Bench {
    fn classic(&mut self, command: Command) -> Ask {
        self.ask(of_any_kind::Command::Classic(command))
    }

    fn told(&mut self, ask: Ask) -> Option<Answer> {
        self.answer(ask).map(|answer| match answer {
            of_any_kind::Answer::Classic(answer) => answer,
            other => panic!("{other:?}"),
        })
    }

    fn joins(&mut self, join: Join) -> Ask {
        self.classic(Command::Join(join))
    }

    fn joined(&mut self, ask: Ask) -> Option<JoinGroupResponse<'static>> {
        self.told(ask).map(|answer| match answer {
            Answer::Joined(joined) => joined,
            other => panic!("{other:?}"),
        })
    }

    fn syncs(&mut self, member: &str, generation: i32, given: &[(&str, &str)]) -> Ask {
        let assignments = given
            .iter()
            .map(|(id, bytes)| (id.to_string(), bytes.as_bytes().to_vec()));
        self.classic(Command::Sync(Sync {
            group: "g".into(),
            member: member.into(),
            generation,
            assignments: assignments.collect(),
            ..Sync::default()
        }))
    }

    fn synced(&mut self, ask: Ask) -> Option<SyncGroupResponse<'static>> {
        self.told(ask).map(|answer| match answer {
            Answer::Synced(synced) => synced,
            other => panic!("{other:?}"),
        })
    }

    fn beats(&mut self, member: &str, generation: i32) -> ErrorCode {
        let ask = self.classic(Command::Heartbeat(Heartbeat {
            group: "g".into(),
            member: member.into(),
            instance: None,
            generation,
        }));
        match self.told(ask) {
            Some(Answer::Heard(code)) => code,
            other => panic!("{other:?}"),
        }
    }

    fn leave(&mut self, members: &[(&str, Option<&str>)]) -> Vec<ErrorCode> {
        let members = members.iter().map(|(member, instance)| Leaver {
            member: member.to_string(),
            instance: instance.map(str::to_owned),
            reason: None,
        });
        let ask = self.classic(Command::Leave(Leave {
            group: "g".into(),
            members: members.collect(),
        }));
        match self.told(ask) {
            Some(Answer::Left(left)) => left.members.iter().map(|m| m.error_code).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn commits(&mut self, member: &str, generation: i32) -> Result<Vec<ErrorCode>, ErrorCode> {
        let commit = Commit {
            group: "g".into(),
            member: Committer {
                version: 9,
                id: member.into(),
                instance: None,
                generation,
            },
            offsets: vec![NewOffset {
                topic: "t".into(),
                topic_id: Default::default(),
                partition: 0,
                offset: 5,
                leader_epoch: -1,
                metadata: String::new(),
            }],
            ..Commit::default()
        };
        match self.tell(of_any_kind::Command::Commit(commit)) {
            of_any_kind::Answer::Committed(codes) => codes,
            other => panic!("{other:?}"),
        }
    }

    fn group(&self) -> &Group {
        let group = self.groups.groups.get("g").and_then(|g| g.as_classic());
        group.expect("the group")
    }

    fn state(&self) -> State {
        self.group().state()
    }

    /// The id that a new dynamic member is told.
    fn promised(&mut self) -> String {
        let ask = self.joins(consumer(""));
        let told = self.joined(ask).expect("an id at once");
        assert_eq!(told.error_code, ErrorCode::MEMBER_ID_REQUIRED);
        told.member_id.into_owned()
    }

    /// A stable group of so many dynamic members; the leader first.
    fn stable(&mut self, count: usize) -> Vec<String> {
        let ids: Vec<String> = (0..count).map(|_| self.promised()).collect();
        let asks: Vec<Ask> = ids.iter().map(|id| self.joins(consumer(id))).collect();
        self.after(GATHERED);
        let joined: Vec<_> = asks
            .into_iter()
            .map(|ask| self.joined(ask).expect("joined"))
            .collect();
        let leader = joined[0].leader.to_string();
        let mut ids: Vec<String> = ids.into_iter().filter(|id| *id != leader).collect();
        ids.insert(0, leader);
        let generation = joined[0].generation_id;
        let given: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "part")).collect();
        for id in ids.iter().skip(1) {
            self.syncs(id, generation, &[]);
        }
        self.syncs(&ids[0], generation, &given);
        assert_eq!(self.state(), State::Stable);
        ids
    }
}
