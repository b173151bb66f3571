//! The rounds: start, let the producers run, judge what can be read, kill. The last round lets them finish and judges everything.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::ids::Uuid;
use ottla_protocol::messages::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use ottla_protocol::messages::metadata::MetadataRequest;

use super::Args;
use super::book::{Book, Slot};
use super::broker::Broker;
use super::check::check;
use super::producer::Producer;
use super::reader::Reader;
use super::value::Identity;
use crate::client::Client;
use crate::dice::Dice;

/// How long a start may take until it answers, and then until a producer is acknowledged, however much is to be recovered.
pub(super) const START_LIMIT: Duration = Duration::from_secs(30);
/// How long the producers may take to finish at the end.
const DRAIN_LIMIT: Duration = Duration::from_secs(30);
/// Offsets read again before the end of the read before.
const OVERLAP: usize = 500;
/// Every so many rounds all is read from offset 0.
const FULL_EVERY: u32 = 16;
/// A topic's own settings: name and value.
pub(super) type Settings = &'static [(&'static str, &'static str)];
/// Topics: name, partitions, settings. The second rolls its segments often.
const TOPICS: [(&str, i32, Settings); 3] = [
    ("plain", 3, &[]),
    ("rolling", 2, &[("segment.bytes", "1048576")]),
    ("one", 1, &[]),
];

/// What a run that kept every promise has to say.
pub struct Summary {
    kills: u32,
    early: u32,
    batches: u64,
    resent: u64,
    records: usize,
    topics: usize,
    answering: Vec<Duration>,
    serving: Vec<Duration>,
    took: Duration,
}

/// Median and worst of some times.
struct Spread(Duration, Duration);

impl Spread {
    fn of(times: &[Duration]) -> Self {
        let mut sorted = times.to_vec();
        sorted.sort();
        Self(
            sorted.get(sorted.len() / 2).copied().unwrap_or_default(),
            sorted.last().copied().unwrap_or_default(),
        )
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "median {:.1} ms, worst {:.1} ms",
            self.0.as_secs_f64() * 1e3,
            self.1.as_secs_f64() * 1e3
        )
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} kills ({} of them before the broker answered) in {:.0} s",
            self.kills,
            self.early,
            self.took.as_secs_f64()
        )?;
        writeln!(
            f,
            "{} batches acknowledged, {} sent again, {} records read back",
            self.batches, self.resent, self.records
        )?;
        writeln!(f, "{} topics created on the way, all there", self.topics)?;
        writeln!(f, "exec to first answer: {}", Spread::of(&self.answering))?;
        writeln!(
            f,
            "exec to first acknowledgement: {}",
            Spread::of(&self.serving)
        )?;
        write!(
            f,
            "kill: no acknowledged record lost, none twice, offsets contiguous, order kept"
        )
    }
}

/// One run.
struct Run {
    broker: Broker,
    book: Arc<Book>,
    dice: Dice,
    /// What was read of each slot, by offset.
    read: Vec<Vec<Identity>>,
    /// Topics whose creation was acknowledged.
    created: BTreeMap<String, Uuid>,
    answering: Vec<Duration>,
    serving: Vec<Duration>,
    early: u32,
}

fn failed(what: String) -> io::Error {
    io::Error::other(what)
}

/// Says what was being done when it went wrong.
fn doing<T>(what: &str, done: io::Result<T>) -> io::Result<T> {
    done.map_err(|e| match e.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            failed(format!("{what}: no answer in time ({e})"))
        }
        _ => failed(format!("{what}: {e}")),
    })
}

/// Creates a topic and waits for the acknowledgement.
pub(super) fn create(
    address: SocketAddr,
    topic: &str,
    partitions: i32,
    settings: Settings,
) -> io::Result<Uuid> {
    let mut client = Client::connect(address, "kill-admin", START_LIMIT)?;
    let config = |&(name, value): &(&'static str, &'static str)| CreatableTopicConfig {
        name: name.into(),
        value: Some(value.into()),
    };
    let wanted = CreatableTopic {
        name: topic.to_owned().into(),
        num_partitions: partitions,
        replication_factor: 1,
        configs: settings.iter().map(config).collect(),
        ..Default::default()
    };
    let request = CreateTopicsRequest {
        topics: vec![wanted],
        timeout_ms: 20_000,
        validate_only: false,
    };
    let (code, id) = client.call(&request, 7, |response| {
        response
            .topics
            .first()
            .map_or((ErrorCode::UNKNOWN_SERVER_ERROR, Uuid::default()), |t| {
                (t.error_code, t.topic_id)
            })
    })?;
    if code.is_error() {
        return Err(failed(format!(
            "topic {topic} was refused: {}",
            code.name()
        )));
    }
    Ok(id)
}

