//! A temporary folder for the servers of a test run.

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;
use nix::unistd::geteuid;

use super::lock::Lock;
use super::{folder, orphan, user};

const PREFIX: &str = "amana-scratch-";

/// The servers' account may pass through, and not list.
const PASSABLE: u32 = 0o711;

/// A folder younger than this may belong to a run that has not locked it yet.
const YOUNG: Duration = Duration::from_secs(60);

/// A temporary folder that the servers' account can reach. It is removed when dropped. Folders of killed runs are
/// removed when the next run starts, so a run may keep its servers in a `static`.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    _lock: Lock,
}

impl Scratch {
    pub fn new() -> Result<Self> {
        let base = base()?;
        sweep(&base);
        let path = base.join(format!("{PREFIX}{:016x}", rand::random::<u64>()));
        fs::create_dir(&path)
            // The umask may have removed permissions.
            .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(PASSABLE)))
            .with_context(|| format!("cannot create {}", path.display()))?;
        let Some(lock) = Lock::take(&path)? else {
            bail!("{} was locked by another process; try again", path.display());
        };
        Ok(Self { path, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, "{} could not be removed", self.path.display());
        }
    }
}

/// Returns TMPDIR if the servers' account can reach it, /tmp otherwise.
fn base() -> Result<PathBuf> {
    let wanted =
        fs::canonicalize(env::temp_dir()).context("cannot find the temporary folder (TMPDIR)")?;
    match user::run_as()? {
        Some(user) if !folder::reachable(&wanted, &user)? => Ok(PathBuf::from("/tmp")),
        _ => Ok(wanted),
    }
}

/// Removes folders of killed runs. A failure is logged and does not prevent the start.
fn sweep(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX)
            && let Err(error) = remove_if_abandoned(&entry.path())
        {
            let error = format!("{error:#}");
            tracing::warn!(%error, "{} could not be removed", entry.path().display());
        }
    }
}

fn remove_if_abandoned(path: &Path) -> Result<()> {
    let found = fs::symlink_metadata(path)?;
    let young = found.modified()?.elapsed().is_ok_and(|age| age < YOUNG);
    if !found.is_dir() || found.uid() != geteuid().as_raw() || young {
        return Ok(());
    }
    let Some(_lock) = Lock::take(path)? else {
        return Ok(());
    };
    for server in fs::read_dir(path)?.flatten().map(|entry| entry.path()) {
        orphan::end(&server.join("pid"), &server.join("data"), Signal::SIGINT)?;
    }
    Ok(fs::remove_dir_all(path)?)
}

#[cfg(test)]
mod tests {
    use std::fs::{File, FileTimes};
    use std::time::SystemTime;

    use super::*;

    fn make_old(path: &Path) {
        let old = SystemTime::now().checked_sub(YOUNG.saturating_mul(2)).unwrap();
        File::open(path).unwrap().set_times(FileTimes::new().set_modified(old)).unwrap();
    }

    #[test]
    fn what_a_killed_run_left_is_swept_and_what_lives_is_not() {
        let living = Scratch::new().unwrap();
        make_old(living.path());
        // As after SIGKILL: the folder exists and is not locked.
        let path = base().unwrap().join(format!("{PREFIX}{:016x}", rand::random::<u64>()));
        fs::create_dir(&path).unwrap();
        fs::write(path.join("file"), "data").unwrap();
        make_old(&path);

        let next = Scratch::new().unwrap();
        assert!(!path.exists());
        assert!(living.path().exists() && next.path().exists());
    }
}
