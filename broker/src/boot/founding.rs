//! What shard 0 does before any other: settings, the data folder, and journals laid out for as many shards as there are.

use std::sync::Arc;

use ottla_protocol::ids::NodeId;
use ottla_runtime::fs;
use ottla_storage::Frame;
use ottla_storage::journal::{self, Journal, Recovered};
use ottla_storage::mutants::{Mutant, planted};

use super::StartError;
use super::identity::DataFolder;
use super::plan::{self, Plan};
use super::room::Room;
use crate::api::Endpoint;
use crate::config::{self, BrokerConfig, Settings, Values};
use crate::shard::placement;

/// Settings files are small; more than this is some other file.
const MAX_CONFIG: usize = 1 << 20;

/// What every shard needs to know to begin.
#[derive(Clone, Debug)]
pub struct Founded {
    /// This node.
    pub node: NodeId,
    /// The cluster.
    pub cluster_id: String,
    /// Which journal set is valid.
    pub generation: u64,
    /// Has the node served before? Then nothing of its journal may be missing.
    pub established: bool,
    /// What clients are told; `None`: the address listened on.
    pub advertise: Option<Endpoint>,
    /// Settings from the file and the command line.
    pub fixed: Arc<Values>,
}

/// Reads the settings, takes the data folder, and lays out its journals.
pub async fn found(plan: &Plan) -> Result<(Founded, DataFolder), StartError> {
    let (given, advertise) = settings(plan).await?;
    let fixed =
        Arc::new(config::given::check(given).map_err(|e| StartError::Setting(e.to_string()))?);
    let settings = Settings {
        fixed: fixed.clone(),
        ..Settings::default()
    };
    let node = NodeId(
        BrokerConfig::new(settings)
            .settings
            .number("node.id")
            .unwrap_or(1) as i32,
    );
    let refused = |e| StartError::Folder(Arc::new(e));
    let mut folder = DataFolder::open(&plan.data, node.0, plan.shards)
        .await
        .map_err(refused)?;
    if folder.identity().shards != plan.shards {
        lay_out(&mut folder, plan).await?;
    }
    remove_old_journals(&folder).await;
    let identity = folder.identity();
    let founded = Founded {
        node,
        cluster_id: identity.cluster_id.clone(),
        generation: identity.generation,
        established: identity.established,
        advertise,
        fixed,
    };
    Ok((founded, folder))
}

/// Settings that are not read, as there is a flag for each.
const FLAGS: &[(&str, &str)] = &[
    ("listeners", "--listen HOST:PORT"),
    ("log.dirs", "--data-dir FOLDER"),
    ("log.dir", "--data-dir FOLDER"),
];

/// What the settings file says, under what the command line says, and what follows from the flags: tools read these. Besides,
/// what clients are told to connect to, if anybody said so.
async fn settings(plan: &Plan) -> Result<(Values, Option<Endpoint>), StartError> {
    let mut given = Values::new();
    if let Some(path) = &plan.config {
        let unreadable =
            |why: String| StartError::Setting(format!("--config {}: {why}", path.display()));
        let bytes = fs::read_file(path, MAX_CONFIG)
            .await
            .map_err(|e| unreadable(e.to_string()))?;
        let text =
            std::str::from_utf8(&bytes).map_err(|_| unreadable("it is not UTF-8 text".into()))?;
        given.extend(config::given::from_toml(text).map_err(|e| unreadable(e.to_string()))?);
    }
    given.extend(plan.set.iter().cloned());
    if let Some((key, flag)) = FLAGS.iter().find(|(key, _)| given.contains_key(*key)) {
        let what =
            format!("{key} is not read from settings: leave it out and say `ottla start {flag}`");
        return Err(StartError::Setting(what));
    }
    let advertise = match (&plan.advertise, given.get("advertised.listeners")) {
        (None, Some(said)) => Some(advertised(said)?),
        (flag, _) => flag.clone(),
    };
    let told = advertise
        .as_ref()
        .map_or_else(|| plan.listen.clone(), ToString::to_string);
    let node = given.get("node.id").or(given.get("broker.id"));
    let node = node.map_or("1", String::as_str).to_owned();
    given.extend([
        ("node.id".to_owned(), node.clone()),
        ("broker.id".to_owned(), node),
        ("process.roles".to_owned(), "broker,controller".to_owned()),
        (
            "listeners".to_owned(),
            format!("PLAINTEXT://{}", plan.listen),
        ),
        (
            "advertised.listeners".to_owned(),
            format!("PLAINTEXT://{told}"),
        ),
        ("log.dirs".to_owned(), plan.data.display().to_string()),
    ]);
    Ok((given, advertise))
}