/// Runs all rounds on `folder`, which must be empty or absent. An error says which promise was broken.
pub fn run(args: &Args, binary: &Path, folder: &Path) -> io::Result<Summary> {
    let slots = TOPICS.iter().flat_map(|(topic, partitions, _)| {
        (0..*partitions).map(|partition| Slot {
            topic: (*topic).to_owned(),
            partition,
        })
    });
    let book = Arc::new(Book::new(slots.collect()));
    let mut run = Run {
        broker: Broker::new(binary, folder, &args.set)?,
        read: vec![Vec::new(); book.slots.len()],
        book,
        dice: Dice::new(args.seed),
        created: BTreeMap::new(),
        answering: Vec::new(),
        serving: Vec::new(),
        early: 0,
    };
    let began = Instant::now();
    run.broker.start()?;
    run.broker.wait_serving(START_LIMIT)?;
    for (topic, partitions, settings) in TOPICS {
        doing(
            "creating the topics",
            run.create(topic, partitions, settings),
        )?;
    }
    let producers = run.producers(args.producers);
    for round in 1..=args.rounds {
        run.round(round)?;
        if round % 10 == 0 {
            let (acks, resent) = run.book.counts();
            println!(
                "round {round} of {}: {acks} batches acknowledged, {resent} sent again",
                args.rounds
            );
        }
    }
    run.finish(producers)?;
    let (batches, resent) = run.book.counts();
    Ok(Summary {
        kills: args.rounds,
        early: run.early,
        batches,
        resent,
        records: run.read.iter().map(Vec::len).sum(),
        topics: run.created.len(),
        answering: run.answering,
        serving: run.serving,
        took: began.elapsed(),
    })
}

impl Run {
    fn producers(&mut self, count: u32) -> Vec<JoinHandle<()>> {
        let one = |number| {
            let dice = self.dice.split(u64::from(number) + 1);
            let producer =
                Producer::new(number, self.broker.address(), Arc::clone(&self.book), dice);
            std::thread::spawn(move || producer.run())
        };
        (0..count).map(one).collect()
    }

    /// Lets the producers run a while, judges, kills, starts again; sometimes kills once more before the broker is up.
    fn round(&mut self, round: u32) -> io::Result<()> {
        std::thread::sleep(Duration::from_millis(self.dice.between(20, 500)));
        if round.is_multiple_of(4) {
            doing(
                "creating a topic",
                self.create(&format!("round-{round}"), 1, &[]),
            )?;
        }
        self.broker.check_alive()?;
        self.broker.kill()?;
        if self.dice.one_in(8) {
            self.broker.start()?;
            std::thread::sleep(Duration::from_millis(self.dice.between(0, 60)));
            self.broker.check_alive()?;
            self.broker.kill()?;
            self.early += 1;
        }
        self.start()?;
        // Half of the short reads race with writes. A full read does not: what is written meanwhile would make every later one longer.
        let full = round.is_multiple_of(FULL_EVERY);
        self.book.pause(full || self.dice.one_in(2));
        let judged = self.judge(full);
        self.book.pause(false);
        judged
    }

