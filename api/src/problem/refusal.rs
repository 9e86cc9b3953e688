//! Conversion of errors of the store and the domain into problems.

mod deal;
mod staff;

use super::plan::too_much_at_once;
use super::{ApiError, Code};
use amana_domain::code::CodeRefusal;
use amana_domain::factor::FactorRefusal;
use amana_domain::hold::HoldRefusal;
use amana_domain::kyc::KycRefusal;
use amana_domain::ledger::LedgerError;
use amana_domain::limits::LimitRefusal;
use amana_domain::money::MoneyError;
use amana_domain::organisation::OrganisationRefusal;
use amana_domain::payment::PromptRefusal;
use amana_domain::transfer::TransferRefusal;
use amana_postgres::{Conflict, Error};
use std::error::Error as _;

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(what) => Self::new(Code::NotFound, format!("there is no such {what}")),
            Error::Refused(refusal) => refusal.into(),
            Error::Transfer(refusal) => refusal.into(),
            Error::Hold(refusal) => refusal.into(),
            Error::Kyc(refusal) => refusal.into(),
            Error::Limit(refusal) => refusal.into(),
            Error::Prompt(refusal) => refusal.into(),
            Error::Code(refusal) => refusal.into(),
            Error::Factor(refusal) => refusal.into(),
            Error::Organisation(refusal) => refusal.into(),
            Error::Approval(refusal) => refusal.into(),
            Error::Denied(denial) => denial.into(),
            Error::TooMuchAtOnce(plan) => too_much_at_once(&plan),
            Error::Conflict(conflict) => conflict.into(),
            Error::Busy => Self::new(
                Code::Busy,
                "too many calls are waiting and nothing was changed; try again shortly",
            ),
            Error::LeaseLost | Error::Store(_) => failure(&error),
        }
    }
}

/// A failure on our side. The chain of causes is logged once and never returned.
fn failure(error: &Error) -> ApiError {
    let mut causes = String::new();
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push_str(": ");
        causes.push_str(&cause.to_string());
        source = cause.source();
    }
    tracing::error!(causes, "the store failed: {error}");
    if error.is_transient() { ApiError::unavailable() } else { ApiError::internal() }
}

impl From<MoneyError> for ApiError {
    fn from(error: MoneyError) -> Self {
        match error {
            MoneyError::Negative | MoneyError::Zero | MoneyError::TooLarge => {
                Self::new(Code::AmountOutOfRange, error.to_string())
            }
            MoneyError::Mixed(_, _) => Self::new(Code::InvalidRequest, error.to_string()),
        }
    }
}

impl From<LedgerError> for ApiError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Insufficient { balance_minor, wanted_minor, .. } => Self::new(
                Code::InsufficientFunds,
                format!(
                    "needs {wanted_minor} minor units, but {balance_minor} are available; add money first"
                ),
            ),
            LedgerError::Overflow => Self::new(Code::AmountOutOfRange, error.to_string()),
            LedgerError::Malformed | LedgerError::Unbalanced(_) => ours(&error),
        }
    }
}

impl From<HoldRefusal> for ApiError {
    fn from(refusal: HoldRefusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            HoldRefusal::Closed(_) => Self::new(Code::HoldClosed, text),
            HoldRefusal::TooSmall { .. } => {
                Self::new(Code::AmountExceedsHold, text.clone()).at("/amount", text)
            }
            HoldRefusal::OtherCurrency(_) => Self::field("/amount/currency", text),
            HoldRefusal::WrongParty => Self::new(Code::WrongParty, text),
            HoldRefusal::Ledger(error) => error.into(),
            // Only timers and withdrawals cause these, and they have no caller.
            HoldRefusal::InPart | HoldRefusal::TooEarly { .. } | HoldRefusal::Unending => {
                ours(&refusal)
            }
        }
    }
}

impl From<KycRefusal> for ApiError {
    fn from(refusal: KycRefusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            KycRefusal::WrongState(_) => Self::new(Code::WrongState, text),
            KycRefusal::TooManyDocuments => Self::new(Code::TooManyDocuments, text),
            KycRefusal::Missing(needs) => {
                let names: Vec<&str> = needs.iter().map(|need| need.as_str()).collect();
                Self::new(Code::DocumentsMissing, format!("{text}: {}", names.join(", ")))
            }
            KycRefusal::TooManyApplications => Self::new(Code::TooEarly, text),
            KycRefusal::OwnApplication => Self::new(Code::ConflictOfInterest, text),
            KycRefusal::Reasons => Self::field("/reasons", text),
            KycRefusal::TierAlreadyAssigned => {
                Self::new(Code::TierAlreadyAssigned, text.clone()).at("/tier", text)
            }
        }
    }
}

impl From<LimitRefusal> for ApiError {
    fn from(refusal: LimitRefusal) -> Self {
        let code = match refusal {
            LimitRefusal::Transaction { .. } => Code::TransactionLimit,
            LimitRefusal::Day { .. } => Code::DailyLimit,
            LimitRefusal::Balance { .. } => Code::BalanceLimit,
            LimitRefusal::Recipient => Code::RecipientLimit,
        };
        Self::new(code, refusal.to_string())
    }
}

