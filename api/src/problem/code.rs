//! Problem codes with their status and title.

use crate::wire::text_values;
use amana_domain::text_enum;
use poem::http::StatusCode;

text_enum! {
    /// Kind of problem, for programs.
    pub enum Code as "problem code" {
        InvalidJson = "invalid_json",
        InvalidRequest = "invalid_request",
        InvalidParameter = "invalid_parameter",
        IdempotencyKeyRequired = "idempotency_key_required",
        IdempotencyKeyReused = "idempotency_key_reused",
        IdempotencyKeyInProgress = "idempotency_key_in_progress",
        Unauthorized = "unauthorized",
        InvalidCredentials = "invalid_credentials",
        SessionExpired = "session_expired",
        TokenSuperseded = "token_superseded",
        ChallengeExpired = "challenge_expired",
        FactorActive = "factor_active",
        ChannelNotVerified = "channel_not_verified",
        VerifiedContactRequired = "verified_contact_required",
        StepUpRequired = "step_up_required",
        InvalidCsrfToken = "invalid_csrf_token",
        SessionRequired = "session_required",
        InsufficientScope = "insufficient_scope",
        TooManyApiKeys = "too_many_api_keys",
        ApiKeyRevoked = "api_key_revoked",
        Forbidden = "forbidden",
        WrongParty = "wrong_party",
        OwnProposal = "own_proposal",
        NotFound = "not_found",
        MethodNotAllowed = "method_not_allowed",
        UnsupportedMediaType = "unsupported_media_type",
        RequestTooLarge = "request_too_large",
        FileDamaged = "file_damaged",
        ImageTooLarge = "image_too_large",
        ActiveContent = "active_content",
        RateLimited = "rate_limited",
        UriTooLong = "uri_too_long",
        HeadersTooLarge = "headers_too_large",
        EmailTaken = "email_taken",
        PhoneTaken = "phone_taken",
        WrongState = "wrong_state",
        TooLate = "too_late",
        TooEarly = "too_early",
        AlreadyRequested = "already_requested",
        PaymentInProgress = "payment_in_progress",
        NotOnHold = "not_on_hold",
        DiscrepancyClosed = "discrepancy_closed",
        LedgerInconsistent = "ledger_inconsistent",
        PayerPhoneUnknown = "payer_phone_unknown",
        JobNotFailed = "job_not_failed",
        HandleTaken = "handle_taken",
        HandleChangeTooSoon = "handle_change_too_soon",
        NameVerified = "name_verified",
        AccountInUse = "account_in_use",
        AccountErased = "account_erased",
        ClockTooFar = "clock_too_far",
        HoldClosed = "hold_closed",
        AmountExceedsHold = "amount_exceeds_hold",
        SameParty = "same_party",
        UnknownCounterparty = "unknown_counterparty",
        UnknownPayer = "unknown_payer",
        FeeExceedsAmount = "fee_exceeds_amount",
        AmountOutOfRange = "amount_out_of_range",
        InsufficientFunds = "insufficient_funds",
        TransferTooSmall = "transfer_too_small",
        TransactionLimit = "transaction_limit",
        DailyLimit = "daily_limit",
        BalanceLimit = "balance_limit",
        RecipientLimit = "recipient_limit",
        UnknownRecipient = "unknown_recipient",
        RecipientClosed = "recipient_closed",
        AccountClosed = "account_closed",
        AccountFrozen = "account_frozen",
        UnknownTier = "unknown_tier",
        PeriodTooLong = "period_too_long",
        ApplicationOpen = "application_open",
        OwnRequest = "own_request",
        ConflictOfInterest = "conflict_of_interest",
        ApprovalRequired = "approval_required",
        TierAlreadyAssigned = "tier_already_assigned",
        TooManyDocuments = "too_many_documents",
        DocumentsMissing = "documents_missing",
        ProviderLimit = "provider_limit",
        WholeUnitsRequired = "whole_units_required",
        PromptPending = "prompt_pending",
        TooManyPrompts = "too_many_prompts",
        UnsupportedCurrency = "unsupported_currency",
        AlreadyVerified = "already_verified",
        SameContact = "same_contact",
        IncorrectPassword = "incorrect_password",
        InvalidCode = "invalid_code",
        TooManyAttempts = "too_many_attempts",
        AlreadyMember = "already_member",
        InvitationOpen = "invitation_open",
        InvitationNotFound = "invitation_not_found",
        InvitationExpired = "invitation_expired",
        InvitationForAnother = "invitation_for_another",
        AccountExists = "account_exists",
        UnknownOrganisation = "unknown_organisation",
        InsufficientRole = "insufficient_role",
        LastOwner = "last_owner",
        OrganisationLimit = "organisation_limit",
        MemberLimit = "member_limit",
        InvitationLimit = "invitation_limit",
        InvitationTooSoon = "invitation_too_soon",
        RevisionMismatch = "revision_mismatch",
        OfferMismatch = "offer_mismatch",
        CounterpartyNotJoined = "counterparty_not_joined",
        NotExtensible = "not_extensible",
        DealLimit = "deal_limit",
        ProofRequired = "proof_required",
        ShareOutOfRange = "share_out_of_range",
        AmountExceedsOutstanding = "amount_exceeds_outstanding",
        DealReferenceTaken = "deal_reference_taken",
        BadRequest = "bad_request",
        Internal = "internal",
        Unavailable = "unavailable",
        Busy = "busy",
        Timeout = "timeout",
        BodyTooSlow = "body_too_slow",
    }
}