    /// Starts the broker, and measures until it answers and until it acknowledges.
    fn start(&mut self) -> io::Result<()> {
        let began = Instant::now();
        let (acks, _) = self.book.counts();
        self.broker.start()?;
        self.broker.wait_serving(START_LIMIT)?;
        self.answering.push(began.elapsed());
        while self.book.counts().0 == acks {
            self.complaints()?;
            self.broker.check_alive()?;
            if began.elapsed() > START_LIMIT {
                return Err(failed(format!(
                    "no producer was acknowledged within {START_LIMIT:?} of a start"
                )));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.serving.push(began.elapsed());
        Ok(())
    }

    fn complaints(&self) -> io::Result<()> {
        let complaints = self.book.complaints();
        if complaints.is_empty() {
            Ok(())
        } else {
            Err(failed(complaints.join("\n")))
        }
    }

    /// Creates a topic, waits for the acknowledgement and remembers it.
    fn create(&mut self, topic: &str, partitions: i32, settings: Settings) -> io::Result<()> {
        let id = create(self.broker.address(), topic, partitions, settings)?;
        self.created.insert(topic.to_owned(), id);
        Ok(())
    }

    /// Reads every slot, from offset 0 when `full`, and checks it; checks that all topics created are there.
    fn judge(&mut self, full: bool) -> io::Result<()> {
        let mut reader = doing(
            "connecting to read back",
            Reader::connect(self.broker.address()),
        )?;
        for slot in 0..self.book.slots.len() {
            self.judge_slot(&mut reader, slot, full)?;
        }
        doing("listing the topics", self.judge_topics())?;
        self.complaints()
    }

    fn judge_slot(&mut self, reader: &mut Reader, slot: usize, full: bool) -> io::Result<()> {
        let place = &self.book.slots[slot];
        let name = format!("{}-{}", place.topic, place.partition);
        let start = doing(
            &format!("asking where {name} begins"),
            reader.start_offset(place),
        )?;
        if start != 0 {
            return Err(failed(format!("{name} begins at {start}")));
        }
        // The order matters: acknowledged before the read, issued after it.
        let mut known = self.book.known(slot);
        let from = if full {
            0
        } else {
            self.read[slot].len().saturating_sub(OVERLAP)
        };
        let seen = doing(
            &format!("reading {name} from {from}"),
            reader.read(place, from as i64),
        )?;
        known.issued = self.book.known(slot).issued;
        let anomalies = check(slot as u32, from as i64, &seen, &known, &self.read[slot]);
        if !anomalies.is_empty() {
            let shown: Vec<_> = anomalies
                .iter()
                .take(8)
                .map(|a| format!("  {a:?}"))
                .collect();
            let kind = if full { "full read" } else { "read" };
            return Err(failed(format!(
                "{kind} of {name} from {from}: {} anomalies\n{}",
                anomalies.len(),
                shown.join("\n")
            )));
        }
        self.read[slot].truncate(from);
        self.read[slot].extend(seen.iter().filter_map(|s| s.record.ok()));
        Ok(())
    }

    fn judge_topics(&self) -> io::Result<()> {
        let mut client = Client::connect(self.broker.address(), "kill-admin", START_LIMIT)?;
        let request = MetadataRequest {
            topics: None,
            ..Default::default()
        };
        let there: BTreeMap<String, Uuid> = client.call(&request, 12, |response| {
            response
                .topics
                .iter()
                .filter_map(|t| Some((t.name.as_deref()?.to_owned(), t.topic_id)))
                .collect()
        })?;
        for (topic, id) in &self.created {
            if there.get(topic) != Some(id) {
                return Err(failed(format!(
                    "topic {topic} was created as {id}, and now it is {:?}",
                    there.get(topic)
                )));
            }
        }
        Ok(())
    }

    /// Lets the producers finish; then everything issued is acknowledged, and all of it is judged twice, across one more restart.
    fn finish(&mut self, producers: Vec<JoinHandle<()>>) -> io::Result<()> {
        self.book.stop();
        let began = Instant::now();
        for producer in producers {
            while !producer.is_finished() {
                self.complaints()?;
                self.broker.check_alive()?;
                if began.elapsed() > DRAIN_LIMIT {
                    return Err(failed(format!(
                        "the producers did not finish within {DRAIN_LIMIT:?}"
                    )));
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            producer
                .join()
                .map_err(|_| failed("a producer panicked".to_owned()))?;
        }
        self.judge(true)?;
        self.broker.kill()?;
        self.broker.start()?;
        self.broker.wait_serving(START_LIMIT)?;
        self.judge(true)?;
        let all: u64 = (0..self.book.slots.len())
            .flat_map(|slot| self.book.known(slot).issued.into_values())
            .sum();
        let read: usize = self.read.iter().map(Vec::len).sum();
        if all != read as u64 {
            return Err(failed(format!(
                "{all} records were sent and acknowledged, {read} are there"
            )));
        }
        self.broker.kill()
    }
}
