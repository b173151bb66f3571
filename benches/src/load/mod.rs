//! The load itself: threads that are producers and consumers, and a run that measures them.
//!
//! Open loop: every record has a time at which it is to be sent, whatever the broker does; latencies count from there.

pub mod accumulate;
pub mod clock;
pub mod consumer;
pub mod lane;
pub mod outcome;
pub mod poll;
pub mod producer;
pub mod tally;

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::process::placement::Placement;
use crate::wire::cluster::{Cluster, Topic};
use crate::wire::template::Template;
use crate::workload::{Driver, Workload};
use clock::Clock;
use outcome::{Outcome, Second};
use producer::{Pace, Producer};
use tally::{Counts, Tally, sum, take_latencies};

const SECOND: Duration = Duration::from_secs(1);
const MOMENT: Duration = Duration::from_millis(20);
/// From the start of the threads to the first record.
const RUN_UP: Duration = Duration::from_millis(100);

/// What to run.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Any broker of the cluster.
    pub broker: SocketAddr,
    /// Its process, if its figures are wanted.
    pub pid: Option<u32>,
    /// What to do.
    pub workload: Workload,
    /// How.
    pub driver: Driver,
    /// Values of records.
    pub payloads: Vec<Vec<u8>>,
    /// Part of the topics' names.
    pub run: String,
    /// Threads that share the producers.
    pub producer_threads: usize,
    /// Threads that share the consumers.
    pub consumer_threads: usize,
    /// The cores of all these threads.
    pub placement: Placement,
}

/// A load that is on.
#[derive(Debug)]
pub struct Running {
    threads: Vec<JoinHandle<io::Result<()>>>,
    producers: Vec<Arc<Tally>>,
    consumers: Vec<Arc<Tally>>,
    producing: Arc<producer::Common>,
    consuming: Arc<consumer::Common>,
    began: Instant,
    seconds: u32,
    pid: Option<u32>,
}

/// The producers of a thread, and which lane of which of them each token is.
type ProducerGroup = (Vec<Producer>, Vec<(usize, usize)>);

/// Creates the topics and finds their leaders.
pub fn prepare(setup: &Setup) -> io::Result<Vec<Topic>> {
    let mut cluster = Cluster::connect(setup.broker)?;
    let names = setup.workload.topic_names(&setup.run);
    for name in &names {
        let partitions = setup.workload.partitions_per_topic;
        cluster.create(name, partitions, setup.driver.replicas, &setup.driver.topic)?;
    }
    let topics: Vec<Topic> = names
        .iter()
        .map(|name| cluster.topic(name))
        .collect::<io::Result<_>>()?;
    wait_for_leaders(&topics)?;
    Ok(topics)
}

fn wait_for_leaders(topics: &[Topic]) -> io::Result<()> {
    let leaders: BTreeSet<SocketAddr> = topics.iter().flat_map(|t| t.leaders.clone()).collect();
    for leader in leaders {
        let mut cluster = Cluster::connect(leader)?;
        for topic in topics {
            let led = (0..).zip(&topic.leaders).filter(|(_, l)| **l == leader);
            let led: Vec<i32> = led.map(|(partition, _)| partition).collect();
            cluster.leads(&topic.name, &led)?;
        }
    }
    Ok(())
}

impl Running {
    /// Starts the threads. Consumers begin with the first record there is; they rest if `reading` is false.
    pub fn start(setup: &Setup, topics: &[Topic], reading: bool) -> io::Result<Self> {
        let mut cluster = Cluster::connect(setup.broker)?;
        let (w, clock) = (&setup.workload, Clock::new());
        let keyed = w.key_distributor != crate::workload::KeyDistributor::NoKey;
        let knobs = setup.driver.producer.clone();
        let producing = Arc::new(producer::Common {
            clock,
            template: Template::new(&setup.payloads, keyed, knobs.batch_bytes),
            value_bytes: w.message_size,
            knobs,
            distributor: w.key_distributor,
            version: cluster.produce_version()?,
            stop: AtomicBool::new(false),
        });
        let consuming = Arc::new(consumer::Common {
            clock,
            knobs: setup.driver.consumer.clone(),
            version: match w.consumer_per_subscription {
                0 => 0, // of no meaning; the null broker has none
                _ => cluster.fetch_version()?,
            },
            value_bytes: w.message_size,
            every_stamp: w.rate().is_some(),
            reading: AtomicBool::new(reading),
            stop: AtomicBool::new(false),
        });
        let mut running = Self {
            threads: Vec::new(),
            producers: Vec::new(),
            consumers: Vec::new(),
            producing,
            consuming,
            began: Instant::now(),
            seconds: 0,
            pid: setup.pid,
        };
        let _placed = setup.placement.with_clients()?;
        running.start_consumers(setup, topics)?;
        running.start_producers(setup, topics, &mut cluster)?;
        running.began = Instant::now();
        Ok(running)
    }

