//! Writing a file: piece by piece as it comes, hashed and counted on the way, named when it is whole.

use crate::folder::Folder;
use crate::{FILE_BYTES_MAX, FileError, Kept, blocking, kind};
use sha2::{Digest, Sha256};
use std::io;
use std::sync::Arc;
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

const PIECE_BYTES: usize = 64 * 1024;

pub(crate) async fn put(
    folder: Arc<Folder>,
    key: Uuid,
    content: impl AsyncRead + Unpin + Send,
) -> Result<Kept, FileError> {
    let beginning = Arc::clone(&folder);
    let (unfinished, file) = blocking(move || {
        let begin = || {
            let unfinished = beginning.begin()?;
            let file = unfinished.reopen()?;
            Ok((unfinished, file))
        };
        begin().map_err(FileError::Folder)
    })
    .await?;
    let kept = copy(content, File::from_std(file)).await?;
    blocking(move || folder.finish(unfinished, key).map_err(FileError::Folder)).await?;
    Ok(kept)
}

async fn copy(
    mut content: impl AsyncRead + Unpin + Send,
    mut file: File,
) -> Result<Kept, FileError> {
    let (mut hash, mut head, mut bytes) = (Sha256::new(), Vec::new(), 0_usize);
    let mut buffer = vec![0; PIECE_BYTES];
    loop {
        let length = content.read(&mut buffer).await.map_err(FileError::Cut)?;
        let piece = buffer.get(..length).unwrap_or_default();
        if piece.is_empty() {
            break;
        }
        bytes = bytes.saturating_add(length);
        if bytes > FILE_BYTES_MAX {
            return Err(FileError::TooLarge);
        }
        let wanted = kind::HEAD_BYTES.saturating_sub(head.len());
        head.extend(piece.iter().take(wanted));
        hash.update(piece);
        file.write_all(piece).await.map_err(FileError::Folder)?;
    }
    let media_type = kind::of(&head).ok_or(FileError::Kind)?;
    flush(&mut file).await.map_err(FileError::Folder)?;
    Ok(Kept { media_type, bytes, sha256: hash.finalize().into() })
}

/// Until it is on the disk.
async fn flush(file: &mut File) -> io::Result<()> {
    file.flush().await?;
    file.sync_all().await
}
