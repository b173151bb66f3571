//! What can go wrong between us and a broker, by who is at fault.

use std::fmt;
use std::time::Duration;

use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::wire::{DecodeError, EncodeError};

use crate::args::values::Address;
use crate::exit::CliError;

/// A request that did not get a good answer. `address` is the broker as it was dialled, `asked` the request's name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // fields: said above, or by their types
pub enum ClientError {
    /// No connection could be made.
    Connect { address: String, why: String },
    /// The connection ended while an answer was awaited.
    Lost { address: String, why: String },
    /// No answer in time.
    Timeout {
        address: String,
        asked: &'static str,
        after: Duration,
    },
    /// The peer's bytes are not what the protocol says.
    Malformed {
        address: String,
        asked: &'static str,
        why: DecodeError,
    },
    /// The broker has no version of this request that we have.
    Unsupported {
        address: String,
        asked: &'static str,
    },
    /// The request cannot be written in the version that the broker has.
    Unwritable {
        asked: &'static str,
        why: EncodeError,
    },
    /// The broker's own error.
    Refused {
        what: String,
        code: ErrorCode,
        message: Option<String>,
    },
}

impl ClientError {
    /// A refusal of `what`, with the broker's message when it sent one.
    pub fn refused(what: impl Into<String>, code: ErrorCode, message: Option<&str>) -> ClientError {
        let message = message.filter(|text| !text.is_empty()).map(str::to_owned);
        ClientError::Refused {
            what: what.into(),
            code,
            message,
        }
    }

    /// The broker's error code, where it sent one.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            ClientError::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// True when asking again, perhaps another broker, may help.
    pub fn is_passing(&self) -> bool {
        match self {
            ClientError::Connect { .. }
            | ClientError::Lost { .. }
            | ClientError::Timeout { .. } => true,
            ClientError::Refused { code, .. } => code.retriable(),
            _ => false,
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientError::Connect { address, why } => write!(f, "no broker at {address}: {why}"),
            ClientError::Lost { address, why } => {
                write!(f, "the connection to {address} ended: {why}")
            }
            ClientError::Timeout {
                address,
                asked,
                after,
            } => {
                write!(f, "{address} did not answer {asked} within {after:?}")
            }
            ClientError::Malformed {
                address,
                asked,
                why,
            } => {
                write!(
                    f,
                    "the answer of {address} to {asked} makes no sense: {why}"
                )
            }
            ClientError::Unsupported { address, asked } => {
                write!(
                    f,
                    "the broker at {address} has no version of {asked} that this client has"
                )
            }
            ClientError::Unwritable { asked, why } => {
                write!(
                    f,
                    "{asked} cannot be said in the version that the broker has: {why}"
                )
            }
            ClientError::Refused {
                what,
                code,
                message,
            } => {
                let text = message.as_deref().unwrap_or_else(|| code.message());
                write!(f, "{what}: {text} ({} {})", code.name(), code.0)
            }
        }
    }
}

impl std::error::Error for ClientError {}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> CliError {
        let what = error.to_string();
        match error {
            ClientError::Connect { address, .. } => {
                CliError::unreachable(what).next(connect_hint(&address))
            }
            ClientError::Lost { .. } => {
                CliError::unreachable(what).next("look at the broker's log, then try again")
            }
            ClientError::Timeout { .. } => {
                CliError::unreachable(what).next("give it longer: --timeout 60s")
            }
            ClientError::Malformed { .. } => {
                CliError::refused(what).next("is a Kafka broker (without TLS) listening there?")
            }
            ClientError::Unsupported { .. } | ClientError::Unwritable { .. } => {
                CliError::refused(what)
                    .next("use a newer broker: Kafka 2.4 has most requests, 4.0 all; or Ottla")
            }
            ClientError::Refused { code, .. } => match refusal_hint(code) {
                Some(hint) => CliError::refused(what).next(hint),
                None => CliError::refused(what),
            },
        }
    }
}

fn connect_hint(address: &str) -> String {
    let local = address
        .parse()
        .is_ok_and(|a: Address| matches!(a.host.as_str(), "127.0.0.1" | "localhost" | "::1"));
    if local {
        "start one (ottla start), or name another: --broker HOST:PORT".to_owned()
    } else {
        "check the address and that the broker is up; name another with --broker HOST:PORT"
            .to_owned()
    }
}

/// The step after an error code, where the code alone tells it.
fn refusal_hint(code: ErrorCode) -> Option<&'static str> {
    Some(match code {
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION | ErrorCode::UNKNOWN_TOPIC_ID => {
            "ottla topic list shows the topics; ottla topic create NAME makes one"
        }
        ErrorCode::TOPIC_ALREADY_EXISTS => {
            "ottla topic describe NAME shows it; --if-not-exists accepts it"
        }
        ErrorCode::INVALID_REPLICATION_FACTOR => {
            "leave --replication-factor away, or start more brokers"
        }
        ErrorCode::INVALID_CONFIG => "ottla config explain lists the settings and their values",
        ErrorCode::MESSAGE_TOO_LARGE => {
            "raise the topic's limit: ottla topic alter NAME --config max.message.bytes=BYTES"
        }
        ErrorCode::NOT_ENOUGH_REPLICAS | ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND => {
            "ottla topic describe NAME shows which copies are in sync"
        }
        ErrorCode::GROUP_ID_NOT_FOUND => "ottla group list shows the groups",
        ErrorCode::NON_EMPTY_GROUP => {
            "stop its members first; ottla group describe NAME shows them"
        }
        ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC => {
            "stop the members that read the topic first; ottla group describe NAME shows them"
        }
        ErrorCode::INCONSISTENT_GROUP_PROTOCOL => {
            "its members assign partitions in another way (ottla group describe NAME): use another group"
        }
        ErrorCode::GROUP_MAX_SIZE_REACHED => "stop a member, or raise the broker's group.max.size",
        ErrorCode::OFFSET_OUT_OF_RANGE => {
            "ottla topic describe NAME shows the range; a group is moved by ottla group reset-offsets"
        }
        ErrorCode::TRANSACTIONAL_ID_NOT_FOUND => "ottla txn list shows the transactional ids",
        ErrorCode::COORDINATOR_NOT_AVAILABLE
        | ErrorCode::NOT_COORDINATOR
        | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS => {
            "give it longer: --timeout 60s; the broker's log says what keeps the coordinator"
        }
        _ => return None,
    })
}
