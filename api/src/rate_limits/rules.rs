//! Budgets by their names: how many calls in how much time.

use amana_redis::RateRule;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const QUARTER_OF_AN_HOUR: Duration = Duration::from_secs(15 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

const ANONYMOUS: RateRule = RateRule { name: "anonymous", limit: 100, window: QUARTER_OF_AN_HOUR };
const ACCOUNT: RateRule = RateRule { name: "account", limit: 1_000, window: MINUTE };
/// Who has this number: an answer costs its owner something, so there are few.
const LOOK_UPS: RateRule = RateRule { name: "look_ups", limit: 60, window: HOUR };
/// The same about somebody with whom a deal is made, which platforms do often.
const COUNTERPARTIES: RateRule = RateRule { name: "counterparties", limit: 1_000, window: HOUR };
/// Callbacks that are nobody's, of one address: what is written of them has a bound.
pub(super) const STRAYS: RateRule =
    RateRule { name: "strays", limit: 600, window: QUARTER_OF_AN_HOUR };
const PASSWORD: RateRule = RateRule { name: "password", limit: 5, window: QUARTER_OF_AN_HOUR };
/// A session of an app is refreshed once in the life of an access token, and sometimes twice.
const SESSION: RateRule = RateRule { name: "session", limit: 30, window: QUARTER_OF_AN_HOUR };
const DOCUMENT: RateRule = RateRule { name: "document", limit: 60, window: MINUTE };

/// Which budgets there are; what is `None` has no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Requests without a valid token, by address.
    pub anonymous: Option<RateRule>,
    /// Requests with one, by account.
    pub account: Option<RateRule>,
    /// Wrong passwords of one account from one address; accounts and addresses altogether have several times as many.
    pub password: Option<RateRule>,
    /// Refreshing, by session.
    pub session: Option<RateRule>,
    /// Reading the document, by address.
    pub document: Option<RateRule>,
    /// Look-ups of people by phone number or e-mail address that tell who has it, by account.
    pub look_ups: Option<RateRule>,
    /// Deals with somebody named by phone number or e-mail address, by account.
    pub counterparties: Option<RateRule>,
}

impl RateLimits {
    pub const OFF: Self = Self {
        anonymous: None,
        account: None,
        password: None,
        session: None,
        document: None,
        look_ups: None,
        counterparties: None,
    };

    /// The usual limits, with another one for accounts.
    #[must_use]
    pub fn per_account(requests_per_minute: u32) -> Self {
        let account = Some(RateRule { limit: requests_per_minute, ..ACCOUNT });
        Self { account, ..Self::default() }
    }
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            anonymous: Some(ANONYMOUS),
            account: Some(ACCOUNT),
            password: Some(PASSWORD),
            session: Some(SESSION),
            document: Some(DOCUMENT),
            look_ups: Some(LOOK_UPS),
            counterparties: Some(COUNTERPARTIES),
        }
    }
}
