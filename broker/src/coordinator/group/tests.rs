//! What groups of all kinds have in common, seen with classic ones.

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;
use ottla_protocol::records::GroupRecord;
use ottla_protocol::records::share_group_metadata::ShareGroupMetadataKey;

use super::bench::Bench;
use super::classic::{self, Join, member::Protocol};
use super::offsets::{Commit, Committer, Fetch, NewOffset};
use super::{Answer, Command, Listed};
use crate::controller::{self, TopicRef};
use crate::coordinator::{Machine, Position};

const DAY: u64 = 24 * 60 * 60 * 1000;
/// Offsets are kept so long by default.
const KEPT: u64 = 7 * DAY;
/// Old offsets are looked for this often by default.
const SEARCH: u64 = 10 * 60 * 1000;

impl Bench {
    fn commit_to(&mut self, group: &str, topic: &str, member: &str, retention_ms: Option<i64>) {
        let topic_id = self.image().topics.named(topic).map(|t| t.id);
        let commit = Commit {
            group: group.into(),
            member: Committer {
                version: 9,
                id: member.into(),
                instance: None,
                generation: if member.is_empty() { -1 } else { 1 },
            },
            retention_ms,
            offsets: vec![NewOffset {
                topic: topic.into(),
                topic_id: topic_id.unwrap_or(Uuid::ZERO),
                partition: 0,
                offset: 5,
                leader_epoch: -1,
                metadata: String::new(),
            }],
            ..Commit::default()
        };
        match self.tell(Command::Commit(commit)) {
            Answer::Committed(Ok(codes)) => assert_eq!(codes, [ErrorCode::NONE]),
            other => panic!("{other:?}"),
        }
    }

    fn committed(&mut self, group: &str) -> Vec<String> {
        let fetch = Fetch {
            group: group.into(),
            member: None,
            topics: None,
            require_stable: false,
        };
        match self.tell(Command::FetchOffsets(fetch)) {
            Answer::Offsets(Ok(topics)) => topics.into_iter().map(|(name, _, _)| name).collect(),
            other => panic!("{other:?}"),
        }
    }

    /// A stable group of one consumer of `t`; its id.
    fn consumer_in(&mut self, group: &str) -> String {
        // Version 0, then the topics.
        let said = [&[0, 0, 0, 0, 0, 1, 0, 1, b't'][..], &[0xff; 4]].concat();
        let ask = self.ask(Command::Classic(classic::Command::Join(Join {
            version: 3,
            group: group.into(),
            session_timeout_ms: 1_000_000_000,
            rebalance_timeout_ms: 60_000,
            protocol_type: "consumer".into(),
            protocols: vec![Protocol {
                name: "range".into(),
                metadata: said,
            }],
            ..Join::default()
        })));
        self.after(3_000);
        let Some(Answer::Classic(classic::Answer::Joined(joined))) = self.answer(ask) else {
            panic!("not joined");
        };
        let id = joined.member_id.into_owned();
        self.tell(Command::Classic(classic::Command::Sync(classic::Sync {
            group: group.into(),
            member: id.clone(),
            generation: 1,
            ..Default::default()
        })));
        id
    }

    fn leaves(&mut self, group: &str, member: &str) {
        let leaver = classic::leave::Leaver {
            member: member.into(),
            ..Default::default()
        };
        self.tell(Command::Classic(classic::Command::Leave(classic::Leave {
            group: group.into(),
            members: vec![leaver],
        })));
    }

    fn listed(&mut self, states: &[&str], kinds: &[&str]) -> Vec<Listed> {
        let words = |all: &[&str]| all.iter().map(|w| w.to_string()).collect();
        match self.tell(Command::List {
            states: words(states),
            kinds: words(kinds),
        }) {
            Answer::Listed(groups) => groups,
            other => panic!("{other:?}"),
        }
    }

