use super::*;
use crate::coordinator::census::{Census, Event};
use crate::coordinator::txn::state::LAST_EPOCH;

#[test]
fn a_plain_end_is_repeatable_and_final() {
    for commit in [true, false] {
        let mut world = ongoing(0);
        let done = is(p(1000, 0));
        assert_eq!(world.answer(end(p(1000, 0), commit, 0)), done);
        // Before the markers are written as after.
        assert_eq!(world.answer(end(p(1000, 0), commit, 0)), done);
        assert_eq!(world.answer(end(p(1000, 0), !commit, 0)), no(INVALID));
        assert_eq!(world.marked(), (p(1000, 0), commit, parts("a", &[0])));
        assert_eq!(world.state(), state_of(commit));
        assert_eq!(world.answer(end(p(1000, 0), commit, 0)), done);
        assert_eq!(world.answer(end(p(1000, 0), !commit, 0)), no(INVALID));
        assert!(world.markers.is_empty());
    }
}

#[test]
fn only_the_newest_producer_ends() {
    for version in [0, 2] {
        let mut world = ongoing(version);
        assert_eq!(world.answer(end(p(1001, 0), true, version)), no(UNKNOWN));
        assert_eq!(world.answer(end(p(1000, 1), true, version)), no(FENCED));
        assert_eq!(world.answer(end(p(1000, -1), true, version)), no(FENCED));
        assert_eq!(world.state(), State::Ongoing);
        let other = Command::End(End {
            id: "other".into(),
            producer: p(1000, 0),
            commit: true,
            version,
            patience: PATIENCE,
        });
        assert_eq!(world.answer(other), no(UNKNOWN));
    }
}

#[test]
fn a_plain_end_of_nothing_is_refused() {
    let mut world = World::new(1);
    world.answer(init(None));
    for commit in [true, false] {
        assert_eq!(world.answer(end(p(1000, 0), commit, 0)), no(INVALID));
    }
}

/// Kafka's table.
#[test]
fn what_a_raising_end_is_answered() {
    const ABORT: bool = false;
    const COMMIT: bool = true;
    let next = |commit, before: Option<i16>, state: State| {
        let mut world = match state {
            State::Empty => {
                let mut world = World::new(2);
                world.answer(init(None));
                world.answer(init(None));
                world
            }
            _ => {
                let mut world = ongoing(2);
                world.ask(end(p(1000, 0), state == State::CompleteCommit, 2));
                world.marked();
                world
            }
        };
        assert_eq!(
            (world.state(), world.machine.all[T].producer),
            (state, p(1000, 1))
        );
        let answer = world.answer(end(p(1000, before.unwrap_or(1)), commit, 2));
        assert!(world.markers.is_empty(), "there is nothing to mark");
        (answer, world.state())
    };
    let (again, ended) = (is(p(1000, 1)), is(p(1000, 2)));
    for (state, commit, before, answer, after) in [
        (State::Empty, ABORT, Some(0), no(FENCED), State::Empty),
        (
            State::Empty,
            ABORT,
            None,
            ended.clone(),
            State::CompleteAbort,
        ),
        (State::Empty, COMMIT, Some(0), no(FENCED), State::Empty),
        (State::Empty, COMMIT, None, no(INVALID), State::Empty),
        (
            State::CompleteAbort,
            ABORT,
            Some(0),
            again.clone(),
            State::CompleteAbort,
        ),
        (
            State::CompleteAbort,
            ABORT,
            None,
            ended.clone(),
            State::CompleteAbort,
        ),
        (
            State::CompleteAbort,
            COMMIT,
            Some(0),
            no(INVALID),
            State::CompleteAbort,
        ),
        (
            State::CompleteAbort,
            COMMIT,
            None,
            no(INVALID),
            State::CompleteAbort,
        ),
        (
            State::CompleteCommit,
            ABORT,
            Some(0),
            no(INVALID),
            State::CompleteCommit,
        ),
        (
            State::CompleteCommit,
            ABORT,
            None,
            ended,
            State::CompleteAbort,
        ),
        (
            State::CompleteCommit,
            COMMIT,
            Some(0),
            again,
            State::CompleteCommit,
        ),
        (
            State::CompleteCommit,
            COMMIT,
            None,
            no(INVALID),
            State::CompleteCommit,
        ),
    ] {
        let got = next(commit, before, state);
        assert_eq!(got, (answer, after), "{state:?} {commit} {before:?}");
    }
}

#[test]
fn a_raising_end_repeated_at_once_is_answered() {
    let mut world = ongoing(2);
    let next = is(p(1000, 1));
    assert_eq!(world.answer(end(p(1000, 0), true, 2)), next);
    assert_eq!(world.answer(end(p(1000, 0), true, 2)), next);
    // What else comes waits until it is clear who speaks for the id.
    let asks = [
        world.ask(end(p(1000, 0), false, 2)),
        world.ask(end(p(1000, 1), false, 2)),
        world.ask(end(p(999, 0), true, 2)),
    ];
    assert!(asks.iter().all(|ask| !world.answers.contains_key(ask)));
    assert_eq!(world.marked(), (p(1000, 1), true, parts("a", &[0])));
    let answers = asks.map(|ask| world.of(ask).unwrap());
    assert_eq!(answers, [no(INVALID), is(p(1000, 2)), no(UNKNOWN)]);
}

