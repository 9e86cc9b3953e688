//! The public HTTP API. Each resource has a module; each operation parses the request, calls the store and renders the
//! response.

mod address;
mod api_keys;
mod auth;
mod body;
mod bounds;
mod callbacks;
mod compress;
mod contacts;
mod context;
mod cookies;
mod cors;
mod deals;
mod deliveries;
mod device;
mod disputes;
mod docs;
mod document;
mod ended;
mod extensions;
mod factor;
mod files;
mod handles;
mod health;
mod holds;
mod invitations;
mod kyc;
mod language;
mod limits;
mod links;
mod milestones;
mod observe;
mod once;
mod operations;
mod operator;
mod organisations;
mod page;
mod password;
mod passwords;
mod payee;
mod payers;
mod payments;
mod people;
mod personal;
mod place;
mod polled;
mod principal;
mod problem;
mod profile;
mod query;
mod quote;
mod range;
mod rate_limits;
mod realtime;
mod secret;
mod server;
mod service;
mod serving;
mod sessions;
mod signing_keys;
mod statements;
mod step_up;
mod test_clock;
mod tokens;
mod transactions;
mod transfers;
mod trusted_devices;
mod upload;
mod users;
mod verifications;
mod wallet;
mod wire;
mod withdrawals;

pub use context::FeePolicy;
pub use document::document;
pub use password::{KnownWords, WeakPassword, check_password, hash_password};
pub use place::{Places, PlacesError};
pub use problem::Code;
pub use rate_limits::RateLimits;
pub use server::{ApiConfig, EdgeConfig, app};
pub use serving::{Connections, SHUTDOWN_MAX, serve, serve_within};
pub use signing_keys::{key_pair, new_private_key};

use poem_openapi::{OpenApiService, Tags};

/// The tags of the OpenAPI document.
#[derive(Tags)]
pub(crate) enum Chapter {
    /// Registration, sessions, profile, contacts, second factor, and finding users.
    People,
    /// Your balances, their history, statements, limits and deposits.
    Wallet,
    /// Transfers between users.
    Transfers,
    /// Escrow deals: offers, payment, delivery, release and disputes.
    Deals,
    /// Organisations: members, invitations, and deals in their name.
    Organisations,
    /// Mobile-money payments and their state.
    Payments,
    /// Withdrawals to mobile money.
    Withdrawals,
    /// Money reserved for another user, who settles or releases it.
    Holds,
    /// API keys, with which machines call in your name.
    ApiKeys,
    /// Identity verification for higher limits.
    Verification,
    /// The outcome of calls whose response was lost.
    Operations,
    /// Callbacks of the mobile-money provider.
    Callbacks,
    /// Operations for operators of the service.
    Operator,
    /// Probes for monitoring.
    Health,
    /// Control of the clock; only on services with play money.
    Testing,
}

type Resources = (
    (users::Users, profile::Profile, handles::Handles, people::People, limits::Limits),
    (verifications::Verifications, contacts::Contacts, passwords::PasswordChanges),
    (sessions::Sessions, sessions::SecondSteps, trusted_devices::TrustedDevices),
    (factor::Factors, factor::MessageFactors, realtime::Tickets, personal::PersonalData),
    (wallet::Wallet, transactions::Transactions, statements::Statements),
    (transfers::Transfers, operations::Operations),
    (deals::Deals, deals::Offers, deals::DealInvitations, deals::Templates),
    (
        milestones::Milestones,
        deliveries::Deliveries,
        disputes::Disputes,
        payers::Payers,
        extensions::Extensions,
    ),
    (organisations::Organisations, organisations::Members, organisations::OrganisationKeys),
    (invitations::Invitations, invitations::Answers),
    payments::Payments,
    (withdrawals::Withdrawals, holds::Holds),
    (kyc::Applications, files::OpenedFiles, api_keys::ApiKeys),
    callbacks::Callbacks,
    (
        (operator::Users, operator::Accounts, operator::Payments),
        operator::Withdrawals,
        operator::Jobs,
        operator::Reconciliation,
        operator::Suspense,
        operator::Ledger,
        operator::Reviews,
        operator::Approvals,
        operator::Disputes,
        operator::FeePlans,
        operator::Health,
    ),
    (health::Health, service::PublicFacts, test_clock::TestClock),
);