text_values! {
    /// Kind of a problem. New codes may be added at any time. Treat an unknown code by its HTTP status.
    Code as "ProblemCode";
}

impl Code {
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Code::InvalidJson
            | Code::InvalidParameter
            | Code::IdempotencyKeyRequired
            | Code::BadRequest => StatusCode::BAD_REQUEST,
            Code::Unauthorized
            | Code::InvalidCredentials
            | Code::SessionExpired
            | Code::ChallengeExpired => StatusCode::UNAUTHORIZED,
            Code::Forbidden
            | Code::SessionRequired
            | Code::InsufficientScope
            | Code::WrongParty
            | Code::OwnProposal
            | Code::OwnRequest
            | Code::ConflictOfInterest
            | Code::ApprovalRequired
            | Code::AccountClosed
            | Code::AccountFrozen
            | Code::VerifiedContactRequired
            | Code::IncorrectPassword
            | Code::InvalidCsrfToken
            | Code::InvitationForAnother
            | Code::InsufficientRole
            | Code::StepUpRequired => StatusCode::FORBIDDEN,
            Code::NotFound | Code::InvitationNotFound => StatusCode::NOT_FOUND,
            Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Code::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Code::RequestTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Code::UriTooLong => StatusCode::URI_TOO_LONG,
            Code::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Code::IdempotencyKeyInProgress
            | Code::TokenSuperseded
            | Code::FactorActive
            | Code::ChannelNotVerified
            | Code::TooManyApiKeys
            | Code::ApiKeyRevoked
            | Code::EmailTaken
            | Code::PhoneTaken
            | Code::WrongState
            | Code::TooLate
            | Code::TooEarly
            | Code::AlreadyRequested
            | Code::PaymentInProgress
            | Code::NotOnHold
            | Code::DiscrepancyClosed
            | Code::LedgerInconsistent
            | Code::PayerPhoneUnknown
            | Code::JobNotFailed
            | Code::HandleTaken
            | Code::HandleChangeTooSoon
            | Code::NameVerified
            | Code::AccountInUse
            | Code::AccountErased
            | Code::ClockTooFar
            | Code::HoldClosed
            | Code::AmountExceedsHold
            | Code::AlreadyVerified
            | Code::ApplicationOpen
            | Code::TierAlreadyAssigned
            | Code::AlreadyMember
            | Code::InvitationOpen
            | Code::AccountExists
            | Code::LastOwner
            | Code::OrganisationLimit
            | Code::MemberLimit
            | Code::InvitationLimit
            | Code::InvitationExpired
            | Code::TooManyDocuments
            | Code::RevisionMismatch
            | Code::OfferMismatch
            | Code::CounterpartyNotJoined
            | Code::NotExtensible
            | Code::DealReferenceTaken
            | Code::PromptPending
            | Code::DealLimit => StatusCode::CONFLICT,
            Code::InvalidRequest
            | Code::InvalidCode
            | Code::IdempotencyKeyReused
            | Code::SameParty
            | Code::UnknownCounterparty
            | Code::UnknownPayer
            | Code::FeeExceedsAmount
            | Code::AmountOutOfRange
            | Code::InsufficientFunds
            | Code::TransactionLimit
            | Code::DailyLimit
            | Code::BalanceLimit
            | Code::RecipientLimit
            | Code::UnknownRecipient
            | Code::RecipientClosed
            | Code::UnknownTier
            | Code::PeriodTooLong
            | Code::DocumentsMissing
            | Code::ProviderLimit
            | Code::WholeUnitsRequired
            | Code::UnsupportedCurrency
            | Code::SameContact
            | Code::UnknownOrganisation
            | Code::ProofRequired
            | Code::ShareOutOfRange
            | Code::TransferTooSmall
            | Code::FileDamaged
            | Code::ImageTooLarge
            | Code::ActiveContent
            | Code::AmountExceedsOutstanding => StatusCode::UNPROCESSABLE_ENTITY,
            Code::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Code::TooManyAttempts | Code::InvitationTooSoon | Code::TooManyPrompts => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Code::Unavailable | Code::Busy | Code::Timeout => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Returns whether the same call may succeed shortly after.
    pub(crate) const fn passes_by_itself(self) -> bool {
        matches!(
            self,
            Code::Unavailable | Code::Busy | Code::Timeout | Code::IdempotencyKeyInProgress
        )
    }

