use super::*;

/// A coordinator that crashes after any of its writes carries on: what was decided is carried through, once.
#[test]
fn a_crash_at_any_point_changes_no_decision() {
    for (version, commit) in [(0, true), (0, false), (2, true), (2, false)] {
        for crash_after in 1..=4 {
            let mut world = World::new(version);
            let mut steps = 0;
            let mut step = |world: &mut World| {
                steps += 1;
                if steps == crash_after {
                    world.crash();
                }
            };
            world.answer(init(None));
            step(&mut world);
            world.answer(add(p(1000, 0), parts("a", &[0]), version));
            step(&mut world);
            world.ask(end(p(1000, 0), commit, version));
            step(&mut world);
            let after = match version {
                0 => p(1000, 0),
                _ => p(1000, 1),
            };
            assert_eq!(world.marked(), (after, commit, parts("a", &[0])));
            step(&mut world);
            assert_eq!((world.state(), world.markers.len()), (state_of(commit), 0));
            assert_eq!(world.answer(end(p(1000, 0), commit, version)), is(after));
        }
    }
}

/// A log may end with a decision about no partitions at all.
#[test]
fn a_decision_without_partitions_is_completed_by_a_load() {
    let mut world = World::new(2);
    let txn = Txn::new(7, 60_000, 0).decided(false, true, 2, -1, 5);
    let record = Record::new(T, txn, &world.image);
    world.log.push(record.encode().unwrap());
    world.crash();
    assert_eq!(world.state(), State::CompleteAbort);
}

#[test]
fn the_format_is_the_features() {
    for (level, version) in [(0, 0), (1, 1), (2, 1)] {
        let world = ongoing(level);
        let (key, value) = world.log.last().unwrap();
        assert_eq!(key, &[0, 0, 0, 1, b't']);
        assert_eq!(value.as_ref().unwrap()[..2], [0, version]);
    }
}

#[test]
fn what_a_newer_broker_wrote_is_passed_over_and_damage_is_not() {
    assert_eq!(Transactions::decode(&[0, 9, 1], Some(&[0, 0])), Ok(None));
    assert_eq!(
        Transactions::decode(&[0, 0, 0, 1, b't'], Some(&[0, 9, 1])),
        Ok(None)
    );
    assert!(Transactions::decode(&[0, 0, 0, 1, b't'], Some(&[0, 1, 1])).is_err());
    assert!(Transactions::decode(&[0, 0, 0, 9, b't'], None).is_err());
    let mut world = ongoing(1);
    let (key, value) = world.log.pop().unwrap();
    let mut value = value.unwrap();
    // After version, producer id, epoch and timeout.
    value[2 + 8 + 2 + 4] = 6;
    assert!(
        Transactions::decode(&key, Some(&value)).is_err(),
        "a state that is none"
    );
}

/// Whatever is asked, in whatever order: the log says all that is kept, and no decision is taken back.
#[test]
fn the_state_is_a_function_of_the_log() {
    for seed in 1..=300u64 {
        let level = [0, 1, 2][seed as usize % 3];
        let mut world = World::new(level);
        world.chance = seed;
        let mut chance = seed;
        let mut pick = |n: u64| {
            chance = chance
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (chance >> 33) % n
        };
        for _ in 0..80 {
            let newest = world
                .machine
                .all
                .get(T)
                .map_or(p(1000, 0), |txn| txn.producer);
            let shift = [0, 0, 0, -1][pick(4) as usize];
            let who = p(newest.id, newest.epoch.saturating_add(shift));
            let version = match level {
                2 if pick(4) > 0 => 2,
                _ => 0,
            };
            match pick(10) {
                0 => drop(world.ask(init(None))),
                1 => drop(world.ask(init(Some(who)))),
                2..=4 => drop(world.ask(add(who, parts("a", &[pick(3) as i32]), version))),
                5 => drop(world.ask(end(who, true, version))),
                6 => drop(world.ask(end(who, false, version))),
                7 => world.pass(Duration::from_millis(pick(90_000))),
                8 => world.crash(),
                _ => {
                    if !world.markers.is_empty() {
                        world.marked();
                    }
                }
            }
            assert_eq!(replayed(&world.log).all, kept(&world, level), "seed {seed}");
        }
        decisions_stand(&world.log);
    }
}

/// After a decision nothing comes but its completion.
fn decisions_stand(log: &[KeyValue]) {
    let states = log.iter().map(|(key, value)| {
        let record = Transactions::decode(key, value.as_deref());
        let txn = record.expect("sound").expect("known").txn;
        txn.map(|txn| txn.state)
    });
    let states: Vec<Option<State>> = states.collect();
    for pair in states.windows(2) {
        let wanted = match pair[0] {
            Some(State::PrepareCommit) => Some(State::CompleteCommit),
            Some(State::PrepareAbort) => Some(State::CompleteAbort),
            _ => continue,
        };
        assert_eq!(pair[1], wanted, "after {:?}", pair[0]);
    }
}

/// The state as the format can say it: the oldest has no room for some of it.
fn kept(world: &World, level: i16) -> BTreeMap<String, Txn> {
    let mut all = world.machine.all.clone();
    if level == 0 {
        for txn in all.values_mut() {
            (txn.previous_id, txn.next_id, txn.version) = (-1, -1, 0);
        }
    }
    all
}