    fn start_producers(
        &mut self,
        setup: &Setup,
        topics: &[Topic],
        cluster: &mut Cluster,
    ) -> io::Result<()> {
        let w = &setup.workload;
        let all = topics.len() * w.producers_per_topic;
        let threads = setup.producer_threads.clamp(1, all.max(1));
        let step = w.rate().map(|rate| all as f64 * 1e9 / rate);
        let start = (self.producing.clock.now() + RUN_UP.as_nanos() as u64) as f64;
        let mut groups: Vec<ProducerGroup> = Vec::new();
        groups.resize_with(threads, Default::default);
        for n in 0..all {
            let pace = step.map(|step| Pace {
                start: start + step * n as f64 / all as f64,
                step,
            });
            let id = match setup.driver.producer.idempotent {
                true => Some(cluster.producer_id()?),
                false => None,
            };
            let (group, tokens) = &mut groups[n % threads];
            let topic = &topics[n % topics.len()];
            let number = n / topics.len();
            let first = tokens.len() as u64;
            let producer = Producer::connect(&self.producing, topic, number, pace, id, first)?;
            tokens.extend((0..producer.lanes()).map(|lane| (group.len(), lane)));
            group.push(producer);
        }
        for (group, tokens) in groups.into_iter().filter(|(group, _)| !group.is_empty()) {
            let tally = Arc::new(Tally::default());
            self.producers.push(tally.clone());
            let common = self.producing.clone();
            let work = move || producer::run(group, &tokens, &common, &tally);
            self.spawn("producers", work)?;
        }
        Ok(())
    }

    fn start_consumers(&mut self, setup: &Setup, topics: &[Topic]) -> io::Result<()> {
        let w = &setup.workload;
        let threads = setup.consumer_threads.max(1);
        let mut groups: Vec<Vec<consumer::Fetcher>> = Vec::new();
        groups.resize_with(threads, Vec::new);
        let mut turn = 0;
        for topic in topics {
            let name: Arc<str> = Arc::from(topic.name.as_str());
            let all: Vec<_> = (0..).zip(&topic.leaders).collect();
            for n in 0..w.subscriptions_per_topic * w.consumer_per_subscription {
                let mine = all.iter().skip(n % w.consumer_per_subscription);
                let assigned: Vec<_> = mine
                    .step_by(w.consumer_per_subscription)
                    .map(|&(partition, leader)| consumer::Assigned {
                        topic: name.clone(),
                        partition,
                        leader: *leader,
                        offset: 0,
                    })
                    .collect();
                let group = &mut groups[turn % threads];
                let first = group.len() as u64;
                group.extend(consumer::connect(&self.consuming, assigned, first)?);
                turn += 1;
            }
        }
        for group in groups.into_iter().filter(|group| !group.is_empty()) {
            let tally = Arc::new(Tally::default());
            self.consumers.push(tally.clone());
            let common = self.consuming.clone();
            self.spawn("consumers", move || consumer::run(group, &common, &tally))?;
        }
        Ok(())
    }

    fn spawn(
        &mut self,
        name: &str,
        work: impl FnOnce() -> io::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        let thread = std::thread::Builder::new().name(name.to_owned());
        self.threads.push(thread.spawn(work)?);
        Ok(())
    }

    /// Lets the consumers begin.
    pub fn read(&self) {
        self.consuming.reading.store(true, Ordering::Relaxed);
    }

    /// Sleeps until the next second is full, and gives what happened since the last time.
    pub fn second(&mut self) -> io::Result<Second> {
        self.seconds += 1;
        let end = self.began + SECOND * self.seconds;
        std::thread::sleep(end.saturating_duration_since(Instant::now()));
        self.look()
    }

    /// As [`Self::second`], after a moment only.
    pub fn brief(&mut self) -> io::Result<Second> {
        std::thread::sleep(MOMENT);
        self.look()
    }

    /// By all producers and by all consumers since the start.
    pub fn counts(&self) -> (Counts, Counts) {
        let of = |tallies: &[Arc<Tally>]| sum(tallies.iter().map(|t| &**t));
        (of(&self.producers), of(&self.consumers))
    }

    fn look(&mut self) -> io::Result<Second> {
        if self.threads.iter().any(JoinHandle::is_finished) {
            self.stop()?;
            return Err(io::Error::other("a thread of the load ended early"));
        }
        let (produced, consumed) = self.counts();
        Ok(Second {
            at: self.began.elapsed().as_secs_f64(),
            produced,
            consumed,
            produce: take_latencies(self.producers.iter().map(|t| &**t)),
            end_to_end: take_latencies(self.consumers.iter().map(|t| &**t)),
        })
    }

    /// Ends the producers, waits for their last answers, then ends the consumers.
    pub fn stop(&mut self) -> io::Result<()> {
        self.producing.stop.store(true, Ordering::Relaxed);
        self.consuming.stop.store(true, Ordering::Relaxed);
        let mut result = Ok(());
        for thread in self.threads.drain(..) {
            let ended = thread.join();
            result = result.and(ended.unwrap_or_else(|_| Err(io::Error::other("it panicked"))));
        }
        result
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.stop(); // no thread outlives its run, however that ends
    }
}

/// A whole run: warm-up, the backlog if one is asked for, the measurement. `tell` hears of every second.
pub fn run(setup: &Setup, mut tell: impl FnMut(&Second, &Second)) -> io::Result<Outcome> {
    let topics = prepare(setup)?;
    let backlog = setup.workload.consumer_backlog_size_gb * 1e9;
    let mut running = Running::start(setup, &topics, backlog == 0.0)?;
    let mut last = running.second()?;
    let warmup = setup.workload.warmup().as_secs_f64();
    while last.at < warmup || (last.produced.value_bytes as f64) < backlog {
        let second = running.second()?;
        tell(&second, &last);
        last = second;
    }
    running.read();
    let mut outcome = Outcome::begin(&last, running.pid)?;
    let end = last.at + setup.workload.measured().as_secs_f64() - 0.5;
    while last.at < end {
        let second = running.second()?;
        tell(&second, &last);
        outcome.add(&second, &last);
        last = second;
    }
    outcome.end(&last, running.pid)?;
    running.stop()?;
    let tallies = running.producers.iter().chain(&running.consumers);
    outcome.complaints = tally::complaints(tallies.map(|t| &**t));
    Ok(outcome)
}
