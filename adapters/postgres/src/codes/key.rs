//! The key that derives the digits of a code from its id.

use amana_domain::code::Code;
use amana_domain::id::MilestoneId;
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use uuid::Uuid;

/// Separates this key from other keys derived from the same secret.
const LABEL: &[u8] = b"amana one-time codes, version 1";

/// Derives a code from the HMAC-SHA256 of its id, so that no code is stored. The database, backups, jobs and logs
/// contain ids only, from which no code can be computed. A plain hash of six digits could be reversed in a second.
#[derive(Clone)]
pub struct CodeKey(hmac::Key);

impl std::fmt::Debug for CodeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeKey")
    }
}

impl CodeKey {
    /// Derives the key from the server's secret.
    #[must_use]
    pub fn derive(secret: &[u8]) -> Self {
        let secret = hmac::Key::new(HMAC_SHA256, secret);
        Self(hmac::Key::new(HMAC_SHA256, hmac::sign(&secret, LABEL).as_ref()))
    }

    pub(crate) fn tag(&self, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.0, message).as_ref().to_vec()
    }

    /// Returns the code with this id.
    #[must_use]
    pub fn code(&self, id: Uuid) -> Code {
        self.digits(id.as_bytes())
    }

    /// Returns the delivery code of a milestone after this number of rejected deliveries. The input is longer than an
    /// id, so it cannot equal that of another code.
    #[must_use]
    pub fn hand_over(&self, milestone: MilestoneId, reworks: u8) -> Code {
        let id = milestone.uuid();
        self.digits(&[b"hand over ".as_slice(), id.as_bytes(), &[reworks]].concat())
    }

    fn digits(&self, message: &[u8]) -> Code {
        let tag = self.tag(message);
        let beginning = tag.iter().take(size_of::<u64>());
        Code::from_bits(beginning.fold(0, |bits, byte| (bits << u8::BITS) | u64::from(*byte)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_code_depends_on_the_id_and_on_the_secret() {
        let key = CodeKey::derive(b"secret");
        let code = |key: &CodeKey, id: u128| key.code(Uuid::from_u128(id)).to_string();
        assert_eq!(code(&key, 7), code(&CodeKey::derive(b"secret"), 7));
        assert_ne!(code(&key, 7), code(&CodeKey::derive(b"another"), 7));
        let hand_over = |reworks| key.hand_over(MilestoneId::new(Uuid::from_u128(7)), reworks);
        assert_eq!(hand_over(0), hand_over(0));
        assert_ne!(hand_over(0), hand_over(1));
        assert_ne!(hand_over(0), key.code(Uuid::from_u128(7)));
        let all: BTreeSet<String> = (0..200).map(|id| code(&key, id)).collect();
        assert!(all.len() > 190, "{}", all.len());
        let first = all.iter().filter_map(|code| code.chars().next()).collect::<BTreeSet<_>>();
        assert_eq!(first.len(), 10, "every digit comes first somewhere");
    }
}
