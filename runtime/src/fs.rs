//! Files and folders.
//!
//! Files are read and written at positions, past the page cache where the file system allows it
//! (O_DIRECT); [`File::is_direct`] tells. Nothing is durable before [`File::sync`] (or at completion of the
//! write in a `dsync` file), and no name is before [`sync_dir`] of its folder.

mod buf;
mod dir;
mod file;

pub use buf::Buf;
pub use dir::{
    DirEntry, LockFile, create_dir_all, exists, free_space, list, lock, read_file, remove_dir_all,
    remove_file, rename, sync_dir, write_atomic,
};
pub use file::{ALIGNMENT, File, OpenOptions, open_files_limit};
