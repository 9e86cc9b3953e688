//! Encrypts files in pieces, so that writing never needs the whole file in memory. Each piece is AES-256-GCM. Its
//! nonce contains its number and whether it is the last, so pieces cannot be swapped, omitted or cut off. A key
//! encrypts one file only, and a file is written once.

use crate::PIECE_BYTES;
use amana_domain::personal::Personal;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;

pub(crate) const SEALED_PIECE_BYTES: usize = PIECE_BYTES + MAX_TAG_LEN;

pub(crate) struct Pieces {
    key: LessSafeKey,
    next: u32,
}

impl Pieces {
    pub(crate) fn new(key: &Personal<[u8; 32]>) -> Result<Self, Unspecified> {
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.expose())?);
        Ok(Self { key, next: 0 })
    }

    fn nonce(&mut self, is_last: bool) -> Result<Nonce, Unspecified> {
        let mut nonce = [0; NONCE_LEN];
        let [is_last_byte, .., a, b, c, d] = &mut nonce;
        *is_last_byte = u8::from(is_last);
        [*a, *b, *c, *d] = self.next.to_be_bytes();
        self.next = self.next.checked_add(1).ok_or(Unspecified)?;
        Ok(Nonce::assume_unique_for_key(nonce))
    }

    /// A piece shorter than [`PIECE_BYTES`], possibly empty, is the last one.
    pub(crate) fn seal(&mut self, piece: &mut Vec<u8>) -> Result<(), Unspecified> {
        let nonce = self.nonce(piece.len() < PIECE_BYTES)?;
        self.key.seal_in_place_append_tag(nonce, Aad::empty(), piece)
    }
}

/// # Errors
/// If a byte was changed, a piece is missing, or the key is wrong.
pub(crate) fn open(key: &Personal<[u8; 32]>, sealed: Vec<u8>) -> Result<Vec<u8>, Unspecified> {
    let (mut pieces, mut content, mut ended) = (Pieces::new(key)?, Vec::new(), false);
    for piece in sealed.chunks(SEALED_PIECE_BYTES) {
        let is_last = piece.len() < SEALED_PIECE_BYTES;
        let (nonce, mut piece) = (pieces.nonce(is_last)?, piece.to_vec());
        content.extend(pieces.key.open_in_place(nonce, Aad::empty(), &mut piece)?.iter());
        ended = is_last;
    }
    if ended { Ok(content) } else { Err(Unspecified) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Personal<[u8; 32]> {
        Personal::new([byte; 32])
    }

    fn sealed(content: &[u8]) -> Vec<u8> {
        let (mut pieces, mut sealed) = (Pieces::new(&key(1)).unwrap(), vec![]);
        let mut rest = content;
        loop {
            let (piece, after) = rest.split_at(rest.len().min(PIECE_BYTES));
            let (mut sealing, is_last) = (piece.to_vec(), piece.len() < PIECE_BYTES);
            pieces.seal(&mut sealing).unwrap();
            sealed.extend(sealing);
            rest = after;
            if is_last {
                return sealed;
            }
        }
    }

    #[test]
    fn whole_files_of_every_length_are_opened_again() {
        for length in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES] {
            let content = vec![7; length];
            let sealed = sealed(&content);
            let tags = (length / PIECE_BYTES + 1) * MAX_TAG_LEN;
            assert_eq!(sealed.len(), length + tags);
            assert!(open(&key(1), sealed.clone()).unwrap() == content, "{length}");
            assert!(open(&key(2), sealed).is_err(), "{length}");
        }
    }

    #[test]
    fn nothing_can_be_cut_off_swapped_or_bent() {
        let content: Vec<u8> = (0..=u8::MAX).cycle().take(2 * PIECE_BYTES + 9).collect();
        let whole = sealed(&content);
        for kept in [0, 9, SEALED_PIECE_BYTES, SEALED_PIECE_BYTES + 5, 2 * SEALED_PIECE_BYTES] {
            assert!(open(&key(1), whole[..kept].to_vec()).is_err(), "{kept} bytes kept");
        }
        assert!(open(&key(1), whole[SEALED_PIECE_BYTES..].to_vec()).is_err());
        let mut swapped = whole.clone();
        swapped[..2 * SEALED_PIECE_BYTES].rotate_left(SEALED_PIECE_BYTES);
        assert!(open(&key(1), swapped).is_err());
        for place in [0, SEALED_PIECE_BYTES - 1, SEALED_PIECE_BYTES, whole.len() - 1] {
            let mut bent = whole.clone();
            bent[place] ^= 1;
            assert!(open(&key(1), bent).is_err(), "byte {place}");
        }
        assert!(open(&key(1), [whole.clone(), whole].concat()).is_err());
    }
}
