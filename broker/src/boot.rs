//! Starting and stopping a broker: a list of stages, each owning its parts.

pub mod options;

pub use options::StartOptions;

/// Why a broker did not start, or stopped by itself.
#[derive(Debug)]
pub enum StartError {
    /// The stages are not joined yet.
    Unbuilt,
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the broker is not joined into this binary yet")
    }
}

impl std::error::Error for StartError {}

/// Runs a broker until it is told to stop.
pub fn start(_options: StartOptions) -> Result<(), StartError> {
    Err(StartError::Unbuilt)
}
