//! Kafka's range assignor: of each topic, each member gets a run of partitions, the first members one more where it does
//! not come out even.

use std::collections::BTreeMap;

use super::embedded::Partitions;

/// The name under which members agree on it.
pub const RANGE: &str = "range";

/// A member, as the group's leader knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// Its id.
    pub member: String,
    /// Its own name, when it is a static member (KIP-345).
    pub instance: Option<String>,
    /// The topics that it wants.
    pub topics: Vec<String>,
}

/// What each member gets. `counts` are the topics' partitions; a topic that is not in it is assigned to nobody.
pub fn range(
    subscribers: &[Subscriber],
    counts: &BTreeMap<String, i32>,
) -> BTreeMap<String, Partitions> {
    let mut ordered: Vec<&Subscriber> = subscribers.iter().collect();
    // Static members first: their place does not change when they come back under another id.
    ordered.sort_by_key(|it| {
        (
            it.instance.is_none(),
            it.instance.clone(),
            it.member.clone(),
        )
    });
    let mut assigned: BTreeMap<String, Partitions> = ordered
        .iter()
        .map(|it| (it.member.clone(), Partitions::new()))
        .collect();
    for (topic, &count) in counts {
        let takers: Vec<&&Subscriber> = ordered
            .iter()
            .filter(|it| it.topics.contains(topic))
            .collect();
        for (taker, partitions) in takers.iter().zip(runs(count, takers.len())) {
            if let Some(own) = assigned.get_mut(&taker.member)
                && !partitions.is_empty()
            {
                own.insert(topic.clone(), partitions);
            }
        }
    }
    assigned
}

/// 0 to `count` in `takers` runs.
fn runs(count: i32, takers: usize) -> Vec<Vec<i32>> {
    let takers = i32::try_from(takers).unwrap_or(i32::MAX).max(1);
    let (each, more) = (count / takers, count % takers);
    let start = |taker: i32| each * taker + more.min(taker);
    (0..takers)
        .map(|taker| (start(taker)..start(taker + 1)).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscriber(member: &str, instance: Option<&str>, topics: &[&str]) -> Subscriber {
        Subscriber {
            member: member.to_owned(),
            instance: instance.map(str::to_owned),
            topics: topics.iter().map(|&topic| topic.to_owned()).collect(),
        }
    }

    fn assigned(subscribers: &[Subscriber], counts: &[(&str, i32)]) -> Vec<String> {
        let counts = counts
            .iter()
            .map(|&(topic, count)| (topic.to_owned(), count));
        range(subscribers, &counts.collect())
            .into_iter()
            .map(|(member, partitions)| format!("{member}: {partitions:?}"))
            .collect()
    }

    #[test]
    fn runs_of_each_topic() {
        let two = [
            subscriber("b", None, &["t", "u"]),
            subscriber("a", None, &["t"]),
        ];
        assert_eq!(
            assigned(&two, &[("t", 3), ("u", 2)]),
            [r#"a: {"t": [0, 1]}"#, r#"b: {"t": [2], "u": [0, 1]}"#]
        );
        // A static member comes before the others, whatever its id.
        let mixed = [
            subscriber("a", None, &["t"]),
            subscriber("z", Some("one"), &["t"]),
        ];
        assert_eq!(
            assigned(&mixed, &[("t", 3)]),
            [r#"a: {"t": [2]}"#, r#"z: {"t": [0, 1]}"#]
        );
    }

    #[test]
    fn more_members_than_partitions_and_topics_that_are_gone() {
        let three = ["a", "b", "c"].map(|name| subscriber(name, None, &["t", "gone"]));
        assert_eq!(
            assigned(&three, &[("t", 2)]),
            [r#"a: {"t": [0]}"#, r#"b: {"t": [1]}"#, "c: {}"]
        );
        assert!(assigned(&[], &[("t", 2)]).is_empty());
    }
}
