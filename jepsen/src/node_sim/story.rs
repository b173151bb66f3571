//! What happens, in lines with their moments, for the reader of one seed.

use std::cell::Cell;
use std::rc::Rc;

/// Prints lines as things happen, if somebody wants them.
#[derive(Debug, Default)]
pub struct Story {
    wanted: bool,
    clock: Rc<Cell<u64>>,
}

impl Story {
    /// Prints if `wanted`.
    pub fn new(wanted: bool) -> Self {
        Self {
            wanted,
            clock: Rc::default(),
        }
    }

    /// The virtual time since the scenario began, ns; whoever runs the world sets it.
    pub fn clock(&self) -> Rc<Cell<u64>> {
        self.clock.clone()
    }

    /// Adds a line; it is not made if nobody wants it.
    pub fn tell(&self, line: impl FnOnce() -> String) {
        if self.wanted {
            println!("{:>10.6} {}", self.clock.get() as f64 / 1e9, line());
        }
    }
}
