//! A paybill payment that the payer started on their phone, without a prompt of ours.

use super::{Claim, Evidence, Source};
use crate::money::Money;

/// The provider's report of such a payment. Its receipt identifies it in every source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    pub receipt: String,
    pub amount: Money,
    /// The account number that the payer entered.
    pub reference: Option<String>,
}

impl Confirmation {
    #[must_use]
    pub fn evidence(&self, source: Source) -> Evidence {
        let receipt = Some(self.receipt.clone());
        let claim = Claim::Succeeded { receipt, amount: Some(self.amount) };
        Evidence { source, claim, reference: None }
    }

    /// Returns the normalised reference; `None` if it is empty.
    #[must_use]
    pub fn bill(&self) -> Option<String> {
        self.reference.as_deref().map(bill_reference).filter(|text| !text.is_empty())
    }
}

/// Normalises a typed reference: removes spaces and hyphens, converts to upper case.
#[must_use]
pub fn bill_reference(typed: &str) -> String {
    let letters = typed.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_known_however_it_is_typed() {
        for typed in ["7KQ2MNP4XWYZ", "7kq2mnp4xwyz", " 7KQ2-MNP4-XWYZ ", "7kq2 mnp4 xwyz"] {
            assert_eq!(bill_reference(typed), "7KQ2MNP4XWYZ");
        }
        assert_eq!(bill_reference("-"), "");
    }
}