/// KAFKA-17754: requests carry no number of their transaction. One that was delayed must not end the next transaction; its
/// epoch tells.
#[test]
fn a_delayed_end_does_not_touch_a_newer_transaction() {
    let mut world = ongoing(2);
    world.ask(end(p(1000, 0), true, 2));
    world.marked();
    assert_eq!(world.answer(add(p(1000, 1), parts("b", &[1]), 2)), ADDED);
    for commit in [true, false] {
        assert_eq!(world.answer(end(p(1000, 0), commit, 2)), no(FENCED));
    }
    assert_eq!(world.state(), State::Ongoing);
    world.ask(end(p(1000, 1), false, 2));
    let late = world.ask(end(p(1000, 0), true, 2));
    assert_eq!(world.marked(), (p(1000, 2), false, parts("b", &[1])));
    assert_eq!(world.of(late), Some(no(FENCED)));
    assert_eq!(world.state(), State::CompleteAbort);
}

#[test]
fn the_end_with_the_last_epoch_goes_on_under_a_new_id() {
    let mut world = World::new(2);
    let mut txn = Txn::new(7, 60_000, 0).with(&parts("a", &[0]), 2, 0);
    txn.producer.epoch = LAST_EPOCH;
    world.put(T, txn);
    let again = || end(p(7, LAST_EPOCH), true, 2);
    let next = is(p(1000, 0));
    assert_eq!(world.answer(again()), next);
    assert_eq!(world.answer(again()), next);
    // The first write of the next transaction comes before the markers are written.
    let ask = world.ask(add(p(1000, 0), parts("b", &[0]), 2));
    world.crash();
    assert_eq!(world.answer(again()), next);
    assert_eq!(world.of(ask), None);
    assert_eq!(world.marked(), (p(7, i16::MAX), true, parts("a", &[0])));
    assert_eq!(world.answer(again()), next);
    assert_eq!(world.answer(add(p(1000, 0), parts("b", &[0]), 2)), ADDED);
    assert_eq!(world.answer(again()), no(UNKNOWN));
}

#[test]
fn without_a_new_id_an_end_with_the_last_epoch_decides_nothing() {
    let mut world = World::new(2);
    let mut txn = Txn::new(7, 60_000, 0).with(&parts("a", &[0]), 2, 0);
    txn.producer.epoch = LAST_EPOCH;
    world.put(T, txn);
    world.next_id = Err(ErrorCode::COORDINATOR_NOT_AVAILABLE);
    let answer = world.answer(end(p(7, LAST_EPOCH), true, 2));
    assert_eq!(answer, no(ErrorCode::COORDINATOR_NOT_AVAILABLE));
    assert_eq!(world.state(), State::Ongoing);
}

/// A round of markers belongs to one end in one life of its coordinator. With plain ends the next transaction has the same
/// producer and epoch: taken for its, the news of an earlier round would complete it before its markers are written.
#[test]
fn news_of_another_round_are_not_believed() {
    let mut world = ongoing(0);
    world.ask(end(p(1000, 0), true, 0));
    let early = world.markers.pop_front().unwrap();
    world.crash();
    assert!(early.alive.upgrade().is_none(), "it would write no more");
    world.marked();
    world.answer(add(p(1000, 0), parts("a", &[0]), 0));
    world.ask(end(p(1000, 0), false, 0));
    world.ask(Command::Marked {
        id: T.into(),
        round: early.round,
    });
    assert_eq!(world.state(), State::PrepareAbort);
    assert!(world.markers.front().unwrap().alive.upgrade().is_some());
    world.marked();
    assert_eq!(world.state(), State::CompleteAbort);
}

#[test]
fn operators_count_each_end_once_and_see_what_is_open() {
    for commit in [true, false] {
        let mut world = ongoing(2);
        let seen = |world: &World| {
            let mut census = Census::default();
            world.machine.census(&mut census);
            census.transactions
        };
        let counted = |world: &World| {
            let records = world.log.iter().map(|(key, value)| {
                let record = Transactions::decode(key, value.as_deref());
                record.expect("sound").expect("known")
            });
            records
                .filter_map(|record| Transactions::event(&record))
                .collect::<Vec<_>>()
        };
        assert_eq!(seen(&world), BTreeMap::from([("Ongoing", 1)]));
        world.answer(end(p(1000, 0), commit, 2));
        assert_eq!(counted(&world), [], "it is decided, not done");
        world.marked();
        let event = match commit {
            true => Event::TransactionCommitted,
            false => Event::TransactionAborted,
        };
        assert_eq!(counted(&world), [event]);
        assert_eq!(seen(&world), BTreeMap::from([(state_of(commit).name(), 1)]));
        world.answer(init(None));
        assert_eq!(counted(&world), [event]);
    }
}
