//! Bytes that no honest peer sends: nothing panics, and memory stays in proportion to the input.

#[path = "../schema/notation.rs"]
#[allow(dead_code)]
mod notation;
#[path = "../cross/ours.rs"]
mod ours;
#[path = "../cross/random.rs"]
mod random;
#[path = "../cross/values.rs"]
#[allow(dead_code)]
mod values;

mod batches;
mod messages;
mod seeds;

/// The most bytes that were allocated at one time while `work` ran.
fn peak(work: impl FnOnce()) -> usize {
    allocation_counter::measure(work).bytes_max as usize
}
