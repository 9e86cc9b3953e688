//! The folders of files: 256 of them, named by the last byte of the ids, so that none has too many entries.

use std::fs::{DirBuilder, DirEntry, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tempfile::NamedTempFile;
use uuid::Uuid;

/// The folder of files that are still being written.
const UNFINISHED: &str = "unfinished";

/// Folders are private to their owner. The crate `tempfile` creates files with mode 0600.
const FOLDER_MODE: u32 = 0o700;

#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        let folder = Self { root: root.to_owned() };
        make_root(&folder.root)?;
        make(&folder.root.join(UNFINISHED))?;
        folder.begin().map(|_removed_at_once| folder)
    }

    /// Creates a temporary file. It is removed when it is dropped.
    pub(crate) fn begin(&self) -> io::Result<NamedTempFile> {
        NamedTempFile::new_in(self.root.join(UNFINISHED))
    }

    /// Gives a file its permanent name.
    pub(crate) fn finish(&self, file: NamedTempFile, key: Uuid) -> io::Result<()> {
        let part = self.part(last_byte(key));
        make(&part)?;
        file.persist_noclobber(self.path(key)).map_err(|error| error.error)?;
        // Syncs the directories too, so that a power failure does not lose the name or the folder.
        File::open(&part)?.sync_all()?;
        File::open(&self.root)?.sync_all()
    }

    pub(crate) fn path(&self, key: Uuid) -> PathBuf {
        self.part(last_byte(key)).join(key.simple().to_string())
    }

    pub(crate) fn remove(&self, key: Uuid) -> io::Result<()> {
        remove(&self.path(key))
    }

    pub(crate) fn written_before(&self, part: u8, before: SystemTime) -> io::Result<Vec<Uuid>> {
        let old = old(&self.part(part), before)?;
        // Files without an id as their name are not ours.
        let key = |entry: &DirEntry| entry.file_name().to_str()?.parse().ok();
        Ok(old.iter().filter_map(key).collect())
    }

    pub(crate) fn remove_unfinished(&self, before: SystemTime) -> io::Result<()> {
        old(&self.root.join(UNFINISHED), before)?.iter().try_for_each(|entry| remove(&entry.path()))
    }

    fn part(&self, part: u8) -> PathBuf {
        self.root.join(format!("{part:02x}"))
    }
}

fn last_byte(key: Uuid) -> u8 {
    let [.., last] = *key.as_bytes();
    last
}

/// Creates only the last part of the path, so that a wrong path does not create a tree of folders.
fn make_root(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(FOLDER_MODE).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound && !has_parent(path) => {
            Err(io::Error::new(ErrorKind::NotFound, "its parent folder is missing"))
        }
        made => made,
    }
}

fn has_parent(path: &Path) -> bool {
    std::path::absolute(path).is_ok_and(|path| path.parent().is_some_and(Path::is_dir))
}

fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path)
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Returns the entries that were written before a time. A missing folder has none.
fn old(path: &Path, before: SystemTime) -> io::Result<Vec<DirEntry>> {
    let entries = match std::fs::read_dir(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(vec![]),
        other => other?,
    };
    let mut found = vec![];
    for entry in entries {
        let entry = entry?;
        let written_at = match entry.metadata().and_then(|known| known.modified()) {
            // Another process has removed it.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            other => other?,
        };
        if written_at < before {
            found.push(entry);
        }
    }
    Ok(found)
}
