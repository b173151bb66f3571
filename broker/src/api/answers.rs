//! Memory of answers that their clients have not taken yet: counted when an answer is ready, given back when it is sent.

use std::cell::Cell;
use std::rc::Rc;

use crate::metrics::Metrics;

/// The bytes of one shard's answers. An answer is never refused for its size; it is fetch, the only request with answers
/// larger than its own frame, that asks [`Answers::room`] before it reads.
#[derive(Debug)]
pub struct Answers {
    limit: usize,
    held: Cell<usize>,
    metrics: Rc<Metrics>,
}

impl Answers {
    /// Nothing held yet, `limit` bytes allowed.
    pub fn new(limit: usize, metrics: Rc<Metrics>) -> Rc<Answers> {
        Rc::new(Answers {
            limit,
            held: Cell::new(0),
            metrics,
        })
    }

    /// How many bytes more may be read for an answer. A fetch reads no more than this beyond the one batch that it always owes.
    pub fn room(&self) -> usize {
        self.limit.saturating_sub(self.held.get())
    }

    /// Counts `bytes` until the result is dropped.
    pub fn hold(self: &Rc<Self>, bytes: usize) -> Held {
        self.set(self.held.get() + bytes);
        Held {
            answers: self.clone(),
            bytes,
        }
    }

    fn set(&self, held: usize) {
        self.held.set(held);
        self.metrics.answer_memory.set(held as i64);
    }
}

/// Bytes that are being sent.
#[derive(Debug)]
pub struct Held {
    answers: Rc<Answers>,
    bytes: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.answers.set(self.answers.held.get() - self.bytes);
    }
}
