//! The controller: topics, configs and producer id blocks as a replicated state machine (design D8).
//!
//! Pure: no disk, socket, clock or entropy. [`State::decide`] looks at a [`Command`] and gives the [`Record`]s that carry it
//! out, with the [`Outcome`] to answer once they are committed; [`State::apply`] is the only way the state changes. The
//! rules of each command stand in its own file.

pub mod calls;
pub mod command;
mod decide;
pub mod driver;
pub mod features;
pub mod outcome;
pub mod record;
mod state;

pub use command::{
    Command, ConfigChange, ConfigOp, ConfigReplacement, FeatureDirection, FeatureUpdate,
    MorePartitions, NewTopic, QuotaChange, TopicRef,
};
pub use decide::check_topic_name;
pub use outcome::{Created, CreatedTopic, Deleted, Outcome, ProducerIds, Refusal};
pub use record::{BadRecord, Record};
pub use state::State;
