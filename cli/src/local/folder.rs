//! The folder of one server: its location, owner, permissions and lock.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{
    DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown, symlink,
};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use nix::unistd::geteuid;

use super::lock::Lock;
use super::user::{User, run_as};

const PRIVATE_FOLDER: u32 = 0o700;

/// The account that servers run as may pass through to its own files. It may not change anything here, because
/// privileged code writes to this folder.
const PASSABLE_FOLDER: u32 = 0o711;

const PRIVATE_FILE: u32 = 0o600;

/// A server's folder. It is locked until this value is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    user: Option<User>,
    _lock: Lock,
}

impl Folder {
    pub(super) fn open(wanted: &Path) -> Result<Self> {
        let user = run_as()?;
        let path = place(wanted, user.as_ref())
            .with_context(|| format!("cannot prepare the folder {}", wanted.display()))?;
        let Some(lock) = Lock::take(&path)? else {
            bail!("another amana is running from {}: stop it first", path.display());
        };
        Ok(Self { path, user, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn user(&self) -> Option<&User> {
        self.user.as_ref()
    }

    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Returns the server's password. The first call creates it; only the server's account can read it.
    pub(super) fn password(&self) -> Result<String> {
        let file = self.join("password");
        match fs::read_to_string(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let password = format!("{:032x}", rand::random::<u128>());
                self.write("password", &password)?;
                Ok(password)
            }
            read => read.with_context(|| format!("cannot read {}", file.display())),
        }
    }

    /// Creates a folder inside that only the server's account can use.
    pub(super) fn make_folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.join(name);
        match DirBuilder::new().mode(PRIVATE_FOLDER).create(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            made => made.and_then(|()| give(&path, self.user())),
        }
        .with_context(|| format!("cannot create {}", path.display()))?;
        Ok(path)
    }

    /// Writes a file that only the server's account can read.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let file = self.join(name);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(PRIVATE_FILE);
        options
            .open(&file)
            .and_then(|mut open| open.write_all(text.as_bytes()))
            .and_then(|()| give(&file, self.user()))
            .with_context(|| format!("cannot write {}", file.display()))?;
        Ok(file)
    }
}

/// Creates the folder. The servers' account may be unable to reach it, for example in a private home directory. Then
/// the folder is created in /var/tmp, and `wanted` becomes a link to it.
fn place(wanted: &Path, user: Option<&User>) -> Result<PathBuf> {
    let wanted = std::path::absolute(wanted)?;
    let (Some(parent), Some(name)) = (wanted.parent(), wanted.file_name()) else {
        bail!("the path has no parent folder");
    };
    fs::create_dir_all(parent)?;
    let parent = fs::canonicalize(parent)?;
    let wanted = parent.join(name);
    let path = match (fs::read_link(&wanted), user) {
        (Ok(elsewhere), _) => elsewhere,
        (Err(_), Some(user)) if !reachable(&parent, user)? => {
            let elsewhere = format!("/var/tmp/amana-{:016x}", rand::random::<u64>());
            symlink(&elsewhere, &wanted)?;
            tracing::info!(
                "account {1} cannot reach {0}: its data is in {elsewhere}",
                wanted.display(),
                user.name
            );
            PathBuf::from(elsewhere)
        }
        (Err(_), _) => wanted,
    };
    let mode = if user.is_some() { PASSABLE_FOLDER } else { PRIVATE_FOLDER };
    match DirBuilder::new().mode(mode).create(&path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => check_owner(&path)?,
        made => made?,
    }
    // The umask may have removed permissions.
    fs::set_permissions(&path, Permissions::from_mode(mode))?;
    Ok(path)
}

/// Rejects an existing folder of another account.
fn check_owner(path: &Path) -> Result<()> {
    let found = fs::symlink_metadata(path)?;
    let owner = geteuid().as_raw();
    if !found.is_dir() || found.uid() != owner {
        bail!(
            "it belongs to another account (uid {}, not {owner}): use that account, or delete the \
            data with `make clean-data`",
            found.uid()
        );
    }
    Ok(())
}

fn give(path: &Path, user: Option<&User>) -> std::io::Result<()> {
    user.map_or(Ok(()), |user| chown(path, Some(user.uid), Some(user.gid)))
}

/// Whether the account may traverse every parent folder.
pub(super) fn reachable(folder: &Path, user: &User) -> Result<bool> {
    for part in folder.ancestors() {
        let found = fs::metadata(part)?;
        let bit = match () {
            () if found.uid() == user.uid => 0o100,
            () if found.gid() == user.gid => 0o010,
            () => 0o001,
        };
        if found.mode() & bit == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open_folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        folder
    }

    #[test]
    fn only_one_process_at_a_time_uses_a_folder() {
        let parent = open_folder();
        let first = Folder::open(&parent.path().join("server")).unwrap();
        let refused = Folder::open(&parent.path().join("server")).unwrap_err().to_string();
        assert!(refused.contains("another amana is running"), "{refused}");
        drop(first);
        Folder::open(&parent.path().join("server")).unwrap();
    }

    #[test]
    fn the_password_is_made_once_and_is_private() {
        let parent = open_folder();
        let folder = Folder::open(&parent.path().join("server")).unwrap();
        let password = folder.password().unwrap();
        assert_eq!(password.len(), 32);
        assert_eq!(folder.password().unwrap(), password);
        let data = folder.make_folder("data").unwrap();
        let owner = run_as().unwrap().map_or(geteuid().as_raw(), |user| user.uid);
        for (path, mode) in [(folder.join("password"), 0o600), (data, 0o700)] {
            let found = fs::metadata(&path).unwrap();
            assert_eq!((found.mode() & 0o777, found.uid()), (mode, owner), "{}", path.display());
        }
        let found = fs::metadata(folder.path()).unwrap();
        assert_eq!(found.uid(), geteuid().as_raw());
        assert_eq!(found.mode() & 0o066, 0, "others may not look into it");
    }

    #[test]
    fn a_closed_parent_is_no_obstacle_and_the_data_is_found_again() {
        let parent = open_folder();
        fs::set_permissions(parent.path(), Permissions::from_mode(0o700)).unwrap();
        let wanted = parent.path().join("server");
        let first = Folder::open(&wanted).unwrap();
        let place = first.path().to_owned();
        if let Some(user) = run_as().unwrap() {
            assert!(reachable(&place, &user).unwrap());
        }
        drop(first);
        assert_eq!(Folder::open(&wanted).unwrap().path(), place);
        fs::remove_dir_all(place).unwrap();
    }

    #[test]
    fn a_folder_of_someone_else_is_not_touched() {
        if !geteuid().is_root() {
            return;
        }
        let parent = open_folder();
        let theirs = parent.path().join("server");
        fs::create_dir(&theirs).unwrap();
        chown(&theirs, Some(4711), Some(4711)).unwrap();
        let refused = format!("{:#}", Folder::open(&theirs).unwrap_err());
        assert!(refused.contains("uid 4711"), "{refused}");
    }
}