impl From<PromptRefusal> for ApiError {
    fn from(refusal: PromptRefusal) -> Self {
        let code = match refusal {
            PromptRefusal::Open => Code::PromptPending,
            PromptRefusal::TooMany => Code::TooManyPrompts,
        };
        let text = refusal.to_string();
        Self::new(code, text.clone()).at("/phone", text)
    }
}

impl From<CodeRefusal> for ApiError {
    fn from(refusal: CodeRefusal) -> Self {
        match refusal {
            CodeRefusal::Wrong => Self::new(Code::InvalidCode, refusal.to_string()),
            CodeRefusal::TooMany { wait } => {
                Self::new(Code::TooManyAttempts, refusal.to_string()).after(wait)
            }
        }
    }
}

impl From<FactorRefusal> for ApiError {
    fn from(refusal: FactorRefusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            FactorRefusal::InvalidCode => {
                Self::new(Code::InvalidCode, text.clone()).at("/code", text)
            }
            FactorRefusal::CodeWanted => Self::field("/code", text),
            FactorRefusal::Locked { wait } => Self::new(Code::TooManyAttempts, text).after(wait),
        }
    }
}

impl From<OrganisationRefusal> for ApiError {
    fn from(refusal: OrganisationRefusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            OrganisationRefusal::Rank(_) => Self::new(Code::InsufficientRole, text),
            OrganisationRefusal::LastOwner => Self::new(Code::LastOwner, text),
            OrganisationRefusal::TooManyOrganisations => Self::new(Code::OrganisationLimit, text),
            OrganisationRefusal::TooManyMembers => Self::new(Code::MemberLimit, text),
            OrganisationRefusal::TooManyInvitations | OrganisationRefusal::SentEnough => {
                Self::new(Code::InvitationLimit, text)
            }
            OrganisationRefusal::TooSoon { wait } => {
                Self::new(Code::InvitationTooSoon, text).after(wait)
            }
        }
    }
}

impl From<TransferRefusal> for ApiError {
    fn from(refusal: TransferRefusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            TransferRefusal::UnknownRecipient => {
                Self::new(Code::UnknownRecipient, text.clone()).at("/to", text)
            }
            TransferRefusal::SameParty => Self::new(Code::SameParty, text.clone()).at("/to", text),
            TransferRefusal::RecipientClosed => Self::new(Code::RecipientClosed, text),
            TransferRefusal::SenderClosed => Self::new(Code::AccountClosed, text),
            TransferRefusal::SenderFrozen => Self::new(Code::AccountFrozen, text),
            TransferRefusal::SenderUnverified => Self::new(Code::VerifiedContactRequired, text),
            TransferRefusal::TooSmall { .. } => {
                Self::new(Code::TransferTooSmall, text.clone()).at("/amount", text)
            }
            TransferRefusal::UnsupportedCurrency(_) => {
                Self::new(Code::UnsupportedCurrency, text.clone()).at("/amount/currency", text)
            }
            TransferRefusal::Limit(refusal) => refusal.into(),
            TransferRefusal::Ledger(error) => error.into(),
        }
    }
}

fn ours(error: &dyn std::error::Error) -> ApiError {
    tracing::error!("a rule that callers cannot break was broken: {error}");
    ApiError::internal()
}

