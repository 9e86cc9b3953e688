//! The end of a payment in review: two members of staff say how it ended. Their word is evidence as any other is.

use super::{Claim, Evidence, FailureReason, Payment, Source, State};
use thiserror::Error;

/// How a payment ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// Paid, all of it, under this receipt.
    Paid {
        receipt: String,
    },
    NotPaid,
}

/// Why a payment cannot be resolved so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unresolved {
    #[error("the payment is {0}")]
    State(State),
    /// The receipt was named with another amount, so it does not prove that this one was paid.
    #[error("the receipt was for another amount")]
    OtherAmount,
}

impl Payment {
    /// The evidence that a resolution is.
    ///
    /// # Errors
    /// [`Unresolved`] unless the payment is in review or waits for a confirmation, or if what is known of the receipt speaks against it.
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
