//! Who reads what: Kafka's `simple` assignor. Members share partitions when there are more of them; who has a partition keeps it as
//! far as that is fair.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::ids::PartitionId;

use super::Partitions;
use super::group::{Member, States};

/// What each of these members is to have, of the partitions that have state; `had` is what it was to have before.
pub fn simple<'a>(
    members: impl Iterator<Item = &'a Member> + Clone,
    had: &BTreeMap<String, Partitions>,
    states: &States,
) -> BTreeMap<String, Partitions> {
    let mut assigned: BTreeMap<String, Partitions> = BTreeMap::new();
    for member in members.clone() {
        assigned.insert(member.id.clone(), Partitions::new());
    }
    let alike = {
        let mut topics = members.clone().map(|member| &member.topics);
        let first = topics.next();
        topics.all(|topics| Some(topics) == first)
    };
    let topics = states.initialized.iter().map(|(topic, of)| {
        let each = of.partitions.iter().map(|partition| PartitionId {
            topic: *topic,
            partition: *partition,
        });
        (of.name.as_str(), each.collect::<Vec<_>>())
    });
    // Members that read the same share all of it; others share each topic with those who read it.
    let portions: Vec<(BTreeSet<&str>, Vec<PartitionId>)> = match alike {
        true => {
            let read = members.clone().next();
            let mine = topics.filter(|(name, _)| read.is_some_and(|m| m.topics.contains(*name)));
            let (names, parts): (BTreeSet<&str>, Vec<Vec<_>>) = mine.unzip();
            vec![(names, parts.concat())]
        }
        false => topics
            .map(|(name, parts)| (BTreeSet::from([name]), parts))
            .collect(),
    };
    for (names, parts) in portions {
        let reads = |m: &&Member| names.iter().any(|name| m.topics.contains(*name));
        let readers: Vec<&str> = members
            .clone()
            .filter(reads)
            .map(|m| m.id.as_str())
            .collect();
        deal(&readers, &parts, had, &mut assigned);
    }
    assigned
}

fn deal(
    readers: &[&str],
    parts: &[PartitionId],
    had: &BTreeMap<String, Partitions>,
    assigned: &mut BTreeMap<String, Partitions>,
) {
    if readers.is_empty() || parts.is_empty() {
        return;
    }
    let each_part = readers.len().div_ceil(parts.len());
    let places = each_part * parts.len();
    // As even as whole numbers get.
    let up_to = |n: usize| (places * n).div_ceil(readers.len());
    let mut room: Vec<usize> = (0..readers.len())
        .map(|n| up_to(n + 1) - up_to(n))
        .collect();
    let mut free: BTreeMap<PartitionId, usize> = parts.iter().map(|p| (*p, each_part)).collect();
    let mut holders: BTreeSet<(PartitionId, usize)> = BTreeSet::new();
    for (n, reader) in readers.iter().enumerate() {
        let before = had.get(*reader).into_iter().flatten();
        for (topic, partitions) in before {
            for partition in partitions {
                let id = PartitionId {
                    topic: *topic,
                    partition: *partition,
                };
                if let Some(left) = free.get_mut(&id).filter(|left| **left > 0 && room[n] > 0) {
                    *left -= 1;
                    room[n] -= 1;
                    holders.insert((id, n));
                }
            }
        }
    }
    let mut turn = 0;
    for (id, left) in free {
        for _ in 0..left {
            let fits = |n: &usize| room[*n] > 0 && !holders.contains(&(id, *n));
            let order = (0..readers.len()).map(|step| (turn + step) % readers.len());
            let Some(n) = order.clone().find(fits) else {
                break;
            };
            room[n] -= 1;
            holders.insert((id, n));
            turn = n + 1;
        }
    }
    for (id, n) in holders {
        let of = assigned.entry(readers[n].to_owned()).or_default();
        of.entry(id.topic).or_default().insert(id.partition);
    }
}
