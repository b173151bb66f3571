//! Starting and stopping a broker: a list of stages, each owning its parts.
//!
//! | stage | where | what |
//! |---|---|---|
//! | plan | the main thread | addresses, cores, memory: from flags alone |
//! | found | shard 0 | settings file, lock, identity, journals laid out for this number of shards |
//! | recover | each shard | journal replayed |
//! | control | shard 0 | the controller's partition, its state, the first image: every shard opens its partitions |
//! | serve | each shard | listeners |
//!
//! A stage that fails ends the start with an error that says what to do; nothing was served yet.

mod founding;
pub mod identity;
mod lead;
mod node;
pub mod options;
mod plan;
mod readings;
mod room;

pub use options::StartOptions;
pub use plan::{Memory, Plan};
pub use room::JournalFiles;

use std::fmt;
use std::sync::Arc;

use ottla_runtime::shards;

use self::identity::Refused;

/// Why a broker did not start, or stopped by itself. Each says what is wrong, where, and the next step.
#[derive(Clone, Debug)]
pub enum StartError {
    /// A flag's value.
    Option {
        /// The flag.
        flag: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A setting.
    Setting(String),
    /// The data folder.
    Folder(Arc<Refused>),
    /// The executors: io_uring, locked memory, cores.
    Runtime(String),
    /// An address cannot be listened on.
    Listen {
        /// The address.
        address: String,
        /// What the system said.
        why: String,
    },
    /// What is on the disk cannot be used.
    Storage(String),
    /// It ran, and had to stop.
    Stopped(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option { flag, why } => write!(f, "{flag}: {why}"),
            Self::Setting(why) | Self::Runtime(why) | Self::Storage(why) | Self::Stopped(why) => {
                f.write_str(why)
            }
            Self::Folder(refused) => write!(f, "{refused}"),
            Self::Listen { address, why } => write!(
                f,
                "cannot listen on {address}: {why}; is another broker running there? Stop it, or choose another address"
            ),
        }
    }
}

impl std::error::Error for StartError {}

/// One broker, from its start to its end: what its shards share, and what each of them runs.
#[derive(Clone)]
pub struct Broker {
    plan: Arc<Plan>,
    meshes: node::Meshes,
}

impl Broker {
    /// A broker that is not started yet.
    pub fn new(plan: Plan) -> Self {
        let meshes = node::Meshes::new(plan.shards);
        Self {
            plan: Arc::new(plan),
            meshes,
        }
    }

    /// Runs one shard until the broker is told to stop. Every shard of the plan must be run, each once.
    ///
    /// Errors: shard 0 says why the broker could not start; a shard also may for itself.
    pub async fn run(self, at: shards::Shard) -> Result<(), StartError> {
        node::run(at, self.plan, self.meshes).await
    }
}

/// Runs a broker on cores of its own until it is told to stop.
///
/// Errors: it could not start, or had to stop to keep its promises.
pub fn start(options: StartOptions) -> Result<(), StartError> {
    let plan = Plan::new(options)?;
    let config = shards::Config {
        cores: plan.cores.clone(),
        name: "ottla".into(),
        ..shards::Config::default()
    };
    let broker = Broker::new(plan);
    let results = shards::run(config, move |at| broker.clone().run(at));
    let results = results.map_err(|e| StartError::Runtime(e.to_string()))?;
    results
        .into_iter()
        .collect::<Result<Vec<()>, _>>()
        .map(drop)
}
