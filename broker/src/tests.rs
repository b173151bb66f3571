//! What tests of several rooms share.

use std::time::Duration;

use ottla_runtime::sim::{Options, Simulation};
use ottla_runtime::{shards, time};

/// Runs `test` in three simulated worlds; fails when it takes longer than a (virtual) minute.
pub fn on_shard<F, Fut>(test: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = ()> + 'static,
{
    for seed in 0..3 {
        let world = Simulation::new(seed, Options::default());
        let node = world.node(1);
        let ended = world.block_on(node, Duration::from_secs(60), test());
        assert!(ended.is_some(), "the test hangs in world {seed}");
    }
}

/// Runs `test` on a real shard, for what only a kernel does; fails when it takes longer than two minutes.
pub fn on_real_shard<F, Fut>(test: F)
where
    F: Fn() -> Fut + Clone + Send + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let main = move |_| {
        let test = test.clone();
        async move {
            let limited = time::timeout(Duration::from_secs(120), test()).await;
            assert!(limited.is_ok(), "the test hangs");
        }
    };
    shards::run(shards::Config::default(), main).expect("a shard");
}

/// A row of numbers that looks random and is the same in every run (xorshift).
pub struct Numbers(u64);

impl Numbers {
    /// The row of `seed`.
    pub fn new(seed: u64) -> Numbers {
        Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next one, below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end.max(1)
    }
}
