//! Writes a file piece by piece as it arrives: hashed, counted and encrypted. The content is checked when it is
//! complete, so that a slow sender does not occupy memory. Only accepted files get their permanent name.

use crate::seal::{self, Pieces};
use crate::{
    FILE_BYTES_MAX, FileError, Files, Kept, PIECE_BYTES, blocking, kind, pdf, picture, read,
};
use amana_domain::kyc::MediaType;
use amana_domain::personal::Personal;
use aws_lc_rs::error::Unspecified;
use sha2::{Digest, Sha256};
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

fn unsealed(_: Unspecified) -> FileError {
    FileError::Folder(io::Error::other("a piece could not be encrypted"))
}

pub(crate) async fn put(
    files: &Files,
    id: Uuid,
    key: &Personal<[u8; 32]>,
    content: impl AsyncRead + Unpin + Send,
) -> Result<Kept, FileError> {
    let pieces = Pieces::new(key).map_err(unsealed)?;
    let (beginning, folder) = (Arc::clone(&files.folder), Arc::clone(&files.folder));
    let (unfinished, file) = blocking(move || {
        let begin = || {
            let unfinished = beginning.begin()?;
            let file = unfinished.reopen()?;
            Ok((unfinished, file))
        };
        begin().map_err(FileError::Folder)
    })
    .await?;
    let kept = copy(content, pieces, File::from_std(file)).await?;
    let turn = files.looks.acquire().await;
    let _turn = turn.map_err(|closed| FileError::Folder(io::Error::other(closed)))?;
    let key = key.clone();
    blocking(move || {
        look(unfinished.path(), &key, kept.media_type)?;
        folder.finish(unfinished, id).map_err(FileError::Folder)
    })
    .await?;
    Ok(kept)
}

/// Checks the written file, as its readers will read it.
fn look(path: &Path, key: &Personal<[u8; 32]>, media_type: MediaType) -> Result<(), FileError> {
    let sealed = read(path).map_err(FileError::Folder)?;
    let content = seal::open(key, sealed).map_err(unsealed)?;
    match media_type {
        MediaType::Pdf => pdf::look(&content),
        MediaType::Png => picture::png(&content),
        MediaType::Jpeg => picture::jpeg(&content),
        MediaType::WebP => picture::webp(&content),
    }
}

async fn copy(
    mut content: impl AsyncRead + Unpin + Send,
    mut pieces: Pieces,
    mut file: File,
) -> Result<Kept, FileError> {
    let (mut hash, mut head, mut bytes) = (Sha256::new(), Vec::new(), 0_usize);
    loop {
        let mut piece = piece(&mut content).await.map_err(FileError::Cut)?;
        bytes = bytes.saturating_add(piece.len());
        if bytes > FILE_BYTES_MAX {
            return Err(FileError::TooLarge);
        }
        let wanted = kind::HEAD_BYTES.saturating_sub(head.len());
        head.extend(piece.iter().take(wanted));
        hash.update(&piece);
        let is_last = piece.len() < PIECE_BYTES;
        pieces.seal(&mut piece).map_err(unsealed)?;
        file.write_all(&piece).await.map_err(FileError::Folder)?;
        if is_last {
            break;
        }
    }
    let media_type = kind::of(&head).ok_or(FileError::Kind)?;
    flush(&mut file).await.map_err(FileError::Folder)?;
    Ok(Kept { media_type, bytes, sha256: hash.finalize().into() })
}

/// Reads the next bytes; fewer than [`PIECE_BYTES`] only at the end.
async fn piece(content: &mut (impl AsyncRead + Unpin + Send)) -> io::Result<Vec<u8>> {
    let mut piece = Vec::with_capacity(seal::SEALED_PIECE_BYTES);
    let bytes_max = u64::try_from(PIECE_BYTES).unwrap_or(u64::MAX);
    content.take(bytes_max).read_to_end(&mut piece).await?;
    Ok(piece)
}

/// Writes the file to disk and syncs it.
async fn flush(file: &mut File) -> io::Result<()> {
    file.flush().await?;
    file.sync_all().await
}
