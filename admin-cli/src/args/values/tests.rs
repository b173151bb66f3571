use super::*;

#[test]
fn topic_names() {
    let longest = "x".repeat(249);
    for good in ["a", "orders.v1", "A_b-9", longest.as_str(), "..."] {
        assert_eq!(good.parse::<TopicName>().unwrap().as_str(), good);
    }
    let too_long = "x".repeat(250);
    for bad in ["", ".", "..", "a b", "a/b", "ä", too_long.as_str()] {
        assert!(bad.parse::<TopicName>().is_err(), "{bad}");
    }
}

#[test]
fn pairs() {
    let pair: Pair = "retention.ms=1=2".parse().unwrap();
    assert_eq!(
        (pair.key.as_str(), pair.value.as_str()),
        ("retention.ms", "1=2")
    );
    assert_eq!("k=".parse::<Pair>().unwrap().value, "");
    assert!("k".parse::<Pair>().is_err());
    assert!("=v".parse::<Pair>().is_err());
}

#[test]
fn addresses() {
    for (text, shown) in [
        ("h:1", "h:1"),
        ("h", "h:9092"),
        ("[::1]:19092", "[::1]:19092"),
        ("[::1]", "[::1]:9092"),
    ] {
        assert_eq!(text.parse::<Address>().unwrap().to_string(), shown);
    }
    for bad in ["", ":9092", "h:", "h:99999", "::1", "[::1", "[::1]x"] {
        assert!(bad.parse::<Address>().is_err(), "{bad}");
    }
}

#[test]
fn starts() {
    for (text, start) in [
        ("beginning", StartAt::Beginning),
        ("latest", StartAt::End),
        ("0", StartAt::Offset(0)),
        ("@1000", StartAt::Timestamp(1_000)),
        ("1970-01-01T00:00:01Z", StartAt::Timestamp(1_000)),
    ] {
        assert_eq!(text.parse::<StartAt>(), Ok(start));
    }
    assert!("-3".parse::<StartAt>().is_err());
    assert!("soon".parse::<StartAt>().is_err());
}

#[test]
fn durations() {
    for (text, millis) in [
        ("500ms", 500),
        ("10s", 10_000),
        ("7", 7_000),
        ("2m", 120_000),
        ("1h", 3_600_000),
    ] {
        assert_eq!(duration(text), Ok(Duration::from_millis(millis)));
    }
    for bad in [
        "",
        "s",
        "0",
        "5d",
        "99999999999999999999s",
        "18446744073709551615h",
    ] {
        assert!(duration(bad).is_err(), "{bad}");
    }
}

#[test]
fn topics_and_their_partitions() {
    for (text, topic, partitions) in [
        ("orders", "orders", None),
        ("a.b:0", "a.b", Some(vec![0])),
        ("t:3,1,3", "t", Some(vec![1, 3])),
    ] {
        let slice: TopicSlice = text.parse().unwrap();
        assert_eq!(
            (slice.topic.as_str(), slice.partitions),
            (topic, partitions)
        );
    }
    for bad in ["", ":0", "t:", "t:-1", "t:1,", "t:x", "t:0:1", "a b:0"] {
        assert!(bad.parse::<TopicSlice>().is_err(), "{bad}");
    }
}

#[test]
fn long_durations() {
    for (text, seconds) in [
        ("36h", 129_600),
        ("PT1H30M", 5_400),
        ("P7D", 604_800),
        ("P1DT1S", 86_401),
    ] {
        assert_eq!(
            long_duration(text),
            Ok(Duration::from_secs(seconds)),
            "{text}"
        );
    }
    for bad in [
        "",
        "P",
        "PT",
        "P1H",
        "PT1M1H",
        "PT1",
        "PT1\u{e9}",
        "P999999999999999999D",
        "P400D",
    ] {
        assert!(long_duration(bad).is_err(), "{bad}");
    }
    assert_eq!(timestamp("@5"), Ok(5));
    assert!(timestamp("soon").is_err());
}

#[test]
fn sizes_and_cores() {
    for good in ["512M", "4GiB", "1024", "64kB"] {
        assert_eq!(size_form(good).as_deref(), Ok(good));
    }
    for bad in ["", "0", "M", "4X", "-1G", "1.5G"] {
        assert!(size_form(bad).is_err(), "{bad}");
    }
    for good in ["1", "0,1", "0,2,4-7"] {
        assert_eq!(cores_form(good).as_deref(), Ok(good));
    }
    for bad in ["", "0", "3-1,2", "a", "1,", "1-"] {
        assert!(cores_form(bad).is_err(), "{bad}");
    }
}
