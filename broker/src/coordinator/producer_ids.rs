//! Producer ids. The controller hands them out in blocks, so that one request in a thousand waits for its commit.

use std::cell::RefCell;
use std::ops::Range;

use ottla_protocol::error_code::ErrorCode;
use ottla_runtime::shards::ShardId;
use ottla_storage::mutants::{Mutant, planted};

use super::host::Control;
use crate::controller::calls::{ControlAnswer, ControlCall};
use crate::controller::{Command, Outcome};

/// The producer ids that a shard may hand out.
pub struct ProducerIds {
    left: RefCell<Range<i64>>,
    control: Control,
}

impl ProducerIds {
    /// None yet.
    pub fn new(control: Control) -> Self {
        ProducerIds {
            left: RefCell::new(0..0),
            control,
        }
    }

    /// One that nobody else gets.
    ///
    /// # Errors
    /// The controller's code when it hands out no more; 15 when it cannot be asked.
    pub async fn next(&self) -> Result<i64, ErrorCode> {
        loop {
            if let Some(id) = self.left.borrow_mut().next() {
                return Ok(id);
            }
            let call = ControlCall::Command(Command::AllocateProducerIds);
            let block = match self.control.call(ShardId(0), call).await {
                Ok(ControlAnswer::Command(Outcome::ProducerIds(Ok(block)))) => block,
                Ok(ControlAnswer::Command(
                    Outcome::ProducerIds(Err(refusal)) | Outcome::Refused(refusal),
                )) => return Err(refusal.code),
                _ => return Err(ErrorCode::COORDINATOR_NOT_AVAILABLE),
            };
            let again = planted(Mutant::ProducerIdsAgain) && block.first > 0;
            let shift = if again { i64::from(block.count) } else { 0 };
            *self.left.borrow_mut() = block.first - shift..block.first + i64::from(block.count);
        }
    }
}
