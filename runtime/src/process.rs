//! The end of the process by its own decision.

use crate::sim;

/// Ends the process with status 1, for a promise that it cannot keep any more: no task runs, no byte is sent after
/// this. `why` is for the caller to log; a simulation keeps it (see `sim::Simulation::aborted`) and ends the node as
/// `CrashKind::Process` does.
pub async fn abort(why: &str) -> ! {
    let Some(sim) = sim::current() else {
        std::process::exit(1);
    };
    sim.abort(why);
    // Nobody polls this again.
    loop {
        std::future::pending::<()>().await;
    }
}
