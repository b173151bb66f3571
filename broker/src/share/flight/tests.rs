use super::*;
use ottla_protocol::error_code::ErrorCode;

fn at(seconds: u64) -> Instant {
    Instant::from_nanos(seconds * 1_000_000_000)
}

fn wanted(member: &str, flight: &Flight) -> Wanted {
    Wanted {
        holder: Holder {
            member: member.into(),
            session: 1,
            until: at(30),
        },
        from: flight.next(),
        max_records: 500,
        batch_size: 500,
        strict: false,
        max_deliveries: 5,
        max_in_flight: 2000,
    }
}

fn take(flight: &mut Flight, member: &str, batches: &[(i64, i64)]) -> Vec<(i64, i64, i16)> {
    let wanted = wanted(member, flight);
    let got = flight.acquire(&wanted, batches, &[]);
    got.iter().map(|a| (a.first, a.last, a.count)).collect()
}

fn say(first: i64, last: i64, kinds: &[Kind]) -> Acknowledgement {
    Acknowledgement {
        first,
        last,
        kinds: kinds.to_vec(),
    }
}

fn ack(flight: &mut Flight, member: &str, said: &[Acknowledgement]) -> Result<Moved, ErrorCode> {
    flight.acknowledge(member, said, at(60), 5)
}

fn done(flight: &mut Flight, member: &str, said: Acknowledgement) {
    let moved = ack(flight, member, &[said]).expect("taken");
    flight.settle(&moved, true);
}

#[test]
fn what_one_has_no_other_gets() {
    let mut flight = Flight::new(0, &[]);
    assert_eq!(take(&mut flight, "a", &[(0, 9)]), [(0, 9, 1)]);
    assert_eq!(take(&mut flight, "b", &[(0, 9)]), []);
    assert_eq!(take(&mut flight, "b", &[(0, 9), (10, 14)]), [(10, 14, 1)]);
    let theirs = ack(&mut flight, "b", &[say(0, 9, &[Kind::Accept])]);
    assert_eq!(theirs, Err(ErrorCode::INVALID_RECORD_STATE));
    let never = ack(&mut flight, "b", &[say(10, 15, &[Kind::Accept])]);
    assert_eq!(never, Err(ErrorCode::INVALID_REQUEST));
}

#[test]
fn an_acknowledgement_counts_when_it_is_written() {
    let mut flight = Flight::new(0, &[]);
    take(&mut flight, "a", &[(0, 9)]);
    let moved = ack(&mut flight, "a", &[say(0, 4, &[Kind::Accept])]).expect("taken");
    assert_eq!(moved.0.len(), 1);
    assert_eq!((flight.start(), flight.complete_count()), (0, 5));
    let twice = ack(&mut flight, "a", &[say(0, 4, &[Kind::Accept])]);
    assert_eq!(twice, Err(ErrorCode::INVALID_RECORD_STATE));
    flight.settle(&moved, false);
    assert_eq!((flight.start(), flight.complete_count()), (0, 0));
    done(&mut flight, "a", say(0, 4, &[Kind::Accept]));
    assert_eq!((flight.start(), flight.complete_count()), (5, 0));
    done(&mut flight, "a", say(0, 9, &[Kind::Accept]));
    assert_eq!((flight.start(), flight.next(), flight.end()), (10, 10, 10));
}

#[test]
fn each_record_has_its_own_fate() {
    let mut flight = Flight::new(0, &[]);
    take(&mut flight, "a", &[(0, 4)]);
    let kinds = [
        Kind::Accept,
        Kind::Release,
        Kind::Reject,
        Kind::Gap,
        Kind::Accept,
    ];
    done(&mut flight, "a", say(0, 4, &kinds));
    assert_eq!((flight.start(), flight.next(), flight.end()), (1, 1, 5));
    assert_eq!(flight.complete_count(), 3);
    assert_eq!(take(&mut flight, "b", &[(0, 4)]), [(1, 1, 2)]);
}

#[test]
fn nothing_of_a_refused_request_happens() {
    let mut flight = Flight::new(0, &[]);
    take(&mut flight, "a", &[(0, 9)]);
    let before = flight.clone();
    let said = [say(0, 3, &[Kind::Accept]), say(8, 12, &[Kind::Accept])];
    assert!(ack(&mut flight, "a", &said).is_err());
    let twice = [say(0, 3, &[Kind::Accept]), say(3, 5, &[Kind::Accept])];
    assert!(ack(&mut flight, "a", &twice).is_err());
    assert_eq!(flight, before);
}

