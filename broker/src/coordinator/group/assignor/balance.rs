//! As many partitions to each member as can be, where members want different topics.
//!
//! Each keeps what it had and still wants; what nobody has goes to those who have least, the scarcest topics first; then topic by
//! topic partitions go from those who have most to those who have least, until a round over all topics moves nothing.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use ottla_protocol::ids::Uuid;

use super::{Shares, Spec, put};

/// Rounds over all topics. Where subscriptions overlap without being equal, each about halves the imbalance.
const MOST_ROUNDS: usize = 16;

/// Members by their place in the spec.
type Who = usize;

/// Shares out as evenly as the subscriptions allow.
pub(super) fn assign(spec: &Spec<'_>) -> Shares {
    let mut sharing = Sharing::new(spec);
    sharing.give_unread();
    sharing.balance();
    let ids: Vec<&str> = spec.members.keys().copied().collect();
    let mut shares: Shares = ids
        .iter()
        .map(|id| ((*id).to_owned(), BTreeMap::new()))
        .collect();
    for (topic, readers) in sharing.readers {
        for (partition, who) in (0..).zip(readers) {
            if let Some(share) = who.and_then(|who| shares.get_mut(ids[who])) {
                put(share, topic, partition);
            }
        }
    }
    shares
}

struct Sharing {
    /// Who wants each topic, in ascending order.
    wanted_by: BTreeMap<Uuid, Vec<Who>>,
    /// Who reads each partition; the index is its number.
    readers: BTreeMap<Uuid, Vec<Option<Who>>>,
    /// How many partitions each member has.
    sizes: Vec<usize>,
}

impl Sharing {
    /// Everybody with what it had and still wants.
    fn new(spec: &Spec<'_>) -> Self {
        let mut wanted_by: BTreeMap<Uuid, Vec<Who>> = BTreeMap::new();
        for (who, member) in spec.members.values().enumerate() {
            for topic in member.wants.iter() {
                wanted_by.entry(*topic).or_default().push(who);
            }
        }
        let nobody =
            |topic: &Uuid| vec![None; usize::try_from(spec.partitions_of(*topic)).unwrap_or(0)];
        let mut sharing = Sharing {
            readers: wanted_by.keys().map(|t| (*t, nobody(t))).collect(),
            wanted_by,
            sizes: vec![0; spec.members.len()],
        };
        for (who, member) in spec.members.values().enumerate() {
            for (topic, partition) in spec.kept(member) {
                if sharing.reader(topic, partition as usize).is_none() {
                    sharing.give(topic, partition as usize, who);
                }
            }
        }
        sharing
    }

    fn reader(&self, topic: Uuid, partition: usize) -> Option<Who> {
        *self.readers.get(&topic)?.get(partition)?
    }

    fn give(&mut self, topic: Uuid, partition: usize, who: Who) {
        let place = self
            .readers
            .get_mut(&topic)
            .and_then(|t| t.get_mut(partition));
        if let Some(place) = place {
            if let Some(before) = place.replace(who) {
                self.sizes[before] -= 1;
            }
            self.sizes[who] += 1;
        }
    }

    /// Topics with many partitions for each who wants them come first, then those that few want.
    fn by_scarcity(&self, mut topics: Vec<Uuid>) -> Vec<Uuid> {
        let numbers = |topic: &Uuid| (self.readers[topic].len(), self.wanted_by[topic].len());
        topics.sort_by(|a, b| {
            let ((partitions_a, wanted_a), (partitions_b, wanted_b)) = (numbers(a), numbers(b));
            (partitions_b * wanted_a)
                .cmp(&(partitions_a * wanted_b))
                .then(wanted_a.cmp(&wanted_b))
                .then(a.cmp(b))
        });
        topics
    }

    /// What nobody reads goes to those who have least.
    fn give_unread(&mut self) {
        let unread = |(topic, readers): (&Uuid, &Vec<Option<Who>>)| {
            readers.contains(&None).then_some(*topic)
        };
        let topics = self.readers.iter().filter_map(unread).collect();
        for topic in self.by_scarcity(topics) {
            let mut scale = Scale::new(&self.wanted_by[&topic], &self.sizes);
            for partition in 0..self.readers[&topic].len() {
                if self.reader(topic, partition).is_none() {
                    let who = scale.next_least(&self.sizes);
                    self.give(topic, partition, who);
                }
            }
        }
    }

