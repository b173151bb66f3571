//! Which nodes hold a partition.

use ottla_protocol::ErrorCode;
use ottla_protocol::ids::NodeId;

use crate::controller::record::Replicas;
use crate::controller::{Refusal, State};

/// Spreads `count` partitions of `factor` replicas over the nodes: leaders go round from a random node, and each
/// partition's other replicas follow it, one step further at each turn, so that the load of a lost node is shared.
pub(super) fn spread(
    state: &State,
    count: usize,
    factor: usize,
    entropy: &mut dyn FnMut() -> u64,
) -> Result<Vec<Replicas>, Refusal> {
    let nodes: Vec<NodeId> = state
        .brokers
        .values()
        .filter(|broker| !broker.fenced)
        .map(|broker| broker.id)
        .collect();
    if factor > nodes.len() {
        let text = format!(
            "Unable to replicate the partition {factor} time(s): The target replication factor of {factor} cannot be \
             reached because only {} broker(s) are registered.",
            nodes.len()
        );
        return Err(Refusal::new(ErrorCode::INVALID_REPLICATION_FACTOR, text));
    }
    let start = (entropy() % nodes.len() as u64) as usize;
    Ok((0..count)
        .map(|partition| replicas(&nodes, start + partition, factor))
        .collect())
}

fn replicas(nodes: &[NodeId], turn: usize, factor: usize) -> Replicas {
    let leader = turn % nodes.len();
    let others = nodes.len().saturating_sub(1).max(1);
    let shift = turn / nodes.len();
    let follower = |n: usize| (leader + 1 + (shift + n) % others) % nodes.len();
    let chosen = std::iter::once(leader).chain((0..factor.saturating_sub(1)).map(follower));
    Replicas {
        nodes: chosen.map(|at| nodes[at].0).collect(),
    }
}

/// Checks replicas that a client chose: some, known, none twice, as many as `factor` if that is known.
pub(super) fn check(
    state: &State,
    replicas: &[NodeId],
    factor: Option<usize>,
) -> Result<(), Refusal> {
    let refuse = |text: String| Err(Refusal::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, text));
    if replicas.is_empty() {
        return refuse(
            "The manual partition assignment includes an empty replica list.".to_string(),
        );
    }
    let mut sorted = replicas.to_vec();
    sorted.sort_unstable();
    for (at, node) in sorted.iter().enumerate() {
        if at > 0 && sorted[at - 1] == *node {
            return refuse(format!(
                "The manual partition assignment includes the broker {node} more than once."
            ));
        }
        if !state.brokers.contains_key(node) {
            return refuse(format!(
                "The manual partition assignment includes broker {node}, but no such broker is registered."
            ));
        }
    }
    match factor {
        Some(factor) if factor != replicas.len() => refuse(format!(
            "The manual partition assignment includes a partition with {} replica(s), but this is not consistent with \
             previous partitions, which have {factor} replica(s).",
            replicas.len()
        )),
        _ => Ok(()),
    }
}
