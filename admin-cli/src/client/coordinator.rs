//! Requests to the node that coordinates a group or a transactional id: found once, remembered, looked for again when
//! the charge has moved; and requests to every node, where each knows a part of the answer.

use std::fmt;
use std::time::Duration;

use ottla_protocol::api::Request;
use ottla_protocol::error_code::ErrorCode;
use ottla_protocol::messages::find_coordinator::FindCoordinatorRequest;
use ottla_runtime::time;

use super::Client;
use super::connection::Answer;
use super::error::ClientError;
use crate::args::values::Address;

/// The first and the longest pause before a coordinator that is not ready is asked again.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// What a coordinator is in charge of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Charge {
    /// A group of any type, by its id.
    Group(String),
    /// A transactional id.
    Transaction(String),
}

impl Charge {
    fn name(&self) -> &str {
        match self {
            Charge::Group(name) | Charge::Transaction(name) => name,
        }
    }

    /// Its number in FindCoordinator.
    fn key_type(&self) -> i8 {
        match self {
            Charge::Group(_) => 0,
            Charge::Transaction(_) => 1,
        }
    }
}

impl fmt::Display for Charge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Charge::Group(name) => write!(f, "group {name:?}"),
            Charge::Transaction(name) => write!(f, "transactional id {name:?}"),
        }
    }
}

/// How a coordinator is asked.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Newest version of the request that may be used.
    pub newest: i16,
    /// How long the broker may hold the request before it answers.
    pub hold: Duration,
}

impl Default for Terms {
    fn default() -> Terms {
        Terms {
            newest: i16::MAX,
            hold: Duration::ZERO,
        }
    }
}

/// Pauses that double up to a limit.
struct Backoff(Duration);

impl Backoff {
    fn new() -> Backoff {
        Backoff(PAUSE_MIN)
    }

    async fn pause(&mut self) {
        time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(PAUSE_MAX);
    }
}

/// What to do about a coordinator's error.
#[derive(Debug, PartialEq, Eq)]
enum Reaction {
    /// Ask the same node again: it loads, or an open transaction must end first.
    Wait,
    /// Another node is in charge by now, or will be.
    LookAgain,
    GiveUp,
}

fn reaction(error: &ClientError) -> Reaction {
    match error.code() {
        Some(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS | ErrorCode::UNSTABLE_OFFSET_COMMIT) => {
            Reaction::Wait
        }
        Some(ErrorCode::COORDINATOR_NOT_AVAILABLE | ErrorCode::NOT_COORDINATOR) => {
            Reaction::LookAgain
        }
        None if error.is_passing() => Reaction::LookAgain,
        _ => Reaction::GiveUp,
    }
}

