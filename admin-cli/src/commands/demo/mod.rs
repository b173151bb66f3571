//! `ottla demo`: a producer and a consumer against a running broker, with live numbers.

mod load;
mod meter;
mod report;

use std::rc::Rc;
use std::time::Duration;

use clap::Args;
use ottla_runtime::task::{self, Share, Task};
use ottla_runtime::{signal, time};

use crate::args::values::{TopicName, duration};
use crate::args::{Broker, OutputArg};
use crate::client::consumer::Consumer;
use crate::client::error::ClientError;
use crate::client::offsets::At;
use crate::client::producer::{Producer, Settings};
use crate::client::view::TopicView;
use crate::client::{Client, Missing};
use crate::exit::{CliError, Exit};
use crate::render::print;
use load::Shared;
use meter::Meter;
use report::Summary;

const EXAMPLES: &str = "\
Examples:
  ottla demo                        10,000 records a second of 1 KiB, for 15 s
  ottla demo --rate max             as fast as it goes
  ottla demo --seconds 60 --rate 500 --size 200

It needs a broker: run `ottla start` in another terminal. Its topic is deleted at the end, unless it was
there before or --keep is said.";

/// The time between two lines of numbers.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long the consumer may need to catch up at the end.
const CATCH_UP: Duration = Duration::from_secs(5);

const MAX_WAIT: Duration = Duration::from_millis(500);
const BATCH_BYTES: usize = 256 << 10;

/// A producer and a consumer with live numbers.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct Demo {
    /// How long
    #[arg(short, long, value_name = "TIME", default_value = "15s", value_parser = duration)]
    pub seconds: Duration,
    /// Records a second, or max
    #[arg(short, long, value_name = "N|max", default_value = "10000")]
    pub rate: Rate,
    /// Bytes of a record's value
    #[arg(long, value_name = "BYTES", default_value = "1024", value_parser = clap::value_parser!(u32).range(8..=900_000))]
    pub size: u32,
    /// Topic to use
    #[arg(long, value_name = "NAME", default_value = "ottla-demo")]
    pub topic: TopicName,
    /// Partitions of the topic, when it is created
    #[arg(short, long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(i32).range(1..))]
    pub partitions: i32,
    /// Leave the topic there
    #[arg(long)]
    pub keep: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub broker: Broker,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArg,
}

/// How fast records are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// As fast as they are taken.
    Max,
    /// So many a second.
    PerSecond(u64),
}

impl std::str::FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Rate, String> {
        match text.parse::<u64>() {
            Ok(rate @ 1..=100_000_000) => Ok(Rate::PerSecond(rate)),
            _ if text == "max" => Ok(Rate::Max),
            _ => Err("expected a number of records a second, or max".to_owned()),
        }
    }
}

/// Prepares the topic, runs both sides, sums up, cleans up.
pub async fn run(args: Demo) -> Result<(), CliError> {
    let mut client = args.broker.client();
    let (topic, created) = prepare(&args, &mut client).await.map_err(explain)?;
    let result = play(&args, topic).await;
    if created && !args.keep {
        for (_, deleted) in client.delete_topics(&[args.topic.as_str()]).await? {
            deleted?;
        }
    }
    print(&result?, args.output.output)
}

/// Where no broker answers, the next step is to start one.
fn explain(error: ClientError) -> CliError {
    let error = CliError::from(error);
    if error.exit == Exit::Unreachable {
        return error
            .next("start a broker in another terminal (ottla start), then run ottla demo again");
    }
    error
}

/// The topic, and whether it was made for the demo.
async fn prepare(args: &Demo, client: &mut Client) -> Result<(TopicView, bool), ClientError> {
    let name = args.topic.as_str();
    let exists = client
        .metadata(Some(&[name]), false)
        .await?
        .topics
        .contains_key(name);
    if !exists {
        client
            .create_topic(name, args.partitions, -1, &[], false)
            .await?;
    }
    Ok((client.topic(name, Missing::Await).await?, !exists))
}

async fn play(args: &Demo, topic: TopicView) -> Result<Summary, CliError> {
    let shared = Rc::new(Shared::default());
    let (writer, reader) = start(args, &topic, &shared).await?;
    eprintln!(
        "{} to {} ({} partitions) for {:?}; Ctrl-C ends it sooner",
        match args.rate {
            Rate::Max => format!("as many records of {} bytes as it takes", args.size),
            Rate::PerSecond(rate) => format!("{rate} records a second of {} bytes", args.size),
        },
        topic.name,
        topic.partitions.len(),
        args.seconds,
    );
    let started = time::now();
    let mut total = watch(args, &shared).await;
    shared.stop.set(true);
    // A side that failed sets nothing any more: its error comes out here.
    let patience = args.broker.timeout * 3 + CATCH_UP;
    let written = time::timeout(patience, writer).await;
    let elapsed = started.elapsed();
    written.map_err(|_| CliError::unreachable("the last records are not confirmed"))??;
    let read = time::timeout(CATCH_UP, reader).await;
    read.map_err(|_| CliError::refused("the consumer did not catch up"))??;
    total.join(&shared.meter.take());
    let broker = args
        .broker
        .broker
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(",");
    Ok(Summary::new(
        broker,
        &topic.name,
        args.size as usize,
        elapsed,
        &total,
    ))
}

type Side = Task<Result<(), ClientError>>;

async fn start(
    args: &Demo,
    topic: &TopicView,
    shared: &Rc<Shared>,
) -> Result<(Side, Side), ClientError> {
    let settings = Settings {
        acks: -1,
        codec: ottla_protocol::record::Codec::None,
        idempotent: true,
        batch_bytes: BATCH_BYTES,
    };
    let producer = Producer::open(args.broker.client(), &topic.name, settings).await?;
    let mut client = args.broker.client();
    let all: Vec<i32> = topic
        .partitions
        .iter()
        .map(|partition| partition.index)
        .collect();
    let ends = client.offsets(&topic.name, &all, At::End).await?;
    let consumer = Consumer::new(client, topic.clone(), ends, Default::default(), MAX_WAIT);
    let rate = match args.rate {
        Rate::Max => None,
        Rate::PerSecond(rate) => Some(rate),
    };
    let reader = task::spawn(Share::Foreground, load::read(consumer, shared.clone()));
    let writer = task::spawn(
        Share::Foreground,
        load::write(producer, shared.clone(), rate, args.size as usize),
    );
    Ok((writer, reader))
}

/// Shows a line each second until the time is over or a signal comes; gives what was counted.
async fn watch(args: &Demo, shared: &Shared) -> Meter {
    eprintln!("{}", report::HEAD);
    let started = time::now();
    let mut total = Meter::default();
    let mut last = started;
    loop {
        let left = args.seconds.saturating_sub(started.elapsed());
        let interrupted = time::timeout(left.min(INTERVAL), signal::terminated())
            .await
            .is_ok();
        let now = time::now();
        let meter = shared.meter.take();
        eprintln!(
            "{}",
            report::line(now.since(started), now.since(last), &meter)
        );
        total.join(&meter);
        last = now;
        if interrupted || started.elapsed() >= args.seconds {
            return total;
        }
    }
}
