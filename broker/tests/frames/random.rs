//! Valid frames, spoilt at random.

use std::time::{Duration, Instant};

use crate::broker::Broker;
use crate::client::Outcome;
use crate::valid;

/// Same numbers for the same seed (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }
}

/// Lengths and counts that code trips over.
const SPITEFUL: [[u8; 4]; 6] = [
    [0xff, 0xff, 0xff, 0xff],
    [0x7f, 0xff, 0xff, 0xff],
    [0x80, 0, 0, 0],
    [0, 0, 0, 0],
    [0xff, 0xff, 0xff, 0x0f],
    [0, 1, 0, 0],
];

fn spoil(frame: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut frame = frame.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(frame.len());
        match numbers.below(6) {
            0 => frame
                .iter_mut()
                .skip(at)
                .take(1)
                .for_each(|b| *b ^= 1 << numbers.below(8)),
            1 => frame.truncate(at),
            2 => frame.insert(at, numbers.below(256) as u8),
            3 => {
                let spite = SPITEFUL[numbers.below(SPITEFUL.len())];
                frame
                    .iter_mut()
                    .skip(at)
                    .zip(spite)
                    .for_each(|(b, s)| *b = s);
            }
            4 => {
                let copy: Vec<u8> = frame
                    .iter()
                    .skip(at)
                    .take(numbers.below(40))
                    .copied()
                    .collect();
                frame.extend(copy);
            }
            // Past the key, the version and the correlation id, where a body would start.
            _ => frame
                .iter_mut()
                .skip(8 + at % 40)
                .take(1)
                .for_each(|b| *b = numbers.below(256) as u8),
        }
    }
    frame
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

#[test]
fn spoilt_frames_close_at_most_their_own_connection() {
    let mut broker = Broker::start("random", &["auto.create.topics.enable=false"]);
    let seed = setting("OTTLA_FRAMES_SEED", 1);
    let end = Instant::now() + Duration::from_secs(setting("OTTLA_FRAMES_SECONDS", 5));
    let mut numbers = Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let frames = valid::frames();
    let mut witness = broker.client();
    let (mut sent, mut answered, mut closed) = (0_u64, 0_u64, 0_u64);
    while Instant::now() < end {
        let frame = spoil(&frames[numbers.below(frames.len())], &mut numbers);
        // What is waited for (a fetch with a spoilt wait, acks=0) is not waited for here.
        let mut client = broker.patient(Duration::from_millis(20));
        client.frame(&frame);
        sent += 1;
        match client.outcome() {
            Outcome::Answer(_) => answered += 1,
            Outcome::Closed => closed += 1,
            Outcome::Silence => {}
        }
        if sent % 500 == 0 {
            let kept = witness.ask(&[0, 18, 0, 0, 0, 0, 0, 7, 0, 1, b'x']);
            assert!(
                kept.is_some(),
                "another connection was hit after {sent} frames of seed {seed}"
            );
            broker.assert_lives();
        }
    }
    broker.assert_lives();
    assert!(
        answered > 0 && closed > 0,
        "{sent} sent, {answered} answered, {closed} closed: too one-sided to mean anything"
    );
}

#[test]
fn noise_closes_at_most_its_own_connection() {
    let mut broker = Broker::start("noise", &[]);
    let mut numbers = Numbers(setting("OTTLA_FRAMES_SEED", 1) | 1);
    for _ in 0..300 {
        let noise: Vec<u8> = (0..numbers.below(300))
            .map(|_| numbers.below(256) as u8)
            .collect();
        let mut client = broker.patient(Duration::from_millis(1));
        if numbers.below(2) == 0 {
            client.send(&noise)
        } else {
            client.frame(&noise)
        }
    }
    broker.assert_lives();
}