const DESCRIPTION: &str = "\
Escrow and payments on mobile money. A buyer pays into escrow, the seller delivers, and the money \
is released to the seller.

**Money** is a whole number of minor units with its currency: `{\"amount\": 150000, \"currency\": \
\"KES\"}` is KES 1,500.00. **Times** are RFC 3339 in UTC. **Ids** start with their type \
(`deal_…`, `pay_…`).

**Errors** are `application/problem+json` (RFC 9457). Programs should read `code`. `detail` is \
for people. `errors` lists the invalid fields of the request.

**Idempotency**: calls that move money, create something or decide need an `Idempotency-Key` \
header of your choice. A repeat with the same key and request returns the first response, with \
the header `Idempotent-Replayed: true`, and has no further effect.

**Authentication**: send `Authorization: Bearer …` with an access token (`log_in`), or with an \
API key (`create_api_key`) if the operation names a scope. An API key cannot call operations that \
require step-up authentication.

**Rate limits**: too many calls are rejected with 429 `rate_limited` and `Retry-After`. Responses \
have the headers `RateLimit` (remaining calls, and seconds until the budget is full again) and \
`RateLimit-Policy`. Authenticated calls are counted per account, other calls per address, and \
refreshes per session.

**Tokens** are signed with Ed25519; the public keys are at `/.well-known/jwks.json`. **Browsers** \
on pages of the same site log in with `\"cookies\": true`. The tokens are then set as cookies \
that scripts cannot read. Every call that changes something needs the header `X-CSRF-Token`; its \
value is in the response and in the cookie `__Host-amana_csrf`.

**Lists** are paged: send `next_cursor` as `after`, unchanged, until it is `null`.

**Requests** are read strictly: unknown or duplicate members of a body and query parameters are \
rejected. Text is stored in Unicode NFC. Invisible characters and those that change the direction \
of text are rejected.";

pub(crate) fn service() -> OpenApiService<Resources, ()> {
    let resources = (
        (users::Users, profile::Profile, handles::Handles, people::People, limits::Limits),
        (verifications::Verifications, contacts::Contacts, passwords::PasswordChanges),
        (sessions::Sessions, sessions::SecondSteps, trusted_devices::TrustedDevices),
        (factor::Factors, factor::MessageFactors, realtime::Tickets, personal::PersonalData),
        (wallet::Wallet, transactions::Transactions, statements::Statements),
        (transfers::Transfers, operations::Operations),
        (deals::Deals, deals::Offers, deals::DealInvitations, deals::Templates),
        (
            milestones::Milestones,
            deliveries::Deliveries,
            disputes::Disputes,
            payers::Payers,
            extensions::Extensions,
        ),
        (organisations::Organisations, organisations::Members, organisations::OrganisationKeys),
        (invitations::Invitations, invitations::Answers),
        payments::Payments,
        (withdrawals::Withdrawals, holds::Holds),
        (kyc::Applications, files::OpenedFiles, api_keys::ApiKeys),
        callbacks::Callbacks,
        (
            (operator::Users, operator::Accounts, operator::Payments),
            operator::Withdrawals,
            operator::Jobs,
            operator::Reconciliation,
            operator::Suspense,
            operator::Ledger,
            operator::Reviews,
            operator::Approvals,
            operator::Disputes,
            operator::FeePlans,
            operator::Health,
        ),
        (health::Health, service::PublicFacts, test_clock::TestClock),
    );
    OpenApiService::new(resources, "Amana", "1")
        .description(DESCRIPTION)
        .extra_response_header::<String, _>(request_id_header())
}

fn request_id_header() -> poem_openapi::ExtraHeader {
    poem_openapi::ExtraHeader::new(observe::REQUEST_ID)
        .description("Id of the request in the log of the service.")
}
