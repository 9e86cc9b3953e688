//! What the store and the domain refuse, as problems: the one place where that is decided.

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
            Error::Busy => Self::new(Code::Busy, "too many calls are waiting; nothing was done"),
            Error::LeaseLost | Error::Store(_) => failure(&error),
        }
    }
}

/// Nobody's fault. The chain of causes goes into the log, once, and never to the caller.
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
                format!("{wanted_minor} minor units are needed and {balance_minor} are available"),
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
            // Timers and withdrawals have no caller.
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
                "nobody with an open account is called so; whoever pays along has to be registered",
            ),
            Conflict::PaymentInProgress => (
                Code::PaymentInProgress,
                "a payment for this deal is under way; its outcome has to be known first",
            ),
            Conflict::ProviderLimit => (
                Code::ProviderLimit,
                "the amount is below or above what the provider carries in one transaction",
            ),
            Conflict::WholeUnitsRequired => {
                (Code::WholeUnitsRequired, "mobile money carries whole units of the currency only")
            }
            Conflict::UnsupportedCurrency => {
                (Code::UnsupportedCurrency, "mobile money does not carry this currency here")
            }
            Conflict::NotOnHold => {
                (Code::NotOnHold, "this withdrawal does not wait for a decision")
            }
            Conflict::ApprovalRequired => (
                Code::ApprovalRequired,
                "above KES 100,000, and in other currencies, two members of staff release a withdrawal: \
                 call `request_approval` with the kind `release_withdrawal`",
            ),
            Conflict::DiscrepancyClosed => {
                (Code::DiscrepancyClosed, "this discrepancy is closed already")
            }
            Conflict::LedgerInconsistent => (
                Code::LedgerInconsistent,
                "this discrepancy closes when the books add up, and not before",
            ),
            Conflict::JobNotFailed => (Code::JobNotFailed, "only a dead job can be replayed"),
            Conflict::HandleTaken => (Code::HandleTaken, "somebody has or had this handle"),
            Conflict::NameVerified => (
                Code::NameVerified,
                "an operator has compared your name with your documents: contact us to change it",
            ),
            Conflict::HandleChangeTooSoon => {
                (Code::HandleChangeTooSoon, "a handle can be changed once in 30 days")
            }
            Conflict::UnknownTier => (Code::UnknownTier, "there is no such tier"),
            Conflict::AccountInUse => (
                Code::AccountInUse,
                "an account can be closed when its wallet is empty, nothing is under way, and its organisations have another owner",
            ),
            Conflict::AccountErased => (
                Code::AccountErased,
                "nothing is known any more of the person whose account this was",
            ),
            Conflict::ClockTooFar => {
                (Code::ClockTooFar, "a test clock is ahead by a hundred years at most")
            }
            Conflict::PeriodTooLong => (
                Code::PeriodTooLong,
                "a statement has at most 10,000 lines; ask for a shorter period",
            ),
            Conflict::SessionExpired => (
                Code::SessionExpired,
                "this refresh token is not good, or not any more: log in again",
            ),
            Conflict::ChallengeExpired => (
                Code::ChallengeExpired,
                "this challenge is not good, or not any more: log in again",
            ),
            Conflict::TokenSuperseded => (
                Code::TokenSuperseded,
                "another call has just exchanged this refresh token: use what that call was answered",
            ),
            Conflict::AlreadyVerified => {
                (Code::AlreadyVerified, "this is known to be the person's already")
            }
            Conflict::SameContact => (Code::SameContact, "the account has this already"),
            Conflict::IncorrectPassword => {
                (Code::IncorrectPassword, "the password was replaced by another meanwhile")
            }
            Conflict::ApplicationOpen => (
                Code::ApplicationOpen,
                "one application has to be decided about or withdrawn before the next begins",
            ),
            Conflict::FactorActive => (
                Code::FactorActive,
                "remove the second factor that you have before you set up another",
            ),
            Conflict::AlreadyMember => {
                (Code::AlreadyMember, "the person belongs to this organisation already")
            }
            Conflict::InvitationOpen => (
                Code::InvitationOpen,
                "this address has an open invitation: send it again, or take it back first",
            ),
            Conflict::InvitationNotFound => (
                Code::InvitationNotFound,
                "this invitation is not valid: check the code. It may have been answered, withdrawn or replaced by a newer one, or \
                its time is over; ask the person who invited you to send another one",
            ),
            Conflict::InvitationExpired => (
                Code::InvitationExpired,
                "the time to accept this deal is over: ask the person who invited you to send the invitation again, or to \
                make a new deal if this one has expired",
            ),
            Conflict::InvitationForAnother => (
                Code::InvitationForAnother,
                "the invitation went to another address than that of this account",
            ),
            Conflict::AccountExists => (
                Code::AccountExists,
                "the invited address has an account: log in, and call `join_organisation`",
            ),
            Conflict::UnknownOrganisation => {
                (Code::UnknownOrganisation, "you do not belong to such an organisation")
            }
            Conflict::ChannelNotVerified => {
                (Code::ChannelNotVerified, "prove first that this address or number is yours")
            }
            Conflict::AlreadyRequested => {
                (Code::AlreadyRequested, "the same was asked for and waits for a decision")
            }
            Conflict::TooManyApiKeys => (
                Code::TooManyApiKeys,
                "a person has 20 API keys at most: revoke one that is not used any more",
            ),
            Conflict::ApiKeyRevoked => {
                (Code::ApiKeyRevoked, "this API key was revoked or has expired: make another one")
            }
            Conflict::DealReferenceTaken => (
                Code::DealReferenceTaken,
                "another deal of yours has this reference: find it with `list_deals`, or use another reference",
            ),
            Conflict::KeyReused => (
                Code::IdempotencyKeyReused,
                "this Idempotency-Key was used for a request that said something else",
            ),
            Conflict::KeyInProgress => (
                Code::IdempotencyKeyInProgress,
                "the first call with this Idempotency-Key has not ended yet",
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
