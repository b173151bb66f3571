//! From a request on any shard to the shard that owns what it asks about.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context as Poller, Poll};

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::PartitionId;
use ottla_runtime::mesh::{Calls, Pending};
use ottla_runtime::shards::ShardId;

use super::Close;
use crate::partition::calls::{Answer, Call};
use crate::shard::placement;

/// Calls to partition owners. Lives on: every shard.
pub struct Router {
    calls: Rc<Calls<Call, Answer>>,
    shards: u16,
}

impl Router {
    /// Over the mesh that `calls` stands on.
    pub fn new(calls: Rc<Calls<Call, Answer>>, shards: u16) -> Self {
        Self { calls, shards }
    }

    /// How many shards there are.
    pub fn shards(&self) -> u16 {
        self.shards
    }

    /// The shard that owns a partition.
    pub fn owner(&self, id: PartitionId) -> ShardId {
        placement::owner(id, self.shards)
    }

    /// Puts a call into the owner's queue: calls of one shard to another are handled in the order of their `start`.
    pub async fn start(&self, shard: u16, call: Call) -> Result<PendingAnswer, Close> {
        self.calls
            .start(ShardId(shard), call)
            .await
            .map(PendingAnswer)
            .map_err(|_| Close::stopping())
    }

    /// Asks the owners of many partitions at the same time and puts their answers back in order.
    ///
    /// `ask` makes a shard's call of its questions, `take` gets the answers out of it (one per question), and a
    /// target that was refused before answers itself by `refuse`.
    pub async fn scatter<Q, R>(
        &self,
        targets: Vec<Result<(PartitionId, Q), ErrorCode>>,
        ask: impl Fn(Vec<Q>) -> Call,
        take: impl Fn(Answer) -> Option<Vec<R>>,
        refuse: impl Fn(ErrorCode) -> R,
    ) -> Result<Vec<R>, Close> {
        let mut by_shard: BTreeMap<u16, (Vec<usize>, Vec<Q>)> = BTreeMap::new();
        let mut results: Vec<Option<R>> = Vec::with_capacity(targets.len());
        for (at, target) in targets.into_iter().enumerate() {
            results.push(match target {
                Ok((id, question)) => {
                    let (slots, questions) = by_shard.entry(self.owner(id).0).or_default();
                    slots.push(at);
                    questions.push(question);
                    None
                }
                Err(code) => Some(refuse(code)),
            });
        }
        let mut pending = Vec::with_capacity(by_shard.len());
        for (shard, (slots, questions)) in by_shard {
            pending.push((slots, self.start(shard, ask(questions)).await?));
        }
        for (slots, answer) in pending {
            let answers = take(answer.await?).filter(|a| a.len() == slots.len());
            let answers = answers
                .ok_or_else(|| Close::internal("a shard's answer does not fit its question"))?;
            for (slot, answer) in slots.into_iter().zip(answers) {
                results[slot] = Some(answer);
            }
        }
        Ok(results.into_iter().flatten().collect())
    }

    /// Asks every shard at the same time.
    pub async fn gather<R>(
        &self,
        ask: impl Fn() -> Call,
        take: impl Fn(Answer) -> Option<R>,
    ) -> Result<Vec<R>, Close> {
        let mut pending = Vec::with_capacity(usize::from(self.shards));
        for shard in 0..self.shards {
            pending.push(self.start(shard, ask()).await?);
        }
        let mut results = Vec::with_capacity(pending.len());
        for answer in pending {
            results
                .push(take(answer.await?).ok_or_else(|| {
                    Close::internal("a shard's answer does not fit its question")
                })?);
        }
        Ok(results)
    }
}

/// The answer to come.
pub struct PendingAnswer(Pending<Answer>);

impl Future for PendingAnswer {
    type Output = Result<Answer, Close>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Poller<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(cx)
            .map_err(|_| Close::stopping())
    }
}
