//! The public HTTP API: one module per resource; each operation parses, calls the store, and renders.

mod auth;
mod body;
mod bounds;
mod callbacks;
mod contacts;
mod context;
mod deals;
mod device;
mod docs;
mod document;
mod ended;
mod factor;
mod files;
mod handles;
mod health;
mod holds;
mod kyc;
mod limits;
mod links;
mod observe;
mod once;
mod operations;
mod operator;
mod page;
mod password;
mod passwords;
mod payee;
mod payments;
mod people;
mod personal;
mod problem;
mod quote;
mod server;
mod sessions;
mod statements;
mod step_up;
mod tokens;
mod transactions;
mod transfers;
mod users;
mod verifications;
mod wallet;
mod wire;
mod withdrawals;

pub use context::FeePolicy;
pub use document::document;
pub use password::{KnownWords, WeakPassword, check_password, hash_password};
pub use problem::Code;
pub use server::{ApiConfig, SHUTDOWN_MAX, app, serve};

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
    /// Offering, agreeing, funding, delivering, releasing.
    Deals,
    /// Mobile-money payments and how far they have come.
    Payments,
    /// Paying out to mobile money.
    Withdrawals,
    /// Reserving money for somebody else, who takes it in parts or whole, or gives it back.
    Holds,
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
}

type Resources = (
    (users::Users, handles::Handles, people::People, limits::Limits),
    (verifications::Verifications, contacts::Contacts, passwords::PasswordChanges),
    (sessions::Sessions, sessions::SecondSteps, factor::Factors, personal::PersonalData),
    (wallet::Wallet, transactions::Transactions, statements::Statements),
    (transfers::Transfers, operations::Operations),
    deals::Deals,
    payments::Payments,
    (withdrawals::Withdrawals, holds::Holds),
    (kyc::Applications, files::OpenedFiles),
    callbacks::Callbacks,
    (
        operator::Users,
        operator::Withdrawals,
        operator::Jobs,
        operator::Reconciliation,
        operator::Ledger,
        operator::Reviews,
    ),
    health::Health,
);

const DESCRIPTION: &str = "\
Escrow and payments on mobile money. A buyer pays into escrow, the seller delivers, the money is released.

**Money** is a whole number of minor units with its currency: `{\"amount\": 150000, \"currency\": \"KES\"}` is \
KES 1,500.00. **Times** are RFC 3339 in UTC. **Ids** carry a prefix that says what they name (`deal_…`, `pay_…`).

**Errors** are `application/problem+json` (RFC 9457). Decide by `code`; `detail` is for people, `errors` names the \
places in the request that are wrong.

**Calls that move money** need an `Idempotency-Key` header of your own choosing. The same key and request get the \
same answer again, with the header `Idempotent-Replayed: true`; nothing is done twice.

**Lists** come in pages: hand `next_cursor` over as `after`, unchanged, until it is `null`.";

pub(crate) fn service() -> OpenApiService<Resources, ()> {
    let resources = (
        (users::Users, handles::Handles, people::People, limits::Limits),
        (verifications::Verifications, contacts::Contacts, passwords::PasswordChanges),
        (sessions::Sessions, sessions::SecondSteps, factor::Factors, personal::PersonalData),
        (wallet::Wallet, transactions::Transactions, statements::Statements),
        (transfers::Transfers, operations::Operations),
        deals::Deals,
        payments::Payments,
        (withdrawals::Withdrawals, holds::Holds),
        (kyc::Applications, files::OpenedFiles),
        callbacks::Callbacks,
        (
            operator::Users,
            operator::Withdrawals,
            operator::Jobs,
            operator::Reconciliation,
            operator::Ledger,
            operator::Reviews,
        ),
        health::Health,
    );
    OpenApiService::new(resources, "Amana", "1")
        .description(DESCRIPTION)
        .extra_response_header::<String, _>(request_id_header())
}

fn request_id_header() -> poem_openapi::ExtraHeader {
    poem_openapi::ExtraHeader::new(observe::REQUEST_ID)
        .description("Names this request in our logs.")
}
