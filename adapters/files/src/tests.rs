//! Accepted and rejected files, and the files on disk afterwards.

use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, ReadBuf};

/// One black pixel.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\n\
    IDATx\x9cc`\0\0\0\x02\0\x01H\xaf\xa4q\0\0\0\0IEND\xaeB`\x82";

const KEY: Personal<[u8; 32]> = Personal::new([7; 32]);

struct World {
    root: TempDir,
    files: Files,
}

impl World {
    fn new() -> Self {
        let root = TempDir::new().unwrap();
        let files = Files::open(&root.path().join("files")).unwrap();
        Self { root, files }
    }

    async fn put(&self, content: &[u8]) -> Result<(Uuid, Kept), FileError> {
        let key = Uuid::now_v7();
        self.files.put(key, &KEY, content).await.map(|kept| (key, kept))
    }

    /// Returns all files below the folder.
    fn on_disk(&self) -> Vec<PathBuf> {
        let (mut found, mut open) = (vec![], vec![self.root.path().to_owned()]);
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { open.push(path) } else { found.push(path) }
            }
        }
        found
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn only_the_last_part_of_the_path_is_made() {
    let root = TempDir::new().unwrap();
    let wrong = root.path().join("a/b");
    let refused = Files::open(&wrong).unwrap_err().to_string();
    assert_eq!(refused, "its parent folder is missing");
    assert!(!root.path().join("a").exists());
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(Files::open(&file).is_err());
    let folder = root.path().join("c");
    Files::open(&folder).unwrap();
    assert_eq!(mode(&folder), 0o700);
    Files::open(&folder).unwrap();
}

#[tokio::test]
async fn what_is_kept_can_be_read_again_by_its_owner_only() {
    let world = World::new();
    let (key, kept) = world.put(PNG).await.unwrap();
    let sha256 = <[u8; 32]>::from(Sha256::digest(PNG));
    assert_eq!(kept, Kept { media_type: MediaType::Png, bytes: 67, sha256 });
    assert_eq!(world.files.get(key, &KEY, sha256).await.unwrap(), PNG);
    let found = world.on_disk();
    let name = key.simple().to_string();
    let path = world.root.path().join("files").join(&name[30..]).join(&name);
    assert_eq!(found, std::slice::from_ref(&path));
    assert_eq!(mode(&path), 0o600);
    let on_disk = fs::read(&path).unwrap();
    assert!(!on_disk.windows(4).any(|part| part == b"IHDR"), "it is sealed");
    let other = Personal::new([8; 32]);
    assert!(matches!(world.files.get(key, &other, sha256).await, Err(FileError::Altered)));
    for folder in path.ancestors().skip(1).take(2) {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
    }
}

#[tokio::test]
async fn a_refused_file_leaves_nothing_behind() {
    let world = World::new();
    let sized = |bytes| {
        let mut content = PNG.to_vec();
        content.resize(bytes, 7);
        content
    };
    assert!(matches!(world.put(b"#!/bin/sh").await, Err(FileError::Kind)));
    assert!(matches!(world.put(b"").await, Err(FileError::Kind)));
    for (damaged, content) in [(true, &PNG[..40]), (false, b"%PDF-1.7 /JavaScript /S")] {
        let refused = world.put(content).await.unwrap_err();
        assert_eq!(matches!(refused, FileError::Damaged), damaged, "{refused}");
        assert_eq!(matches!(refused, FileError::Active), !damaged, "{refused}");
    }
    let too_large = sized(FILE_BYTES_MAX + 1);
    assert!(matches!(world.put(&too_large).await, Err(FileError::TooLarge)));
    let cut = AsyncReadExt::chain(PNG, Broken);
    assert!(matches!(world.files.put(Uuid::now_v7(), &KEY, cut).await, Err(FileError::Cut(_))));
    assert_eq!(world.on_disk(), [] as [PathBuf; 0]);
    let (_, kept) = world.put(&sized(FILE_BYTES_MAX)).await.unwrap();
    assert_eq!(kept.bytes, FILE_BYTES_MAX);
}

/// A sender that closes the connection.
struct Broken;

impl AsyncRead for Broken {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Err(ErrorKind::ConnectionReset.into()))
    }
}

#[tokio::test]
async fn a_key_is_used_once() {
    let world = World::new();
    let (key, kept) = world.put(PNG).await.unwrap();
    let other = [PNG, b"another"].concat();
    assert!(matches!(world.files.put(key, &KEY, &*other).await, Err(FileError::Folder(_))));
    assert_eq!(world.files.get(key, &KEY, kept.sha256).await.unwrap(), PNG);
    assert_eq!(world.on_disk().len(), 1);
}

#[tokio::test]
async fn a_file_that_was_changed_is_not_shown() {
    let world = World::new();
    let (key, kept) = world.put(PNG).await.unwrap();
    fs::write(&world.on_disk()[0], b"\x89PNG\r\n\x1a\n something else").unwrap();
    assert!(matches!(world.files.get(key, &KEY, kept.sha256).await, Err(FileError::Altered)));
}

#[tokio::test]
async fn what_is_removed_is_gone_and_may_be_removed_again() {
    let world = World::new();
    let (key, kept) = world.put(PNG).await.unwrap();
    for _ in 0..2 {
        world.files.delete(key).await.unwrap();
        assert!(matches!(world.files.get(key, &KEY, kept.sha256).await, Err(FileError::Missing)));
    }
    assert_eq!(world.on_disk(), [] as [PathBuf; 0]);
}

#[tokio::test]
async fn old_files_are_found_by_part_and_age() {
    let world = World::new();
    let (key, _) = world.put(PNG).await.unwrap();
    let part = u8::from_str_radix(&key.simple().to_string()[30..], 16).unwrap();
    let (now, hour) = (SystemTime::now(), Duration::from_secs(3600));
    let find = async |part, before| world.files.written_before(part, before).await.unwrap();
    assert_eq!(find(part, now + hour).await, [key]);
    assert!(find(part, now - hour).await.is_empty());
    assert!(find(part.wrapping_add(1), now + hour).await.is_empty());
    // Files of others are not removed.
    fs::write(world.on_disk()[0].with_file_name("README"), b"hands off").unwrap();
    assert_eq!(find(part, now + hour).await, [key]);
}

#[tokio::test]
async fn what_a_dead_process_was_writing_is_removed_when_it_is_old() {
    let world = World::new();
    let (_, kept) = world.files.folder.begin().unwrap().keep().unwrap();
    let (now, hour) = (SystemTime::now(), Duration::from_secs(3600));
    world.files.remove_unfinished(now - hour).await.unwrap();
    assert!(kept.exists());
    world.files.remove_unfinished(now + hour).await.unwrap();
    assert!(!kept.exists());
}

#[test]
fn a_folder_that_cannot_be_written_to_is_refused() {
    let root = TempDir::new().unwrap();
    let file = root.path().join("a-file");
    fs::write(&file, b"in the way").unwrap();
    assert!(Files::open(&file).is_err());
    assert!(Files::open(&file.join("below")).is_err());
}