impl Client {
    /// Asks the coordinator of `charge`: `make` shapes the request for a version, `read` takes the answer apart and gives
    /// the errors in it. While the coordinator loads, moves or is away it is asked again, up to the timeout: the request
    /// must be one that does no harm when it is done twice.
    pub async fn ask_coordinator<Q: Request, T>(
        &mut self,
        charge: &Charge,
        terms: Terms,
        make: impl Fn(i16) -> Q,
        mut read: impl FnMut(&Answer<Q>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let deadline = time::now() + self.timeout() + terms.hold;
        let mut backoff = Backoff::new();
        loop {
            let node = self.coordinator(charge).await?;
            let error = match self.ask_node(node, terms, &make, &mut read).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            match reaction(&error) {
                Reaction::GiveUp => return Err(error),
                Reaction::LookAgain => drop(self.coordinators.remove(charge)),
                Reaction::Wait => {}
            }
            if time::now() >= deadline {
                return Err(error);
            }
            backoff.pause().await;
        }
    }

    /// Asks every node that is up. One that cannot tell yet is asked again, up to the timeout.
    pub async fn ask_all<Q: Request, T>(
        &mut self,
        request: &Q,
        mut read: impl FnMut(i32, &Answer<Q>) -> Result<T, ClientError>,
    ) -> Result<Vec<T>, ClientError> {
        let nodes = self.metadata(Some(&[]), false).await?.brokers;
        let deadline = time::now() + self.timeout();
        let mut values = Vec::new();
        for node in nodes.into_keys() {
            let mut backoff = Backoff::new();
            loop {
                let answer = self.node(node).await?.call(request).await?;
                match read(node, &answer) {
                    Ok(value) => {
                        values.push(value);
                        break;
                    }
                    Err(error) if !error.is_passing() || time::now() >= deadline => {
                        return Err(error);
                    }
                    Err(_) => backoff.pause().await,
                }
            }
        }
        Ok(values)
    }

    async fn ask_node<Q: Request, T>(
        &mut self,
        node: i32,
        terms: Terms,
        make: &impl Fn(i16) -> Q,
        read: &mut impl FnMut(&Answer<Q>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let connection = self.node(node).await?;
        let version = connection.version_up_to::<Q>(terms.newest)?;
        let request = make(version);
        let pending = connection.start_in(&request, version, terms.hold).await?;
        read(&pending.answer().await?)
    }

    /// The node in charge, waiting for one up to the timeout.
    ///
    /// # Errors
    /// The broker's code when there is none; that nobody is reachable is told at once.
    pub async fn coordinator(&mut self, charge: &Charge) -> Result<i32, ClientError> {
        if let Some(&node) = self.coordinators.get(charge) {
            return Ok(node);
        }
        let deadline = time::now() + self.timeout();
        let mut backoff = Backoff::new();
        loop {
            match self.find_coordinator(charge).await {
                Ok((node, address)) => {
                    self.known.insert(node, address);
                    self.coordinators.insert(charge.clone(), node);
                    return Ok(node);
                }
                Err(error)
                    if error.code().is_some() && error.is_passing() && time::now() < deadline =>
                {
                    backoff.pause().await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn find_coordinator(&mut self, charge: &Charge) -> Result<(i32, Address), ClientError> {
        let mut request = FindCoordinatorRequest {
            key_type: charge.key_type(),
            ..Default::default()
        };
        // Version 4 moved the key into a list.
        if self.any().await?.version::<FindCoordinatorRequest<'_>>()? >= 4 {
            request.coordinator_keys = vec![charge.name().to_owned().into()];
        } else {
            request.key = charge.name().to_owned().into();
        }
        let answer = self.call(&request).await?;
        let body = answer.body()?;
        let (code, message, node, host, port) = match body.coordinators.first() {
            Some(found) => (
                found.error_code,
                &found.error_message,
                found.node_id,
                &found.host,
                found.port,
            ),
            None => (
                body.error_code,
                &body.error_message,
                body.node_id,
                &body.host,
                body.port,
            ),
        };
        if code.is_error() {
            let what = format!("the coordinator of {charge}");
            return Err(ClientError::refused(what, code, message.as_deref()));
        }
        let address = Address {
            host: host.to_string(),
            port: u16::try_from(port).unwrap_or(0),
        };
        Ok((node, address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_coordinators_error_means() {
        let refused = |code| reaction(&ClientError::refused("x", code, None));
        for (code, expected) in [
            (ErrorCode::COORDINATOR_LOAD_IN_PROGRESS, Reaction::Wait),
            (ErrorCode::UNSTABLE_OFFSET_COMMIT, Reaction::Wait),
            (ErrorCode::NOT_COORDINATOR, Reaction::LookAgain),
            (ErrorCode::COORDINATOR_NOT_AVAILABLE, Reaction::LookAgain),
            (ErrorCode::NON_EMPTY_GROUP, Reaction::GiveUp),
            // Retriable, but not by asking the same thing of a coordinator: its caller knows what to do.
            (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, Reaction::GiveUp),
        ] {
            assert_eq!(refused(code), expected, "{code}");
        }
        let lost = ClientError::Lost {
            address: "h:1".to_owned(),
            why: "closed".to_owned(),
        };
        assert_eq!(reaction(&lost), Reaction::LookAgain);
    }
}
