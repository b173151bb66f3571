//! From a partition's log into the hands of a member.

use bytes::Bytes;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::record;
use ottla_runtime::time;
use ottla_storage::log::AbortedTxn;

use super::calls::{Fetch, Fetched};
use super::flight::{Acquired, Holder, Wanted};
use super::partition::SharePartition;
use crate::partition::calls::{self, FetchPart};

/// Reads that may give nothing for a member, as of aborted transactions, before others have their turn.
const READS: usize = 16;

/// Hands records out, at most so many and so many bytes; nothing if there is nothing.
pub async fn hand_out(
    share: &SharePartition,
    fetch: &Fetch,
    records: i64,
    bytes: usize,
) -> Fetched {
    for _ in 0..READS {
        let settings = share.settings();
        let from = {
            let mut flight = share.flight.borrow_mut();
            flight.begin_at(share.partition.log().start_offset());
            if !flight.has_room(settings.max_in_flight) {
                return Fetched::default();
            }
            flight.next()
        };
        let part = FetchPart {
            id: share.key.partition,
            offset: from,
            max_bytes: bytes,
            current_leader_epoch: -1,
            last_fetched_epoch: -1,
        };
        let committed_only = settings.committed_only;
        let read = share
            .partition
            .fetch(part, bytes, true, committed_only)
            .await;
        match read.error {
            ErrorCode::NONE => {}
            // Records were deleted meanwhile.
            ErrorCode::OFFSET_OUT_OF_RANGE if from < share.partition.log().start_offset() => {
                continue;
            }
            error => return Fetched::refused(error),
        }
        let (batches, aborted) = match survey(&read) {
            Ok(found) => found,
            Err(error) => return Fetched::refused(error),
        };
        if batches.is_empty() {
            return Fetched::default();
        }
        let wanted = Wanted {
            holder: Holder {
                member: (&*fetch.member).into(),
                session: fetch.session,
                until: time::now() + settings.lock,
            },
            from,
            max_records: records,
            batch_size: fetch.batch_size,
            strict: fetch.strict,
            max_deliveries: settings.max_deliveries,
            max_in_flight: settings.max_in_flight,
        };
        let acquired = share
            .flight
            .borrow_mut()
            .acquire(&wanted, &batches, &aborted);
        if !acquired.is_empty() {
            return Fetched {
                error: ErrorCode::NONE,
                records: within(&read.records, &acquired),
                acquired,
            };
        }
    }
    Fetched::default()
}

type Ranges = Vec<(i64, i64)>;

/// The batches that were read, each with its first and last offset; and those of aborted transactions.
fn survey(read: &calls::Fetched) -> Result<(Ranges, Ranges), ErrorCode> {
    let nothing = Vec::new();
    let txns = read.aborted.as_ref().unwrap_or(&nothing);
    let (mut batches, mut aborted) = (Vec::new(), Vec::new());
    for part in &read.records {
        for batch in record::batches(part) {
            let header = batch.map_err(|_| ErrorCode::CORRUPT_MESSAGE)?.header;
            let range = (header.base_offset, header.last_offset());
            let is_data = header.attributes.is_transactional() && !header.attributes.is_control();
            let is_of = |txn: &AbortedTxn| {
                txn.producer_id == header.producer_id
                    && (txn.first_offset..=txn.last_offset).contains(&header.base_offset)
            };
            if is_data && txns.iter().any(is_of) {
                aborted.push(range);
            }
            batches.push(range);
        }
    }
    Ok((batches, aborted))
}

/// The batches that something acquired lies in, and those between.
fn within(parts: &[Bytes], acquired: &[Acquired]) -> Vec<Bytes> {
    let (Some(first), Some(last)) = (acquired.first(), acquired.last()) else {
        return Vec::new();
    };
    let mut kept = Vec::with_capacity(parts.len());
    for part in parts {
        let (mut at, mut from, mut to) = (0, None, 0);
        for batch in record::batches(part).map_while(Result::ok) {
            let end = at + batch.bytes().len();
            let header = &batch.header;
            if header.last_offset() >= first.first && header.base_offset <= last.last {
                from.get_or_insert(at);
                to = end;
            }
            at = end;
        }
        if let Some(from) = from {
            kept.push(part.slice(from..to));
        }
    }
    kept
}
