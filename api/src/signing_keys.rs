//! Keys that sign access tokens, shared by all processes through the store. Any process creates the next key when it is
//! due. Other services verify tokens with the public keys.

use crate::context::Context;
use crate::polled::{Polled, Source};
use crate::problem::ApiError;
use crate::secret::ServerSecret;
use amana_domain::signing_key::signing;
use amana_postgres::{Clock, Error, KeyPair, SigningKey, Store, StoreError};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use poem::Response;
use poem::http::header;
use poem::web::Data;
use secrecy::SecretString;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Purpose of the key that encrypts private keys.
const PURPOSE: &[u8] = b"private halves of signing keys";

pub(crate) type SigningKeys = Polled<SharedKeys>;

#[derive(Debug)]
pub(crate) struct SharedKeys {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) secret: ServerSecret,
}

impl Source for SharedKeys {
    type Value = Keyring;
    const NAME: &'static str = "signing keys";
    const EVERY: Duration = Duration::from_secs(5);

    async fn read(&self) -> Result<Keyring, Error> {
        let make = || {
            let private = new_private_key()?;
            pair(&self.secret, &private)
        };
        let make = || make().map_err(|error: io::Error| broken(&error.to_string()));
        let keys = self.store.signing_keys(make, self.clock.now()).await?;
        Keyring::of(&self.secret, keys)
    }
}

fn broken(what: &str) -> Error {
    Error::Store(StoreError::Row(what.to_owned()))
}

/// Returns the private key of a new pair (PKCS #8).
///
/// # Errors
/// If there is no randomness.
pub fn new_private_key() -> io::Result<Vec<u8>> {
    let pair = Ed25519KeyPair::generate().and_then(|pair| pair.to_pkcs8v1());
    let document = pair.map_err(|_| io::Error::other("a signing key could not be made"))?;
    Ok(document.as_ref().to_vec())
}

/// Returns a key pair as stored by servers with this secret.
///
/// # Errors
/// If the private key is invalid.
pub fn key_pair(secret: &SecretString, private: &[u8]) -> io::Result<KeyPair> {
    pair(&ServerSecret::new(secret.clone()), private)
}

fn pair(secret: &ServerSecret, private: &[u8]) -> io::Result<KeyPair> {
    let broken = || io::Error::other("a signing key cannot be used");
    let half = Ed25519KeyPair::from_pkcs8(private).map_err(|_| broken())?;
    let public = half.public_key().as_ref().to_vec();
    let jwk = public_half(&public).map_err(|_| broken())?;
    let kid = jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| broken())?;
    let sealed = secret.seal(PURPOSE, kid.as_bytes(), private);
    Ok(KeyPair { kid, public, private_sealed: sealed.map_err(|_| broken())? })
}

fn public_half(public: &[u8]) -> jsonwebtoken::errors::Result<Jwk> {
    Jwk::from_decoding_key(&DecodingKey::from_ed_der(public), Some(Algorithm::EdDSA))
}

pub(crate) const PATH: &str = "/.well-known/jwks.json";

/// Clients may cache the response, because a new key is published a day before it signs.
const KEPT: &str = "public, max-age=3600";

/// Returns the public keys for verifying tokens.
#[poem::handler]
pub(crate) async fn published(context: Data<&Arc<Context>>) -> Result<Response, ApiError> {
    let keys = context.signing_keys.get().await?;
    let body = serde_json::to_string(keys.public()).map_err(|_| ApiError::internal())?;
    let answer = Response::builder().content_type("application/json");
    Ok(answer.header(header::CACHE_CONTROL, KEPT).body(body))
}

/// A key, ready for use.
struct Key {
    kid: String,
    signs_from: DateTime<Utc>,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

/// All known keys.
pub(crate) struct Keyring {
    keys: Vec<Key>,
    public: JwkSet,
}

impl Keyring {
    fn of(secret: &ServerSecret, rows: Vec<SigningKey>) -> Result<Self, Error> {
        let unreadable = || {
            broken(
                "signing keys were encrypted with another AMANA_JWT_SECRET; restore it or run \
                 `amana admin replace-signing-keys`",
            )
        };
        let mut keyring = Self { keys: vec![], public: JwkSet { keys: vec![] } };
        for SigningKey { kid, public, private_sealed, signs_from } in rows {
            let private = secret.open(PURPOSE, kid.as_bytes(), &private_sealed);
            let private = private.map_err(|_| unreadable())?;
            let mut jwk = public_half(&public).map_err(|_| unreadable())?;
            jwk.common.key_id = Some(kid.clone());
            jwk.common.public_key_use = Some(PublicKeyUse::Signature);
            keyring.public.keys.push(jwk);
            let encoding = EncodingKey::from_ed_der(&private);
            let decoding = DecodingKey::from_ed_der(&public);
            keyring.keys.push(Key { kid, signs_from, encoding, decoding });
        }
        Ok(keyring)
    }

    /// Returns the current signing key and its id.
    pub(crate) fn signing(&self, now: DateTime<Utc>) -> Option<(&str, &EncodingKey)> {
        let times: Vec<_> = self.keys.iter().map(|key| key.signs_from).collect();
        let from = signing(&times, now)?;
        let key = self.keys.iter().find(|key| key.signs_from == from)?;
        Some((&key.kid, &key.encoding))
    }

    pub(crate) fn known(&self, kid: &str) -> Option<&DecodingKey> {
        self.keys.iter().find(|key| key.kid == kid).map(|key| &key.decoding)
    }

    /// Returns the public keys (RFC 7517).
    pub(crate) const fn public(&self) -> &JwkSet {
        &self.public
    }
}

// Hides the private keys.
impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.kid)).finish()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn row(KeyPair { kid, public, private_sealed }: KeyPair) -> SigningKey {
        SigningKey { kid, public, private_sealed, signs_from: DateTime::UNIX_EPOCH }
    }

    pub(crate) fn one_key(secret: &ServerSecret) -> Keyring {
        Keyring::of(secret, vec![row(pair(secret, &new_private_key().unwrap()).unwrap())]).unwrap()
    }

    #[test]
    fn the_public_half_is_published_and_the_private_one_is_not() {
        let secret = ServerSecret::new("secret".into());
        let pair = pair(&secret, &new_private_key().unwrap()).unwrap();
        let key = row(pair.clone());
        let keyring = Keyring::of(&secret, vec![key.clone()]).unwrap();
        let set = serde_json::to_value(keyring.public()).unwrap();
        let x = URL_SAFE_NO_PAD.encode(&pair.public);
        let wanted = serde_json::json!({ "keys": [{
            "alg": "EdDSA", "crv": "Ed25519", "kid": pair.kid, "kty": "OKP", "use": "sig", "x": x,
        }] });
        assert_eq!(set, wanted);
        assert!(keyring.known(&pair.kid).is_some() && keyring.known("another").is_none());
        let elsewhere = Keyring::of(&ServerSecret::new("other".into()), vec![key]);
        assert!(elsewhere.unwrap_err().to_string().len() > 10);
    }
}