impl From<Conflict> for ApiError {
    fn from(conflict: Conflict) -> Self {
        let (code, detail) = match conflict {
            Conflict::EmailTaken => {
                (Code::EmailTaken, "another account has verified this e-mail address")
            }
            Conflict::PhoneTaken => {
                (Code::PhoneTaken, "another account has verified this phone number")
            }
            Conflict::UnknownCounterparty => (
                Code::UnknownCounterparty,
                "no account has verified this e-mail address or phone number",
            ),
            Conflict::UnknownPayer => (
                Code::UnknownPayer,
                "no open account matches; additional payers must be registered",
            ),
            Conflict::PaymentInProgress => (
                Code::PaymentInProgress,
                "another payment for this deal is in progress; wait for its result",
            ),
            Conflict::ProviderLimit => {
                (Code::ProviderLimit, "the amount is outside the provider's limits per transaction")
            }
            Conflict::WholeUnitsRequired => {
                (Code::WholeUnitsRequired, "mobile money requires whole units of the currency")
            }
            Conflict::UnsupportedCurrency => {
                (Code::UnsupportedCurrency, "mobile money does not support this currency")
            }
            Conflict::NotOnHold => {
                (Code::NotOnHold, "this withdrawal is not waiting for a decision")
            }
            Conflict::ApprovalRequired => (
                Code::ApprovalRequired,
                "above KES 100,000, and in other currencies, two operators must release a withdrawal: \
                 call `request_approval` with the kind `release_withdrawal`",
            ),
            Conflict::DiscrepancyClosed => {
                (Code::DiscrepancyClosed, "this discrepancy is already closed")
            }
            Conflict::LedgerInconsistent => (
                Code::LedgerInconsistent,
                "this discrepancy can be closed once the ledger is consistent",
            ),
            Conflict::JobNotFailed => (Code::JobNotFailed, "only a dead job can be replayed"),
            Conflict::HandleTaken => {
                (Code::HandleTaken, "this handle is or was another user's; choose another one")
            }
            Conflict::NameVerified => (
                Code::NameVerified,
                "an operator has verified your name; contact support to change it",
            ),
            Conflict::HandleChangeTooSoon => (
                Code::HandleChangeTooSoon,
                "a handle can be changed once in 30 days; try again later",
            ),
            Conflict::UnknownTier => (Code::UnknownTier, "there is no such tier"),
            Conflict::AccountInUse => (
                Code::AccountInUse,
                "an account can be closed once its wallet is empty, nothing is in progress, and its organisations have \
                 another owner",
            ),
            Conflict::AccountErased => (
                Code::AccountErased,
                "the personal data of this account was erased; the account cannot be reopened",
            ),
            Conflict::ClockTooFar => {
                (Code::ClockTooFar, "a test clock can be at most 100 years ahead")
            }
            Conflict::PeriodTooLong => (
                Code::PeriodTooLong,
                "a statement has at most 10,000 lines; choose a shorter period",
            ),
            Conflict::SessionExpired => {
                (Code::SessionExpired, "the refresh token is invalid or has expired; log in again")
            }
            Conflict::ChallengeExpired => {
                (Code::ChallengeExpired, "the challenge is invalid or has expired; log in again")
            }
            Conflict::TokenSuperseded => (
                Code::TokenSuperseded,
                "another call has just exchanged this refresh token; use the tokens that it returned",
            ),
            Conflict::AlreadyVerified => {
                (Code::AlreadyVerified, "this contact is already verified")
            }
            Conflict::SameContact => (Code::SameContact, "the account already has this contact"),
            Conflict::IncorrectPassword => {
                (Code::IncorrectPassword, "the password was changed meanwhile; use the new one")
            }
            Conflict::ApplicationOpen => (
                Code::ApplicationOpen,
                "another application is open; wait for its decision or withdraw it",
            ),
            Conflict::FactorActive => {
                (Code::FactorActive, "remove your current second factor before you set up another")
            }
            Conflict::AlreadyMember => {
                (Code::AlreadyMember, "the user is already a member of this organisation")
            }
            Conflict::InvitationOpen => {
                (Code::InvitationOpen, "this address has an open invitation; resend or withdraw it")
            }
            Conflict::InvitationNotFound => (
                Code::InvitationNotFound,
                "the invitation is invalid, answered, withdrawn, replaced or expired; check the code or request \
                 another invitation",
            ),
            Conflict::InvitationExpired => (
                Code::InvitationExpired,
                "the acceptance period of this deal is over; request another invitation, or a new deal if this one has \
                 expired",
            ),
            Conflict::InvitationForAnother => (
                Code::InvitationForAnother,
                "the invitation was sent to another address; log in with the invited account",
            ),
            Conflict::AccountExists => (
                Code::AccountExists,
                "the invited address already has an account; log in and call `join_organisation`",
            ),
            Conflict::UnknownOrganisation => {
                (Code::UnknownOrganisation, "you are not a member of this organisation")
            }
            Conflict::ChannelNotVerified => {
                (Code::ChannelNotVerified, "verify this e-mail address or phone number first")
            }
            Conflict::AlreadyRequested => {
                (Code::AlreadyRequested, "the same request is already waiting for a decision")
            }
            Conflict::TooManyApiKeys => (
                Code::TooManyApiKeys,
                "a user can have at most 20 API keys; revoke one that is not in use",
            ),
            Conflict::ApiKeyRevoked => {
                (Code::ApiKeyRevoked, "this API key was revoked or has expired; create another one")
            }
            Conflict::DealReferenceTaken => (
                Code::DealReferenceTaken,
                "another deal of yours has this reference; find it with `list_deals` or use another reference",
            ),
            Conflict::KeyReused => (
                Code::IdempotencyKeyReused,
                "this Idempotency-Key was used for a different request; use a new key",
            ),
            Conflict::KeyInProgress => (
                Code::IdempotencyKeyInProgress,
                "the first call with this Idempotency-Key is still running; try again shortly",
            ),
        };
        let pointer = match conflict {
            Conflict::EmailTaken => Some("/email"),
            Conflict::PhoneTaken => Some("/phone"),
            Conflict::UnknownCounterparty => Some("/counterparty"),
            Conflict::DealReferenceTaken => Some("/reference"),
            Conflict::HandleTaken | Conflict::HandleChangeTooSoon => Some("/handle"),
            Conflict::UnknownTier => Some("/tier"),
            Conflict::SameContact => Some("/new"),
            Conflict::UnknownOrganisation => Some("/organisation_id"),
            Conflict::IncorrectPassword => Some("/old_password"),
            Conflict::ChannelNotVerified => Some("/channel"),
            _ => None,
        };
        let error = Self::new(code, detail);
        pointer.map_or(error.clone(), |pointer| error.at(pointer, detail))
    }
}
