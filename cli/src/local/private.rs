//! Folders that other accounts cannot read.

use super::user::run_as;
use anyhow::{Context, Result};
use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

const PRIVATE: u32 = 0o700;

/// If amana runs as root, the servers run as another account: it may pass through, and not list.
const PASSABLE: u32 = 0o711;

/// Creates a folder for this account only, or restricts an existing one.
pub fn private_folder(path: &Path) -> Result<()> {
    make(path, PRIVATE).with_context(|| format!("cannot create {}", path.display()))
}

/// Creates the folder that contains the servers' folders.
pub fn data_folder(path: &Path) -> Result<()> {
    let mode = if run_as()?.is_some() { PASSABLE } else { PRIVATE };
    make(path, mode).with_context(|| format!("cannot create {}", path.display()))
}

fn make(path: &Path, mode: u32) -> io::Result<()> {
    match DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => {}
        made => made?,
    }
    // An earlier version or the umask may have set other permissions.
    fs::set_permissions(path, Permissions::from_mode(mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_closed_even_if_they_were_open() {
        let parent = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (logs, data) = (parent.path().join("logs"), parent.path().join("data"));
        fs::create_dir(&logs).unwrap();
        fs::set_permissions(&logs, Permissions::from_mode(0o755)).unwrap();
        private_folder(&logs).unwrap();
        assert_eq!(mode(&logs), 0o700);
        data_folder(&data).unwrap();
        assert_eq!(mode(&data), if run_as().unwrap().is_some() { 0o711 } else { 0o700 });
        assert!(private_folder(&parent.path().join("a/b")).is_err());
    }
}
