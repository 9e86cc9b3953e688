//! The public HTTP API: one module per resource; each operation parses, calls the store, and renders.

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

/// The chapters of the document.
#[derive(Tags)]
pub(crate) enum Chapter {
    /// Registering, logging in, who one is and how one is reached, and finding others.
    People,
    /// A person's own money: balances, their history, limits, and paying in.
    Wallet,
    /// Sending money from person to person.
    Transfers,
    /// Offering, agreeing, funding, delivering, releasing, disputing.
    Deals,
    /// Marketplaces and other organisations: their members, invitations, and the deals in their name.
    Organisations,
    /// Mobile-money payments and how far they have come.
    Payments,
    /// Paying out to mobile money.
    Withdrawals,
    /// Reserving money for somebody else, who takes it in parts or whole, or gives it back.
    Holds,
    /// Keys with which a person's machines call in their name.
    ApiKeys,
    /// Showing who one is, for more than one could do before.
    Verification,
    /// What became of calls whose answer was lost.
    Operations,
    /// Where the mobile-money provider reports results.
    Callbacks,
    /// For the people who run the service.
    Operator,
    /// For machines that watch over the service.
    Health,
    /// Only where the money is play money: making time pass.
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
Escrow and payments on mobile money. A buyer pays into escrow, the seller delivers, the money is released.

**Money** is a whole number of minor units with its currency: `{\"amount\": 150000, \"currency\": \"KES\"}` is \
KES 1,500.00. **Times** are RFC 3339 in UTC. **Ids** carry a prefix that says what they name (`deal_…`, `pay_…`).

**Errors** are `application/problem+json` (RFC 9457). Decide by `code`; `detail` is for people, `errors` names the \
places in the request that are wrong.

**Calls that move money, make something or decide** need an `Idempotency-Key` header of your own choosing. The same key \
and request get the same answer again, with the header `Idempotent-Replayed: true`, whatever has changed since; nothing \
is done twice.

**Callers** send `Authorization: Bearer …` with an access token (`log_in`), or with an API key (`create_api_key`) where an \
operation names a scope of keys. What a person has to prove anew (`step_up_required`), no key can do.

**Limits**: whoever calls too often is refused with 429 `rate_limited` and `Retry-After`. Answers carry `RateLimit` \
(what is left, and the seconds until the budget is whole) and `RateLimit-Policy`. Signed-in calls are counted by account, \
others by address, and refreshes by session.

**Tokens** are signed with Ed25519; whoever checks them without asking us finds the public keys at \
`/.well-known/jwks.json`. Apps send the access token as `Authorization: Bearer …`. **Browsers** log in with \
`\"cookies\": true` from pages of the same site: the tokens come as cookies that no script can read, and every call \
that changes something has to carry `X-CSRF-Token`, which is answered and stands in the cookie `__Host-amana_csrf`.

**Lists** come in pages: hand `next_cursor` over as `after`, unchanged, until it is `null`.

**Requests** are read strictly. A member of a body that is unknown or named twice is refused, and so is a query \
parameter that the operation does not list or that is given twice. Text is stored in its composed form (Unicode NFC); \
invisible characters and those that change the direction of text are refused.";

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
        .description("Names this request in our logs.")
}
