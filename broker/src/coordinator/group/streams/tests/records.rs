//! What is written, and read again.

use ottla_protocol::records::GroupRecord;

use super::super::member::Endpoint;
use super::super::tasks::Holding;
use super::*;

#[test]
fn what_is_written_is_what_is_kept() {
    let mut world = World::new(&[("words", 2)]);
    world.create_topic_of("store-changelog", 2);
    world.set("streams.num.standby.replicas", "1");
    let join = |member: &str| Heartbeat {
        topology: Some(stateful("words")),
        rack: Some("rack".into()),
        endpoint: Some(Endpoint {
            host: "here".into(),
            port: 65_000,
        }),
        tags: Some([("zone".to_owned(), "z".to_owned())].into()),
        ..join(member)
    };
    world.fine(join("m1"));
    world.fine(join("m2"));
    world.fine(next("m1", 2));
    let live = world.describe().expect("a group");
    world.restart();
    let replayed = world.describe().expect("a group");
    assert_eq!(format!("{live:?}"), format!("{replayed:?}"));
    let (member, _) = &replayed.members[0];
    assert_eq!(member.endpoint.as_ref().map(|e| e.port), Some(65_000));
    assert_eq!(member.tags["zone"], "z");
    assert_eq!(member.revoking.active["0"], [(1, 2)].into());
}

#[test]
fn a_new_group_is_written_in_kafkas_order() {
    let mut world = World::new(&[("words", 1)]);
    world.fine(join("m1"));
    let kinds: Vec<&str> = world
        .log
        .iter()
        .map(|(record, _)| match record {
            GroupRecord::StreamsGroupMemberMetadata(..) => "member",
            GroupRecord::StreamsGroupTopology(..) => "topology",
            GroupRecord::StreamsGroupMetadata(..) => "epoch",
            GroupRecord::StreamsGroupTargetAssignmentMember(..) => "target",
            GroupRecord::StreamsGroupTargetAssignmentMetadata(..) => "target epoch",
            GroupRecord::StreamsGroupCurrentMemberAssignment(..) => "current",
            other => panic!("{other:?}"),
        })
        .collect();
    let wanted = [
        "member",
        "topology",
        "epoch",
        "target",
        "target epoch",
        "current",
    ];
    assert_eq!(kinds, wanted);
}

#[test]
fn tombstones_of_what_is_not_there_change_nothing() {
    let mut world = World::new(&[("words", 1)]);
    world.fine(join("m1"));
    world.fine(next("m1", -1));
    world.tell(Command::Delete(vec![GROUP.into()]));
    let mut groups = world.replayed();
    let position = world.log[0].1;
    for (record, _) in world.log.iter().rev().take(3) {
        crate::coordinator::Machine::apply(&mut groups, record.clone(), &position);
    }
    assert!(groups.groups.is_empty());
}

#[test]
fn a_holding_without_epochs_is_of_the_members_epoch() {
    use ottla_protocol::records::streams_group_current_member_assignment as written;
    let value = written::StreamsGroupCurrentMemberAssignmentValue {
        member_epoch: 5,
        active_tasks: vec![written::TaskIds {
            subtopology_id: "0".into(),
            partitions: vec![1],
            assignment_epochs: None,
        }],
        ..Default::default()
    };
    let mut member = super::super::member::Member::new("m");
    member.place(&value);
    let held = Holding {
        active: [("0".to_owned(), [(1, 5)].into())].into(),
        ..Holding::default()
    };
    assert_eq!(member.has, held);
}

/// The numbers of a consumer group's states were written, 0 to 2. Kafka's are others for streams groups, as its own dump of the two
/// topics side by side showed: a Kafka that read ours would have taken whoever was in order for one who must give tasks up.
#[test]
fn states_have_kafkas_numbers() {
    let mut world = World::new(&[("words", 2)]);
    world.fine(join("m1"));
    world.fine(join("m2"));
    world.fine(next("m1", 2));
    let states: Vec<i8> = world
        .log
        .iter()
        .filter_map(|(record, _)| match record {
            GroupRecord::StreamsGroupCurrentMemberAssignment(_, Some(value)) => Some(value.state),
            _ => None,
        })
        .collect();
    let (stable, unrevoked, unreleased) = (1, 2, 3);
    assert_eq!(states, [stable, unreleased, unrevoked]);
}
