//! What operators read of a shard: what was counted on the way, and what is looked up when they ask.

use std::collections::BTreeMap;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;

use super::node::Node;
use crate::coordinator::census::Committed;
use crate::metrics::{Labels, Snapshot};
use crate::partition::calls::{Answer, Call, ListOffset};

/// ListOffsets' word for the end.
const END: i64 = -1;

impl Node {
    /// All readings of this shard.
    pub(super) async fn readings(&self) -> Snapshot {
        let metrics = &self.ctx.metrics;
        let cache = self.partitions.shard().store.cache().stats();
        metrics.cache_bytes.set(cache.used as i64);
        metrics
            .cache_hits
            .add(cache.hits - metrics.cache_hits.get());
        metrics
            .cache_misses
            .add(cache.misses - metrics.cache_misses.get());
        let census = self.ctx.coordinators.census();
        let groups = census.groups.into_iter();
        let groups =
            groups.map(|((kind, state), n)| (Labels::of([("type", kind), ("state", state)]), n));
        metrics.groups.replace(groups.collect());
        let transactions = census.transactions.into_iter();
        let transactions = transactions.map(|(state, n)| (Labels::of([("state", state)]), n));
        metrics.transactions.replace(transactions.collect());
        metrics.group_offsets.set(census.committed.len() as i64);
        let ends = self.ends(&census.committed).await;
        metrics.group_lag.replace(lags(&census.committed, &ends));
        metrics.snapshot()
    }

    /// Where the partitions end for which groups have committed, one for each; `None` for one that is not there any more.
    async fn ends(&self, committed: &[Committed]) -> Vec<Option<i64>> {
        let image = self.ctx.image();
        let question = |it: &Committed| {
            let topic = image.topics.named(&it.topic);
            let topic = topic.filter(|topic| it.topic_id.is_zero() || it.topic_id == topic.id);
            let topic = topic.filter(|topic| topic.partition(it.partition).is_some());
            let topic = topic.ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
            let id = PartitionId {
                topic: topic.id,
                partition: it.partition,
            };
            let question = ListOffset {
                id,
                timestamp: END,
                current_leader_epoch: -1,
                committed_only: false,
            };
            Ok((id, question))
        };
        let questions = committed.iter().map(question).collect();
        let take = |answer| match answer {
            Answer::ListOffsets(found) => Some(found),
            _ => None,
        };
        let found = self
            .ctx
            .router
            .scatter(questions, Call::ListOffsets, take, Err);
        match found.await {
            Ok(found) => found
                .into_iter()
                .map(|it| it.ok().map(|it| it.offset))
                .collect(),
            // The broker stops.
            Err(_) => vec![None; committed.len()],
        }
    }
}

/// How far each group is behind in each topic. One that is ahead, where a topic was made anew, is not behind.
fn lags(committed: &[Committed], ends: &[Option<i64>]) -> BTreeMap<Labels, i64> {
    let mut lags = BTreeMap::new();
    for (it, end) in committed.iter().zip(ends) {
        if let Some(end) = end {
            let labels = Labels::of([("group", &*it.group), ("topic", &*it.topic)]);
            *lags.entry(labels).or_default() += (end - it.offset).max(0);
        }
    }
    lags
}

#[cfg(test)]
mod tests {
    use ottla_protocol::ids::Uuid;

    use super::*;

    #[test]
    fn a_topics_lag_is_the_sum_of_its_partitions() {
        let committed = |group: &str, partition, offset| Committed {
            group: group.to_owned(),
            topic: "t".to_owned(),
            topic_id: Uuid::ZERO,
            partition,
            offset,
        };
        let all = [
            committed("a", 0, 5),
            committed("a", 1, 7),
            committed("a", 2, 9),
            committed("b", 0, 20),
            committed("c", 5, 1),
        ];
        let found = lags(&all, &[Some(10), Some(7), None, Some(10), None]);
        let of = |group| Labels::of([("group", group), ("topic", "t")]);
        assert_eq!(found, BTreeMap::from([(of("a"), 5), (of("b"), 0)]));
    }
}
