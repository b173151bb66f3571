//! `ottla dump`: reads one file of a data folder and says what is in it. It opens read-only and takes no lock, so it works
//! beside a running broker; what is being written meanwhile may look torn.
//!
//! Knows the formats from `ottla_storage::format` and the record batches; how things are shown is the command line's.

mod compacted;
mod index;
mod journal;
mod segment;

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use ottla_admin_cli::CliError;
use ottla_admin_cli::commands::file::dump::{Item, Printer};
use ottla_admin_cli::commands::on_shard;
use ottla_protocol::ids::PartitionId;
use ottla_runtime::fs::{File, OpenOptions};

/// Read in one go.
const WINDOW: usize = 1 << 20;

/// Where items go; it fails when stdout does.
type Emit<'e> = dyn FnMut(Item) -> Result<(), CliError> + 'e;

/// Prints what is in `file`.
///
/// # Errors
/// When the file cannot be read, is none of ours, or is damaged: then everything before the damage has been printed.
pub fn run(file: PathBuf, records: bool, printer: Printer) -> Result<(), CliError> {
    on_shard(
        (file, records, printer),
        |(file, records, mut printer)| async move {
            read(&file, records, &mut |item| printer.item(&item)).await
        },
    )
}

async fn read(path: &Path, records: bool, emit: &mut Emit<'_>) -> Result<(), CliError> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("journal") => journal::read(Source::open(path).await?, emit).await,
        Some("log" | "cleaned") => segment::read(Source::open(path).await?, records, emit).await,
        Some("index") => index::read(Source::open(path).await?, path, emit).await,
        None if path.ends_with(compacted::NAME) => {
            compacted::read(Source::open(path).await?, path, emit).await
        }
        _ => Err(CliError::usage(format!(
            "{}: not the name of a file that can be shown",
            path.display()
        ))
        .next(
            "name a NUMBER.journal, OFFSET.log, OFFSET.index or compacted file of a data folder",
        )),
    }
}

/// The partition to which the file of this path belongs, from `.../<partition>-<topic id>/<file>`. A topic id may contain a
/// `-`.
fn partition_of(path: &Path) -> Option<PartitionId> {
    let folder = std::path::absolute(path).ok()?;
    let (partition, topic) = folder.parent()?.file_name()?.to_str()?.split_once('-')?;
    Some(PartitionId {
        topic: topic.parse().ok()?,
        partition: partition.parse().ok()?,
    })
}

/// A file that is read from its front to its end in windows.
struct Source {
    name: String,
    file: File,
    size: u64,
    window: RefCell<(u64, Bytes)>,
}

impl Source {
    async fn open(path: &Path) -> Result<Source, CliError> {
        let name = path.display().to_string();
        let failed = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                CliError::refused(format!("{name}: there is no such file"))
            }
            _ => CliError::refused(format!("{name}: {error}")),
        };
        let file = File::open(path, &OpenOptions::read_only())
            .await
            .map_err(failed)?;
        let size = file.len().await.map_err(failed)?;
        Ok(Source {
            name,
            file,
            size,
            window: RefCell::new((0, Bytes::new())),
        })
    }

    /// `len` bytes at `at`; fewer only at the end of the file.
    async fn read(&self, at: u64, len: usize) -> Result<Bytes, CliError> {
        let (start, window) = self.window.borrow().clone();
        let have = start + window.len() as u64;
        let whole = at >= start && (at + len as u64 <= have || have == self.size && at <= have);
        let (start, window) = if whole && !window.is_empty() {
            (start, window)
        } else {
            // Never more than the file has, whatever a header claims.
            let left = usize::try_from(self.size.saturating_sub(at)).unwrap_or(usize::MAX);
            let fresh = self.file.read_at(at, len.max(WINDOW).min(left)).await;
            let fresh = fresh.map_err(|error| self.broken(at, &error.to_string()))?;
            *self.window.borrow_mut() = (at, fresh.clone());
            (at, fresh)
        };
        let from = usize::try_from(at - start)
            .unwrap_or(usize::MAX)
            .min(window.len());
        Ok(window.slice(from..window.len().min(from.saturating_add(len))))
    }

    /// An error that names the place.
    fn broken(&self, at: u64, why: &str) -> CliError {
        CliError::refused(format!("{}, byte {at}: {why}", self.name))
    }
}
