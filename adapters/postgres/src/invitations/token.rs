//! Tokens of invitations and other secrets in messages, which are derived and never stored.

use crate::codes::CodeKey;
use amana_domain::id::{InvitationId, MilestoneId};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// Identifies tokens to people and to programs that scan for secrets.
const PREFIX: &str = "join_";

/// 128 bits cannot be guessed.
const TAG_BYTES: usize = 16;

const ID_BYTES: usize = size_of::<uuid::Bytes>();

/// A secret in a message, derived when the message is sent and never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The one-time code with this id.
    Code(Uuid),
    /// The token of an invitation, valid until the invitation is sent again.
    Invitation { id: Uuid, generation: i16 },
    /// The code of an invitation to a deal, derived from this id.
    DealInvitation(Uuid),
    /// The delivery code of a milestone after this number of rejected deliveries.
    HandOver { milestone: MilestoneId, reworks: u8 },
}

/// The id of an invitation and the tag that proves receipt of its message. Its `Debug` is masked.
#[derive(Clone, Copy)]
pub(super) struct Token {
    pub(super) id: InvitationId,
    tag: [u8; TAG_BYTES],
}

impl Token {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (id, tag) = bytes.split_first_chunk::<ID_BYTES>()?;
        Some(Self { id: InvitationId::new(Uuid::from_bytes(*id)), tag: tag.try_into().ok()? })
    }

    /// Returns whether the token belongs to this generation of its invitation.
    pub(super) fn is_of(&self, key: &CodeKey, generation: i16) -> bool {
        let right = tag(key, self.id.uuid(), generation);
        verify_slices_are_equal(&right, &self.tag).is_ok()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

/// Derives the tag from id and generation. The input differs from that of one-time codes, which is the id alone.
fn tag(key: &CodeKey, id: Uuid, generation: i16) -> [u8; TAG_BYTES] {
    let message = [PREFIX.as_bytes(), id.as_bytes(), &generation.to_be_bytes()].concat();
    let whole = key.tag(&message);
    whole.first_chunk().copied().unwrap_or_default()
}

/// Short enough to type and to fit a text message, too long to guess.
const DEAL_TAG_BYTES: usize = 10;

fn deal_tag(key: &CodeKey, id: Uuid) -> [u8; DEAL_TAG_BYTES] {
    let whole = key.tag(&[b"deal invitation ".as_slice(), id.as_bytes()].concat());
    whole.first_chunk().copied().unwrap_or_default()
}

impl CodeKey {
    /// Returns the secret as text for a message.
    #[must_use]
    pub fn tell(&self, told: Told) -> String {
        match told {
            Told::Code(id) => self.code(id).to_string(),
            Told::Invitation { id, generation } => {
                let bytes = [id.as_bytes().as_slice(), &tag(self, id, generation)].concat();
                format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
            }
            Told::DealInvitation(id) => hex::encode(deal_tag(self, id)),
            Told::HandOver { milestone, reworks } => self.hand_over(milestone, reworks).to_string(),
        }
    }

    /// Returns whether this is the code of the deal invitation with that id.
    pub(crate) fn is_deal_code(&self, id: Uuid, code: &str) -> bool {
        let told = hex::decode(code.trim()).unwrap_or_default();
        verify_slices_are_equal(&deal_tag(self, id), &told).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_its_invitation_generation_and_key() {
        let (key, other) = (CodeKey::derive(b"secret"), CodeKey::derive(b"another"));
        let id = Uuid::from_u128(7);
        let text = key.tell(Told::Invitation { id, generation: 2 });
        assert_eq!(text.len(), PREFIX.len() + 43);
        let token = Token::parse(&text).unwrap();
        assert_eq!(token.id.uuid(), id);
        assert!(token.is_of(&key, 2) && !token.is_of(&key, 1) && !token.is_of(&other, 2));
        let elsewhere = Token { id: InvitationId::new(Uuid::from_u128(8)), ..token };
        assert!(!elsewhere.is_of(&key, 2));
        assert_eq!(format!("{token:?}"), "Token");
    }

    #[test]
    fn the_code_of_a_deal_is_short_and_of_its_id_and_key() {
        let (key, other) = (CodeKey::derive(b"secret"), CodeKey::derive(b"another"));
        let id = Uuid::from_u128(7);
        let text = key.tell(Told::DealInvitation(id));
        assert_eq!(text.len(), 20);
        assert!(key.is_deal_code(id, &text) && key.is_deal_code(id, &text.to_uppercase()));
        assert!(!other.is_deal_code(id, &text) && !key.is_deal_code(Uuid::from_u128(8), &text));
        for wrong in ["", "00", &text[2..], &format!("{text}00")] {
            assert!(!key.is_deal_code(id, wrong), "{wrong}");
        }
    }

    #[test]
    fn nothing_else_is_a_token() {
        let text = CodeKey::derive(b"secret")
            .tell(Told::Invitation { id: Uuid::from_u128(7), generation: 1 });
        let bare = text.strip_prefix(PREFIX).unwrap();
        for wrong in ["", PREFIX, bare, &text[..47], &format!("{text}A"), &format!("{text}=")] {
            assert!(Token::parse(wrong).is_none(), "{wrong}");
        }
    }
}