    fn deleted(&mut self, groups: &[&str]) -> Vec<ErrorCode> {
        let groups = groups.iter().map(|g| g.to_string()).collect();
        match self.tell(Command::Delete(groups)) {
            Answer::Deleted(codes) => codes,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_commit_of_nobodys_makes_a_group_without_a_record_of_its_own() {
    let mut bench = Bench::new();
    bench.commit_to("g", "t", "", None);
    let simple = Listed {
        group: "g".into(),
        protocol_type: String::new(),
        state: "Empty",
        kind: "classic",
    };
    assert_eq!(bench.listed(&[], &[]), std::slice::from_ref(&simple));
    bench.restart();
    assert_eq!(bench.listed(&["empty"], &["Classic"]), [simple]);
    assert!(matches!(
        bench.log[..],
        [(GroupRecord::OffsetCommit(..), _)]
    ));
}

#[test]
fn groups_are_listed_by_state_and_kind() {
    let mut bench = Bench::new();
    bench.commit_to("a", "t", "", None);
    bench.consumer_in("b");
    let names = |groups: Vec<Listed>| groups.into_iter().map(|g| g.group).collect::<Vec<_>>();
    assert_eq!(names(bench.listed(&[], &[])), ["a", "b"]);
    assert_eq!(names(bench.listed(&["STABLE"], &[])), ["b"]);
    assert_eq!(
        names(bench.listed(&["Stable", "empty"], &["classic"])),
        ["a", "b"]
    );
    assert!(bench.listed(&[], &["consumer"]).is_empty());
    assert!(bench.listed(&["Dead"], &[]).is_empty());
}

#[test]
fn groups_without_members_are_deleted_with_their_offsets() {
    let mut bench = Bench::new();
    bench.commit_to("a", "t", "", None);
    let member = bench.consumer_in("b");
    bench.commit_to("b", "t", &member, None);
    let codes = [
        ErrorCode::NONE,
        ErrorCode::NON_EMPTY_GROUP,
        ErrorCode::GROUP_ID_NOT_FOUND,
    ];
    assert_eq!(bench.deleted(&["a", "b", "c"]), codes);
    bench.leaves("b", &member);
    assert_eq!(bench.deleted(&["b"]), [ErrorCode::NONE]);
    assert!(bench.committed("b").is_empty());
    assert!(bench.listed(&[], &[]).is_empty());
    bench.restart();
    assert!(bench.listed(&[], &[]).is_empty() && bench.committed("b").is_empty());
}

#[test]
fn offsets_of_topics_that_are_read_stay() {
    let mut bench = Bench::new();
    let member = bench.consumer_in("g");
    bench.commit_to("g", "t", &member, None);
    bench.commit_to("g", "u", &member, None);
    let delete = |bench: &mut Bench, group: &str| match bench.tell(Command::DeleteOffsets {
        group: group.into(),
        topics: vec![("t".into(), vec![0]), ("u".into(), vec![0, 1])],
    }) {
        Answer::OffsetsDeleted(codes) => codes,
        other => panic!("{other:?}"),
    };
    let none = ErrorCode::NONE;
    let codes = vec![
        ("t".into(), vec![(0, ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC)]),
        ("u".into(), vec![(0, none), (1, none)]),
    ];
    assert_eq!(delete(&mut bench, "g"), Ok(codes));
    assert_eq!(bench.committed("g"), ["t"]);
    assert_eq!(delete(&mut bench, "h"), Err(ErrorCode::GROUP_ID_NOT_FOUND));
}

#[test]
fn offsets_of_a_simple_group_are_kept_since_their_commit() {
    let mut bench = Bench::new();
    bench.commit_to("g", "t", "", None);
    bench.after(KEPT / 2);
    bench.commit_to("g", "u", "", None);
    bench.commit_to("g", "v", "", Some(1));
    bench.after(KEPT / 2 - 1);
    assert_eq!(
        bench.committed("g"),
        ["t", "u"],
        "an old client may ask for less"
    );
    bench.after(SEARCH);
    assert_eq!(bench.committed("g"), ["u"]);
    bench.after(KEPT / 2);
    assert!(bench.committed("g").is_empty());
    assert!(
        bench.listed(&[], &[]).is_empty(),
        "with the last one the group goes"
    );
}

#[test]
fn offsets_of_a_group_are_kept_since_its_last_member_left() {
    let mut bench = Bench::new();
    let member = bench.consumer_in("g");
    bench.commit_to("g", "t", &member, None);
    bench.commit_to("g", "u", &member, None);
    bench.after(KEPT + SEARCH);
    assert_eq!(bench.committed("g"), ["t"], "of the other nobody reads");
    bench.leaves("g", &member);
    bench.after(KEPT - SEARCH);
    assert_eq!(bench.committed("g"), ["t"]);
    bench.restart();
    bench.after(3 * SEARCH);
    assert!(bench.committed("g").is_empty() && bench.listed(&[], &[]).is_empty());
    bench.restart();
    assert!(
        bench.listed(&[], &[]).is_empty(),
        "the group is deleted in the log, too"
    );
}

#[test]
fn offsets_of_a_deleted_topic_go() {
    let mut bench = Bench::new();
    bench.create_topic("t");
    bench.create_topic("u");
    bench.commit_to("g", "t", "", None);
    bench.commit_to("g", "u", "", None);
    let topics = vec![TopicRef {
        name: Some("t".into()),
        ..TopicRef::default()
    }];
    bench.control(controller::Command::DeleteTopics { topics });
    assert_eq!(bench.committed("g"), ["u"]);
    bench.create_topic("t");
    bench.commit_to("g", "t", "", None);
    assert_eq!(
        bench.committed("g"),
        ["t", "u"],
        "those of a new one of the name stay"
    );
}

/// A crash between a topic's deletion and the tombstones of its offsets left them for the whole retention time, and a consumer of a
/// new topic of that name would have begun where they say.
#[test]
fn offsets_of_a_topic_that_was_deleted_unseen_go_later() {
    let mut bench = Bench::new();
    bench.create_topic("t");
    bench.commit_to("g", "t", "", None);
    let topics = vec![TopicRef {
        name: Some("t".into()),
        ..TopicRef::default()
    }];
    bench.control_unseen(controller::Command::DeleteTopics { topics });
    bench.restart();
    assert_eq!(bench.committed("g"), ["t"]);
    bench.after(2 * SEARCH);
    assert!(bench.committed("g").is_empty());
}

/// An empty share group was replaced by the classic one that somebody joined, and the state of its partitions left behind.
#[test]
fn a_share_group_does_not_give_way_to_a_classic_one() {
    let mut bench = Bench::new();
    let key = ShareGroupMetadataKey {
        group_id: "g".into(),
    };
    let value = Some(Default::default());
    let at = Position {
        offset: 0,
        timestamp: 0,
        producer: None,
    };
    let record = GroupRecord::ShareGroupMetadata(key, value);
    bench.groups.apply(record, &at);
    let join = Join {
        version: 3,
        group: "g".into(),
        session_timeout_ms: 10_000,
        protocol_type: "consumer".into(),
        protocols: vec![Protocol {
            name: "range".into(),
            metadata: Vec::new(),
        }],
        ..Join::default()
    };
    let answer = bench.tell(Command::Classic(classic::Command::Join(join)));
    let Answer::Classic(classic::Answer::Joined(joined)) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(joined.error_code, ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
    assert_eq!(bench.listed(&[], &[])[0].kind, "share");
}

#[test]
fn names_may_be_anything() {
    let mut bench = Bench::new();
    for name in ["", "\0", "a\nb\u{7f}", "\u{1F980} \u{202e}"] {
        bench.commit_to(name, "t", "", None);
        assert_eq!(bench.committed(name), ["t"]);
        let member = bench.consumer_in(name);
        bench.commit_to(name, "t", &member, None);
        bench.restart();
        assert_eq!(bench.listed(&["stable"], &[])[0].group, name);
        bench.leaves(name, &member);
        assert_eq!(bench.deleted(&[name]), [ErrorCode::NONE]);
    }
}
