//! `ottla consume --group`: reading as a member of a group.
//!
//! Invariant: an offset is committed only after every record before it has been written to stdout. So a record may come
//! twice, after a failure, but none is left out.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use ottla_runtime::signal;
use ottla_runtime::time::{self, Instant};

use super::consume::{Consume, MAX_WAIT, Plan, Protocol, Sink, plan, positions, tell};
use crate::client::Missing;
use crate::client::consumer::Consumer;
use crate::client::group::GroupType;
use crate::client::group::member::{Beat, Member};
use crate::exit::CliError;

/// Between two commits, as Kafka's consumers do by default.
const COMMIT: Duration = Duration::from_secs(5);

/// A member at work.
struct Reading<'a> {
    args: &'a Consume,
    group: &'a str,
    member: Member,
    stop_at_end: bool,
    sink: Sink<'a>,
    /// None while it has no partitions.
    consumer: Option<Consumer>,
    /// Since when it has none.
    idle_since: Instant,
    /// What the group has, as far as this member knows.
    committed: BTreeMap<i32, i64>,
    next_commit: Instant,
}

/// Joins, reads and writes until the end, the count or a signal; then commits and leaves.
pub async fn run(args: Consume, group: &str) -> Result<(), CliError> {
    let topic = args.topic.as_str();
    let topic = args.broker.client().topic(topic, Missing::Fail).await?;
    let kind = match args.protocol {
        Protocol::Classic => GroupType::Classic,
        Protocol::Consumer => GroupType::Consumer,
    };
    let mut reading = Reading {
        args: &args,
        group,
        member: Member::new(args.broker.client(), group, &topic, kind),
        stop_at_end: plan(&args, &topic)?.stop_at_end,
        sink: Sink::new(&args),
        consumer: None,
        idle_since: time::now(),
        committed: BTreeMap::new(),
        next_commit: time::now() + COMMIT,
    };
    let done = unless_stopped(reading.read()).await;
    if done.is_none() {
        // Whatever was being asked is broken off in the middle.
        reading.member.reconnect();
    }
    let closed = reading.close().await;
    reading.sink.flush()?;
    done.unwrap_or(Ok(())).and(closed)
}

/// Runs `work` to its end; None when the process is asked to stop first.
async fn unless_stopped<F: Future>(work: F) -> Option<F::Output> {
    let (mut work, mut stop) = (pin!(work), pin!(signal::terminated()));
    poll_fn(|cx| match stop.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => work.as_mut().poll(cx).map(Some),
    })
    .await
}

impl Reading<'_> {
    async fn read(&mut self) -> Result<(), CliError> {
        loop {
            self.assign().await?;
            let beat = loop {
                if self.is_done() {
                    return Ok(());
                }
                self.poll().await?;
                match self.tick().await? {
                    Beat::Steady => {}
                    changed => break changed,
                }
            };
            if beat == Beat::Rebalance {
                // What cannot be committed any more is read again by whoever has the partition next.
                self.commit().await?;
            } else {
                eprintln!(
                    "note: group {} went on without this member; joining again",
                    self.group
                );
            }
        }
    }

    /// Joins, and begins to read what it is given where the group has got to.
    async fn assign(&mut self) -> Result<(), CliError> {
        self.consumer = None;
        let partitions = self.member.join().await?;
        let name = self.args.topic.as_str();
        let list: Vec<String> = partitions.iter().map(i32::to_string).collect();
        let list = if list.is_empty() {
            "none".to_owned()
        } else {
            list.join(",")
        };
        let generation = self.member.generation();
        eprintln!(
            "note: group {}, generation {generation}: partitions {list}",
            self.group
        );
        self.idle_since = time::now();
        if partitions.is_empty() {
            return Ok(());
        }
        let mut committed = self.member.committed().await?;
        committed.retain(|partition, _| partitions.contains(partition));
        let mut client = self.args.broker.client();
        let topic = client.topic(name, Missing::Fail).await?;
        let ends = client.offsets(name, &partitions, self.args.end()).await?;
        let fresh = Plan {
            partitions: partitions
                .into_iter()
                .filter(|it| !committed.contains_key(it))
                .collect(),
            stop_at_end: self.stop_at_end,
        };
        let fresh_ends = ends.iter().filter(|(it, _)| fresh.partitions.contains(it));
        let fresh_ends = fresh_ends.map(|(&it, &end)| (it, end)).collect();
        let mut from = positions(self.args, &fresh, &fresh_ends, &mut client, &topic).await?;
        from.extend(&committed);
        let ends = if self.stop_at_end {
            ends
        } else {
            BTreeMap::new()
        };
        self.committed = committed;
        self.consumer = Some(
            Consumer::new(client, topic, from, ends, MAX_WAIT)
                .read_committed(self.args.read_committed),
        );
        Ok(())
    }

    /// True at the count, at the end, and when others have all partitions for a while.
    fn is_done(&self) -> bool {
        let nothing_left = match &self.consumer {
            Some(consumer) => consumer.is_done(),
            None => self.stop_at_end && self.idle_since.elapsed() >= self.args.broker.timeout,
        };
        self.sink.is_full() || !self.sink.is_sound() || nothing_left
    }

    async fn poll(&mut self) -> Result<(), CliError> {
        let Some(consumer) = &mut self.consumer else {
            time::sleep(MAX_WAIT).await;
            return Ok(());
        };
        let sink = &mut self.sink;
        let jumps = consumer.poll(&mut |record| sink.take(record)).await?;
        sink.drain();
        tell(self.args.topic.as_str(), &jumps);
        Ok(())
    }

    /// What is due now and then: a heartbeat, a commit.
    async fn tick(&mut self) -> Result<Beat, CliError> {
        let beat = self.member.beat().await?;
        if beat == Beat::Steady && time::now() >= self.next_commit {
            return self.commit().await;
        }
        Ok(beat)
    }

    /// Commits what has changed and is written.
    async fn commit(&mut self) -> Result<Beat, CliError> {
        self.next_commit = time::now() + COMMIT;
        let Some(consumer) = self.consumer.as_ref().filter(|_| self.sink.is_sound()) else {
            return Ok(Beat::Steady);
        };
        let known = &self.committed;
        let changed = consumer
            .positions()
            .iter()
            .filter(|(it, next)| known.get(it) != Some(next));
        let changed: BTreeMap<i32, i64> = changed.map(|(&it, &next)| (it, next)).collect();
        let beat = self.member.commit(&changed).await?;
        if beat == Beat::Steady {
            self.committed.extend(changed);
        }
        Ok(beat)
    }

    /// Commits and leaves.
    async fn close(&mut self) -> Result<(), CliError> {
        self.sink.drain();
        let beat = self.commit().await;
        let left = self.member.leave().await;
        if beat? != Beat::Steady {
            eprintln!("note: the last records were not committed: the group was rebalancing");
        }
        Ok(left?)
    }
}
