//! Labels that the creator of a deal keeps for their own records: a reference and metadata.

use std::collections::BTreeMap;
use thiserror::Error;

pub const REFERENCE_CHARS_MAX: usize = 64;
pub const METADATA_FIELDS_MAX: usize = 20;
pub const METADATA_NAME_CHARS_MAX: usize = 40;
pub const METADATA_VALUE_CHARS_MAX: usize = 500;

/// A reference and metadata. No rule depends on them. A reference is unique among the deals of its creator.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Label {
    reference: Option<String>,
    metadata: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LabelError {
    #[error(
        "expected 1 to {REFERENCE_CHARS_MAX} characters in one line, without spaces at the ends"
    )]
    Reference,
    #[error(
        "expected at most {METADATA_FIELDS_MAX} members, with names of 1 to {METADATA_NAME_CHARS_MAX} characters and \
        values of at most {METADATA_VALUE_CHARS_MAX} characters"
    )]
    Metadata,
}

impl Label {
    /// # Errors
    /// [`LabelError`] with the part that is invalid.
    pub fn new(
        reference: Option<String>,
        metadata: BTreeMap<String, String>,
    ) -> Result<Self, LabelError> {
        if reference.as_deref().is_some_and(|text| !is_reference(text)) {
            return Err(LabelError::Reference);
        }
        if metadata.len() > METADATA_FIELDS_MAX || !metadata.iter().all(fits) {
            return Err(LabelError::Metadata);
        }
        Ok(Self { reference, metadata })
    }

    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }

    #[must_use]
    pub const fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reference.is_none() && self.metadata.is_empty()
    }
}

fn is_reference(text: &str) -> bool {
    (1..=REFERENCE_CHARS_MAX).contains(&text.chars().count())
        && text.trim() == text
        && !text.chars().any(char::is_control)
}

// PostgreSQL cannot store a text that contains NUL.
fn fits((name, value): (&String, &String)) -> bool {
    (1..=METADATA_NAME_CHARS_MAX).contains(&name.chars().count())
        && value.chars().count() <= METADATA_VALUE_CHARS_MAX
        && !name.contains('\0')
        && !value.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_bounded() {
        let reference = |text: &str| Label::new(Some(text.to_owned()), BTreeMap::new());
        assert_eq!(reference("Order 17").unwrap().reference(), Some("Order 17"));
        assert!(reference(&"x".repeat(REFERENCE_CHARS_MAX)).is_ok());
        for wrong in ["", " 17", "17\n", &"x".repeat(REFERENCE_CHARS_MAX + 1)] {
            assert_eq!(reference(wrong), Err(LabelError::Reference), "{wrong:?}");
        }
        let metadata = |name: usize, value: usize, fields: usize| {
            let one = |n: usize| (format!("{n:0>name$}"), "v".repeat(value));
            Label::new(None, (0..fields).map(one).collect())
        };
        assert!(metadata(40, 500, 20).is_ok());
        assert_eq!(metadata(41, 1, 1), Err(LabelError::Metadata));
        assert_eq!(metadata(2, 501, 1), Err(LabelError::Metadata));
        assert_eq!(metadata(2, 1, 21), Err(LabelError::Metadata));
        assert!(Label::default().is_empty());
    }
}
