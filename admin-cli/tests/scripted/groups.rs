//! Coordinators that load, move and hang up; members that are thrown out; commits that are not lost.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Parser;
use ottla_admin_cli::CliError;
use ottla_admin_cli::args::values::Address;
use ottla_admin_cli::args::{Cli, Command};
use ottla_admin_cli::client::Missing;
use ottla_admin_cli::client::error::ClientError;
use ottla_admin_cli::client::group::GroupType;
use ottla_admin_cli::client::group::member::{Beat, Member};
use ottla_admin_cli::client::group::offsets::Identity;
use ottla_admin_cli::client::view::TopicPartition;
use ottla_admin_cli::commands::group::{Group as Verb, delete, reset_offsets};
use ottla_admin_cli::commands::record::consume;
use ottla_protocol::api::Request;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest;
use ottla_protocol::messages::delete_groups::DeleteGroupsRequest;
use ottla_protocol::messages::find_coordinator::FindCoordinatorRequest;
use ottla_protocol::messages::heartbeat::HeartbeatRequest;
use ottla_protocol::messages::join_group::JoinGroupRequest;
use ottla_protocol::messages::leave_group::LeaveGroupRequest;
use ottla_protocol::messages::list_groups::ListGroupsRequest;
use ottla_protocol::messages::offset_commit::OffsetCommitRequest;
use ottla_protocol::messages::offset_fetch::OffsetFetchRequest;
use ottla_protocol::messages::sync_group::SyncGroupRequest;

use super::broker::{self, Mind, Step, TOPIC};
use super::coordinator::GROUP;
use super::{TIMEOUT, client, on_shard, producer, send};

/// A broker that answers requests of kind `Q` with these errors first.
fn refusing<Q: Request>(codes: &[ErrorCode]) -> Mind {
    let steps = codes.iter().map(|&code| Step::Refuse(code));
    Mind {
        api_versions: 4,
        scripts: BTreeMap::from([(Q::KEY, steps.collect())]),
        ..Mind::default()
    }
}

async fn member(address: &Address, kind: GroupType) -> Member {
    let topic = client(address, TIMEOUT)
        .topic(TOPIC, Missing::Fail)
        .await
        .unwrap();
    Member::new(client(address, TIMEOUT), GROUP, &topic, kind)
}

fn command(line: &str, address: &Address) -> Command {
    let line = format!("ottla {line} --broker {address} --timeout 2s");
    Cli::try_parse_from(line.split(' ')).unwrap().command
}

