//! Neighbouring partitions of each topic to one member; members have the same numbers of topics of the same size, so that what
//! is joined by key is read together.

use std::collections::BTreeMap;

use ottla_protocol::ids::Uuid;

use super::{Partitions, Shares, Spec};

/// How far a topic is shared out.
struct Sharing {
    partitions: i32,
    each: i32,
    /// So many members still get one more.
    extra: i32,
    next: i32,
}

/// Shares out by ranges.
pub(super) fn assign(spec: &Spec<'_>) -> Shares {
    // Static members first, by instance: their shares survive that they come back under another member id.
    let mut members: Vec<_> = spec.members.iter().collect();
    members.sort_by_key(|(id, member)| (member.instance.is_none(), member.instance, **id));

    let mut readers: BTreeMap<Uuid, i32> = BTreeMap::new();
    for topic in members.iter().flat_map(|(_, member)| member.wants.iter()) {
        *readers.entry(*topic).or_default() += 1;
    }
    let begin = |(topic, readers): (Uuid, i32)| {
        let partitions = spec.partitions_of(topic);
        let sharing = Sharing {
            partitions,
            each: partitions / readers,
            extra: partitions % readers,
            next: 0,
        };
        (topic, sharing)
    };
    let mut topics: BTreeMap<Uuid, Sharing> = readers.into_iter().map(begin).collect();

    let mut shares = Shares::new();
    for (id, member) in members {
        let mut share = Partitions::new();
        for topic in member.wants.iter() {
            let Some(sharing) = topics.get_mut(topic) else {
                continue;
            };
            let more = i32::from(sharing.extra > 0);
            let end = (sharing.next + sharing.each + more).min(sharing.partitions);
            if sharing.next < end {
                share.insert(*topic, (sharing.next..end).collect());
            }
            sharing.extra -= more;
            sharing.next = end;
        }
        shares.insert((*id).to_owned(), share);
    }
    shares
}
