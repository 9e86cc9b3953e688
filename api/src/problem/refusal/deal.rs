//! Conversion of errors of deals into problems.

use super::ours;
use crate::problem::{ApiError, Code};
use amana_domain::deal::Refusal;
use amana_domain::fee::FeeError;

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            Refusal::WrongParty { .. } | Refusal::NotArbiter | Refusal::NotPayer => {
                Self::new(Code::WrongParty, text)
            }
            Refusal::OwnProposal => Self::new(Code::OwnProposal, text),
            Refusal::OwnAward => Self::new(Code::OwnRequest, text),
            Refusal::WrongState { .. }
            | Refusal::WrongMilestoneState { .. }
            | Refusal::AlreadyJoined
            | Refusal::NotAnswered => Self::new(Code::WrongState, text),
            Refusal::RevisionMismatch { .. } => Self::new(Code::RevisionMismatch, text),
            Refusal::OfferMismatch => Self::new(Code::OfferMismatch, text),
            Refusal::CounterpartyNotJoined => Self::new(Code::CounterpartyNotJoined, text),
            Refusal::NotExtensible => Self::new(Code::NotExtensible, text),
            Refusal::TooManyRevisions | Refusal::TooManyReworks | Refusal::TooManyPayers => {
                Self::new(Code::DealLimit, text)
            }
            Refusal::ProofRequired { .. } => {
                Self::new(Code::ProofRequired, text.clone()).at("/proof", text)
            }
            Refusal::Share => Self::new(Code::ShareOutOfRange, text.clone()).at("/to_seller", text),
            Refusal::TooMuchEvidence | Refusal::TooManyFiles => {
                Self::new(Code::TooManyDocuments, text)
            }
            Refusal::HandOverWrong => {
                Self::new(Code::InvalidCode, text.clone()).at("/delivery_code", text)
            }
            Refusal::HandOverTooMany { wait } => Self::new(Code::TooManyAttempts, text).after(wait),
            Refusal::UnknownMilestone => Self::new(Code::NotFound, text),
            Refusal::TooLate { .. } => Self::new(Code::TooLate, text),
            Refusal::TooEarly { .. } => Self::new(Code::TooEarly, text),
            Refusal::AlreadyRequested | Refusal::AlreadyPayer => {
                Self::new(Code::AlreadyRequested, text)
            }
            Refusal::AmountExceedsOutstanding { .. } => {
                Self::new(Code::AmountExceedsOutstanding, text.clone()).at("/amount", text)
            }
            Refusal::UnsupportedCurrency(_) => {
                Self::new(Code::UnsupportedCurrency, text.clone()).at("/currency", text)
            }
            Refusal::SameParty => {
                Self::new(Code::SameParty, text.clone()).at("/counterparty", text)
            }
            Refusal::Title => Self::field("/title", text),
            Refusal::Commission => Self::field("/broker/commission_bps", text),
            Refusal::MilestoneCount | Refusal::Amount | Refusal::Items | Refusal::Description => {
                Self::field("/milestones", text)
            }
            Refusal::Period => Self::field("/terms", text),
            Refusal::Fee(error) => error.into(),
            Refusal::Money(error) => error.into(),
            Refusal::Ledger(error) => error.into(),
        }
    }
}

impl From<FeeError> for ApiError {
    fn from(error: FeeError) -> Self {
        match error {
            FeeError::ExceedsAmount => Self::new(Code::FeeExceedsAmount, error.to_string())
                .at("/milestones", error.to_string()),
            FeeError::Money(error) => error.into(),
            // An invalid fee plan is our error, not the caller's.
            FeeError::Percentage | FeeError::Bounds => ours(&error),
        }
    }
}
