use super::*;
use clap::Parser;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    produce: Produce,
}

fn args(line: &str) -> Produce {
    Line::try_parse_from(line.split(' ')).unwrap().produce
}

#[test]
fn settings_follow_the_flags() {
    let plain = settings(&args("produce t"));
    assert_eq!(
        (plain.acks, plain.codec, plain.idempotent),
        (-1, Codec::None, true)
    );
    for (line, acks, codec, idempotent) in [
        ("produce t --acks all -z zstd", -1, Codec::Zstd, true),
        ("produce t --acks 1", 1, Codec::None, false),
        (
            "produce t --acks 0 --compression gzip",
            0,
            Codec::Gzip,
            false,
        ),
        ("produce t --no-idempotence -z lz4", -1, Codec::Lz4, false),
        ("produce t -z snappy", -1, Codec::Snappy, true),
    ] {
        let is = settings(&args(line));
        assert_eq!(
            (is.acks, is.codec, is.idempotent),
            (acks, codec, idempotent),
            "{line}"
        );
    }
}

#[test]
fn wrong_flags_do_not_parse() {
    for line in [
        "produce",
        "produce a/b",
        "produce t --acks 2",
        "produce t -z brotli",
        "produce t -p -1",
        "produce t -H x",
    ] {
        assert!(Line::try_parse_from(line.split(' ')).is_err(), "{line}");
    }
    assert!(Line::try_parse_from(["produce", "t", "-k", ""]).is_err());
    assert_eq!(
        args("produce t -k \\t").key_separator.as_deref(),
        Some("\t")
    );
}

#[test]
fn a_partition_that_is_not_there_is_refused() {
    assert!(check_partition(&args("produce t -p 2"), 3).is_ok());
    let error = check_partition(&args("produce t -p 3"), 3).unwrap_err();
    assert_eq!(
        error.what,
        "topic \"t\" has no partition 3: it has 3, from 0 on"
    );
}

#[test]
fn the_tally_joins_batches() {
    let acked = |partition, base_offset, records| Acked {
        partition,
        base_offset,
        records,
        latency: Default::default(),
    };
    let mut tally = Tally::default();
    tally.add(vec![acked(1, Some(5), 2), acked(0, Some(9), 1)]);
    tally.add(vec![acked(1, Some(7), 3)]);
    let outcome = tally.outcome("t");
    assert_eq!(
        outcome.table(),
        "6 records to t: partition 0 at 9; partition 1 at 5 to 9\n"
    );
    assert_eq!(
        crate::render::render(&outcome, Output::Json),
        r#"{
  "topic": "t",
  "records": 6,
  "partitions": [
    {
      "partition": 0,
      "records": 1,
      "first_offset": 9,
      "last_offset": 9
    },
    {
      "partition": 1,
      "records": 5,
      "first_offset": 5,
      "last_offset": 9
    }
  ]
}
"#
    );
    let mut silent = Tally::default();
    silent.add(vec![acked(0, None, 4)]);
    assert_eq!(
        silent.outcome("t").table(),
        "4 records to t: partition 0, not confirmed\n"
    );
    assert_eq!(Tally::default().outcome("t").table(), "0 records to t\n");
}
