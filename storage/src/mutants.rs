//! Planted bugs, to prove that the checks find them. Compiled only with the feature `mutants`, which nothing but the
//! fault suite enables; without it [`planted`] is the constant `false` and every branch on it is gone.

/// A bug that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// The journal writes but never flushes.
    SkipFlush,
    /// The journal says "flushed" when it has only issued the write.
    AckBeforeFlush,
    /// Replay takes the last good run for a torn one.
    CutAckedTail,
    /// A log's end offset advances one too few, so that the next batch reuses an offset.
    OffsetTwice,
}

#[cfg(feature = "mutants")]
mod planting {
    use super::Mutant;
    use std::cell::Cell;

    thread_local! {
        static PLANTED: Cell<Option<Mutant>> = const { Cell::new(None) };
    }

    /// Plants a bug in everything that this thread does from now on; `None` heals it.
    pub fn plant(mutant: Option<Mutant>) {
        PLANTED.set(mutant);
    }

    pub(crate) fn planted(mutant: Mutant) -> bool {
        PLANTED.get() == Some(mutant)
    }
}

#[cfg(feature = "mutants")]
pub use planting::plant;
#[cfg(feature = "mutants")]
pub(crate) use planting::planted;

/// Whether this bug is planted.
#[cfg(not(feature = "mutants"))]
pub(crate) const fn planted(_: Mutant) -> bool {
    false
}
