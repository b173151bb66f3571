//! The last look: after the faults everything there is is read, and compared with everything that is known.

use std::collections::VecDeque;
use std::rc::Rc;

use ottla_protocol::ids::Uuid;
use ottla_protocol::messages::metadata::MetadataRequest;
use ottla_runtime::rand::Rng;

use super::client::{Broken, Client, Shared};
use super::keys;
use super::ledger::{Honesty, Known};
use super::queue;
use super::reads::{EARLIEST, LATEST, NoRead};
use super::txn;
use super::wire::Wire;

/// Bytes asked for at once.
const BITE: i32 = 1 << 20;

/// Tries for what cannot be read on a disk that is damaged for good.
const TRIES: u32 = 10;

/// Reads everything, each partition until that succeeds once; ends early when a promise was broken. On a damaged disk some
/// may never succeed.
pub async fn audit(shared: Rc<Shared>, seed: u64, damaged: bool) {
    let mut left: VecDeque<usize> = shared.ledger.borrow().live().into();
    let mut tries = 0;
    let mut client = Client::new(shared, Rng::new(seed), "audit".to_owned());
    loop {
        let Some(mut wire) = client.connect().await else {
            continue;
        };
        match everything(&mut client, &mut wire, &mut left).await {
            Ok(()) => return,
            Err(Broken::Again) if damaged && tries > TRIES * left.len() as u32 => return,
            Err(Broken::Again) => client.pause().await,
            Err(why) => return client.ended(&why),
        }
        tries += 1;
    }
}

async fn everything(
    client: &mut Client,
    wire: &mut Wire,
    left: &mut VecDeque<usize>,
) -> Result<(), Broken> {
    topics(client, wire).await?;
    for _ in 0..left.len() {
        // What cannot be read now has its turn after the others.
        left.rotate_left(1);
        if let Some(&slot) = left.back() {
            partition(client, wire, slot).await?;
            left.pop_back();
        }
    }
    keys::reader::audit(client, wire).await?;
    queue::audit(client, wire).await?;
    txn::audit::audit(client, wire).await
}

/// All topics that must be there are, and no other.
async fn topics(client: &mut Client, wire: &mut Wire) -> Result<(), Broken> {
    let request = MetadataRequest {
        topics: None,
        ..Default::default()
    };
    let mut found: Vec<(String, Uuid)> = wire
        .call(&request, 12, |r| {
            let topics = r.topics.iter();
            topics
                .map(|t| (t.name.as_deref().unwrap_or("").to_owned(), t.topic_id))
                .collect()
        })
        .await?;
    found.retain(|(name, _)| !name.starts_with("__") && !name.starts_with(txn::PREFIX));
    found.sort();
    let ledger = client.shared.ledger.borrow();
    if ledger.honesty == Honesty::Lying {
        return Ok(());
    }
    let id = |known: &Known| match known {
        Known::There(id) => Some(*id),
        _ => None,
    };
    let topics = ledger.topics.iter();
    let want: Vec<_> = topics
        .filter_map(|t| Some((t.name.clone(), id(&t.known)?)))
        .collect();
    // A creation that nobody heard of any more may have happened.
    let late = |name: &str| {
        let mut topics = ledger.topics.iter();
        topics.any(|t| t.name == name && t.known == Known::Absent && t.late_create.is_some())
    };
    found.retain(|(name, _)| !late(name));
    if found != want {
        return Err(format!("topics are {found:?}, should be {want:?}").into());
    }
    Ok(())
}

async fn partition(client: &mut Client, wire: &mut Wire, slot: usize) -> Result<(), Broken> {
    let start = client.list_offset(wire, slot, EARLIEST).await?.unwrap_or(0);
    let end = client.list_offset(wire, slot, LATEST).await?.unwrap_or(0);
    let (mut records, mut next) = (Vec::new(), start);
    while next < end {
        match client.fetch(wire, slot, next, BITE, 10).await? {
            Ok(read) => {
                next = read.records.last().map_or(next, |(offset, _)| offset + 1);
                records.extend(read.records);
            }
            // Retention goes on.
            Err(NoRead::OutOfRange) => return Err(Broken::Again),
            Err(NoRead::Gone) => return Ok(()),
        }
    }
    let ledger = client.shared.ledger.borrow();
    if ledger.honesty < Honesty::Lying {
        ledger.slots[slot].complete(start, end, &records)?;
    }
    Ok(())
}
