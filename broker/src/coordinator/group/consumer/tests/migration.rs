//! Groups change between the classic and the consumer protocol while they live.

use ottla_protocol::messages::join_group::JoinGroupResponse;
use ottla_protocol::messages::sync_group::SyncGroupResponse;
use ottla_protocol::records::Embedded;
use ottla_protocol::records::consumer_protocol_assignment::{
    ConsumerProtocolAssignment, TopicPartition,
};
use ottla_protocol::records::consumer_protocol_subscription::ConsumerProtocolSubscription;

use super::super::super::classic::leave::Leaver;
use super::super::super::classic::member::Protocol;
use super::super::super::classic::{self, Heartbeat as Alive, Join, Leave, Sync};
use super::*;

const FINE: ErrorCode = ErrorCode::NONE;
const AGAIN: ErrorCode = ErrorCode::REBALANCE_IN_PROGRESS;

fn classic_join(member: &str, instance: Option<&str>) -> Join {
    Join {
        instance: instance.map(str::to_owned),
        ..classic_join_of(member, &["a"])
    }
}

/// A classic member joins that reads these topics, and has given up what it had.
pub fn classic_join_of(member: &str, topics: &[&'static str]) -> Join {
    let said = ConsumerProtocolSubscription {
        topics: topics.iter().map(|t| (*t).into()).collect(),
        ..Default::default()
    };
    let protocol = |name: &str| Protocol {
        name: name.into(),
        metadata: said.embedded_bytes(1).expect("bytes"),
    };
    Join {
        version: 9,
        group: GROUP.into(),
        member: member.into(),
        instance: None,
        client_id: "old".into(),
        client_host: "/127.0.0.1".into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 30_000,
        protocol_type: "consumer".into(),
        protocols: vec![protocol("range"), protocol("roundrobin")],
        reason: None,
    }
}

impl World {
    fn classic(&mut self, command: classic::Command) -> classic::Answer {
        match self.tell(Command::Classic(command)) {
            Answer::Classic(answer) => answer,
            other => panic!("{other:?}"),
        }
    }

    /// Joins where the answer comes at once.
    pub fn join_classic(&mut self, join: Join) -> JoinGroupResponse<'static> {
        match self.classic(classic::Command::Join(join)) {
            classic::Answer::Joined(joined) => joined,
            other => panic!("{other:?}"),
        }
    }

    pub fn sync(
        &mut self,
        member: &str,
        generation: i32,
        give: &[i32],
    ) -> SyncGroupResponse<'static> {
        let sync = Sync {
            group: GROUP.into(),
            member: member.into(),
            generation,
            assignments: [(member.to_owned(), given(give))].into(),
            ..Sync::default()
        };
        match self.classic(classic::Command::Sync(sync)) {
            classic::Answer::Synced(synced) => synced,
            other => panic!("{other:?}"),
        }
    }

    pub fn alive(&mut self, member: &str, generation: i32) -> ErrorCode {
        let alive = Alive {
            group: GROUP.into(),
            member: member.into(),
            instance: None,
            generation,
        };
        match self.classic(classic::Command::Heartbeat(alive)) {
            classic::Answer::Heard(code) => code,
            other => panic!("{other:?}"),
        }
    }

    /// What an assignment of a classic member says.
    pub fn parts_of(&self, assignment: &[u8]) -> Partitions {
        let said = ConsumerProtocolAssignment::decode_embedded(assignment).expect("an assignment");
        let of_topic = |of: TopicPartition<'_>| {
            let partitions = of.partitions.iter().copied().collect();
            (self.topic_id(&of.topic), partitions)
        };
        said.assigned_partitions.into_iter().map(of_topic).collect()
    }

    /// A stable classic group of one member that has all of "a"; the member's id.
    fn classic_group(&mut self) -> String {
        let id = self
            .join_classic(classic_join("", None))
            .member_id
            .into_owned();
        let joining = Command::Classic(classic::Command::Join(classic_join(&id, None)));
        let ask = self.ask(joining);
        assert!(self.answer(ask).is_none());
        self.after(3000);
        assert_eq!(self.sync(&id, 1, &[0, 1]).error_code, FINE);
        assert_eq!(self.state(), "Stable");
        id
    }
}

fn given(partitions: &[i32]) -> Vec<u8> {
    let assignment = ConsumerProtocolAssignment {
        assigned_partitions: vec![TopicPartition {
            topic: "a".into(),
            partitions: partitions.to_vec(),
        }],
        user_data: None,
    };
    assignment.embedded_bytes(1).expect("bytes")
}

