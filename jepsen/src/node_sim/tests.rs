use super::run;

#[test]
fn promises_hold() {
    for seed in 1..=25 {
        let outcome = run(seed, false, None);
        assert_eq!(outcome.violation, None, "seed {seed}");
    }
}

#[test]
fn a_seed_decides_everything() {
    for seed in [7, 19, 96] {
        assert_eq!(
            run(seed, false, None),
            run(seed, false, None),
            "seed {seed}"
        );
    }
}

#[test]
fn much_happens() {
    let mut outcomes = (1..=10).map(|seed| run(seed, false, None));
    let total = outcomes.by_ref().fold((0, 0, 0), |sum, o| {
        (
            sum.0 + o.counts.acked,
            sum.1 + o.counts.read,
            sum.2 + o.starts,
        )
    });
    assert!(
        total.0 > 500 && total.1 > 1_000 && total.2 > 20,
        "{total:?}"
    );
}
