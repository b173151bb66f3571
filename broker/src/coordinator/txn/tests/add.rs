use super::*;

fn verify(producer: Producer, partitions: &[(&str, i32)]) -> Command {
    Command::Verify(Verify {
        id: T.into(),
        producer,
        partitions: partitions
            .iter()
            .map(|(t, n)| (t.to_string(), *n))
            .collect(),
        patience: PATIENCE,
    })
}

fn refused(code: ErrorCode) -> Answer {
    Answer::Added(Err(code))
}

#[test]
fn partitions_become_part_of_it_once() {
    let mut world = ongoing(2);
    assert_eq!(world.answer(add(p(1000, 0), parts("a", &[0, 1]), 2)), ADDED);
    assert_eq!(world.machine.all[T].partitions, parts("a", &[0, 1]));
    let written = world.log.len();
    assert_eq!(world.answer(add(p(1000, 0), parts("a", &[1]), 2)), ADDED);
    assert_eq!(world.log.len(), written, "it is known already");
}

#[test]
fn only_the_newest_producer_adds() {
    let mut world = World::new(2);
    assert_eq!(
        world.answer(add(p(1000, 0), parts("a", &[0]), 2)),
        refused(UNKNOWN)
    );
    world.answer(init(None));
    assert_eq!(
        world.answer(add(p(1, 0), parts("a", &[0]), 2)),
        refused(UNKNOWN)
    );
    assert_eq!(
        world.answer(add(p(1000, 1), parts("a", &[0]), 2)),
        refused(FENCED)
    );
    assert_eq!(world.state(), State::Empty);
}

#[test]
fn the_next_transaction_waits_for_the_end_of_the_one_before() {
    for (version, next) in [(0, p(1000, 0)), (2, p(1000, 1))] {
        let mut world = ongoing(version);
        world.ask(end(p(1000, 0), true, version));
        let asks = [
            world.ask(add(next, parts("b", &[0]), version)),
            world.ask(add(next, parts("c", &[0]), version)),
        ];
        assert!(asks.iter().all(|ask| !world.answers.contains_key(ask)));
        world.marked();
        assert_eq!(asks.map(|ask| world.of(ask).unwrap()), [ADDED, ADDED]);
        let txn = &world.machine.all[T];
        assert_eq!(txn.partitions.keys().collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(txn.state, State::Ongoing);
    }
}

#[test]
fn patience_is_as_long_as_asked() {
    let mut world = ongoing(2);
    world.ask(end(p(1000, 0), true, 2));
    let ask = world.ask(Command::Add(Add {
        id: T.into(),
        producer: p(1000, 1),
        partitions: parts("b", &[0]),
        version: 2,
        patience: Duration::from_millis(100),
    }));
    world.pass(Duration::from_millis(100));
    assert_eq!(world.of(ask), Some(refused(BUSY)));
    world.marked();
    assert_eq!(world.state(), State::CompleteCommit, "it waits no more");
}

#[test]
fn what_is_part_of_it_is_found() {
    let mut world = ongoing(0);
    let both = [("a", 0), ("a", 1)];
    let found = Answer::Verified(Ok(vec![ErrorCode::NONE, ErrorCode::TRANSACTION_ABORTABLE]));
    assert_eq!(world.answer(verify(p(1000, 0), &both)), found);
    assert_eq!(
        world.answer(verify(p(1000, 1), &both)),
        Answer::Verified(Err(FENCED))
    );
    assert_eq!(
        world.answer(verify(p(1, 0), &both)),
        Answer::Verified(Err(UNKNOWN))
    );
    world.ask(end(p(1000, 0), true, 0));
    let ask = world.ask(verify(p(1000, 0), &both[..1]));
    world.marked();
    let gone = Answer::Verified(Ok(vec![ErrorCode::TRANSACTION_ABORTABLE]));
    assert_eq!(world.of(ask), Some(gone));
}

/// A record that the topic does not take would be refused after it was decided on.
#[test]
fn a_transaction_that_cannot_be_written_is_refused() {
    let mut world = ongoing(2);
    let numbers: Vec<i32> = (0..300_000).collect();
    let answer = world.answer(add(p(1000, 0), parts("a", &numbers), 2));
    assert_eq!(answer, refused(ErrorCode::UNKNOWN_SERVER_ERROR));
    assert_eq!(world.machine.all[T].partitions, parts("a", &[0]));
}
