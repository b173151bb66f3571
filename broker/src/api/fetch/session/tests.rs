use super::*;

fn key(p: i32) -> Key {
    (TopicRef::Name("t".into()), p)
}

fn wanted(at: i64) -> Wanted {
    Wanted {
        current_leader_epoch: -1,
        fetch_offset: at,
        last_fetched_epoch: -1,
        max_bytes: 1000,
    }
}

fn request(id: i32, epoch: i32, partitions: &[i32]) -> SessionRequest {
    let wanted = partitions.iter().map(|p| (key(*p), wanted(0))).collect();
    SessionRequest {
        id,
        epoch,
        by_id: false,
        wanted,
        forgotten: Vec::new(),
    }
}

fn quiet(high_watermark: i64) -> News {
    News {
        error: ErrorCode::NONE,
        high_watermark,
        log_start_offset: 0,
        has_records: false,
        must_send: false,
    }
}

fn records(high_watermark: i64) -> News {
    News {
        has_records: true,
        ..quiet(high_watermark)
    }
}

fn sessions(slots: usize) -> (Sessions, impl FnMut() -> u64) {
    let mut next = 0_u64;
    (Sessions::new(slots, 1, 2), move || {
        next += 1;
        next << 34
    })
}

fn open(s: &mut Sessions, random: &mut dyn FnMut() -> u64, partitions: &[i32], now: i64) -> i32 {
    let plan = s.begin(request(0, 0, partitions), now).unwrap();
    assert_eq!(plan.mode, Mode::Full);
    let news = vec![quiet(0); partitions.len()];
    s.finish(&plan, false, &news, now, random).0
}

#[test]
fn an_incremental_answer_holds_only_news() {
    let (mut s, mut random) = sessions(10);
    let id = open(&mut s, &mut random, &[0, 1, 2], 0);
    assert_eq!(id % 2, 1, "the id names the shard");
    let plan = s.begin(request(id, 1, &[]), 0).unwrap();
    assert_eq!(plan.wanted.len(), 3);
    let (_, sent) = s.finish(
        &plan,
        false,
        &[quiet(0), records(5), quiet(7)],
        0,
        &mut random,
    );
    assert_eq!(sent, [false, true, true]);
    // The partition with records went to the end of the line; the others keep their order.
    let plan = s.begin(request(id, 2, &[]), 0).unwrap();
    let order: Vec<i32> = plan.wanted.iter().map(|((_, p), _)| *p).collect();
    assert_eq!(order, [0, 2, 1]);
    let failed = News {
        error: ErrorCode::NOT_LEADER_OR_FOLLOWER,
        ..quiet(0)
    };
    let (_, sent) = s.finish(&plan, false, &[failed, quiet(7), quiet(5)], 0, &mut random);
    assert_eq!(sent, [true, false, false]);
    let plan = s.begin(request(id, 3, &[]), 0).unwrap();
    let (_, sent) = s.finish(
        &plan,
        false,
        &[quiet(0), quiet(7), quiet(5)],
        0,
        &mut random,
    );
    assert_eq!(
        sent,
        [true, false, false],
        "the first good answer after an error is news"
    );
}

#[test]
fn wrong_sessions_get_kafkas_codes() {
    let (mut s, mut random) = sessions(10);
    let id = open(&mut s, &mut random, &[0], 0);
    let code = |r: Result<Plan, ErrorCode>| r.err().unwrap();
    assert_eq!(
        code(s.begin(request(id + 2, 1, &[]), 0)),
        ErrorCode::FETCH_SESSION_ID_NOT_FOUND
    );
    assert_eq!(
        code(s.begin(request(0, -7, &[]), 0)),
        ErrorCode::FETCH_SESSION_ID_NOT_FOUND
    );
    assert_eq!(
        code(s.begin(request(id, 2, &[]), 0)),
        ErrorCode::INVALID_FETCH_SESSION_EPOCH
    );
    let by_id = SessionRequest {
        by_id: true,
        ..request(id, 1, &[])
    };
    assert_eq!(
        code(s.begin(by_id, 0)),
        ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR
    );
}

#[test]
fn an_emptied_session_and_a_final_epoch_close_it() {
    let (mut s, mut random) = sessions(10);
    let id = open(&mut s, &mut random, &[0], 0);
    let forget = SessionRequest {
        forgotten: vec![key(0)],
        ..request(id, 1, &[])
    };
    assert_eq!(s.begin(forget, 0).unwrap().mode, Mode::Sessionless);
    assert!(s.is_empty());
    let id = open(&mut s, &mut random, &[0], 0);
    assert_eq!(
        s.begin(request(id, -1, &[0]), 0).unwrap().mode,
        Mode::Sessionless
    );
    assert!(s.is_empty());
}

#[test]
fn epochs_wrap_to_one() {
    let (mut s, mut random) = sessions(10);
    let id = open(&mut s, &mut random, &[0], 0);
    s.sessions.get_mut(&id).unwrap().epoch = i32::MAX;
    s.begin(request(id, i32::MAX, &[]), 0).unwrap();
    assert!(s.begin(request(id, 1, &[]), 0).is_ok());
}

#[test]
fn a_full_cache_gives_way_only_to_larger_or_when_stale() {
    let (mut s, mut random) = sessions(1);
    let first = open(&mut s, &mut random, &[0], 0);
    assert_ne!(first, NO_SESSION);
    assert_eq!(
        open(&mut s, &mut random, &[0], 1000),
        NO_SESSION,
        "as large, and in use"
    );
    let larger = open(&mut s, &mut random, &[0, 1], 1000);
    assert_ne!(larger, NO_SESSION);
    assert_ne!(
        open(&mut s, &mut random, &[0], 1000 + EVICT_AFTER_MS + 1),
        NO_SESSION,
        "stale"
    );
    assert_eq!(s.len(), 1);
}
