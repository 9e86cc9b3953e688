//! Files that people hand in, on a folder, each called by an id and sealed with a key that the caller has. API
//! and workers share the folder.
//!
//! A file is there whole or not at all: it is written beside the others, flushed, and then given its name. It
//! never changes. No part of a path comes from outside: an id is 32 hexadecimal digits.

mod folder;
mod kind;
mod pdf;
mod picture;
mod seal;
mod write;

use amana_domain::kyc::MediaType;
use amana_domain::personal::Personal;
use aws_lc_rs::aead::MAX_TAG_LEN;
use folder::Folder;
use sha2::{Digest, Sha256};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;
use thiserror::Error;
use tokio::io::AsyncRead;
use tokio::sync::Semaphore;
use uuid::Uuid;

/// The most bytes that a file has; PostgreSQL has the same rule.
pub const FILE_BYTES_MAX: usize = 5 * 1024 * 1024;

/// So much of a file is read, sealed and written at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// So many files are looked through at a time; each is in memory for that long.
const LOOKS_AT_ONCE: usize = 2;

/// What the largest file has on the disk.
const SEALED_BYTES_MAX: usize = FILE_BYTES_MAX + (FILE_BYTES_MAX / PIECE_BYTES + 1) * MAX_TAG_LEN;

/// What is known of a file once it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    pub media_type: MediaType,
    pub bytes: usize,
    pub sha256: [u8; 32],
}

#[derive(Debug, Error)]
pub enum FileError {
    #[error("a file has at most {FILE_BYTES_MAX} bytes")]
    TooLarge,
    #[error("a file is a JPEG, PNG or WebP picture or a PDF document")]
    Kind,
    #[error(
        "the picture is damaged or was cut off: take it again, or save it again and send the new file"
    )]
    Damaged,
    #[error(
        "a picture has at most 64,000,000 pixels and 16,384 on a side: make it smaller and send it again"
    )]
    Pixels,
    #[error(
        "the PDF has a password, or it has scripts, attached files or actions: print it to a new PDF and send that"
    )]
    Active,
    /// Whoever sent it went away.
    #[error("the file did not come whole")]
    Cut(#[source] io::Error),
    #[error("there is no such file")]
    Missing,
    #[error("the file is not what was handed in")]
    Altered,
    #[error("the folder of files cannot be used")]
    Folder(#[source] io::Error),
}

/// The folder, opened.
#[derive(Debug, Clone)]
pub struct Files {
    folder: Arc<Folder>,
    looks: Arc<Semaphore>,
}

impl Files {
    /// Opens the folder and checks that it can be written to. A missing folder is made, for this account only,
    /// if its parent exists.
    ///
    /// # Errors
    /// If it cannot.
    pub fn open(root: &Path) -> io::Result<Self> {
        let looks = Arc::new(Semaphore::new(LOOKS_AT_ONCE));
        Ok(Self { folder: Arc::new(Folder::open(root)?), looks })
    }

    /// Keeps `content` under an id and sealed with a key that were never used. Nothing is left behind if that
    /// fails.
    ///
    /// # Errors
    /// [`FileError::TooLarge`], [`FileError::Kind`], [`FileError::Damaged`], [`FileError::Pixels`],
    /// [`FileError::Active`], [`FileError::Cut`] or [`FileError::Folder`].
    pub async fn put(
        &self,
        id: Uuid,
        key: &Personal<[u8; 32]>,
        content: impl AsyncRead + Unpin + Send,
    ) -> Result<Kept, FileError> {
        write::put(self, id, key, content).await
    }

    /// The content of a file, if it is still what was handed in.
    ///
    /// # Errors
    /// [`FileError::Missing`], [`FileError::Altered`] or [`FileError::Folder`].
    pub async fn get(
        &self,
        id: Uuid,
        key: &Personal<[u8; 32]>,
        sha256: [u8; 32],
    ) -> Result<Vec<u8>, FileError> {
        let key = key.clone();
        self.blocking(move |folder| {
            let sealed = read(&folder.path(id)).map_err(|error| match error.kind() {
                ErrorKind::NotFound => FileError::Missing,
                _ => FileError::Folder(error),
            })?;
            let content = seal::open(&key, sealed).map_err(|_| FileError::Altered)?;
            let is_same = Sha256::digest(&content).as_slice() == sha256;
            if is_same { Ok(content) } else { Err(FileError::Altered) }
        })
        .await
    }

    /// Removes a file; one that is not there is removed already.
    ///
    /// # Errors
    /// [`FileError::Folder`].
    pub async fn delete(&self, key: Uuid) -> Result<(), FileError> {
        self.blocking(move |folder| folder.remove(key).map_err(FileError::Folder)).await
    }

    /// The keys of a 256th of the files (`part` says which) that were written before a time.
    ///
    /// # Errors
    /// [`FileError::Folder`].
    pub async fn written_before(
        &self,
        part: u8,
        before: SystemTime,
    ) -> Result<Vec<Uuid>, FileError> {
        self.blocking(move |folder| folder.written_before(part, before).map_err(FileError::Folder))
            .await
    }

    /// Removes what processes that died were writing before a time.
    ///
    /// # Errors
    /// [`FileError::Folder`].
    pub async fn remove_unfinished(&self, before: SystemTime) -> Result<(), FileError> {
        self.blocking(move |folder| folder.remove_unfinished(before).map_err(FileError::Folder))
            .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> Result<T, FileError> + Send + 'static,
    ) -> Result<T, FileError> {
        let folder = Arc::clone(&self.folder);
        blocking(move || work(&folder)).await
    }
}

/// Off the threads that answer calls: disks may be slow.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FileError> + Send + 'static,
) -> Result<T, FileError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(FileError::Folder(io::Error::other(error))))
}

/// Not beyond the bound, whatever somebody has put into the folder.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let bytes_max = u64::try_from(SEALED_BYTES_MAX).unwrap_or(u64::MAX);
    std::fs::File::open(path)?.take(bytes_max).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
mod tests;
