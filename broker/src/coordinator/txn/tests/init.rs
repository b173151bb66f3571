use super::*;

#[test]
fn the_first_gets_a_new_id_and_each_next_one_a_new_epoch() {
    let mut world = World::new(2);
    assert_eq!(world.answer(init(None)), is(p(1000, 0)));
    assert_eq!(world.answer(init(None)), is(p(1000, 1)));
    assert_eq!(world.answer(init(None)), is(p(1000, 2)));
    assert_eq!(world.state(), State::Empty);
}

#[test]
fn two_that_come_at_once_share_an_id_and_no_epoch() {
    let mut world = World::new(2);
    let asks = [world.hear(init(None)), world.hear(init(None))];
    world.run();
    let answers = asks.map(|ask| world.of(ask).unwrap());
    assert_eq!(answers, [is(p(1000, 0)), is(p(1000, 1))]);
}

#[test]
fn without_a_producer_id_the_controllers_code_is_the_answer() {
    let mut world = World::new(2);
    world.next_id = Err(ErrorCode::COORDINATOR_NOT_AVAILABLE);
    assert_eq!(
        world.answer(init(None)),
        no(ErrorCode::COORDINATOR_NOT_AVAILABLE)
    );
    assert!(world.log.is_empty());
}

#[test]
fn an_id_that_cannot_be_written_is_refused() {
    let mut world = World::new(2);
    let long = |len| {
        Command::Init(Init {
            id: "x".repeat(len),
            timeout_ms: 1,
            was: None,
            patience: PATIENCE,
        })
    };
    assert_eq!(world.answer(long(32_768)), no(ErrorCode::INVALID_REQUEST));
    assert_eq!(world.answer(long(32_767)), is(p(1000, 0)));
}

#[test]
fn what_goes_on_is_aborted_first_and_its_producer_fenced() {
    for version in [0, 2] {
        let mut world = ongoing(version);
        let ask = world.ask(init(None));
        assert_eq!((world.of(ask), world.state()), (None, State::PrepareAbort));
        let old = end(p(1000, 0), true, version);
        if version == 0 {
            assert_eq!(world.answer(old), no(FENCED));
        } else {
            let late = world.ask(old);
            assert_eq!(world.of(late), None);
        }
        assert_eq!(world.marked(), (p(1000, 1), false, parts("a", &[0])));
        assert_eq!(world.of(ask), Some(is(p(1000, 2))));
        assert_eq!(
            world.answer(add(p(1000, 0), parts("a", &[0]), version)),
            Answer::Added(Err(FENCED))
        );
        assert_eq!(
            world.answer(add(p(1000, 2), parts("a", &[0]), version)),
            ADDED
        );
    }
}

/// Both wait for the same abort; the one that came later wins.
#[test]
fn of_two_that_take_over_the_later_one_wins() {
    let mut world = ongoing(2);
    let (one, other) = (world.ask(init(None)), world.ask(init(None)));
    world.marked();
    assert_eq!(world.of(one), Some(is(p(1000, 2))));
    assert_eq!(world.of(other), Some(is(p(1000, 3))));
    assert!(world.markers.is_empty(), "aborted once");
    assert_eq!(
        world.answer(add(p(1000, 2), parts("a", &[0]), 2)),
        Answer::Added(Err(FENCED))
    );
}

#[test]
fn who_waits_for_too_long_is_told_to_try_again() {
    let mut world = ongoing(2);
    let ask = world.ask(init(None));
    world.pass(PATIENCE - Duration::from_millis(1));
    assert_eq!(world.of(ask), None);
    world.pass(Duration::from_millis(1));
    assert_eq!(world.of(ask), Some(no(BUSY)));
    world.marked();
    assert_eq!(world.answer(init(None)), is(p(1000, 2)));
}

#[test]
fn a_producer_that_says_who_it_was_goes_on_if_it_still_is() {
    let mut world = World::new(2);
    let was = |id, epoch| init(Some(p(id, epoch)));
    // Nobody is known: it may come.
    assert_eq!(world.answer(was(5, 5)), is(p(1000, 0)));
    assert_eq!(world.answer(was(1000, 0)), is(p(1000, 1)));
    assert_eq!(
        world.answer(was(1000, 0)),
        is(p(1000, 1)),
        "asked once more"
    );
    assert_eq!(world.answer(was(1000, 1)), is(p(1000, 2)));
    assert_eq!(world.answer(was(1000, 0)), no(FENCED));
    assert_eq!(world.answer(was(1000, 3)), no(FENCED));
    assert_eq!(world.answer(was(999, 2)), no(FENCED));
    // Another producer takes over: a repeated question has no answer any more.
    assert_eq!(world.answer(was(1000, 2)), is(p(1000, 3)));
    assert_eq!(world.answer(init(None)), is(p(1000, 4)));
    assert_eq!(world.answer(was(1000, 2)), no(FENCED));
    assert_eq!(world.answer(was(1000, 3)), no(FENCED));
}

#[test]
fn a_fenced_producer_that_says_who_it_was_aborts_nothing() {
    let mut world = ongoing(2);
    assert_eq!(world.answer(init(Some(p(1000, -1)))), no(FENCED));
    assert_eq!(world.answer(init(Some(p(999, 0)))), no(FENCED));
    assert_eq!(world.state(), State::Ongoing);
    let ask = world.ask(init(Some(p(1000, 0))));
    world.marked();
    assert_eq!(world.of(ask), Some(is(p(1000, 2))));
}

#[test]
fn who_lost_the_answer_to_its_end_may_begin_again() {
    let mut world = ongoing(2);
    world.ask(end(p(1000, 0), true, 2));
    world.marked();
    assert_eq!(world.answer(init(Some(p(1000, 0)))), is(p(1000, 2)));
}

#[test]
fn used_up_epochs_are_followed_by_a_new_id() {
    let mut world = World::new(2);
    let mut txn = Txn::new(7, 60_000, 0);
    txn.producer.epoch = i16::MAX - 2;
    world.put(T, txn);
    assert_eq!(world.answer(init(None)), is(p(7, i16::MAX - 1)));
    let was = || init(Some(p(7, i16::MAX - 1)));
    assert_eq!(world.answer(was()), is(p(1000, 0)));
    assert_eq!(world.answer(was()), is(p(1000, 0)), "asked once more");
    assert_eq!(world.answer(init(None)), is(p(1000, 1)));
    assert_eq!(world.answer(was()), no(FENCED));
}

/// The highest epoch is nobody's: with it the last producer of an id is fenced.
#[test]
fn the_last_epoch_of_an_id_can_be_fenced() {
    for (version, taken_over) in [(0, p(1000, 0)), (2, p(1000, 1))] {
        let mut world = World::new(version);
        let mut txn = Txn::new(7, 60_000, 0).with(&parts("a", &[0]), version, 0);
        txn.producer.epoch = i16::MAX - 1;
        world.put(T, txn);
        let ask = world.ask(init(None));
        assert_eq!(world.marked(), (p(7, i16::MAX), false, parts("a", &[0])));
        assert_eq!(world.of(ask), Some(is(taken_over)), "version {version}");
    }
}
