//! Parsing, plans and golden answers of the transaction verbs.

use clap::{Args, Parser};

use super::*;
use crate::args::Output;
use crate::client::transactions::{ActiveProducer, ListedTransaction, Transaction};
use crate::client::view::TopicPartition;
use crate::render::render;

#[derive(Parser)]
struct Line<A: Args> {
    #[command(flatten)]
    args: A,
}

fn parse<A: Args>(line: &str) -> Result<A, clap::Error> {
    Line::try_parse_from(line.split(' ')).map(|line| line.args)
}

fn transaction(state: &str) -> Transaction {
    Transaction {
        id: "pay".to_owned(),
        state: state.to_owned(),
        coordinator: 1,
        producer_id: 7,
        producer_epoch: 3,
        timeout_ms: 60_000,
        started_ms: (state == "Ongoing").then_some(1_795_255_200_000),
        partitions: vec![
            TopicPartition::new("orders", 0),
            TopicPartition::new("orders", 2),
        ],
    }
}

fn producer(producer_id: i64, open_from: Option<i64>) -> ActiveProducer {
    ActiveProducer {
        producer_id,
        epoch: 3,
        last_sequence: 11,
        last_timestamp: 1_795_255_200_000,
        coordinator_epoch: open_from.is_none().then_some(5),
        open_from,
    }
}

#[test]
fn lines_that_do_and_do_not_parse() {
    assert!(parse::<abort::Abort>("abort pay").is_ok());
    assert!(parse::<abort::Abort>("abort -t orders:0 --start-offset 4").is_ok());
    assert!(parse::<abort::Abort>("abort -t orders:0 --producer-id 4").is_ok());
    for line in [
        "abort",
        "abort -t orders:0",
        "abort --start-offset 4",
        "abort pay --start-offset 4",
        "abort pay -t orders:0 --start-offset 4",
        "abort -t orders:0 --start-offset 4 --producer-id 4",
        "abort -t orders:0 --start-offset -4",
    ] {
        assert!(parse::<abort::Abort>(line).is_err(), "{line}");
    }
    for line in ["describe", "describe pay --topic t"] {
        assert!(parse::<describe::Describe>(line).is_err(), "{line}");
    }
    assert!(parse::<list::List>("list --longer-than 0s").is_err());
}

#[test]
fn list_shows() {
    let outcome = list::plan(vec![ListedTransaction {
        id: "pay".to_owned(),
        state: "Ongoing".to_owned(),
        producer_id: 7,
        coordinator: 1,
    }]);
    assert_eq!(
        render(&outcome, Output::Table),
        "TRANSACTIONAL ID  STATE    PRODUCER ID  COORDINATOR\n\
         pay               Ongoing            7            1\n"
    );
    assert_eq!(
        render(&list::plan(vec![]), Output::Table),
        "no transactions\n"
    );
    assert_eq!(render(&list::plan(vec![]), Output::Json), "[]\n");
}

#[test]
fn describe_shows_ids_and_producers() {
    let shown = describe::plan(
        vec![transaction("Ongoing"), transaction("Empty")],
        1_795_255_290_000,
    );
    assert_eq!(
        render(&shown, Output::Table),
        "pay: Ongoing\n  producer     7, epoch 3\n  coordinator  1\n  timeout      60.0 s\n  \
         transaction  open for 90.0 s, since 2026-11-21T10:00:00.000Z\n  partitions   orders/0 orders/2\n\n\
         pay: Empty\n  producer     7, epoch 3\n  coordinator  1\n  timeout      60.0 s\n  \
         transaction  none open\n  partitions   orders/0 orders/2\n"
    );
    let place = TopicPartition::new("orders", 0);
    let shown = describe::plan_producers(vec![(
        place,
        vec![producer(7, Some(42)), producer(8, None)],
    )]);
    assert_eq!(
        render(&shown, Output::Table),
        "TOPIC   PARTITION  PRODUCER ID  EPOCH  LAST SEQUENCE  LAST WRITTEN              COORDINATOR EPOCH  OPEN FROM\n\
         orders          0            7      3             11  2026-11-21T10:00:00.000Z                  -         42\n\
         orders          0            8      3             11  2026-11-21T10:00:00.000Z                  5          -\n"
    );
    assert_eq!(
        render(&describe::plan_producers(vec![]), Output::Table),
        "no producers\n"
    );
}

#[test]
fn abort_of_a_transactional_id() {
    let args = parse("abort pay --dry-run").unwrap();
    let abort::Plan::Fence(outcome, question) =
        abort::plan_fence(&args, &transaction("Ongoing")).unwrap()
    else {
        panic!("no fence");
    };
    assert_eq!(
        question,
        "Abort the transaction of pay in orders/0, orders/2 and fence producer 7?"
    );
    assert_eq!(
        render(&outcome, Output::Table),
        "to abort: transaction of pay, producer 7 (epoch 3) in orders/0, orders/2 (not done: --dry-run)\n"
    );
    let error = abort::plan_fence(&args, &transaction("CompleteCommit")).unwrap_err();
    assert_eq!(
        error.what,
        "transactional id \"pay\" has no open transaction: it is CompleteCommit"
    );
}

#[test]
fn abort_in_a_partition() {
    let place = TopicPartition::new("orders", 0);
    let producers = [
        producer(6, None),
        producer(7, Some(42)),
        producer(8, Some(50)),
    ];
    let plan = |line: &str| abort::plan_marker(&parse(line).unwrap(), &place, &producers);
    for line in [
        "abort -t orders:0 --start-offset 42",
        "abort -t orders:0 --producer-id 7",
    ] {
        let abort::Plan::Marker(outcome, question, abort) = plan(line).unwrap() else {
            panic!("no marker");
        };
        assert_eq!((abort.producer_id, abort.producer_epoch), (7, 3));
        assert_eq!(abort.coordinator_epoch, 0, "none is known");
        assert_eq!(
            question,
            "Write an abort marker for producer 7 (epoch 3) into orders/0, past its coordinator?"
        );
        assert!(render(&outcome, Output::Json).contains("\"open_from\": 42"));
    }
    for (line, what) in [
        (
            "abort -t orders:0 --start-offset 43",
            "orders/0 has no open transaction that begins at offset 43",
        ),
        (
            "abort -t orders:0 --producer-id 6",
            "orders/0 has no open transaction of producer 6",
        ),
    ] {
        assert_eq!(plan(line).unwrap_err().what, what);
    }
}
