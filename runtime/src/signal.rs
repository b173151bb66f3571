//! Asking the process to stop.

use crate::{real, sim};

/// Resolves when SIGTERM or SIGINT has arrived, at once if one had arrived before; any shard may wait.
/// A second SIGINT ends the process on the spot, so a stop that hangs can be broken off.
///
/// Until the first call the signals keep their default action (end the process). In a simulation it
/// resolves after `sim::Simulation::terminate`.
pub async fn terminated() {
    match sim::current() {
        Some(sim) => sim.terminated().await,
        None => real::signal::terminated().await,
    }
}
