//! C2: a hundred members join a group at once; how long until each has its share, by either protocol.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, TopicPartitions,
};
use ottla_protocol::messages::heartbeat::HeartbeatRequest;
use ottla_protocol::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use ottla_protocol::messages::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};

use super::{GROUP, PATIENCE, found, refused};
use crate::kpi::stage::Stage;
use crate::wire::cluster::Cluster;

const TOPIC: &str = "c2";
const MEMBERS: usize = 100;
/// Of the topic, for each member.
const SHARE: usize = 2;
const HEARTBEAT: Duration = Duration::from_millis(500);
const SESSION_MS: i32 = 30_000;
/// Members tell the broker of themselves as often in both protocols, and none of them is kept waiting for others to come.
const SETTINGS: &[&str] = &[
    "group.initial.rebalance.delay.ms=0",
    "group.consumer.heartbeat.interval.ms=500",
    "group.consumer.min.heartbeat.interval.ms=500",
];

/// C2: seconds until a hundred members are stable, of a classic group and of a consumer group.
pub fn members(stage: &Stage) -> io::Result<Vec<f64>> {
    let mut node = stage.unstarted(SETTINGS)?;
    node.start()?;
    let mut cluster = node.cluster()?;
    cluster.create(TOPIC, (MEMBERS * SHARE) as i32, 1, &[])?;
    found(&mut cluster, "warm", GROUP)?;
    if node.is_jvm() && stage.jvm_warmup > 0.0 {
        together(node.address(), "warm-classic", classic)?;
        together(node.address(), "warm-consumer", consumer)?;
    }
    Ok(vec![
        together(node.address(), "classic", classic)?,
        together(node.address(), "consumer", consumer)?,
    ])
}

/// What all members see.
struct Group<'a> {
    name: &'a str,
    /// Members that are ready in a generation, or partitions of each member.
    ready: Mutex<BTreeMap<i32, usize>>,
    stable: AtomicBool,
    failed: AtomicBool,
}

impl Group<'_> {
    fn over(&self) -> bool {
        self.stable.load(Ordering::Relaxed) || self.failed.load(Ordering::Relaxed)
    }

    fn look(&self, look: impl FnOnce(&mut BTreeMap<i32, usize>) -> bool) {
        let mut ready = self.ready.lock().unwrap_or_else(|e| e.into_inner());
        if look(&mut ready) {
            self.stable.store(true, Ordering::Relaxed);
        }
    }
}

/// Seconds from the first request until the group is stable.
fn together(
    address: SocketAddr,
    name: &str,
    member: fn(&Group<'_>, Cluster, i32) -> io::Result<()>,
) -> io::Result<f64> {
    let group = Group {
        name,
        ready: Mutex::default(),
        stable: AtomicBool::new(false),
        failed: AtomicBool::new(false),
    };
    found(&mut Cluster::connect(address)?, name, GROUP)?;
    let clusters = (0..MEMBERS).map(|_| Cluster::connect(address));
    let clusters = clusters.collect::<io::Result<Vec<_>>>()?;
    let began = Instant::now();
    let group = &group;
    thread::scope(|scope| {
        let run = |(n, cluster): (usize, Cluster)| {
            scope.spawn(move || {
                let ended = member(group, cluster, n as i32);
                group.failed.fetch_or(ended.is_err(), Ordering::Relaxed);
                ended.map(|()| began.elapsed())
            })
        };
        let running: Vec<_> = clusters.into_iter().enumerate().map(run).collect();
        let mut first = Duration::MAX;
        for one in running {
            let ended = one
                .join()
                .map_err(|_| io::Error::other("a member panicked"))?;
            first = first.min(ended?);
        }
        Ok(first.as_secs_f64())
    })
}

/// A member of a classic group, until the group is stable or for too long.
fn classic(group: &Group<'_>, mut cluster: Cluster, _: i32) -> io::Result<()> {
    let mut member = String::new();
    let began = Instant::now();
    while !group.over() {
        if began.elapsed() > PATIENCE {
            return Err(io::Error::other("C2: the classic group is never stable"));
        }
        let Some((generation, all)) = join(group.name, &mut cluster, &mut member)? else {
            continue;
        };
        if !synced(group.name, &mut cluster, &member, generation, &all)? {
            continue;
        }
        group.look(|ready| {
            let count = ready.entry(generation).or_default();
            *count += 1;
            *count == MEMBERS
        });
        while !group.over() && in_step(group.name, &mut cluster, &member, generation)? {
            thread::sleep(HEARTBEAT);
        }
    }
    Ok(())
}

/// The generation, and who is in it when this member is to tell them what they get; none when the broker first gave an id.
fn join(
    group: &str,
    cluster: &mut Cluster,
    member: &mut String,
) -> io::Result<Option<(i32, Vec<String>)>> {
    let request = JoinGroupRequest {
        group_id: group.into(),
        session_timeout_ms: SESSION_MS,
        rebalance_timeout_ms: SESSION_MS,
        member_id: member.clone().into(),
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol {
            name: "range".into(),
            metadata: (&b"\0\0\0\0\0\x01\0\x02c2\xff\xff\xff\xff"[..]).into(),
        }],
        ..Default::default()
    };
    cluster.call(&request, |r| {
        *member = r.member_id.to_string();
        match r.error_code {
            ErrorCode::NONE => {
                let all = r.members.iter().map(|m| m.member_id.to_string());
                Ok(Some((r.generation_id, all.collect())))
            }
            ErrorCode::MEMBER_ID_REQUIRED | ErrorCode::REBALANCE_IN_PROGRESS => Ok(None),
            // Its coordinator may be loading.
            code if code.retriable() => Ok(None),
            code => Err(refused("JoinGroup", code)),
        }
    })?
}

