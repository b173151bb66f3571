//! Why a connection is closed where Kafka's protocol has no answer.

use std::fmt;

use ottla_protocol::wire::{DecodeError, EncodeError};

use super::RequestMeta;

/// Closes the connection that asked, and no other, with one log line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    why: String,
    fault: Fault,
}

/// Who is at fault, which decides how loud the log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// What the client sent.
    Client,
    /// This broker: a defect to report.
    Us,
    /// Nobody: the broker stops.
    Nobody,
}

impl Close {
    /// Because of what the client sent; `why` completes the sentence "closing the connection of ...: ".
    pub fn new(why: impl Into<String>) -> Close {
        Close {
            why: why.into(),
            fault: Fault::Client,
        }
    }

    /// Because of a defect of ours.
    pub fn internal(why: impl Into<String>) -> Close {
        Close {
            why: why.into(),
            fault: Fault::Us,
        }
    }

    /// Because the broker stops.
    pub fn stopping() -> Close {
        Close {
            why: "the broker is stopping".into(),
            fault: Fault::Nobody,
        }
    }

    /// The body is not what the schema says.
    pub fn bad_body(meta: &RequestMeta, error: DecodeError) -> Close {
        Close::new(format!("the body of its {meta} does not parse: {error}"))
    }

    /// An answer of ours cannot be said in the version asked for.
    pub fn unsayable(meta: &RequestMeta, error: EncodeError) -> Close {
        Close::internal(format!(
            "the answer to its {meta} cannot be encoded (a defect of the broker): {error}"
        ))
    }

    /// Who is at fault.
    pub fn fault(&self) -> Fault {
        self.fault
    }
}

impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}
