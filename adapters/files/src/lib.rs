//! Uploaded files in a folder that API and workers share. Each file has an id as its name and is encrypted with a
//! key that the caller has.
//!
//! A file is complete or absent: it is written under a temporary name, synced, and renamed. It never changes. Paths
//! contain no text from outside: an id is 32 hexadecimal digits.

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

/// The maximum size of a file. A constraint in PostgreSQL has the same limit.
pub const FILE_BYTES_MAX: usize = 5 * 1024 * 1024;

/// A file is read, encrypted and written in pieces of this size.
const PIECE_BYTES: usize = 64 * 1024;

/// The number of files that are checked at the same time. Each is in memory during the check.
const LOOKS_AT_ONCE: usize = 2;

/// The maximum size of an encrypted file on disk.
const SEALED_BYTES_MAX: usize = FILE_BYTES_MAX + (FILE_BYTES_MAX / PIECE_BYTES + 1) * MAX_TAG_LEN;

/// Properties of a stored file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    pub media_type: MediaType,
    pub bytes: usize,
    pub sha256: [u8; 32],
}

#[derive(Debug, Error)]
pub enum FileError {
    #[error("the file is too large: at most {FILE_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the file type is not supported: send a JPEG, PNG or WebP picture or a PDF document")]
    Kind,
    #[error(
        "the picture is damaged or cut off: take it again, or save it again and send the new file"
    )]
    Damaged,
    #[error(
        "the picture is too large: at most 64,000,000 pixels and 16,384 per side; send a smaller one"
    )]
    Pixels,
    #[error(
        "the PDF has a password, scripts, attachments or actions: print it to a new PDF and send that"
    )]
    Active,
    /// The sender closed the connection.
    #[error("the upload was interrupted: send the file again")]
    Cut(#[source] io::Error),
    #[error("the file does not exist")]
    Missing,
    #[error("the stored file does not match its hash")]
    Altered,
    #[error("the folder of uploaded files is unavailable")]
    Folder(#[source] io::Error),
}

/// The opened folder.
#[derive(Debug, Clone)]
pub struct Files {
    folder: Arc<Folder>,
    looks: Arc<Semaphore>,
}

impl Files {
    /// Opens the folder and checks that it is writable. A missing folder is created for this account only, if its
    /// parent exists.
    ///
    /// # Errors
    /// If the folder cannot be created or written to.
    pub fn open(root: &Path) -> io::Result<Self> {
        let looks = Arc::new(Semaphore::new(LOOKS_AT_ONCE));
        Ok(Self { folder: Arc::new(Folder::open(root)?), looks })
    }

    /// Stores `content`. Id and key must be new. A failure leaves no file behind.
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

    /// Returns the content of a file if it matches the hash.
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

    /// Removes a file. A missing file is not an error.
    ///
    /// # Errors
    /// [`FileError::Folder`].
    pub async fn delete(&self, key: Uuid) -> Result<(), FileError> {
        self.blocking(move |folder| folder.remove(key).map_err(FileError::Folder)).await
    }

    /// Returns the keys of files in one of the 256 folders that were written before a time.
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

    /// Removes unfinished files that are older than a time.
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

/// Runs blocking file access outside the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FileError> + Send + 'static,
) -> Result<T, FileError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(FileError::Folder(io::Error::other(error))))
}

/// Reads at most the maximum size, because another program may have replaced the file.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let bytes_max = u64::try_from(SEALED_BYTES_MAX).unwrap_or(u64::MAX);
    std::fs::File::open(path)?.take(bytes_max).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
mod tests;