    /// Returns a short text that is equal for all occurrences.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Code::InvalidJson => "The body is not valid JSON",
            Code::InvalidRequest => "The request is invalid",
            Code::InvalidParameter => "A parameter is invalid",
            Code::IdempotencyKeyRequired => "An Idempotency-Key is required",
            Code::IdempotencyKeyReused => "The key was used for another request",
            Code::IdempotencyKeyInProgress => "The first call with this key is still running",
            Code::Unauthorized => "Not logged in",
            Code::InvalidCredentials => "The login or password is incorrect",
            Code::SessionExpired => "The session has expired",
            Code::TokenSuperseded => "A newer refresh token exists",
            Code::ChallengeExpired => "The log-in challenge has expired",
            Code::InvalidCode => "The code is invalid or has expired",
            Code::FactorActive => "A second factor is active",
            Code::ChannelNotVerified => "The contact of this channel is not verified",
            Code::StepUpRequired => "Step-up authentication is required",
            Code::InvalidCsrfToken => "The CSRF token is missing or invalid",
            Code::SessionRequired => "A user session is required",
            Code::InsufficientScope => "The API key lacks a scope",
            Code::TooManyApiKeys => "Too many API keys",
            Code::ApiKeyRevoked => "The API key is revoked or has expired",
            Code::Forbidden => "Not allowed",
            Code::WrongParty => "Only another party can do this",
            Code::OwnProposal => "You cannot accept your own proposal",
            Code::NotFound => "Not found",
            Code::MethodNotAllowed => "Method not allowed",
            Code::UnsupportedMediaType => "Unsupported media type",
            Code::RequestTooLarge => "The request is too large",
            Code::RateLimited => "Too many requests",
            Code::UriTooLong => "The URI is too long",
            Code::HeadersTooLarge => "The headers are too large",
            Code::EmailTaken => "The e-mail address is taken",
            Code::PhoneTaken => "The phone number is taken",
            Code::WrongState => "Not possible in the current state",
            Code::TooLate => "Too late",
            Code::TooEarly => "Too early",
            Code::AlreadyRequested => "Already requested",
            Code::PaymentInProgress => "Another payment is in progress",
            Code::NotOnHold => "The withdrawal is not on hold",
            Code::DiscrepancyClosed => "The discrepancy is already closed",
            Code::LedgerInconsistent => "The ledger is inconsistent",
            Code::PayerPhoneUnknown => "The payer's phone number is unknown",
            Code::JobNotFailed => "The job has not failed",
            Code::HandleTaken => "The handle is taken",
            Code::HandleChangeTooSoon => "The handle was changed recently",
            Code::NameVerified => "The name was verified",
            Code::AccountInUse => "The account is in use",
            Code::ClockTooFar => "The test clock is too far ahead",
            Code::AccountErased => "The account was erased",
            Code::HoldClosed => "The hold is closed",
            Code::AmountExceedsHold => "The amount exceeds the hold",
            Code::SameParty => "Both parties are the same user",
            Code::UnknownPayer => "The payer is unknown",
            Code::UnknownCounterparty => "The other party is not registered",
            Code::FeeExceedsAmount => "The fee exceeds the amount",
            Code::AmountOutOfRange => "The amount is out of range",
            Code::InsufficientFunds => "Insufficient funds",
            Code::TransferTooSmall => "The transfer is too small",
            Code::TransactionLimit => "The limit per transaction is exceeded",
            Code::DailyLimit => "The daily limit is exceeded",
            Code::BalanceLimit => "The balance limit is exceeded",
            Code::RecipientLimit => "The recipient's wallet cannot take this amount",
            Code::UnknownRecipient => "The recipient is unknown",
            Code::RecipientClosed => "The recipient's account is closed",
            Code::AccountClosed => "The account is closed",
            Code::AccountFrozen => "The account is frozen",
            Code::UnknownTier => "The tier is unknown",
            Code::PeriodTooLong => "The period has too many transactions",
            Code::ApplicationOpen => "Another application is open",
            Code::OwnRequest => "Another user must request or approve",
            Code::ConflictOfInterest => "Conflict of interest",
            Code::ApprovalRequired => "A second operator must approve",
            Code::TierAlreadyAssigned => "The tier is already assigned",
            Code::TooManyDocuments => "Too many documents",
            Code::DocumentsMissing => "Documents are missing",
            Code::ProviderLimit => "The amount is outside the provider's limits",
            Code::PromptPending => "A payment prompt is pending on this phone",
            Code::TooManyPrompts => "Too many payment prompts",
            Code::WholeUnitsRequired => "Mobile money requires whole units",
            Code::UnsupportedCurrency => "The currency is not supported",
            Code::AlreadyVerified => "Already verified",
            Code::VerifiedContactRequired => "A verified contact is required",
            Code::SameContact => "The contact is unchanged",
            Code::IncorrectPassword => "The password is incorrect",
            Code::TooManyAttempts => "Too many attempts",
            Code::AlreadyMember => "The user is already a member",
            Code::FileDamaged => "The file cannot be read",
            Code::ImageTooLarge => "The image has too many pixels",
            Code::ActiveContent => "The PDF has active content",
            Code::InvitationExpired => "The invitation has expired",
            Code::InvitationOpen => "An invitation is already open",
            Code::InvitationNotFound => "The invitation does not exist",
            Code::InvitationForAnother => "The invitation is for another user",
            Code::AccountExists => "The address already has an account",
            Code::UnknownOrganisation => "The organisation is unknown",
            Code::InsufficientRole => "The member role is not sufficient",
            Code::LastOwner => "An organisation needs an owner",
            Code::OrganisationLimit => "Too many organisations",
            Code::MemberLimit => "Too many members",
            Code::InvitationLimit => "Too many invitations",
            Code::InvitationTooSoon => "The invitation was sent recently",
            Code::RevisionMismatch => "The revision is not the current offer",
            Code::OfferMismatch => "The split offer does not match",
            Code::CounterpartyNotJoined => "The counterparty has not joined yet",
            Code::NotExtensible => "The deadline cannot be moved",
            Code::DealLimit => "A limit of the deal is reached",
            Code::ProofRequired => "Another proof of delivery is required",
            Code::ShareOutOfRange => "The share is out of range",
            Code::AmountExceedsOutstanding => "The amount exceeds the outstanding amount",
            Code::DealReferenceTaken => "Another deal has this reference",
            Code::BadRequest => "Bad request",
            Code::Internal => "Internal error",
            Code::Unavailable => "Service unavailable",
            Code::Busy => "Too many calls are waiting",
            Code::Timeout => "The request took too long",
            Code::BodyTooSlow => "The body took too long",
        }
    }
}
