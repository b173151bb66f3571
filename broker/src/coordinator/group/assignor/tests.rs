use super::*;

const A: Uuid = Uuid([1; 16]);
const B: Uuid = Uuid([2; 16]);
const C: Uuid = Uuid([3; 16]);

/// Members, their instances and what they want; what they have.
#[derive(Clone, Default)]
struct Group {
    topics: BTreeMap<Uuid, i32>,
    wants: BTreeMap<String, BTreeSet<Uuid>>,
    instances: BTreeMap<String, String>,
    shares: Shares,
}

impl Group {
    fn of(topics: &[(Uuid, i32)]) -> Self {
        Group {
            topics: topics.iter().copied().collect(),
            ..Group::default()
        }
    }

    fn join(mut self, member: &str, wants: &[Uuid]) -> Self {
        self.wants
            .insert(member.into(), wants.iter().copied().collect());
        self
    }

    fn had(mut self, member: &str, topic: Uuid, partitions: &[i32]) -> Self {
        let share = self.shares.entry(member.into()).or_default();
        share.insert(topic, partitions.iter().copied().collect());
        self
    }

    fn spec(&self) -> Spec<'_> {
        let member = |(id, wants): (&'_ String, &BTreeSet<Uuid>)| MemberSpec {
            instance: self.instances.get(id).map(String::as_str),
            wants: Rc::new(wants.clone()),
            had: self.shares.get(id),
        };
        Spec {
            members: self
                .wants
                .iter()
                .map(|(id, wants)| (id.as_str(), member((id, wants))))
                .collect(),
            topics: self.topics.clone(),
        }
    }

    /// Shares out, checks what must always hold, and keeps the result.
    fn assign(&mut self, assignor: Assignor) {
        let spec = self.spec();
        let shares = assignor.assign(&spec);
        assert!(spec.is_shared_out(&shares), "{shares:?}");
        assert_eq!(shares.len(), self.wants.len());
        self.shares = shares;
    }

    fn of_member(&self, member: &str) -> Vec<(Uuid, Vec<i32>)> {
        self.shares[member]
            .iter()
            .map(|(topic, partitions)| (*topic, partitions.iter().copied().collect()))
            .collect()
    }

    fn sizes(&self) -> Vec<usize> {
        self.shares.values().map(|s| each_of(s).count()).collect()
    }

    /// Partitions that have another reader than before, and had one that is still there.
    fn moved_since(&self, before: &Shares) -> usize {
        let moved = |(member, share): (&String, &Partitions)| {
            let now = &self.shares[member];
            each_of(share)
                .filter(|(topic, p)| !now.get(topic).is_some_and(|now| now.contains(p)))
                .count()
        };
        let there = before.iter().filter(|(m, _)| self.wants.contains_key(*m));
        there.map(moved).sum()
    }
}

#[test]
fn uniform_gives_each_the_same_number_and_the_odd_one_to_the_first() {
    let mut group = Group::of(&[(A, 3), (B, 2)])
        .join("a", &[A, B])
        .join("b", &[A, B]);
    group.assign(Assignor::Uniform);
    // The first may leave the odd one to who already has more; the last must take it.
    assert_eq!(group.of_member("a"), [(A, vec![0, 1])]);
    assert_eq!(group.of_member("b"), [(A, vec![2]), (B, vec![0, 1])]);
}

#[test]
fn uniform_moves_only_what_a_new_member_needs() {
    let mut group = Group::of(&[(A, 6)]).join("a", &[A]).join("b", &[A]);
    group.assign(Assignor::Uniform);
    let before = group.shares.clone();
    group = group.join("c", &[A]);
    group.assign(Assignor::Uniform);
    assert_eq!(group.sizes(), [2, 2, 2]);
    assert_eq!(group.moved_since(&before), 2);
    let before = group.shares.clone();
    group.assign(Assignor::Uniform);
    assert_eq!(group.shares, before);
}

#[test]
fn uniform_takes_topics_back_that_nobody_wants_any_more() {
    let mut group = Group::of(&[(A, 2), (B, 3)])
        .join("a", &[A])
        .join("b", &[A])
        .had("a", B, &[0, 1])
        .had("b", A, &[0, 1, 7]);
    group.assign(Assignor::Uniform);
    assert_eq!(group.of_member("a"), [(A, vec![1])]);
    assert_eq!(group.of_member("b"), [(A, vec![0])]);
}

#[test]
fn uniform_is_as_even_as_different_subscriptions_allow() {
    let mut group = Group::of(&[(A, 3), (B, 3), (C, 2)])
        .join("a", &[A, B, C])
        .join("b", &[B])
        .join("c", &[B, C]);
    group.assign(Assignor::Uniform);
    // Nobody but a wants A.
    assert_eq!(group.of_member("a"), [(A, vec![0, 1, 2])]);
    assert_eq!(group.sizes(), [3, 3, 2]);
    let before = group.shares.clone();
    group.assign(Assignor::Uniform);
    assert_eq!(group.shares, before);
}

