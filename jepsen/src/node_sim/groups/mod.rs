//! Consumer groups in the whole-node simulation: a group of either protocol whose members consume, transform and produce
//! exactly once (KIP-447), and clients that commit offsets without being members of anything.
//!
//! | file | what |
//! |---|---|
//! | [`roster`] | what is known, and what must hold |
//! | [`feeder`] | fills the input |
//! | [`member`] | a member's way through either protocol |
//! | [`pipe`] | one that consumes, transforms and produces |
//! | [`commits`] | offsets committed without a transaction |

pub mod commits;
pub mod feeder;
pub mod member;
pub mod pipe;
pub mod roster;

use std::collections::BTreeMap;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use ottla_runtime::rand::Rng;

use super::client::{Broken, Client};
use super::txn;
use super::wire::Wire;

/// The topic that is read; its name begins as those of all topics that keepers do not keep.
pub const INPUT: &str = "txn-input";
/// The group that works it off.
pub const GROUP: &str = "pipes";
/// Sessions end after this, ms; so may rebalances.
pub const SESSION_MS: i32 = 1_000;

/// What a seed decides about groups.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Partitions of the input.
    pub partitions: i32,
    /// Per member: does it speak the protocol of KIP-848?
    pub members: Vec<bool>,
    /// Batches that the input gets at most.
    pub batches: u64,
    /// Clients that commit without being members.
    pub committers: usize,
    /// The transactions of the members.
    pub txns: txn::Plan,
}

impl Plan {
    /// Of a seed that has groups.
    pub fn new(rng: &mut Rng) -> Plan {
        let modern = rng.below(2) == 0;
        let mixed = rng.below(4) == 0;
        let speaks = |rng: &mut Rng| modern ^ (mixed && rng.below(2) == 0);
        let members = 1 + rng.below(3);
        Plan {
            partitions: 1 + rng.below(4) as i32,
            members: (0..members).map(|_| speaks(rng)).collect(),
            batches: 4 + rng.below(30),
            committers: 1 + rng.below(2) as usize,
            txns: txn::Plan::of_pipes(rng),
        }
    }
}

/// Is this a code after which the same is asked again, later?
pub fn is_passing(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
            | ErrorCode::COORDINATOR_NOT_AVAILABLE
            | ErrorCode::NOT_COORDINATOR
            | ErrorCode::CONCURRENT_TRANSACTIONS
            | ErrorCode::REBALANCE_IN_PROGRESS
            | ErrorCode::UNSTABLE_OFFSET_COMMIT
            // A Produce's, when its transaction cannot be verified for one of the reasons above.
            | ErrorCode::NOT_ENOUGH_REPLICAS
    )
}

/// Is this a code by which a member learns that it is none any more, or not as it thought?
pub fn is_fencing(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::ILLEGAL_GENERATION
            | ErrorCode::UNKNOWN_MEMBER_ID
            | ErrorCode::FENCED_MEMBER_EPOCH
            | ErrorCode::STALE_MEMBER_EPOCH
            | ErrorCode::UNRELEASED_INSTANCE_ID
            | ErrorCode::INCONSISTENT_GROUP_PROTOCOL
            | ErrorCode::GROUP_ID_NOT_FOUND
    )
}

/// What a group has committed of partitions of the input: the offset, -1 for none, by partition.
pub async fn committed(
    wire: &mut Wire,
    group: &str,
    member: Option<(&str, i32)>,
    partitions: &[i32],
) -> Result<Result<BTreeMap<i32, i64>, ErrorCode>, Broken> {
    let request = OffsetFetchRequest {
        groups: vec![OffsetFetchRequestGroup {
            group_id: group.into(),
            member_id: member.map(|(id, _)| id.into()),
            member_epoch: member.map_or(-1, |(_, epoch)| epoch),
            topics: Some(vec![OffsetFetchRequestTopics {
                name: INPUT.into(),
                partition_indexes: partitions.to_vec(),
                ..Default::default()
            }]),
        }],
        require_stable: true,
        ..Default::default()
    };
    let answer = wire.call(&request, 9, |r| {
        let group = r.groups.first()?;
        let partitions = group.topics.iter().flat_map(|t| &t.partitions);
        let each = partitions.map(|p| match p.error_code.is_error() {
            true => Err(p.error_code),
            false => Ok((p.partition_index, p.committed_offset)),
        });
        Some(match group.error_code.is_error() {
            true => Err(group.error_code),
            false => each.collect(),
        })
    });
    match answer.await? {
        Some(answer) => Ok(answer),
        None => Err("OffsetFetch without an answer".to_owned().into()),
    }
}

/// The last look at the group: what it has committed is what is in the output, and all of the input is.
pub async fn audit(client: &mut Client, wire: &mut Wire) -> Result<(), Broken> {
    let Some(fed) = client.shared.ledger.borrow().roster.fed.clone() else {
        return Ok(());
    };
    let partitions: Vec<i32> = (0..).take(fed.len()).collect();
    let found = committed(wire, GROUP, None, &partitions).await?;
    let found = found.map_err(|code| client.refused_by_coordinator("OffsetFetch", code))?;
    let ledger = client.shared.ledger.borrow();
    for (partition, end) in partitions.into_iter().zip(fed) {
        let come = found.get(&partition).copied().unwrap_or(-1).max(0);
        let worked_off = ledger.txns.worked_off(partition)?;
        if come != end || worked_off != end {
            return Err(format!(
                "{INPUT}-{partition} has {end} records, {come} are committed, {worked_off} are in the output"
            )
            .into());
        }
    }
    Ok(())
}

impl Client {
    /// A refusal by a coordinator: some only mean that it is to be asked again.
    pub fn refused_by_coordinator(&self, what: &str, code: ErrorCode) -> Broken {
        self.tell(|| format!("{what}: {}", code.name()));
        match is_passing(code) || is_fencing(code) {
            true => Broken::Again,
            false => self.refused(what, code),
        }
    }
}
