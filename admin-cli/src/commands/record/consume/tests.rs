use super::*;
use clap::Parser;
use ottla_protocol::ids::Uuid;

use crate::client::view::PartitionView;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    consume: Consume,
}

fn args(line: &str) -> Consume {
    Line::try_parse_from(line.split(' ')).unwrap().consume
}

fn topic(partitions: i32) -> TopicView {
    let partition = |index| PartitionView {
        index,
        leader: Some(1),
        leader_epoch: 0,
        replicas: vec![1],
        isr: vec![1],
        offline: vec![],
    };
    TopicView {
        name: "t".to_owned(),
        id: Uuid::ZERO,
        internal: false,
        partitions: (0..partitions).map(partition).collect(),
    }
}

#[test]
fn what_is_read_and_when_it_ends() {
    for (line, partitions, stop_at_end) in [
        ("consume t", vec![0, 1, 2], true),
        ("consume t --follow", vec![0, 1, 2], false),
        ("consume t --from end", vec![0, 1, 2], false),
        ("consume t --from end --exit-at-end", vec![0, 1, 2], true),
        ("consume t -p 2,0 -p 2", vec![0, 2], true),
        ("consume t --from 7 -f", vec![0, 1, 2], false),
    ] {
        assert_eq!(
            plan(&args(line), &topic(3)),
            Ok(Plan {
                partitions,
                stop_at_end
            }),
            "{line}"
        );
    }
}

#[test]
fn a_partition_that_is_not_there_is_refused() {
    let error = plan(&args("consume t -p 3"), &topic(3)).unwrap_err();
    assert_eq!(
        error.what,
        "topic \"t\" has no partition 3: it has 3, from 0 on"
    );
}

#[test]
fn an_offset_beyond_every_end_is_refused() {
    let plan = Plan {
        partitions: vec![0, 1],
        stop_at_end: true,
    };
    let ends = BTreeMap::from([(0, 5), (1, 9)]);
    assert_eq!(check_offset(9, &plan, &ends, "t"), Ok(()));
    assert_eq!(
        check_offset(10, &plan, &ends, "t").unwrap_err().what,
        "offset 10 is beyond the end of t, which is 9"
    );
}

#[test]
fn wrong_flags_do_not_parse() {
    for line in [
        "consume",
        "consume t --from never",
        "consume t --follow --exit-at-end",
        "consume t --format yaml",
        "consume t -n x",
    ] {
        assert!(Line::try_parse_from(line.split(' ')).is_err(), "{line}");
    }
}

#[test]
fn the_sink_stops_at_the_count() {
    let args = args("consume t -n 2 --offsets");
    let mut sink = Sink::new(&args);
    let record = Received {
        topic: "t",
        partition: 0,
        offset: 7,
        timestamp: 0,
        key: None,
        value: Some(b"v"),
        headers: vec![],
    };
    assert_eq!(sink.take(&record), ControlFlow::Continue(()));
    assert_eq!(sink.take(&record), ControlFlow::Break(()));
    assert_eq!(sink.take(&record), ControlFlow::Break(()));
    assert_eq!(sink.out, b"0:7\tv\n0:7\tv\n");
}