#[test]
fn uniform_moves_from_those_with_most_to_those_with_least() {
    let mut group = Group::of(&[(A, 4), (B, 4)])
        .join("a", &[A, B])
        .join("b", &[A])
        .had("a", A, &[0, 1, 2, 3])
        .had("a", B, &[0, 1, 2, 3]);
    group.assign(Assignor::Uniform);
    assert_eq!(group.of_member("a"), [(B, vec![0, 1, 2, 3])]);
    assert_eq!(group.of_member("b"), [(A, vec![0, 1, 2, 3])]);
}

#[test]
fn range_gives_neighbours_and_the_same_numbers_of_each_topic() {
    let mut group = Group::of(&[(A, 3), (B, 3)])
        .join("a", &[A, B])
        .join("b", &[A, B]);
    group.assign(Assignor::Range);
    assert_eq!(group.of_member("a"), [(A, vec![0, 1]), (B, vec![0, 1])]);
    assert_eq!(group.of_member("b"), [(A, vec![2]), (B, vec![2])]);

    let mut group = Group::of(&[(A, 3), (B, 3), (C, 2)])
        .join("a", &[A, B])
        .join("b", &[B])
        .join("c", &[C, B]);
    group.assign(Assignor::Range);
    assert_eq!(group.of_member("a"), [(A, vec![0, 1, 2]), (B, vec![0])]);
    assert_eq!(group.of_member("b"), [(B, vec![1])]);
    assert_eq!(group.of_member("c"), [(B, vec![2]), (C, vec![0, 1])]);
}

#[test]
fn range_keeps_the_shares_of_static_members_that_come_back_under_another_id() {
    let mut group = Group::of(&[(A, 3)]).join("x", &[A]).join("y", &[A]);
    group.instances = [("x".into(), "i2".into()), ("y".into(), "i1".into())].into();
    group.assign(Assignor::Range);
    assert_eq!(group.of_member("y"), [(A, vec![0, 1])]);
    assert_eq!(group.of_member("x"), [(A, vec![2])]);

    let mut group = group.join("dynamic", &[A]);
    group.assign(Assignor::Range);
    assert_eq!(group.of_member("y"), [(A, vec![0])]);
    assert_eq!(group.of_member("dynamic"), [(A, vec![2])]);
}

#[test]
fn nobody_and_nothing_are_shared_out() {
    for assignor in [Assignor::Uniform, Assignor::Range] {
        let mut group = Group::of(&[]);
        group.assign(assignor);
        assert!(group.shares.is_empty());
        let mut group = Group::of(&[]).join("a", &[]);
        group.assign(assignor);
        assert_eq!(group.of_member("a"), []);
        // More members than partitions.
        let mut group = Group::of(&[(A, 1)])
            .join("a", &[A])
            .join("b", &[A])
            .join("c", &[]);
        group.assign(assignor);
        assert_eq!(group.sizes().into_iter().sum::<usize>(), 1);
    }
}

/// Numbers from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

#[test]
fn whatever_joins_and_leaves_every_partition_has_one_reader_and_nothing_moves_twice() {
    for seed in 1..300 {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
        let same = seed % 2 == 0;
        let topics: Vec<Uuid> = (1..=1 + dice.below(6) as u8)
            .map(|n| Uuid([n; 16]))
            .collect();
        let mut group = Group::of(&[]);
        for topic in &topics {
            group.topics.insert(*topic, 1 + dice.below(12) as i32);
        }
        for _ in 0..12 {
            let member = format!("m{}", dice.below(9));
            match dice.below(4) {
                0 => {
                    group.wants.remove(&member);
                    group.shares.remove(&member);
                }
                1 => {
                    let topic = topics[dice.below(topics.len() as u64) as usize];
                    *group.topics.entry(topic).or_default() += 1;
                }
                _ => {
                    let wanted = |_: &&Uuid| same || dice.below(3) > 0;
                    let wants = topics.iter().filter(wanted).copied().collect();
                    group.wants.insert(member, wants);
                }
            }
            let before = group.shares.clone();
            group.assign(Assignor::Uniform);
            if same {
                let sizes = group.sizes();
                let (most, least) = (sizes.iter().max(), sizes.iter().min());
                assert!(most.zip(least).is_none_or(|(m, l)| m - l <= 1), "{sizes:?}");
                // Only what was more than a part of all, rounded down, may move away from a member.
                let total: usize = sizes.iter().sum();
                let part = total / sizes.len().max(1);
                let over = |share: &Partitions| each_of(share).count().saturating_sub(part);
                let there = before.iter().filter(|(m, _)| group.wants.contains_key(*m));
                let most = there.map(|(_, share)| over(share)).sum();
                assert!(group.moved_since(&before) <= most, "seed {seed}");
            }
            let settled = group.shares.clone();
            group.assign(Assignor::Uniform);
            assert_eq!(
                group.shares, settled,
                "seed {seed}: a second run moves something"
            );
        }
    }
}
