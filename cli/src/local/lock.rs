//! A lock that admits one process per folder.

use std::fs::{File, TryLockError};
use std::path::Path;

use anyhow::{Context, Result};

/// Held until this value is dropped or the process ends.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    /// Locks a folder. Returns `None` while another process holds the lock.
    ///
    /// # Errors
    /// If the folder cannot be written to.
    pub fn take(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join("lock");
        let file =
            File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", path.display()))
            }
        }
    }
}

/// Unlocks explicitly. Closing the file is not enough: a child that another thread is forking has a copy of the file,
/// and with it the lock, until it executes its own program.
impl Drop for Lock {
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "a lock could not be released");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_is_being_started_does_not_keep_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::take(folder.path()).unwrap().unwrap();
        assert!(Lock::take(folder.path()).unwrap().is_none());
        let _copy_in_a_child = lock.0.try_clone().unwrap();
        drop(lock);
        assert!(Lock::take(folder.path()).unwrap().is_some());
    }
}
