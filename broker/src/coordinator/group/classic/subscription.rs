//! What consumers say they read: the one part of members' metadata that the broker looks into.

use std::collections::BTreeSet;

use ottla_protocol::records::consumer_protocol_subscription::ConsumerProtocolSubscription;
use ottla_protocol::wire::{Decode, Reader};

/// The topics of all; `None` when one of them cannot be read. Every version begins with the first one's fields.
pub fn topics<'a>(members: impl Iterator<Item = &'a [u8]>) -> Option<BTreeSet<String>> {
    let mut all = BTreeSet::new();
    for metadata in members {
        let mut reader = Reader::new(metadata);
        reader.i16().ok()?;
        let said = ConsumerProtocolSubscription::decode(&mut reader, 0).ok()?;
        all.extend(said.topics.into_iter().map(String::from));
    }
    Some(all)
}
