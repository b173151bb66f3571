//! The last look at transactions: none hangs, and each is there in full or not at all.

use std::time::Duration;

use ottla_runtime::time;

use super::reader::fetch;
use crate::node_sim::client::{Broken, Client};
use crate::node_sim::groups;
use crate::node_sim::wire::Wire;

/// Bytes asked for at once.
const BITE: i32 = 1 << 20;
/// What a transaction that was left open may take to be aborted, after its own timeout.
const GRACE: Duration = Duration::from_secs(10);

/// Reads all places to their ends, which must become stable.
pub async fn audit(client: &mut Client, wire: &mut Wire) -> Result<(), Broken> {
    let places = match client.shared.ledger.borrow().txns.is_empty() {
        // Perhaps nobody has come to make the topic.
        true => 0,
        false => client.shared.ledger.borrow().txns.places.len(),
    };
    let limit = time::now() + Duration::from_millis(super::LONG_MS as u64) + GRACE;
    for place in 0..places {
        let mut next = 0;
        loop {
            let (to, stable, end) = fetch(client, wire, place, next, BITE, 100).await?;
            next = to;
            if stable == end && next == end {
                break;
            }
            if next < stable {
                continue;
            }
            if time::now() > limit {
                let name = client.shared.ledger.borrow().txns.places[place].name();
                return Err(format!("{name}: a transaction hangs at {stable} of {end}").into());
            }
            time::sleep(Duration::from_millis(500)).await;
        }
    }
    groups::audit(client, wire).await?;
    let mut ledger = client.shared.ledger.borrow_mut();
    ledger.counts.committed += ledger.txns.committed();
    Ok(ledger.txns.settle()?)
}
