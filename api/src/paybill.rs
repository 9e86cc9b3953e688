//! The addresses at which the provider tells of payments at the paybill. They are one pair for a deployment, and
//! the token in them is made from the server's secret: nobody has to keep it, nobody can guess it.

use crate::secret::ServerSecret;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use secrecy::SecretString;

const PURPOSE: &[u8] = b"amana addresses of the paybill, version 1";

/// 128 bits, in hexadecimal, which spells none of the words that the provider forbids.
const TOKEN_BYTES: usize = 16;

/// The unguessable part of the addresses.
pub(crate) struct Paybill(String);

impl std::fmt::Debug for Paybill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Paybill")
    }
}

impl Paybill {
    pub(crate) fn new(secret: &ServerSecret) -> Self {
        let tag = hmac::sign(&secret.hmac(PURPOSE), b"token");
        Self(hex::encode(tag.as_ref().get(..TOKEN_BYTES).unwrap_or_default()))
    }

    pub(crate) fn is_token(&self, text: &str) -> bool {
        verify_slices_are_equal(self.0.as_bytes(), text.as_bytes()).is_ok()
    }
}

/// The unguessable part of the addresses, for whoever tells them to the provider.
#[must_use]
pub fn paybill_token(secret: &SecretString) -> String {
    Paybill::new(&ServerSecret::new(secret.clone())).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_the_deployment_s_own() {
        let (ours, theirs) = ("ours".into(), "theirs".into());
        let token = paybill_token(&ours);
        assert_eq!(token.len(), 2 * TOKEN_BYTES);
        assert_eq!(token, paybill_token(&ours));
        assert_ne!(token, paybill_token(&theirs));
        let paybill = Paybill::new(&ServerSecret::new(ours));
        assert!(paybill.is_token(&token) && !paybill.is_token(&paybill_token(&theirs)));
        assert!(!paybill.is_token(""));
    }
}