/// A classic member takes its way to what it is to have.
fn settle(world: &mut World, id: &str, generation: i32) -> (i32, Vec<u8>) {
    assert_eq!(world.alive(id, generation), AGAIN);
    let joined = world.join_classic(classic_join(id, None));
    assert_eq!(joined.error_code, FINE);
    let synced = world.sync(id, joined.generation_id, &[]);
    assert_eq!(synced.error_code, FINE);
    (joined.generation_id, synced.assignment.into_owned())
}

#[test]
fn a_classic_group_becomes_a_consumer_group_and_back_without_a_stop() {
    let mut world = World::new(&[("a", 2)]);
    let old = world.classic_group();

    // A member that speaks the consumer protocol comes. The old one goes on, and hears that it is to join again.
    let beat = world.fine(join("new", &["a"]));
    assert_eq!((beat.epoch, beat.assignment), (2, Some(Partitions::new())));
    assert_eq!(world.groups.groups[GROUP].kind(), "consumer");
    // It owns nothing that it is to give up (its metadata says so): it is in the new epoch at once, with its part.
    let (generation, has) = settle(&mut world, &old, 1);
    assert_eq!((generation, has), (2, given(&[0])));
    assert_eq!(world.alive(&old, 2), FINE);
    let beat = world.fine(next("new", 2));
    assert_eq!(beat.assignment, Some(world.parts([("a", &[1])])));
    assert_eq!(world.state(), "Stable");
    let described = world.describe();
    let classic: Vec<bool> = described
        .members
        .iter()
        .map(|(m, _)| m.classic.is_some())
        .collect();
    assert_eq!(classic.iter().filter(|c| **c).count(), 1);
    let before = format!("{described:?}");
    world.restart();
    assert_eq!(format!("{:?}", world.describe()), before);
    assert_eq!(world.alive(&old, 2), FINE);

    // The new one leaves: the group is a classic one, whose member is to join again.
    world.fine(next("new", -1));
    assert_eq!(world.groups.groups[GROUP].kind(), "classic");
    assert_eq!(world.state(), "PreparingRebalance");
    assert_eq!(world.alive(&old, 2), AGAIN);
    let joined = world.join_classic(classic_join(&old, None));
    assert_eq!((joined.error_code, joined.generation_id), (FINE, 3));
    assert_eq!(joined.leader, old);
    assert_eq!(world.sync(&old, 3, &[0, 1]).assignment, given(&[0, 1]));
    world.restart();
    assert_eq!(world.groups.groups[GROUP].kind(), "classic");
    assert_eq!(world.alive(&old, 3), FINE);
}

#[test]
fn members_that_wait_in_a_classic_group_are_told_to_join_what_it_has_become() {
    let mut world = World::new(&[("a", 2)]);
    let old = world.classic_group();
    // Another one waits for the first to join again.
    let id = world
        .join_classic(classic_join("", None))
        .member_id
        .into_owned();
    let joining = Command::Classic(classic::Command::Join(classic_join(&id, None)));
    let waiting = world.ask(joining);
    assert!(world.answer(waiting).is_none());
    world.fine(join("new", &["a"]));
    let told = world.answer(waiting).expect("an answer");
    let Answer::Classic(classic::Answer::Joined(told)) = told else {
        panic!("{told:?}");
    };
    assert_eq!(told.error_code, AGAIN);
    assert_eq!(world.describe().members.len(), 3);
    assert_eq!(world.alive(&old, 1), AGAIN);
    // Nobody's timers are left over: the classic sessions go on by the classic timeout.
    world.after(9_999);
    assert_eq!(world.describe().members.len(), 3);
    world.after(1);
    assert_eq!(world.describe().members.len(), 1);
}

