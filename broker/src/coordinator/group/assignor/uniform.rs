//! As many partitions to each member, where all want the same topics: who has more than his part gives up the rest, which fills
//! those who have less. Nothing else moves.

use std::collections::BTreeSet;

use ottla_protocol::ids::Uuid;

use super::{MemberSpec, Partitions, Shares, Spec, put};

/// Shares out evenly.
pub(super) fn assign(spec: &Spec<'_>) -> Shares {
    let Some(first) = spec.members.values().next() else {
        return Shares::new();
    };
    let all: Vec<(Uuid, i32)> = first
        .wants
        .iter()
        .flat_map(|topic| (0..spec.partitions_of(*topic)).map(|p| (*topic, p)))
        .collect();
    let had: BTreeSet<(Uuid, i32)> = spec.members.values().flat_map(|m| spec.kept(m)).collect();

    let mut quotas = Quotas::new(all.len(), spec.members.len());
    let mut unread: Vec<_> = all.into_iter().filter(|p| !had.contains(p)).collect();
    let mut taken = BTreeSet::new();
    let mut shares = Shares::new();
    let mut unfilled = Vec::new();
    for (id, member) in &spec.members {
        let (share, left) = keep(spec, member, &mut quotas, &mut taken, &mut unread);
        shares.insert((*id).to_owned(), share);
        if left > 0 {
            unfilled.push((*id, left));
        }
    }
    let mut unread = unread.into_iter();
    for (id, left) in unfilled {
        if let Some(share) = shares.get_mut(id) {
            for (topic, partition) in unread.by_ref().take(left) {
                put(share, topic, partition);
            }
        }
    }
    shares
}

/// What a member keeps, and how many more it is to get. What it gives up is unread.
fn keep(
    spec: &Spec<'_>,
    member: &MemberSpec<'_>,
    quotas: &mut Quotas,
    taken: &mut BTreeSet<(Uuid, i32)>,
    unread: &mut Vec<(Uuid, i32)>,
) -> (Partitions, usize) {
    let mut share = Partitions::new();
    let mut kept = 0;
    let most = quotas.most();
    for (topic, partition) in spec.kept(member) {
        if taken.contains(&(topic, partition)) {
            // Somebody before has it, too, which should not be.
        } else if kept < most {
            kept += 1;
            taken.insert((topic, partition));
            put(&mut share, topic, partition);
        } else {
            unread.push((topic, partition));
        }
    }
    (share, quotas.next(kept) - kept)
}

/// Who may have how many: all `each`, some one more.
struct Quotas {
    each: usize,
    /// So many members are still to have one more.
    extra: usize,
    /// Members that were not asked yet.
    members: usize,
}

impl Quotas {
    fn new(partitions: usize, members: usize) -> Quotas {
        Quotas {
            each: partitions / members,
            extra: partitions % members,
            members,
        }
    }

    /// The most that the next member may keep.
    fn most(&self) -> usize {
        self.each + usize::from(self.extra > 0)
    }

    /// What the next member, who has kept so many, is to have. It leaves the odd one to those who had it, as long as there
    /// are enough members left.
    fn next(&mut self, kept: usize) -> usize {
        let must = self.members <= self.extra;
        self.members -= 1;
        if self.extra > 0 && (kept > self.each || must) {
            self.extra -= 1;
            self.each + 1
        } else {
            self.each
        }
    }
}
