//! Where files lie: in 256 folders, named by the last two digits of the ids in them, so that none grows too full.

use std::fs::{DirBuilder, DirEntry, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tempfile::NamedTempFile;
use uuid::Uuid;

/// Where files are written before they get their names.
const UNFINISHED: &str = "unfinished";

/// Folders are for their owner only. Files are made so (0600) by the crate that makes them.
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

    /// A file without a name of its own; it goes when it is dropped.
    pub(crate) fn begin(&self) -> io::Result<NamedTempFile> {
        NamedTempFile::new_in(self.root.join(UNFINISHED))
    }

    /// Gives a file its name, for good.
    pub(crate) fn finish(&self, file: NamedTempFile, key: Uuid) -> io::Result<()> {
        let part = self.part(last_byte(key));
        make(&part)?;
        file.persist_noclobber(self.path(key)).map_err(|error| error.error)?;
        // The name has to outlast a power cut as the content does; so has the folder's own.
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
        // What is not called by an id is not ours.
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

/// A wrong path must not become a tree of new folders: only the last part of it is made.
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

/// What lies in a folder and was written before a time. A folder that is not there has nothing in it.
fn old(path: &Path, before: SystemTime) -> io::Result<Vec<DirEntry>> {
    let entries = match std::fs::read_dir(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(vec![]),
        other => other?,
    };
    let mut found = vec![];
    for entry in entries {
        let entry = entry?;
        let written_at = match entry.metadata().and_then(|known| known.modified()) {
            // Removed meanwhile by somebody else.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            other => other?,
        };
        if written_at < before {
            found.push(entry);
        }
    }
    Ok(found)
}
