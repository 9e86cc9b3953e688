//! Keys derived from the server secret, one per purpose.

use amana_postgres::sealing;
use aws_lc_rs::aead::{AES_256_GCM, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use secrecy::{ExposeSecret, SecretString};

/// Keys are derived on demand, because that costs one hash, and are not stored.
#[derive(Debug, Clone)]
pub(crate) struct ServerSecret(SecretString);

impl ServerSecret {
    pub(crate) const fn new(secret: SecretString) -> Self {
        Self(secret)
    }

    /// Returns the key of a purpose; keys of different purposes differ.
    pub(crate) fn hmac(&self, purpose: &[u8]) -> hmac::Key {
        hmac::Key::new(HMAC_SHA256, self.derive(purpose).as_ref())
    }

    fn derive(&self, purpose: &[u8]) -> hmac::Tag {
        let secret = hmac::Key::new(HMAC_SHA256, self.0.expose_secret().as_bytes());
        hmac::sign(&secret, purpose)
    }

    fn sealing(&self, purpose: &[u8]) -> Result<RandomizedNonceKey, Unspecified> {
        RandomizedNonceKey::new(&AES_256_GCM, self.derive(purpose).as_ref())
    }

    /// Encrypts a text bound to `about`; with another `about` it cannot be decrypted.
    ///
    /// # Errors
    /// If encryption fails.
    pub(crate) fn seal(
        &self,
        purpose: &[u8],
        about: &[u8],
        text: &[u8],
    ) -> Result<Vec<u8>, Unspecified> {
        sealing::seal(&self.sealing(purpose)?, about, text)
    }

    /// # Errors
    /// If the text was sealed with another secret, `purpose` or `about`.
    pub(crate) fn open(
        &self,
        purpose: &[u8],
        about: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>, Unspecified> {
        sealing::open(&self.sealing(purpose)?, about, sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_text_opens_only_with_its_secret_purpose_and_context() {
        let (ours, theirs) = (ServerSecret::new("ours".into()), ServerSecret::new("theirs".into()));
        let sealed = ours.seal(b"keys", b"1", &[7; 20]).unwrap();
        assert_eq!(sealed.len(), 48);
        assert_eq!(ours.open(b"keys", b"1", &sealed).unwrap(), [7; 20]);
        assert!(ours.open(b"keys", b"2", &sealed).is_err());
        assert!(ours.open(b"codes", b"1", &sealed).is_err());
        assert!(theirs.open(b"keys", b"1", &sealed).is_err());
        for place in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[place] ^= 1;
            assert!(ours.open(b"keys", b"1", &bent).is_err(), "byte {place}");
            assert!(ours.open(b"keys", b"1", &sealed[..place]).is_err(), "{place} bytes");
        }
        // Twice the same does not look the same.
        assert_ne!(ours.seal(b"keys", b"1", &[7; 20]).unwrap(), sealed);
    }
}