async fn consume(line: &str, address: &Address) -> Result<(), CliError> {
    match command(&format!("consume {TOPIC} --group {GROUP} {line}"), address) {
        Command::Consume(args) => consume::run(args).await,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_coordinator_that_is_not_ready_is_asked_again() {
    use ErrorCode as E;
    on_shard(|| async {
        let not_ready = [
            E::COORDINATOR_LOAD_IN_PROGRESS,
            E::NOT_COORDINATOR,
            E::COORDINATOR_NOT_AVAILABLE,
        ];
        let mut mind = refusing::<OffsetFetchRequest<'_>>(&not_ready);
        let find = mind.scripts.entry(FindCoordinatorRequest::KEY).or_default();
        find.push_back(Step::Refuse(E::COORDINATOR_NOT_AVAILABLE));
        mind.group.committed = BTreeMap::from([(0, 7)]);
        let (address, mind) = broker::start(mind);
        let mut client = client(&address, TIMEOUT);
        let found = client.committed(GROUP, true).await.unwrap();
        assert_eq!(found, BTreeMap::from([(TopicPartition::new(TOPIC, 0), 7)]));
        // Loading is no reason to look for another coordinator; moving is; and then it is remembered.
        client.committed(GROUP, true).await.unwrap();
        let group = &mind.borrow().group;
        assert_eq!(group.count::<FindCoordinatorRequest<'_>>(), 2 + 2);
        assert_eq!(group.count::<OffsetFetchRequest<'_>>(), 4 + 1);
    });
}

#[test]
fn a_coordinator_that_hangs_up_is_asked_again_and_silence_ends() {
    on_shard(|| async {
        let key = OffsetFetchRequest::KEY;
        let mut mind = refusing::<OffsetFetchRequest<'_>>(&[]);
        mind.scripts.insert(key, [Step::Gone].into());
        let (address, mind) = broker::start(mind);
        let mut patient = client(&address, TIMEOUT);
        assert!(patient.committed(GROUP, false).await.is_ok());
        mind.borrow_mut()
            .scripts
            .insert(key, [Step::Silent; 9].into());
        let mut hasty = client(&address, Duration::from_millis(200));
        let error = hasty.committed(GROUP, false).await.unwrap_err();
        assert!(matches!(error, ClientError::Timeout { .. }), "{error}");
        // Not ready for as long as the timeout: its own words come out, with a next step.
        let loading = [Step::Refuse(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS); 99];
        mind.borrow_mut().scripts.insert(key, loading.into());
        let error = CliError::from(hasty.committed(GROUP, false).await.unwrap_err());
        assert!(
            error.what.contains("COORDINATOR_LOAD_IN_PROGRESS 14"),
            "{error}"
        );
        assert!(error.next.is_some());
    });
}

/// Requests that changed their shape with a version.
#[test]
fn old_brokers_are_asked_in_old_shapes() {
    on_shard(|| async {
        let mut mind = refusing::<OffsetFetchRequest<'_>>(&[]);
        mind.group.versions.insert(FindCoordinatorRequest::KEY, 3);
        mind.group.versions.insert(OffsetFetchRequest::KEY, 5);
        mind.group.committed = BTreeMap::from([(0, 7)]);
        let (address, _mind) = broker::start(mind);
        let mut client = client(&address, TIMEOUT);
        assert_eq!(client.committed(GROUP, true).await.unwrap().len(), 1);
    });
}

#[test]
fn groups_are_listed_once_the_broker_has_loaded_them() {
    on_shard(|| async {
        let loading = [ErrorCode::COORDINATOR_LOAD_IN_PROGRESS; 2];
        let (address, _mind) = broker::start(refusing::<ListGroupsRequest<'_>>(&loading));
        let groups = client(&address, TIMEOUT).list_groups().await.unwrap();
        assert_eq!((groups.len(), groups[0].kind.as_str()), (1, "classic"));
    });
}

#[test]
fn a_member_joins_beats_commits_and_leaves() {
    on_shard(|| async {
        let (address, mind) = broker::start(refusing::<JoinGroupRequest<'_>>(&[]));
        let mut member = member(&address, GroupType::Classic).await;
        assert_eq!(member.join().await.unwrap(), [0]);
        assert_eq!(
            mind.borrow().group.count::<JoinGroupRequest<'_>>(),
            2,
            "first without an id"
        );
        assert_eq!(member.beat().await.unwrap(), Beat::Steady);
        assert_eq!(
            mind.borrow().group.count::<HeartbeatRequest<'_>>(),
            0,
            "none is due yet"
        );
        let offsets = BTreeMap::from([(0, 5)]);
        assert_eq!(member.commit(&offsets).await.unwrap(), Beat::Steady);
        assert_eq!(member.committed().await.unwrap(), offsets);
        member.leave().await.unwrap();
        assert_eq!(mind.borrow().group.member, None);
    });
}

/// The group moves on while a member syncs or commits, and forgets members: every time it gets back in.
#[test]
fn a_member_comes_back_when_the_group_has_moved_on() {
    use ErrorCode as E;
    on_shard(|| async {
        let (address, mind) = broker::start(refusing::<SyncGroupRequest<'_>>(&[
            E::REBALANCE_IN_PROGRESS,
            E::ILLEGAL_GENERATION,
            E::UNKNOWN_MEMBER_ID,
        ]));
        let mut member = member(&address, GroupType::Classic).await;
        assert_eq!(member.join().await.unwrap(), [0]);
        // Named again only after the broker did not know it any more.
        assert_eq!(
            (mind.borrow().group.named, mind.borrow().group.generation),
            (2, 4)
        );
        let offsets = BTreeMap::from([(0, 5)]);
        for (code, beat) in [
            (E::REBALANCE_IN_PROGRESS, Beat::Rebalance),
            (E::ILLEGAL_GENERATION, Beat::Lost),
            (E::UNKNOWN_MEMBER_ID, Beat::Lost),
        ] {
            let script = [Step::Refuse(code)].into();
            mind.borrow_mut()
                .scripts
                .insert(OffsetCommitRequest::KEY, script);
            assert_eq!(member.commit(&offsets).await.unwrap(), beat, "{code}");
            assert_eq!(mind.borrow().group.committed, BTreeMap::new());
            assert_eq!(member.join().await.unwrap(), [0]);
        }
        assert_eq!(member.commit(&offsets).await.unwrap(), Beat::Steady);
        let full = [Step::Refuse(E::GROUP_MAX_SIZE_REACHED)].into();
        mind.borrow_mut()
            .scripts
            .insert(JoinGroupRequest::KEY, full);
        let error = CliError::from(member.join().await.unwrap_err());
        assert!(error.what.contains("joining group \"billing\""), "{error}");
    });
}

/// KIP-848: what the broker offers is taken over and confirmed; a fenced member joins anew.
#[test]
fn a_broker_that_assigns_is_followed() {
    use ErrorCode as E;
    on_shard(|| async {
        let mut mind = refusing::<ConsumerGroupHeartbeatRequest<'_>>(&[]);
        mind.group.offers = vec![vec![], vec![0], vec![0]];
        let (address, mind) = broker::start(mind);
        let beats = || {
            mind.borrow()
                .group
                .count::<ConsumerGroupHeartbeatRequest<'_>>()
        };
        let mut member = member(&address, GroupType::Consumer).await;
        assert_eq!(
            member.join().await.unwrap(),
            [0; 0],
            "others must let go first"
        );
        ottla_runtime::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(member.beat().await.unwrap(), Beat::Rebalance);
        assert_eq!(member.join().await.unwrap(), [0]);
        assert_eq!(beats(), 3);
        let offsets = BTreeMap::from([(0, 5)]);
        // The group's epoch has grown, which the next heartbeat tells.
        let stale = [Step::Refuse(E::STALE_MEMBER_EPOCH)].into();
        mind.borrow_mut()
            .scripts
            .insert(OffsetCommitRequest::KEY, stale);
        assert_eq!(member.commit(&offsets).await.unwrap(), Beat::Steady);
        assert_eq!((beats(), &mind.borrow().group.committed), (4, &offsets));
        let fenced = [Step::Refuse(E::FENCED_MEMBER_EPOCH)].into();
        mind.borrow_mut()
            .scripts
            .insert(ConsumerGroupHeartbeatRequest::KEY, fenced);
        ottla_runtime::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(member.beat().await.unwrap(), Beat::Lost);
        mind.borrow_mut().group.offers = vec![vec![0], vec![0]];
        assert_eq!(member.join().await.unwrap(), [0]);
        member.leave().await.unwrap();
        assert_eq!(mind.borrow().group.member, None);
    });
}

/// The whole verb: what was written is committed, also when the group moved on in between; the next run goes on there.
#[test]
fn consume_goes_on_where_the_group_is() {
    for protocol in ["classic", "consumer"] {
        on_shard(move || async move {
            let mut mind = refusing::<OffsetCommitRequest<'_>>(&[]);
            mind.group.offers = vec![vec![0]; 9];
            let (address, mind) = broker::start(mind);
            let mut producer = producer(&address).await;
            send(&mut producer, 6).await.unwrap();
            let line = format!("--protocol {protocol} --format raw");
            consume(&format!("{line} -n 4"), &address).await.unwrap();
            assert_eq!(mind.borrow().group.committed, BTreeMap::from([(0, 4)]));
            assert_eq!(mind.borrow().group.member, None, "it has left");
            mind.borrow_mut().group.offers = vec![vec![0]; 9];
            consume(&line, &address).await.unwrap();
            assert_eq!(mind.borrow().group.committed, BTreeMap::from([(0, 6)]));
            send(&mut producer, 1).await.unwrap();
            // The last commit is refused: nothing is said to be done that was not.
            let refuse = [Step::Refuse(ErrorCode::OFFSET_METADATA_TOO_LARGE)].into();
            mind.borrow_mut()
                .scripts
                .insert(OffsetCommitRequest::KEY, refuse);
            mind.borrow_mut().group.offers = vec![vec![0]; 9];
            assert!(consume(&line, &address).await.is_err());
            assert_eq!(mind.borrow().group.committed, BTreeMap::from([(0, 6)]));
            assert_eq!(mind.borrow().group.member, None, "it has left all the same");
        });
    }
}

#[test]
fn offsets_are_reset_only_while_nobody_is_in_the_group() {
    on_shard(|| async {
        let (address, mind) = broker::start(refusing::<LeaveGroupRequest<'_>>(&[]));
        let mut producer = producer(&address).await;
        send(&mut producer, 6).await.unwrap();
        let reset =
            |line: &str| match command(&format!("group reset-offsets {GROUP} {line}"), &address) {
                Command::Group(Verb::ResetOffsets(args)) => reset_offsets::run(args),
                other => panic!("{other:?}"),
            };
        reset("--topic orders --to-latest --dry-run").await.unwrap();
        assert_eq!(mind.borrow().group.committed, BTreeMap::new());
        reset("--topic orders --to-latest --yes").await.unwrap();
        assert_eq!(mind.borrow().group.committed, BTreeMap::from([(0, 6)]));
        reset("--all-topics --shift-by -2 --yes").await.unwrap();
        assert_eq!(mind.borrow().group.committed, BTreeMap::from([(0, 4)]));
        mind.borrow_mut().group.member = Some("somebody".to_owned());
        let error = reset("--all-topics --to-earliest --yes").await.unwrap_err();
        assert!(error.what.contains("only while it is empty"), "{error}");
        // Somebody joins between the look and the commit.
        let outside = Identity::outside();
        let offsets = BTreeMap::from([(TopicPartition::new(TOPIC, 0), 1)]);
        let error = client(&address, TIMEOUT)
            .commit(GROUP, &outside, &offsets)
            .await;
        assert_eq!(
            error.unwrap_err().code(),
            Some(ErrorCode::UNKNOWN_MEMBER_ID)
        );
        assert_eq!(mind.borrow().group.committed, BTreeMap::from([(0, 4)]));
    });
}

#[test]
fn a_group_is_deleted_or_said_why_not() {
    on_shard(|| async {
        let busy = [ErrorCode::NON_EMPTY_GROUP];
        let (address, mind) = broker::start(refusing::<DeleteGroupsRequest<'_>>(&busy));
        let delete = |line: &str| match command(&format!("group delete {GROUP} {line}"), &address) {
            Command::Group(Verb::Delete(args)) => delete::run(args),
            other => panic!("{other:?}"),
        };
        delete("--dry-run").await.unwrap();
        assert_eq!(mind.borrow().group.count::<DeleteGroupsRequest<'_>>(), 0);
        let error = delete("--yes").await.unwrap_err();
        assert!(
            error.what.contains("NON_EMPTY_GROUP 68") && error.next.is_some(),
            "{error}"
        );
        delete("--yes").await.unwrap();
        assert_eq!(mind.borrow().group.count::<DeleteGroupsRequest<'_>>(), 2);
    });
}
