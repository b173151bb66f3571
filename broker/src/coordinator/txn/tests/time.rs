use super::*;

const MINUTE: Duration = Duration::from_secs(60);
const MS: Duration = Duration::from_millis(1);

#[test]
fn a_transaction_that_takes_too_long_is_aborted_and_its_producer_fenced() {
    for version in [0, 2] {
        let mut world = ongoing(version);
        world.pass(MINUTE / 2);
        // More partitions give no more time.
        world.answer(add(p(1000, 0), parts("a", &[1]), version));
        world.pass(MINUTE / 2 - MS);
        assert_eq!(world.state(), State::Ongoing);
        world.pass(MS);
        assert_eq!(world.state(), State::PrepareAbort);
        assert_eq!(world.marked(), (p(1000, 1), false, parts("a", &[0, 1])));
        assert_eq!(
            world.answer(add(p(1000, 0), parts("a", &[0]), version)),
            Answer::Added(Err(FENCED))
        );
        // A late commit is known for what it is.
        let late = match version {
            0 => FENCED,
            _ => INVALID,
        };
        assert_eq!(world.answer(end(p(1000, 0), true, version)), no(late));
    }
}

#[test]
fn each_transaction_has_its_own_time() {
    let mut world = ongoing(0);
    world.pass(MINUTE - MS);
    world.ask(end(p(1000, 0), true, 0));
    world.marked();
    world.answer(add(p(1000, 0), parts("a", &[0]), 0));
    world.pass(MINUTE - MS);
    assert_eq!(world.state(), State::Ongoing);
    world.pass(MS);
    assert_eq!(world.state(), State::PrepareAbort);
}

#[test]
fn a_restart_gives_no_more_time_and_a_wall_clock_that_jumps_takes_none() {
    let mut world = ongoing(2);
    world.pass(MINUTE / 2);
    world.crash();
    world.wall_ms += 1_000_000_000;
    world.pass(MINUTE / 2 - MS);
    assert_eq!(world.state(), State::Ongoing);
    world.pass(MS);
    assert_eq!(world.state(), State::PrepareAbort);
    // One that went back gives no more than the whole time.
    let mut world = ongoing(2);
    world.wall_ms -= 1_000_000_000;
    world.crash();
    world.pass(MINUTE);
    assert_eq!(world.state(), State::PrepareAbort);
}

#[test]
fn who_has_another_system_decide_has_all_the_time() {
    let mut world = World::new(2);
    world.put(T, Txn::new(7, i32::MAX, 0));
    world.answer(add(p(7, 0), parts("a", &[0]), 2));
    world.pass(MINUTE * 100_000);
    assert_eq!(world.state(), State::Ongoing);
}

/// Its end needs a producer id; while there is none it is tried again, but the transaction that follows is left alone.
#[test]
fn a_transaction_of_the_last_epoch_is_aborted_when_there_is_a_new_id() {
    let last_epoch = || {
        let mut world = World::new(2);
        let mut txn = Txn::new(7, 60_000, 0);
        txn.producer.epoch = i16::MAX - 1;
        world.put(T, txn);
        world.answer(add(p(7, i16::MAX - 1), parts("a", &[0]), 2));
        world
    };
    let mut world = last_epoch();
    world.next_id = Err(ErrorCode::COORDINATOR_NOT_AVAILABLE);
    world.pass(MINUTE);
    assert_eq!(world.state(), State::Ongoing);
    world.next_id = Ok(1000);
    world.pass(AGAIN);
    assert_eq!(world.marked(), (p(7, i16::MAX), false, parts("a", &[0])));
    assert_eq!(world.machine.all[T].producer, p(1000, 0));

    let mut world = last_epoch();
    world.at += MINUTE;
    let effects = world.with(|machine, now| machine.tick(now));
    world.carry_out(effects);
    // The errand is on its way when the producer ends it by itself and goes on.
    let slow = world.errands.pop_front().unwrap();
    assert!(matches!(slow, Errand::ProducerId));
    let ask = world.hear(end(p(7, i16::MAX - 1), true, 2));
    world.hear(Command::ProducerId(Ok(1000)));
    assert_eq!(
        world.of(ask),
        None,
        "the first id is for whoever asked first"
    );
    world.run();
    world.marked();
    let txn = &world.machine.all[T];
    assert_eq!(
        (txn.state, txn.producer),
        (State::CompleteAbort, p(1000, 0))
    );
    assert_eq!(world.of(ask), Some(no(INVALID)));
}

#[test]
fn an_id_that_is_not_used_is_forgotten() {
    let week = Duration::from_millis(604_800_000);
    let mut world = World::new(2);
    world.answer(init(None));
    world.pass(week - MS);
    world.answer(init(None));
    world.pass(week - MS);
    world.crash();
    assert!(world.machine.all.contains_key(T));
    world.pass(MS);
    assert!(world.machine.all.is_empty());
    assert_eq!(world.log.last().unwrap().1, None, "a tombstone");
    assert!(replayed(&world.log).all.is_empty());
    assert_eq!(world.answer(init(None)), is(p(1001, 0)));
    // One whose transaction goes on is not.
    world.answer(add(p(1001, 0), parts("a", &[0]), 2));
    world.machine.timers.set(T, None);
    world.pass(week);
    assert!(world.machine.all.contains_key(T));
}