#[test]
fn a_classic_member_joins_a_consumer_group() {
    let mut world = World::new(&[("a", 2)]);
    world.fine(join("new", &["a"]));
    world.after(1000);
    let first = world.join_classic(classic_join("", None));
    assert_eq!(first.error_code, ErrorCode::MEMBER_ID_REQUIRED);
    let id = first.member_id.into_owned();
    let joined = world.join_classic(classic_join(&id, None));
    assert_eq!((joined.error_code, joined.generation_id), (FINE, 3));
    assert_eq!(joined.protocol_name.as_deref(), Some("range"));
    assert_eq!(joined.leader, "");
    assert_eq!(
        world.sync(&id, 3, &[]).assignment,
        ConsumerProtocolAssignment::default()
            .embedded_bytes(1)
            .expect("bytes")
    );
    assert_eq!(world.alive(&id, 3), FINE);
    let keeps = world.parts([("a", &[0])]);
    world.fine(next("new", 2));
    world.fine(owning("new", 2, keeps));
    // What it waits for is free: it joins again to get it.
    let (generation, has) = settle(&mut world, &id, 3);
    assert_eq!((generation, has), (3, given(&[1])));

    assert_eq!(world.alive(&id, 2), ErrorCode::ILLEGAL_GENERATION);
    assert_eq!(world.alive("new", 3), ErrorCode::UNKNOWN_MEMBER_ID);
    let leave = Leave {
        group: GROUP.into(),
        members: vec![
            Leaver {
                member: id.clone(),
                ..Leaver::default()
            },
            Leaver {
                member: "who".into(),
                ..Leaver::default()
            },
        ],
    };
    let classic::Answer::Left(left) = world.classic(classic::Command::Leave(leave)) else {
        panic!("not left");
    };
    let codes: Vec<_> = left.members.iter().map(|m| m.error_code).collect();
    assert_eq!(codes, [FINE, ErrorCode::UNKNOWN_MEMBER_ID]);
    assert_eq!(world.describe().members.len(), 1);
}

#[test]
fn a_classic_member_that_does_not_join_again_in_time_is_removed() {
    let mut world = World::new(&[("a", 2)]);
    let old = world.classic_group();
    world.fine(join("new", &["a"]));
    for _ in 0..6 {
        assert_eq!(world.alive(&old, 1), AGAIN);
        world.after(5000);
        world.fine(next("new", 2));
    }
    assert_eq!(world.alive(&old, 1), ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn what_cannot_be_upgraded_is_refused() {
    let policy =
        |policy| World::with_settings(&[("a", 2)], &[("group.consumer.migration.policy", policy)]);
    for (setting, upgrades, downgrades) in [
        ("disabled", false, false),
        ("upgrade", true, false),
        ("downgrade", false, true),
    ] {
        let mut world = policy(setting);
        world.classic_group();
        let result = world.beat(join("new", &["a"])).map_err(|r| r.code);
        assert_eq!(result.is_ok(), upgrades, "{setting}");
        if !upgrades {
            assert_eq!(result, Err(ErrorCode::GROUP_ID_NOT_FOUND));
            assert_eq!(world.state(), "Stable");
        } else {
            world.fine(next("new", -1));
            assert_eq!(world.groups.groups[GROUP].kind() == "classic", downgrades);
        }
        let mut world = policy(setting);
        world.fine(join("new", &["a"]));
        let joined = world.join_classic(classic_join("m", None)).error_code;
        let expected = match setting {
            "disabled" => ErrorCode::INCONSISTENT_GROUP_PROTOCOL,
            _ => FINE,
        };
        assert_eq!(joined, expected, "{setting}");
    }
    // A group that is not of consumers.
    let mut world = World::new(&[("a", 2)]);
    let connect = |member: &str| Join {
        protocol_type: "connect".into(),
        ..classic_join(member, None)
    };
    let id = world.join_classic(connect("")).member_id.into_owned();
    let joining = Command::Classic(classic::Command::Join(connect(&id)));
    world.ask(joining);
    world.after(3000);
    assert_eq!(
        world.refused(join("new", &["a"])),
        ErrorCode::GROUP_ID_NOT_FOUND
    );
}

#[test]
fn a_static_consumer_that_is_back_as_a_classic_member_makes_the_group_classic() {
    let mut world = World::new(&[("a", 2)]);
    let with_instance = |heartbeat| Heartbeat {
        instance: Some("i".into()),
        ..heartbeat
    };
    world.fine(with_instance(join("new", &["a"])));
    let joined = world.join_classic(classic_join("", Some("i")));
    assert_eq!(joined.error_code, FINE);
    assert_eq!(world.groups.groups[GROUP].kind(), "classic");
    assert_eq!(world.state(), "Stable");
    let id = joined.member_id.into_owned();
    assert_eq!(world.alive(&id, joined.generation_id), FINE);
    let synced = world.sync(&id, joined.generation_id, &[]);
    assert_eq!(synced.assignment, given(&[0, 1]));
    world.restart();
    assert_eq!(world.state(), "Stable");
}