#[test]
fn time_ends_and_can_be_had_more_of() {
    let mut flight = Flight::new(0, &[]);
    take(&mut flight, "a", &[(0, 9)]);
    let renewed = ack(&mut flight, "a", &[say(0, 3, &[Kind::Renew])]);
    assert_eq!(renewed, Ok(Moved::default()));
    assert_eq!(flight.deadline(), Some(at(30)));
    let back = flight.expire(at(30), 5);
    assert_eq!(back.0.len(), 1);
    assert_eq!((flight.next(), flight.deadline()), (4, Some(at(60))));
    let late = ack(&mut flight, "a", &[say(4, 9, &[Kind::Accept])]);
    assert_eq!(late, Err(ErrorCode::INVALID_RECORD_STATE));
}

#[test]
fn a_record_is_given_up_after_its_last_delivery() {
    let mut flight = Flight::new(0, &[]);
    for count in 1..=5 {
        let got = take(&mut flight, "a", &[(0, 0)]);
        assert_eq!(got, [(0, 0, count)]);
        done(&mut flight, "a", say(0, 0, &[Kind::Release]));
    }
    assert_eq!((flight.start(), flight.next()), (1, 1));
}

/// One record of a batch kills every consumer that gets it: in the end it is delivered alone, and the others are not given up
/// with it.
#[test]
fn records_that_failed_often_come_in_smaller_portions() {
    let mut flight = Flight::new(0, &[]);
    for _ in 0..3 {
        assert_eq!(take(&mut flight, "a", &[(0, 7)]).len(), 1);
        flight.release(1, 5);
    }
    assert_eq!(take(&mut flight, "a", &[(0, 7)]), [(0, 3, 4)]);
    flight.release(1, 5);
    assert_eq!(take(&mut flight, "a", &[(0, 7)]), [(0, 0, 5)]);
    assert_eq!(take(&mut flight, "a", &[(0, 7)]), [(1, 1, 5)]);
}

#[test]
fn limits_hold() {
    let mut flight = Flight::new(0, &[]);
    let batches = [(0, 9), (10, 19), (20, 29)];
    let mut some = wanted("a", &flight);
    some.max_records = 12;
    some.batch_size = 10;
    let got = flight.acquire(&some, &batches, &[]);
    // Whole batches, handed out one by one.
    assert_eq!(got.len(), 2);
    assert_eq!((got[0].last, got[1].last), (9, 19));
    some.strict = true;
    some.from = flight.next();
    some.max_records = 3;
    let got = flight.acquire(&some, &batches, &[]);
    assert_eq!((got[0].first, got[0].last), (20, 22));
    some.max_in_flight = 23;
    some.from = flight.next();
    assert!(flight.acquire(&some, &batches, &[]).is_empty());
    assert!(!flight.has_room(23));
    flight.release(1, 5);
    assert!(flight.has_room(23));
    some.from = flight.next();
    assert_eq!(flight.acquire(&some, &batches, &[])[0].last, 2);
}

#[test]
fn nobody_gets_aborted_records_or_holes() {
    let mut flight = Flight::new(0, &[]);
    let some = wanted("a", &flight);
    let got = flight.acquire(&some, &[(5, 9), (10, 14), (15, 19)], &[(10, 14)]);
    let ranges: Vec<_> = got.iter().map(|a| (a.first, a.last)).collect();
    assert_eq!(ranges, [(5, 9), (15, 19)]);
    assert_eq!(flight.start(), 5);
    done(&mut flight, "a", say(5, 9, &[Kind::Accept]));
    assert_eq!(flight.start(), 15);
}

#[test]
fn what_was_kept_is_gone_on_with() {
    let known = [
        Batch {
            first: 10,
            last: 12,
            state: 2,
            count: 1,
        },
        Batch {
            first: 15,
            last: 16,
            state: 0,
            count: 2,
        },
    ];
    let mut flight = Flight::new(10, &known);
    assert_eq!((flight.start(), flight.next(), flight.end()), (13, 13, 17));
    assert_eq!(
        take(&mut flight, "a", &[(10, 19)]),
        [(13, 14, 1), (15, 16, 3), (17, 19, 1)]
    );
    flight.begin_at(16);
    assert_eq!((flight.start(), flight.end()), (16, 20));
}