    fn balance(&mut self) {
        let shared =
            |(topic, wanted_by): (&Uuid, &Vec<Who>)| (wanted_by.len() > 1).then_some(*topic);
        let topics = self.by_scarcity(self.wanted_by.iter().filter_map(shared).collect());
        let mut last_changed = None;
        for _ in 0..MOST_ROUNDS {
            for topic in &topics {
                if last_changed == Some(*topic) {
                    return;
                }
                if self.balance_topic(*topic) || last_changed.is_none() {
                    last_changed = Some(*topic);
                }
            }
        }
    }

    /// Moves partitions of a topic from those who have most to those who have least; says whether any was moved.
    fn balance_topic(&mut self, topic: Uuid) -> bool {
        let mut scale = Scale::new(&self.wanted_by[&topic], &self.sizes);
        if scale.difference(&self.sizes) <= 1 {
            return false;
        }
        let mut of: BTreeMap<Who, Vec<usize>> = BTreeMap::new();
        for (partition, who) in self.readers[&topic].iter().enumerate() {
            if let Some(who) = who {
                of.entry(*who).or_default().push(partition);
            }
        }
        let mut moved = false;
        while !scale.is_level() {
            let partition = loop {
                let Some(most) = scale.next_most(&self.sizes) else {
                    return moved;
                };
                match of.get_mut(&most).and_then(Vec::pop) {
                    Some(partition) => break partition,
                    None => scale.leave_out(),
                }
            };
            let least = scale.next_least(&self.sizes);
            if scale.is_level() {
                break;
            }
            self.give(topic, partition, least);
            moved = true;
        }
        moved
    }
}

/// The members who want a topic, from those who have least to those who have most, and two ranges that grow towards each other:
/// those below `least_end` have `least_count` partitions or are about to, those in `most` have `most_count`.
struct Scale {
    members: Vec<Who>,
    least_end: usize,
    least_count: usize,
    next_least: usize,
    most_start: usize,
    /// Beyond are those who have many, but none of this topic to give.
    most_end: usize,
    most_count: usize,
    /// One more than the place of the next to give.
    next_most: usize,
    /// The place of the one who was named last.
    named: usize,
}

impl Scale {
    /// `members` is not empty.
    fn new(members: &[Who], sizes: &[usize]) -> Scale {
        let mut members = members.to_vec();
        members.sort_by(|a, b| match sizes[*a].cmp(&sizes[*b]) {
            Ordering::Equal => a.cmp(b),
            other => other,
        });
        let (number, fewest, most) = (
            members.len(),
            sizes[members[0]],
            sizes[members[members.len() - 1]],
        );
        Scale {
            members,
            least_end: 0,
            // One less than anybody has (which may be one below nothing): the first call raises it.
            least_count: fewest.wrapping_sub(1),
            next_least: 0,
            most_start: number,
            most_end: number,
            most_count: most + 1,
            next_most: number,
            named: number,
        }
    }

    fn difference(&self, sizes: &[usize]) -> usize {
        sizes[self.members[self.members.len() - 1]] - sizes[self.members[0]]
    }

    /// The member that gets the next partition.
    fn next_least(&mut self, sizes: &[usize]) -> Who {
        if self.next_least >= self.least_end {
            self.least_count = self.least_count.wrapping_add(1);
            while self.least_end < self.members.len()
                && sizes[self.members[self.least_end]] == self.least_count
            {
                self.least_end += 1;
            }
            self.next_least = 0;
        }
        let who = self.members[self.next_least];
        self.next_least += 1;
        who
    }

    /// The member that gives the next partition, if anybody has any to give.
    fn next_most(&mut self, sizes: &[usize]) -> Option<Who> {
        if self.next_most <= self.most_start {
            if self.most_end <= self.most_start && self.most_start > 0 {
                // All of the range had nothing to give: go on with those below it, whatever they have.
                self.most_count = sizes[self.members[self.most_start - 1]];
            } else {
                self.most_count = self.most_count.saturating_sub(1);
            }
            while self.most_start > 0 && sizes[self.members[self.most_start - 1]] == self.most_count
            {
                self.most_start -= 1;
            }
            self.next_most = self.most_end;
        }
        self.next_most = self.next_most.checked_sub(1)?;
        self.named = self.next_most;
        Some(self.members[self.named])
    }

    /// The member that was named to give has nothing to give.
    fn leave_out(&mut self) {
        self.members.swap(self.named, self.most_end - 1);
        self.most_end -= 1;
    }

    fn is_level(&self) -> bool {
        self.most_count <= self.least_count.wrapping_add(1)
    }
}
