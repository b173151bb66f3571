//! What can go wrong with a disk's content. Every error names the file, the place in it, and the next step.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::format::FormatError;

/// Bytes that were durable are missing or are not what was written. Never repaired by cutting; never taken for
/// "there is nothing".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrupt {
    /// The file (or the folder, when a whole file is missing).
    pub file: PathBuf,
    /// Position in the file.
    pub at: u64,
    /// What is wrong there.
    pub what: String,
}

impl Corrupt {
    pub(crate) fn new(file: impl AsRef<Path>, at: u64, what: impl fmt::Display) -> Corrupt {
        Corrupt {
            file: file.as_ref().to_owned(),
            at,
            what: what.to_string(),
        }
    }
}

impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is damaged at byte {}: {}. Nothing was cut or changed. Check the disk; restore the file from a copy, \
             or, where other replicas have the data, wipe this node's data folder and let it join as a new node",
            self.file.display(),
            self.at,
            self.what
        )
    }
}

impl std::error::Error for Corrupt {}

/// Why a journal or a log cannot be opened, read or changed.
#[derive(Debug)]
pub enum StorageError {
    /// The operating system or the disk refused; the inner error names file and operation.
    Io(std::io::Error),
    /// Durable data is damaged or missing.
    Corrupt(Corrupt),
    /// The file was written by a newer build.
    Newer {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: u16,
        /// The newest version that this build reads.
        known: u16,
    },
    /// The file is not ours, or belongs to another journal or partition.
    Foreign {
        /// The file or folder.
        file: PathBuf,
        /// What it is instead.
        what: String,
    },
    /// The caller broke a rule of the interface; nothing was changed.
    Misuse(String),
}

impl StorageError {
    pub(crate) fn corrupt(
        file: impl AsRef<Path>,
        at: u64,
        what: impl fmt::Display,
    ) -> StorageError {
        StorageError::Corrupt(Corrupt::new(file, at, what))
    }

    /// What a structure that had to be there turned out to be.
    pub(crate) fn format(file: impl AsRef<Path>, at: u64, error: &FormatError) -> StorageError {
        let file = file.as_ref().to_owned();
        match *error {
            FormatError::Newer { found, known } => StorageError::Newer { file, found, known },
            FormatError::Magic { .. } if at == 0 => StorageError::Foreign {
                file,
                what: error.to_string(),
            },
            _ => StorageError::corrupt(file, at, error),
        }
    }
}

impl From<std::io::Error> for StorageError {
    fn from(error: std::io::Error) -> StorageError {
        StorageError::Io(error)
    }
}

impl From<Corrupt> for StorageError {
    fn from(corrupt: Corrupt) -> StorageError {
        StorageError::Corrupt(corrupt)
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StorageError::Io(error) => write!(
                f,
                "the disk failed: {error}. See the system log for the device"
            ),
            StorageError::Corrupt(corrupt) => corrupt.fmt(f),
            StorageError::Newer { file, found, known } => write!(
                f,
                "{} has format version {found}, newer than {known}, the newest that this build reads. \
                 Start the newer build that wrote it",
                file.display()
            ),
            StorageError::Foreign { file, what } => write!(
                f,
                "{} does not belong here: {what}. Nothing was changed. Move it away, or point the data folder \
                 at the right place",
                file.display()
            ),
            StorageError::Misuse(what) => write!(f, "bug in the broker: {what}. Please report it"),
        }
    }
}

impl std::error::Error for StorageError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StorageError::Io(error) => Some(error),
            StorageError::Corrupt(corrupt) => Some(corrupt),
            _ => None,
        }
    }
}
