//! Manual resolution of a payment in review by two operators. Their decision is stored as evidence.

use super::{Claim, Evidence, FailureReason, Payment, Source, State};
use thiserror::Error;

/// The outcome of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// Fully paid, with this receipt.
    Paid {
        receipt: String,
    },
    NotPaid,
}

/// The reason for which a resolution is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unresolved {
    #[error(
        "the payment is {0}; only a payment in `review` or `confirming` can be resolved manually"
    )]
    State(State),
    /// Evidence has this receipt with another amount, so the receipt does not prove this payment.
    #[error("the receipt is for another amount; give the receipt of this payment")]
    OtherAmount,
}

impl Payment {
    /// Returns the evidence of a resolution.
    ///
    /// # Errors
    /// [`Unresolved`] if the payment is not in `review` or `confirming`, or the receipt is for another amount.
    pub fn resolve(&self, resolution: &Resolution) -> Result<Evidence, Unresolved> {
        match self.state() {
            State::Review | State::Confirming => {}
            state @ (State::Screening
            | State::Held
            | State::Queued
            | State::Submitting
            | State::Pending
            | State::Unknown
            | State::Succeeded
            | State::Failed) => return Err(Unresolved::State(state)),
        }
        let claim = match resolution {
            Resolution::Paid { receipt } if self.is_of_another_amount(receipt) => {
                return Err(Unresolved::OtherAmount);
            }
            Resolution::Paid { receipt } => {
                Claim::Succeeded { receipt: Some(receipt.clone()), amount: Some(self.amount) }
            }
            Resolution::NotPaid => Claim::Failed { reason: FailureReason::NeverHappened },
        };
        Ok(Evidence { source: Source::Operator, claim, reference: None })
    }

    fn is_of_another_amount(&self, named: &str) -> bool {
        self.evidence().any(|said| {
            matches!(&said.claim, Claim::Succeeded { receipt: Some(receipt), amount: Some(amount) }
                if receipt == named && *amount != self.amount)
        })
    }
}
