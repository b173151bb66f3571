//! The commands that only look.

use ottla_protocol::ids::NodeId;
use ottla_raft::Role;

use crate::node::{Node, members, shorts};
use crate::world::World;

pub fn at(world: &World, what: &str, nodes: &[i32]) -> Result<Vec<String>, String> {
    let named = nodes
        .iter()
        .map(|n| world.nodes.get(&NodeId(*n)).ok_or(format!("no node {n}")));
    let named: Vec<&Node> = named.collect::<Result<_, _>>()?;
    let all = if nodes.is_empty() {
        world.nodes.values().collect()
    } else {
        named
    };
    Ok(all
        .into_iter()
        .map(|node| format!("{} {}", node.id, look(node, what)))
        .collect())
}

fn look(node: &Node, what: &str) -> String {
    let kept = &node.disk.recovered;
    let Some(replica) = &node.replica else {
        return "down".to_owned();
    };
    match what {
        "status" => {
            let leader = replica.leader().filter(|_| replica.role() != Role::Leader);
            format!(
                "{:?} in term {}{}{}: log {}..={} next offset {}, high watermark {}; members {}",
                replica.role(),
                replica.term(),
                leader.map(|n| format!(" of {n}")).unwrap_or_default(),
                if replica.can_serve() { ", serving" } else { "" },
                replica.first_index(),
                replica.last_index(),
                replica.next_offset(),
                replica.high_watermark(),
                members(replica.members()),
            )
        }
        "log" => {
            let terms =
                (replica.point().index..=replica.last_index()).filter_map(|i| replica.point_at(i));
            let terms: Vec<String> = terms.map(|p| format!("{}/{}", p.index, p.term)).collect();
            let epochs: Vec<String> = replica
                .epochs()
                .iter()
                .map(|e| format!("{} from {}", e.term, e.start_offset))
                .collect();
            format!("{}; epochs {}", terms.join(" "), epochs.join(", "))
        }
        _ => format!(
            "{:?}; from {}/{}: {}",
            kept.hard,
            kept.point.index,
            kept.point.term,
            shorts(&kept.entries)
        ),
    }
}

pub fn letters(world: &World) -> Vec<String> {
    world
        .letters
        .iter()
        .map(|l| format!("{} -> {} {:?}", l.from, l.to, l.message))
        .collect()
}