/// The one address of `advertised.listeners`.
fn advertised(said: &str) -> Result<Endpoint, StartError> {
    let address = said.trim().strip_prefix("PLAINTEXT://");
    let parsed = address.ok_or_else(|| format!("{said:?} is not PLAINTEXT://HOST:PORT"));
    let parsed = parsed.and_then(plan::parse_endpoint);
    parsed.map_err(|why| StartError::Setting(format!("advertised.listeners: {why}")))
}

/// Makes a new journal set for another number of shards. The old one stays valid until the identity says otherwise, so
/// a crash on the way changes nothing.
async fn lay_out(folder: &mut DataFolder, plan: &Plan) -> Result<(), StartError> {
    let shards = plan.shards;
    let room = Room::measure(folder.path(), shards, plan.journal).await;
    let old = folder.identity().clone();
    let generation = old.generation + 1;
    let damaged = |e: journal::OpenError| StartError::Storage(e.to_string());
    // What an interrupted try left behind.
    for shard in 0..shards {
        remove(&folder.journal(generation, shard)).await?;
    }
    let mut recovered = Recovered::new();
    for shard in 0..old.shards {
        let path = folder.journal(old.generation, shard);
        if old.established {
            refuse_missing(&path).await?;
        }
        let (_, found) = Journal::open(path, room.journal()).await.map_err(damaged)?;
        recovered.extend(found);
    }
    for shard in 0..shards {
        let path = folder.journal(generation, shard);
        let (journal, _) = Journal::open(path, room.journal()).await.map_err(damaged)?;
        for (id, found) in recovered
            .iter()
            .filter(|(id, _)| placement::owner(**id, shards).0 == shard)
        {
            let mut frames = Vec::new();
            frames.extend(
                found
                    .checkpoint
                    .clone()
                    .map(|checkpoint| Frame::Checkpoint {
                        id: *id,
                        checkpoint,
                    }),
            );
            frames.push(Frame::HardState {
                id: *id,
                hard: found.hard,
            });
            frames.extend(
                found
                    .entries
                    .iter()
                    .filter(|_| !planted(Mutant::ReshardForgets))
                    .cloned()
                    .map(|entry| Frame::Entry { id: *id, entry }),
            );
            journal
                .append(frames)
                .await
                .map_err(|e| StartError::Storage(e.to_string()))?;
        }
        journal.settle().await;
    }
    folder
        .switch(shards, generation)
        .await
        .map_err(|e| StartError::Folder(Arc::new(e)))
}

/// A journal that was there once and is gone: damage, not a new node. Going on would take its partitions for empty.
pub async fn refuse_missing(journal: &std::path::Path) -> Result<(), StartError> {
    let files = fs::list(journal).await.unwrap_or_default();
    if files.iter().any(|f| f.name.ends_with(".journal")) {
        return Ok(());
    }
    Err(StartError::Storage(format!(
        "{} holds no journal, but this node has served before: acknowledged records would be lost; nothing was changed: \
         restore the folder from a backup, or move the data folder away to start empty",
        journal.display()
    )))
}

async fn remove(path: &std::path::Path) -> Result<(), StartError> {
    let failed = |e: std::io::Error| StartError::Storage(format!("{}: {e}", path.display()));
    if fs::exists(path).await.map_err(failed)? {
        fs::remove_dir_all(path).await.map_err(failed)?;
    }
    Ok(())
}

/// Journal sets that the identity does not name. They are of no use to anybody; a failure costs disk space only.
async fn remove_old_journals(folder: &DataFolder) {
    let sets = folder.journal_sets();
    let Ok(found) = fs::list(&sets).await else {
        return;
    };
    for entry in found {
        if entry.name != folder.identity().generation.to_string()
            && let Err(error) = fs::remove_dir_all(sets.join(&entry.name)).await
        {
            tracing::warn!("an old journal set was not removed: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // `--set advertised.listeners=...` was taken without a word, and clients were told the address listened on.
    #[test]
    fn what_clients_are_told_is_one_plain_address() {
        let told = |said: &str| {
            advertised(said)
                .map(|at| at.to_string())
                .map_err(|e| e.to_string())
        };
        assert_eq!(
            told("PLAINTEXT://log.example.org:19092"),
            Ok("log.example.org:19092".to_owned())
        );
        for bad in [
            "log:1",
            "PLAINTEXT://log",
            "PLAINTEXT://a:1,PLAINTEXT://b:2",
            "SSL://a:1",
            "",
        ] {
            let why = told(bad).expect_err(bad);
            assert!(why.contains("advertised.listeners"), "{why}");
        }
    }
}
