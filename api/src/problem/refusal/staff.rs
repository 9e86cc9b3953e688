//! Conversion of errors of staff operations into problems.

use crate::problem::{ApiError, Code};
use amana_domain::approval::ApprovalRefusal;
use amana_domain::permission::Denial;

impl From<ApprovalRefusal> for ApiError {
    fn from(refusal: ApprovalRefusal) -> Self {
        let code = match refusal {
            ApprovalRefusal::WrongState(_)
            | ApprovalRefusal::Moved
            | ApprovalRefusal::Returning
            | ApprovalRefusal::SameRole(_)
            | ApprovalRefusal::NotInReview
            | ApprovalRefusal::OtherReceipt => Code::WrongState,
            ApprovalRefusal::PayerPhoneUnknown => Code::PayerPhoneUnknown,
            ApprovalRefusal::PayerFrozen => Code::AccountFrozen,
            ApprovalRefusal::OwnRequest => Code::OwnRequest,
            ApprovalRefusal::OwnMatter => Code::ConflictOfInterest,
            ApprovalRefusal::NotAsker => Code::WrongParty,
            ApprovalRefusal::AskerMayNot(_) => Code::Forbidden,
        };
        Self::new(code, refusal.to_string())
    }
}

impl From<Denial> for ApiError {
    fn from(denial: Denial) -> Self {
        let code = match denial {
            Denial::Role(_) | Denial::Amount(_) | Denial::Hours(..) | Denial::Network => {
                Code::Forbidden
            }
            Denial::Conflict(_) => Code::ConflictOfInterest,
            Denial::StepUp => Code::StepUpRequired,
        };
        Self::new(code, denial.to_string())
    }
}
