//! AES-256-GCM with a random nonce as prefix, and derivation of keys.

use crate::error::StoreError;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{hkdf, rand};

pub(super) const KEY_BYTES: usize = 32;

const SALT: &[u8] = b"amana personal data, version 1";

pub(super) fn unusable() -> StoreError {
    StoreError::Sealed
}

impl From<Unspecified> for StoreError {
    fn from(_: Unspecified) -> Self {
        unusable()
    }
}

pub(super) fn random_key() -> Result<[u8; KEY_BYTES], StoreError> {
    let mut key = [0; KEY_BYTES];
    rand::fill(&mut key)?;
    Ok(key)
}

/// Derives a key for one purpose.
pub(super) fn derive(
    key: &[u8; KEY_BYTES],
    purpose: &[&[u8]],
) -> Result<[u8; KEY_BYTES], StoreError> {
    let mut derived = [0; KEY_BYTES];
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(key);
    extracted.expand(purpose, hkdf::HKDF_SHA256)?.fill(&mut derived)?;
    Ok(derived)
}

pub(super) fn cipher(key: &[u8; KEY_BYTES]) -> Result<RandomizedNonceKey, StoreError> {
    Ok(RandomizedNonceKey::new(&AES_256_GCM, key)?)
}

/// Encrypts a text bound to its place `about`; at another place it cannot be decrypted.
///
/// # Errors
/// If encryption fails.
pub fn seal(key: &RandomizedNonceKey, about: &[u8], text: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let mut text = text.to_vec();
    let nonce = key.seal_in_place_append_tag(Aad::from(about), &mut text)?;
    Ok([nonce.as_ref().as_slice(), &text].concat())
}

/// # Errors
/// If it was not sealed with this key and this `about`.
pub fn open(key: &RandomizedNonceKey, about: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(Unspecified)?;
    let (nonce, mut text) = (Nonce::try_assume_unique_for_key(nonce)?, text.to_vec());
    Ok(key.open_in_place(nonce, Aad::from(about), &mut text)?.to_vec())
}