/// Has this member got its share? False when the group moved on.
fn synced(
    group: &str,
    cluster: &mut Cluster,
    member: &str,
    generation: i32,
    all: &[String],
) -> io::Result<bool> {
    let share = |member: &String| SyncGroupRequestAssignment {
        member_id: member.clone().into(),
        assignment: (&[7; 32][..]).into(),
    };
    let request = SyncGroupRequest {
        group_id: group.into(),
        generation_id: generation,
        member_id: member.into(),
        protocol_type: Some("consumer".into()),
        protocol_name: Some("range".into()),
        assignments: all.iter().map(share).collect(),
        ..Default::default()
    };
    match cluster.call(&request, |r| r.error_code)? {
        ErrorCode::NONE => Ok(true),
        ErrorCode::REBALANCE_IN_PROGRESS | ErrorCode::ILLEGAL_GENERATION => Ok(false),
        code => Err(refused("SyncGroup", code)),
    }
}

/// Is the group still in this generation?
fn in_step(group: &str, cluster: &mut Cluster, member: &str, generation: i32) -> io::Result<bool> {
    let request = HeartbeatRequest {
        group_id: group.into(),
        generation_id: generation,
        member_id: member.into(),
        group_instance_id: None,
    };
    match cluster.call(&request, |r| r.error_code)? {
        ErrorCode::NONE => Ok(true),
        ErrorCode::REBALANCE_IN_PROGRESS | ErrorCode::ILLEGAL_GENERATION => Ok(false),
        code => Err(refused("Heartbeat", code)),
    }
}

/// A member of a consumer group (KIP-848), until each has its share or for too long.
fn consumer(group: &Group<'_>, mut cluster: Cluster, number: i32) -> io::Result<()> {
    let member = format!("{}-member-{number}", group.name);
    let (mut epoch, mut owned) = (0, Vec::new());
    let mut changed = true;
    let began = Instant::now();
    while !group.over() {
        if began.elapsed() > PATIENCE {
            return Err(io::Error::other("C2: the consumer group is never stable"));
        }
        let given = beat(
            group.name,
            &mut cluster,
            &member,
            &mut epoch,
            changed.then_some(&owned),
        )?;
        changed = given.as_ref().is_some_and(|given| *given != owned);
        owned = given.unwrap_or(owned);
        let share = owned.iter().map(|t| t.partitions.len()).sum();
        group.look(|ready| {
            ready.insert(number, share);
            ready.len() == MEMBERS && ready.values().all(|n| *n == SHARE)
        });
        if !changed && !group.over() {
            thread::sleep(HEARTBEAT);
        }
    }
    Ok(())
}

/// One heartbeat; tells the broker what is `owned` when that is new. Gives what the broker assigns anew.
fn beat(
    group: &str,
    cluster: &mut Cluster,
    member: &str,
    epoch: &mut i32,
    owned: Option<&Vec<TopicPartitions>>,
) -> io::Result<Option<Vec<TopicPartitions>>> {
    let joins = *epoch == 0;
    let request = ConsumerGroupHeartbeatRequest {
        group_id: group.into(),
        member_id: member.into(),
        member_epoch: *epoch,
        rebalance_timeout_ms: if joins { SESSION_MS } else { -1 },
        subscribed_topic_names: joins.then(|| vec![TOPIC.into()]),
        topic_partitions: owned.cloned(),
        ..Default::default()
    };
    cluster.call(&request, |r| match r.error_code {
        ErrorCode::NONE => {
            *epoch = r.member_epoch;
            Ok(r.assignment.map(|a| a.topic_partitions))
        }
        code => Err(refused("ConsumerGroupHeartbeat", code)),
    })?
}
