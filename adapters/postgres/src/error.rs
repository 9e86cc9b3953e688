//! Errors of use-cases. `Display` never contains the source, which may have personal data.

use crate::address::AddressError;
use amana_domain::approval::ApprovalRefusal;
use amana_domain::code::CodeRefusal;
use amana_domain::deal::Refusal;
use amana_domain::factor::FactorRefusal;
use amana_domain::hold::HoldRefusal;
use amana_domain::kyc::KycRefusal;
use amana_domain::ledger::LedgerError;
use amana_domain::limits::LimitRefusal;
use amana_domain::money::Money;
use amana_domain::organisation::OrganisationRefusal;
use amana_domain::payment::PromptRefusal;
use amana_domain::permission::Denial;
use amana_domain::text_enum;
use amana_domain::transfer::TransferRefusal;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use thiserror::Error;

/// A failure of the database or its configuration, not caused by the call.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error("the database could not be reached")]
    Connection(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A retry fails until a setting changes. The text continues the variable's name.
    #[error("{0}")]
    Setting(String),
    /// As `Setting`, for the URL of the application's role.
    #[error("{0}")]
    AppRole(&'static str),
    #[error("the schema is missing: run `amana migrate`")]
    NoSchema,
    #[error("the schema is older than this program: run `amana migrate`")]
    OldSchema,
    #[error("the role has no rights on the schema: run `amana migrate` with DATABASE_APP_URL")]
    NoRights,
    #[error("a statement failed")]
    Statement(#[source] DieselError),
    /// The outcome of the call is unknown. A retry with the same idempotency key returns it.
    #[error("a batch could not be committed")]
    Batch,
    #[error("a stored row cannot be read: {0}")]
    Row(String),
    /// A sealed value was changed, moved to another row or column, or sealed under another key.
    #[error("personal data cannot be sealed or opened")]
    Sealed,
    #[error("the master key is not the one that the data was sealed with")]
    MasterKey,
    #[error("without the master key no personal data can be read or written")]
    NoMasterKey,
    #[error("the migrations could not be applied: {0}")]
    Migration(String),
}

text_enum! {
    /// Refusals that depend on other rows, so that only the store can detect them.
    pub enum Conflict as "conflict" {
        EmailTaken = "email_taken",
        PhoneTaken = "phone_taken",
        UnknownCounterparty = "unknown_counterparty",
        UnknownPayer = "unknown_payer",
        PaymentInProgress = "payment_in_progress",
        ProviderLimit = "provider_limit",
        WholeUnitsRequired = "whole_units_required",
        UnsupportedCurrency = "unsupported_currency",
        NotOnHold = "not_on_hold",
        ApprovalRequired = "approval_required",
        DiscrepancyClosed = "discrepancy_closed",
        LedgerInconsistent = "ledger_inconsistent",
        JobNotFailed = "job_not_failed",
        HandleTaken = "handle_taken",
        HandleChangeTooSoon = "handle_change_too_soon",
        UnknownTier = "unknown_tier",
        AccountInUse = "account_in_use",
        PeriodTooLong = "period_too_long",
        SessionExpired = "session_expired",
        ChallengeExpired = "challenge_expired",
        TokenSuperseded = "token_superseded",
        AlreadyVerified = "already_verified",
        SameContact = "same_contact",
        IncorrectPassword = "incorrect_password",
        ApplicationOpen = "application_open",
        FactorActive = "factor_active",
        AlreadyMember = "already_member",
        InvitationOpen = "invitation_open",
        InvitationNotFound = "invitation_not_found",
        InvitationExpired = "invitation_expired",
        InvitationForAnother = "invitation_for_another",
        AccountExists = "account_exists",
        UnknownOrganisation = "unknown_organisation",
        ChannelNotVerified = "channel_not_verified",
        NameVerified = "name_verified",
        AlreadyRequested = "already_requested",
        TooManyApiKeys = "too_many_api_keys",
        ApiKeyRevoked = "api_key_revoked",
        AccountErased = "account_erased",
        ClockTooFar = "clock_too_far",
        DealReferenceTaken = "deal_reference_taken",
        KeyReused = "idempotency_key_reused",
        KeyInProgress = "idempotency_key_in_progress",
    }
}

#[derive(Debug, Error)]
pub enum Error {
    #[error("there is no such {0}")]
    NotFound(&'static str),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Transfer(#[from] TransferRefusal),
    #[error(transparent)]
    Hold(#[from] HoldRefusal),
    #[error(transparent)]
    Kyc(#[from] KycRefusal),
    #[error(transparent)]
    Limit(#[from] LimitRefusal),
    #[error(transparent)]
    Prompt(#[from] PromptRefusal),
    #[error(transparent)]
    Code(#[from] CodeRefusal),
    #[error(transparent)]
    Factor(#[from] FactorRefusal),
    #[error(transparent)]
    Organisation(#[from] OrganisationRefusal),
    #[error(transparent)]
    Approval(#[from] ApprovalRefusal),
    #[error(transparent)]
    Denied(#[from] Denial),
    /// The amount exceeds the provider's limit per transaction. The payments listed here add up to it.
    #[error("the amount exceeds the provider's limit for one transaction")]
    TooMuchAtOnce(Vec<Money>),
    #[error("{0}")]
    Conflict(Conflict),
    /// The queue is full. The call had no effect.
    #[error("too many calls are waiting")]
    Busy,
    /// Another worker has taken the job over. The transaction is rolled back.
    #[error("the lease of the job was lost")]
    LeaseLost,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StoreError {
    /// Returns whether a new connection may succeed: the server is away, starts, or closed this connection.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        use DatabaseErrorKind::{ClosedConnection, UnableToSendCommand};
        matches!(
            self,
            StoreError::Connection(_)
                | StoreError::Statement(DieselError::DatabaseError(
                    ClosedConnection | UnableToSendCommand,
                    _
                ))
        )
    }
}

impl From<AddressError> for StoreError {
    fn from(error: AddressError) -> Self {
        StoreError::Setting(error.to_string())
    }
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        StoreError::Statement(error)
    }
}

impl From<LedgerError> for Error {
    fn from(error: LedgerError) -> Self {
        Error::Refused(Refusal::Ledger(error))
    }
}

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        Error::Store(StoreError::Statement(error))
    }
}

/// Messages of PostgreSQL for temporary failures that have no kind of their own in the driver.
const PASSING: [&str; 4] =
    ["lock timeout", "statement timeout", "deadlock detected", "terminating connection"];

impl Error {
    pub(crate) fn row(what: impl std::fmt::Display) -> Self {
        Error::Store(StoreError::Row(what.to_string()))
    }

    /// Turns the violation of a named constraint into the conflict that it means.
    pub(crate) fn on_constraint(self, name: &str, meaning: Conflict) -> Self {
        match &self {
            Error::Store(StoreError::Statement(DieselError::DatabaseError(_, info)))
                if info.constraint_name() == Some(name) =>
            {
                Error::Conflict(meaning)
            }
            _ => self,
        }
    }

    /// Returns whether the database cannot be reached. The store logs an outage itself, once for all statements.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Error::Store(StoreError::Connection(_)) => true,
            Error::Store(StoreError::Statement(DieselError::DatabaseError(kind, info))) => {
                matches!(
                    kind,
                    DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand
                ) || info.message().contains("terminating connection")
            }
            _ => false,
        }
    }

    /// Returns whether the same call may succeed when repeated, for example after a lock timeout.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Error::Store(StoreError::Connection(_) | StoreError::Batch) => true,
            Error::Store(StoreError::Statement(DieselError::DatabaseError(kind, info))) => {
                matches!(
                    kind,
                    DatabaseErrorKind::SerializationFailure
                        | DatabaseErrorKind::ClosedConnection
                        | DatabaseErrorKind::UnableToSendCommand
                ) || PASSING.iter().any(|said| info.message().contains(said))
            }
            _ => false,
        }
    }
}
