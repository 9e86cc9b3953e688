//! The master key, which wraps all other keys, and its predecessor, which only unwraps.

use super::seal::{KEY_BYTES, cipher, derive, open, seal, unusable};
use crate::error::StoreError;
use amana_domain::id::UserId;
use aws_lc_rs::aead::RandomizedNonceKey;
use uuid::Uuid;

/// A wrapped key begins with the id of its master key.
const ID_BYTES: usize = 8;

/// 32 random bytes that are stored outside the database.
#[derive(Clone)]
pub struct MasterKey([u8; KEY_BYTES]);

impl MasterKey {
    #[must_use]
    pub const fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey")
    }
}

/// The current master key and, until all keys are rewrapped, the previous one.
#[derive(Debug, Clone)]
pub struct MasterKeys {
    pub current: MasterKey,
    pub previous: Option<MasterKey>,
}

pub(super) struct Master {
    id: [u8; ID_BYTES],
    key: RandomizedNonceKey,
}

impl Master {
    pub(super) fn new(MasterKey(key): &MasterKey) -> Result<Self, StoreError> {
        let id = derive(key, &[b"name of this key"])?;
        let id = *id.first_chunk().ok_or_else(unusable)?;
        Ok(Self { id, key: cipher(&derive(key, &[b"wrapping of keys"])?)? })
    }

    pub(super) fn wrap(&self, key: &[u8; KEY_BYTES], place: &[u8]) -> Result<Vec<u8>, StoreError> {
        Ok([self.id.as_slice(), &seal(&self.key, place, key)?].concat())
    }

    pub(super) fn has_wrapped(&self, wrapped: &[u8]) -> bool {
        wrapped.starts_with(&self.id)
    }
}

/// # Errors
/// [`StoreError::MasterKey`] if neither master key has wrapped it.
pub(super) fn unwrap(
    (current, previous): (&Master, Option<&Master>),
    wrapped: &[u8],
    place: &[u8],
) -> Result<[u8; KEY_BYTES], StoreError> {
    let (id, sealed) = wrapped.split_at_checked(ID_BYTES).ok_or(StoreError::Sealed)?;
    let by = [Some(current), previous].into_iter().flatten().find(|master| master.id == id);
    let key = open(&by.ok_or(StoreError::MasterKey)?.key, place, sealed)?;
    key.try_into().map_err(|_| unusable())
}

pub(super) fn person_place(user: UserId) -> Vec<u8> {
    [user.uuid().as_bytes().as_slice(), b"person_keys.wrapped"].concat()
}

pub(super) fn payer_place(payer: Uuid) -> Vec<u8> {
    [payer.as_bytes().as_slice(), b"payer_keys.wrapped"].concat()
}

pub(super) fn look_up_place() -> Vec<u8> {
    b"look_up_key.wrapped".to_vec()
}
