//! Text format of API keys: `amana_live_<32 hexadecimal digits>_<43 letters and digits><8 hexadecimal digits>`.
//!
//! The first digits are the id. The letters and digits are 256 random bits. The last eight digits are the CRC-32 of
//! everything before them. It lets the server reject mistyped keys without a lookup, and secret scanners recognise real
//! keys.

use crate::problem::ApiError;
use amana_domain::api_key::KeyMode;
use amana_domain::id::ApiKeyId;
use amana_postgres::KeptSecret;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

const MARK: &str = "amana_";
/// 62 to the power of 43 is just above 2 to the power of 256.
const RANDOM_CHARS: usize = 43;
const CHECKSUM_CHARS: usize = 8;
const LAST_CHARS: usize = 4;
/// Nearly always enough for all characters in one draw.
const RANDOM_BYTES: usize = 64;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A presented key, parsed but not verified.
#[derive(Clone)]
pub(crate) struct ShownKey {
    pub(crate) id: ApiKeyId,
    pub(crate) mode: KeyMode,
    digest: [u8; 32],
}

/// Returns whether the token is an API key; access tokens never start with this mark.
pub(crate) fn is_key(text: &str) -> bool {
    text.starts_with(MARK)
}

/// Returns the public first part of a key.
pub(crate) fn prefix(mode: KeyMode, id: ApiKeyId) -> String {
    format!("{MARK}{mode}_{}", id.uuid().simple())
}

fn checksum(text: &str) -> String {
    format!("{:08x}", crc32fast::hash(text.as_bytes()))
}

// 256 random bits cannot be guessed, so a slow hash would only slow down every call.
fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

impl ShownKey {
    /// Returns `None` if the text is not a well-formed key.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (mode, rest) = text.strip_prefix(MARK)?.split_once('_')?;
        let (id, secret) = rest.split_once('_')?;
        let is_whole = secret.len() == RANDOM_CHARS.checked_add(CHECKSUM_CHARS)?;
        let is_plain = secret.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let (body, sum) = text.split_at_checked(text.len().checked_sub(CHECKSUM_CHARS)?)?;
        if !is_whole || !is_plain || sum != checksum(body) {
            return None;
        }
        let id = format!("{}_{id}", ApiKeyId::PREFIX).parse().ok()?;
        Some(Self { id, mode: mode.parse().ok()?, digest: digest(text) })
    }

    /// Compares in constant time.
    pub(crate) fn is_kept_as(&self, kept: &[u8]) -> bool {
        verify_slices_are_equal(&self.digest, kept).is_ok()
    }
}

/// Creates a secret: the text to return once, and the digest to store.
///
/// # Errors
/// `internal` if there is no randomness.
pub(crate) fn new_secret(
    mode: KeyMode,
    id: ApiKeyId,
) -> Result<(SecretString, KeptSecret), ApiError> {
    let random = letters().map_err(|Unspecified| {
        tracing::error!("no randomness for an API key");
        ApiError::internal()
    })?;
    let body = format!("{}_{}", prefix(mode, id), random.expose_secret());
    let text = format!("{body}{}", checksum(&body));
    let (_, last_four) = text.split_at(text.len().saturating_sub(LAST_CHARS));
    let kept = KeptSecret { mode, digest: digest(&text).to_vec(), last_four: last_four.to_owned() };
    Ok((text.into(), kept))
}

/// Six random bits pick one of 64 values; two values are skipped, so that all characters are equally likely.
fn letters() -> Result<SecretString, Unspecified> {
    let mut text = String::with_capacity(RANDOM_CHARS);
    while text.len() < RANDOM_CHARS {
        let mut random = [0; RANDOM_BYTES];
        rand::fill(&mut random)?;
        let picked = random.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 63)));
        let missing = RANDOM_CHARS.saturating_sub(text.len());
        text.extend(picked.take(missing).copied().map(char::from));
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use uuid::Uuid;

    fn id() -> ApiKeyId {
        ApiKeyId::new(Uuid::from_u128(0x7f))
    }

    fn made(mode: KeyMode) -> (String, KeptSecret) {
        let (text, kept) = new_secret(mode, id()).unwrap();
        (text.expose_secret().to_owned(), kept)
    }

    #[test]
    fn a_key_reads_back() {
        for mode in KeyMode::ALL {
            let (text, kept) = made(*mode);
            let beginning = format!("amana_{mode}_0000000000000000000000000000007f_");
            assert!(text.starts_with(&beginning), "{text}");
            assert_eq!(text.len(), beginning.len() + 51);
            assert!(text.ends_with(&kept.last_four) && kept.last_four.len() == 4);
            let shown = ShownKey::parse(&text).unwrap();
            assert_eq!((shown.id, shown.mode), (id(), *mode));
            assert!(shown.is_kept_as(&kept.digest));
            assert!(!shown.is_kept_as(&made(*mode).1.digest));
            assert!(!shown.is_kept_as(&kept.digest[..31]) && !shown.is_kept_as(&[]));
        }
    }

    #[test]
    fn what_was_changed_in_any_place_is_no_key() {
        let (text, _) = made(KeyMode::Live);
        for place in 0..text.len() {
            let mut bent = text.clone().into_bytes();
            bent[place] = if bent[place] == b'1' { b'2' } else { b'1' };
            let bent = String::from_utf8(bent).unwrap();
            assert!(ShownKey::parse(&bent).is_none(), "{place}");
            assert!(ShownKey::parse(&text[..place]).is_none(), "{place} characters");
        }
        for wrong in [format!("{text} "), format!("{text}0"), text.to_uppercase(), "amana_".into()]
        {
            assert!(ShownKey::parse(&wrong).is_none(), "{wrong}");
        }
    }

    /// A correct checksum alone does not make a key valid.
    #[test]
    fn a_made_up_key_has_the_form_and_another_digest() {
        let (text, kept) = made(KeyMode::Live);
        let body = text[..text.len() - CHECKSUM_CHARS].replace("_live_", "_test_");
        let made_up = ShownKey::parse(&format!("{body}{}", checksum(&body))).unwrap();
        assert_eq!(made_up.mode, KeyMode::Test);
        assert!(!made_up.is_kept_as(&kept.digest));
        for body in ["amana_prod_0000000000000000000000000000007f_", "amana_live_7f_"] {
            let body = format!("{body}{}", "x".repeat(RANDOM_CHARS));
            assert!(ShownKey::parse(&format!("{body}{}", checksum(&body))).is_none(), "{body}");
        }
    }

    #[test]
    fn no_two_are_alike_and_all_letters_occur() {
        let secrets: Vec<String> =
            (0..200).map(|_| letters().unwrap().expose_secret().to_owned()).collect();
        assert_eq!(secrets.iter().collect::<BTreeSet<_>>().len(), 200);
        let seen: BTreeSet<u8> = secrets.iter().flat_map(|text| text.bytes()).collect();
        assert_eq!(seen, ALPHABET.iter().copied().collect());
    }
}
