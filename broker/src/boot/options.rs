//! What the command line asks of a broker, before any file is read: as typed, with absent meaning "not said".
//!
//! The order of authority when the same thing is said twice: a flag here, then `--set`, then `--config`, then the default.

use std::path::PathBuf;

/// The flags of `ottla start`.
#[derive(Debug, Clone)]
pub struct StartOptions {
    /// Folder of everything this node keeps; created when missing.
    pub data_dir: PathBuf,
    /// `HOST:PORT` that Kafka clients connect to; port 0 lets the system choose.
    pub listen: String,
    /// `HOST:PORT` that clients are told to use; absent means the address of `listen`.
    pub advertise: Option<String>,
    /// `HOST:PORT` of metrics, `/live` and `/ready`; absent means no admin listener.
    pub admin_listen: Option<String>,
    /// A count (`4`) or a list of cores (`0,2,4-7`), checked for form only; absent means every core.
    pub cores: Option<String>,
    /// Memory for the whole process (`512M`, `4G`), checked for form only; absent means a share of what the machine has.
    pub memory: Option<String>,
    /// A TOML file of settings under Kafka's names.
    pub config: Option<PathBuf>,
    /// `--set KEY=VALUE`, in the order typed; the last of a key wins.
    pub set: Vec<(String, String)>,
    /// Called with what the levels of this broker's loggers add to the log's filter, whenever it changes: `ottla_raft=debug,warn`.
    pub set_log: fn(&str),
}
