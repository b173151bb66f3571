//! The fast version of the scenario: some seeds, the planted bugs, and the same seed twice.

use super::*;

#[test]
fn fifty_seeds_keep_every_promise() {
    let mut total = Stats::default();
    for seed in 1..=50 {
        let outcome = run(seed, None);
        assert_eq!(outcome.violation, None, "seed {seed}");
        total.add(&outcome.stats);
    }
    // The scenario proves nothing about what it did not do.
    let Stats {
        acked,
        reads,
        truncations,
        checkpoints,
        recycled,
        reclaimed,
        unacked_lost,
        compactions,
        ..
    } = total;
    assert!(
        acked > 10_000 && reads > 1_000 && truncations > 100 && checkpoints > 200,
        "{total:?}"
    );
    assert!(
        recycled > 40 && reclaimed > 50 && unacked_lost > 50 && compactions > 10,
        "{total:?}"
    );
}

#[test]
fn a_seed_run_twice_gives_the_same_trace() {
    for seed in 100..103 {
        assert_eq!(run(seed, None), run(seed, None), "seed {seed}");
    }
}

fn caught(mutant: Mutant) -> String {
    (1..=50)
        .find_map(|seed| run(seed, Some(mutant)).violation)
        .unwrap_or_else(|| panic!("{mutant:?} was not caught in 50 seeds"))
}

#[test]
fn a_skipped_flush_is_caught() {
    caught(Mutant::SkipFlush);
}

#[test]
fn an_acknowledgement_before_the_flush_is_caught() {
    caught(Mutant::AckBeforeFlush);
}

#[test]
fn a_cut_acknowledged_tail_is_caught() {
    caught(Mutant::CutAckedTail);
}

#[test]
fn an_offset_used_twice_is_caught() {
    let what = caught(Mutant::OffsetTwice);
    assert!(what.contains("used twice"), "{what}");
}

#[test]
fn replaced_segments_that_go_too_early_are_caught() {
    caught(Mutant::OldSegmentsFirst);
}

#[test]
fn new_segments_that_are_not_flushed_are_caught() {
    caught(Mutant::CleanedNotFlushed);
}

#[test]
fn compaction_beyond_the_durable_checkpoint_is_caught() {
    caught(Mutant::CleanedUncovered);
}

#[test]
fn compaction_that_keeps_the_wrong_records_is_caught() {
    caught(Mutant::OldestValueKept);
    caught(Mutant::TombstoneTooEarly);
}

#[test]
fn a_cache_that_keeps_what_was_replaced_is_caught() {
    caught(Mutant::ReplacedStaysCached);
}
