//! The set of problem codes, with the status and the title of each.

use crate::wire::text_values;
use amana_domain::text_enum;
use poem::http::StatusCode;

text_enum! {
    /// What kind of problem it is. Clients decide by these.
    pub enum Code as "problem code" {
        InvalidJson = "invalid_json",
        InvalidRequest = "invalid_request",
        InvalidParameter = "invalid_parameter",
        IdempotencyKeyRequired = "idempotency_key_required",
        IdempotencyKeyReused = "idempotency_key_reused",
        IdempotencyKeyInProgress = "idempotency_key_in_progress",
        Unauthorized = "unauthorized",
        InvalidCredentials = "invalid_credentials",
        SessionOver = "session_over",
        TokenSuperseded = "token_superseded",
        ChallengeOver = "challenge_over",
        WrongCode = "wrong_code",
        TooManyTries = "too_many_tries",
        FactorActive = "factor_active",
        NotVerified = "not_verified",
        ContactUnverified = "contact_unverified",
        StepUpRequired = "step_up_required",
        CsrfTokenWrong = "csrf_token_wrong",
        SessionRequired = "session_required",
        ScopeMissing = "scope_missing",
        TooManyApiKeys = "too_many_api_keys",
        ApiKeyOver = "api_key_over",
        Forbidden = "forbidden",
        WrongParty = "wrong_party",
        OwnProposal = "own_proposal",
        NotFound = "not_found",
        MethodNotAllowed = "method_not_allowed",
        UnsupportedMediaType = "unsupported_media_type",
        RequestTooLarge = "request_too_large",
        FileDamaged = "file_damaged",
        PictureTooLarge = "picture_too_large",
        ActiveDocument = "active_document",
        RateLimited = "rate_limited",
        UriTooLong = "uri_too_long",
        HeadersTooLarge = "headers_too_large",
        EmailTaken = "email_taken",
        PhoneTaken = "phone_taken",
        WrongState = "wrong_state",
        TooLate = "too_late",
        TooEarly = "too_early",
        AlreadyAsked = "already_asked",
        PaymentInProgress = "payment_in_progress",
        NotHeld = "not_held",
        BreakClosed = "break_closed",
        BooksDiffer = "books_differ",
        PayerUnknown = "payer_unknown",
        NotDead = "not_dead",
        HandleTaken = "handle_taken",
        HandleTooEarly = "handle_too_early",
        NameVerified = "name_verified",
        AccountInUse = "account_in_use",
        AccountErased = "account_erased",
        ClockTooFar = "clock_too_far",
        HoldClosed = "hold_closed",
        HoldTooSmall = "hold_too_small",
        SameParty = "same_party",
        UnknownCounterparty = "unknown_counterparty",
        UnknownPayer = "unknown_payer",
        FeeExceedsAmount = "fee_exceeds_amount",
        AmountOutOfRange = "amount_out_of_range",
        InsufficientFunds = "insufficient_funds",
        TransferTooSmall = "transfer_too_small",
        TransactionLimit = "transaction_limit",
        DayLimit = "day_limit",
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
        TierHeld = "tier_held",
        TooManyDocuments = "too_many_documents",
        DocumentsMissing = "documents_missing",
        ProviderLimit = "provider_limit",
        ProviderStep = "provider_step",
        PromptOpen = "prompt_open",
        TooManyPrompts = "too_many_prompts",
        CurrencyNotCarried = "currency_not_carried",
        AlreadyVerified = "already_verified",
        SameContact = "same_contact",
        PasswordWrong = "password_wrong",
        CodeWrong = "code_wrong",
        CodeTooMany = "code_too_many",
        AlreadyMember = "already_member",
        InvitationOpen = "invitation_open",
        InvitationNotFound = "invitation_not_found",
        InvitationOver = "invitation_over",
        InvitationForAnother = "invitation_for_another",
        AccountExists = "account_exists",
        UnknownOrganisation = "unknown_organisation",
        RankTooLow = "rank_too_low",
        LastOwner = "last_owner",
        OrganisationLimit = "organisation_limit",
        MemberLimit = "member_limit",
        InvitationLimit = "invitation_limit",
        InvitationTooSoon = "invitation_too_soon",
        OtherRevision = "other_revision",
        NoSuchOffer = "no_such_offer",
        NotJoined = "not_joined",
        NotExtensible = "not_extensible",
        DealLimit = "deal_limit",
        ProofWanted = "proof_wanted",
        ShareOutOfRange = "share_out_of_range",
        MoreThanOutstanding = "more_than_outstanding",
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
    /// The kind of a problem. The set is open: new codes may come at any time. Treat a code that you do not know by the
    /// HTTP status.
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
            | Code::SessionOver
            | Code::ChallengeOver => StatusCode::UNAUTHORIZED,
            Code::Forbidden
            | Code::SessionRequired
            | Code::ScopeMissing
            | Code::WrongParty
            | Code::OwnProposal
            | Code::OwnRequest
            | Code::ConflictOfInterest
            | Code::ApprovalRequired
            | Code::AccountClosed
            | Code::AccountFrozen
            | Code::ContactUnverified
            | Code::PasswordWrong
            | Code::CsrfTokenWrong
            | Code::InvitationForAnother
            | Code::RankTooLow
            | Code::StepUpRequired => StatusCode::FORBIDDEN,
            Code::TooManyTries => StatusCode::TOO_MANY_REQUESTS,
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
            | Code::NotVerified
            | Code::TooManyApiKeys
            | Code::ApiKeyOver
            | Code::EmailTaken
            | Code::PhoneTaken
            | Code::WrongState
            | Code::TooLate
            | Code::TooEarly
            | Code::AlreadyAsked
            | Code::PaymentInProgress
            | Code::NotHeld
            | Code::BreakClosed
            | Code::BooksDiffer
            | Code::PayerUnknown
            | Code::NotDead
            | Code::HandleTaken
            | Code::HandleTooEarly
            | Code::NameVerified
            | Code::AccountInUse
            | Code::AccountErased
            | Code::ClockTooFar
            | Code::HoldClosed
            | Code::HoldTooSmall
            | Code::AlreadyVerified
            | Code::ApplicationOpen
            | Code::TierHeld
            | Code::AlreadyMember
            | Code::InvitationOpen
            | Code::AccountExists
            | Code::LastOwner
            | Code::OrganisationLimit
            | Code::MemberLimit
            | Code::InvitationLimit
            | Code::InvitationOver
            | Code::TooManyDocuments
            | Code::OtherRevision
            | Code::NoSuchOffer
            | Code::NotJoined
            | Code::NotExtensible
            | Code::DealReferenceTaken
            | Code::PromptOpen
            | Code::DealLimit => StatusCode::CONFLICT,
            Code::InvalidRequest
            | Code::WrongCode
            | Code::IdempotencyKeyReused
            | Code::SameParty
            | Code::UnknownCounterparty
            | Code::UnknownPayer
            | Code::FeeExceedsAmount
            | Code::AmountOutOfRange
            | Code::InsufficientFunds
            | Code::TransactionLimit
            | Code::DayLimit
            | Code::BalanceLimit
            | Code::RecipientLimit
            | Code::UnknownRecipient
            | Code::RecipientClosed
            | Code::UnknownTier
            | Code::PeriodTooLong
            | Code::DocumentsMissing
            | Code::ProviderLimit
            | Code::ProviderStep
            | Code::CurrencyNotCarried
            | Code::SameContact
            | Code::UnknownOrganisation
            | Code::CodeWrong
            | Code::ProofWanted
            | Code::ShareOutOfRange
            | Code::TransferTooSmall
            | Code::FileDamaged
            | Code::PictureTooLarge
            | Code::ActiveDocument
            | Code::MoreThanOutstanding => StatusCode::UNPROCESSABLE_ENTITY,
            Code::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Code::CodeTooMany | Code::InvitationTooSoon | Code::TooManyPrompts => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Code::Unavailable | Code::Busy | Code::Timeout => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Whether the same call may succeed a little later.
    pub(crate) const fn passes_by_itself(self) -> bool {
        matches!(
            self,
            Code::Unavailable | Code::Busy | Code::Timeout | Code::IdempotencyKeyInProgress
        )
    }

    /// The kind of problem in a few words; the same for every case of it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Code::InvalidJson => "The body is not valid JSON",
            Code::InvalidRequest => "The request is not valid",
            Code::InvalidParameter => "A parameter is not valid",
            Code::IdempotencyKeyRequired => "An Idempotency-Key is required",
            Code::IdempotencyKeyReused => "The key was used for another request",
            Code::IdempotencyKeyInProgress => "The first call with this key is still running",
            Code::Unauthorized => "Not logged in",
            Code::InvalidCredentials => "Login or password is wrong",
            Code::SessionOver => "The session is over",
            Code::TokenSuperseded => "There is a newer refresh token",
            Code::ChallengeOver => "The log-in took too long",
            Code::WrongCode => "The code is wrong",
            Code::TooManyTries => "Too many wrong codes",
            Code::FactorActive => "There is a second factor already",
            Code::NotVerified => "Not proven to be yours",
            Code::StepUpRequired => "This has to be proven anew",
            Code::CsrfTokenWrong => "The call may be forged",
            Code::SessionRequired => "API keys are not taken here",
            Code::ScopeMissing => "The API key does not reach so far",
            Code::TooManyApiKeys => "There are enough API keys",
            Code::ApiKeyOver => "The API key is over",
            Code::Forbidden => "Not allowed",
            Code::WrongParty => "This is for the other party to do",
            Code::OwnProposal => "Nobody accepts their own proposal",
            Code::NotFound => "Not found",
            Code::MethodNotAllowed => "Method not allowed",
            Code::UnsupportedMediaType => "Unsupported media type",
            Code::RequestTooLarge => "The request is too large",
            Code::RateLimited => "Too many requests",
            Code::UriTooLong => "The address is too long",
            Code::HeadersTooLarge => "The headers are too large",
            Code::EmailTaken => "The e-mail address is taken",
            Code::PhoneTaken => "The phone number is taken",
            Code::WrongState => "Not in this state",
            Code::TooLate => "Too late",
            Code::TooEarly => "Too early",
            Code::AlreadyAsked => "Asked already",
            Code::PaymentInProgress => "A payment is under way",
            Code::NotHeld => "The withdrawal is not held",
            Code::BreakClosed => "The discrepancy is closed already",
            Code::BooksDiffer => "The books do not add up",
            Code::PayerUnknown => "The payer's number is not known",
            Code::NotDead => "The job is not dead",
            Code::HandleTaken => "The handle is taken",
            Code::HandleTooEarly => "The handle was changed not long ago",
            Code::NameVerified => "The name was verified",
            Code::AccountInUse => "The account still holds money or has something under way",
            Code::ClockTooFar => "The clock is far ahead already",
            Code::AccountErased => "The account was erased",
            Code::HoldClosed => "The hold is over",
            Code::HoldTooSmall => "The hold has less left",
            Code::SameParty => "Two people are needed",
            Code::UnknownPayer => "Nobody who could pay",
            Code::UnknownCounterparty => "The other party is not registered",
            Code::FeeExceedsAmount => "The fee exceeds the amount",
            Code::AmountOutOfRange => "The amount is out of range",
            Code::InsufficientFunds => "Insufficient funds",
            Code::TransferTooSmall => "The transfer is too small",
            Code::TransactionLimit => "More than one transaction may move",
            Code::DayLimit => "More than is left for today",
            Code::BalanceLimit => "More than the wallet may hold",
            Code::RecipientLimit => "The recipient's wallet cannot take this amount",
            Code::UnknownRecipient => "The recipient is not known",
            Code::RecipientClosed => "The recipient's account is closed",
            Code::AccountClosed => "The account is closed",
            Code::AccountFrozen => "The account is frozen",
            Code::UnknownTier => "There is no such tier",
            Code::PeriodTooLong => "The period has too many transactions",
            Code::ApplicationOpen => "There is an open application already",
            Code::OwnRequest => "Somebody else has to ask or decide",
            Code::ConflictOfInterest => "This concerns you or somebody close to you",
            Code::ApprovalRequired => "Two members of staff are needed",
            Code::TierHeld => "The person has this tier already",
            Code::TooManyDocuments => "There are enough documents",
            Code::DocumentsMissing => "Documents are missing",
            Code::ProviderLimit => "The provider does not carry this amount",
            Code::PromptOpen => "The phone is being asked already",
            Code::TooManyPrompts => "The phone was asked too often",
            Code::ProviderStep => "Mobile money knows whole units only",
            Code::CurrencyNotCarried => "The provider does not carry this currency",
            Code::AlreadyVerified => "Proven already",
            Code::ContactUnverified => "No contact is verified yet",
            Code::SameContact => "The account has this already",
            Code::PasswordWrong => "The password is wrong",
            Code::CodeWrong => "The code is not good",
            Code::CodeTooMany => "Too many codes were sent or tried",
            Code::AlreadyMember => "The person is a member already",
            Code::FileDamaged => "The file cannot be read",
            Code::PictureTooLarge => "The picture has too many pixels",
            Code::ActiveDocument => "The PDF is more than pages",
            Code::InvitationOver => "The invitation is over",
            Code::InvitationOpen => "There is an open invitation already",
            Code::InvitationNotFound => "There is no such invitation",
            Code::InvitationForAnother => "The invitation is somebody else's",
            Code::AccountExists => "The address has an account already",
            Code::UnknownOrganisation => "The organisation is not known",
            Code::RankTooLow => "The rank does not reach so far",
            Code::LastOwner => "An organisation has an owner",
            Code::OrganisationLimit => "The person belongs to enough organisations",
            Code::MemberLimit => "The organisation has enough members",
            Code::InvitationLimit => "Enough invitations were sent",
            Code::InvitationTooSoon => "The invitation was sent a moment ago",
            Code::OtherRevision => "Another offer is on the table",
            Code::NoSuchOffer => "The other side makes no such offer",
            Code::NotJoined => "The other side has not joined yet",
            Code::NotExtensible => "The deadline cannot be moved so",
            Code::DealLimit => "The deal has enough of this",
            Code::ProofWanted => "Another proof of delivery is wanted",
            Code::ShareOutOfRange => "The shares do not fit",
            Code::MoreThanOutstanding => "More than is outstanding",
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
