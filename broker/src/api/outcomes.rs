//! From the controller's outcomes to codes and texts.

use std::borrow::Cow;

use ottla_protocol::error_code::ErrorCode;

use crate::controller::{Outcome, Refusal};

/// The refusal of a whole command. An outcome of another command is a defect of ours.
pub fn refusal(outcome: Outcome) -> Refusal {
    match outcome {
        Outcome::Refused(refusal) => refusal,
        other => Refusal::new(
            ErrorCode::UNKNOWN_SERVER_ERROR,
            format!("unexpected outcome {other:?} (a defect)"),
        ),
    }
}

/// One result for each of `count` items; a refusal of the whole is each item's.
pub fn items(outcome: Outcome, count: usize) -> Vec<Result<(), Refusal>> {
    match outcome {
        Outcome::Items(items) => items,
        other => vec![Err(refusal(other)); count],
    }
}

/// The code for an answer of another kind than what was asked: a defect of ours.
pub fn unexpected(of: &str, answer: &dyn std::fmt::Debug) -> ErrorCode {
    tracing::error!("the {of} answered something else: {answer:?} (a defect)");
    ErrorCode::UNKNOWN_SERVER_ERROR
}

/// The code as clients of this version know it: before `since` they did not know 90, and take 47 for it.
pub fn fenced_since(since: i16, version: i16, code: ErrorCode) -> ErrorCode {
    match code {
        ErrorCode::PRODUCER_FENCED if version < since => ErrorCode::INVALID_PRODUCER_EPOCH,
        code => code,
    }
}

/// As responses say it: no text for success.
pub fn code_and_text(result: Result<(), Refusal>) -> (ErrorCode, Option<Cow<'static, str>>) {
    match result {
        Ok(()) => (ErrorCode::NONE, None),
        Err(refusal) => (refusal.code, Some(refusal.message.into())),
    }
}
