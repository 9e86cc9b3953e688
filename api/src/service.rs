//! Public facts about the service, for apps and status pages before log-in.

use crate::Chapter;
use crate::context::Context;
use crate::problem::ApiError;
use crate::wire::{Nullable, Timestamp, Wire};
use amana_domain::api_key::KeyMode;
use amana_domain::money::Currency;
use amana_domain::payment::carried_currencies;
use chrono::{DateTime, Utc};
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) const PATH: &str = "/v1/service";

pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Commit of the build, if this variable was set; a clean clone builds without it.
pub(crate) const COMMIT: Option<&str> = option_env!("AMANA_COMMIT");

/// Facts that stay the same while the process runs.
#[derive(Debug)]
pub(crate) struct ServiceFacts {
    mode: KeyMode,
    currencies: Vec<Currency>,
    support_contact: Option<String>,
}

impl ServiceFacts {
    pub(crate) fn new(mode: KeyMode, support_contact: Option<String>) -> Self {
        Self { mode, currencies: carried_currencies().collect(), support_contact }
    }
}

/// Start of this process, independent of a test clock.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) at: DateTime<Utc>,
    since: Instant,
}

impl Started {
    pub(crate) fn now() -> Self {
        Self { at: Utc::now(), since: Instant::now() }
    }

    pub(crate) fn uptime(&self) -> Duration {
        self.since.elapsed()
    }
}

/// Public facts about this service.
#[derive(Debug, Object)]
struct Service {
    /// `test` for play money, `live` for real money.
    mode: Wire<KeyMode>,
    /// Version of the software.
    version: String,
    /// Git commit of the software; `null` if the build does not contain it.
    commit: Nullable<String>,
    /// Currencies supported by a mobile-money provider. Deals in other currencies cannot be paid.
    currencies: Vec<Wire<Currency>>,
    /// Support contact: an e-mail address, a phone number or a web page; `null` if none is configured.
    support_contact: Nullable<String>,
    /// Current time of the service.
    time: Timestamp,
}

impl Service {
    fn of(context: &Context) -> Self {
        let ServiceFacts { mode, currencies, support_contact } = &context.service;
        Self {
            mode: (*mode).into(),
            version: VERSION.to_owned(),
            commit: Nullable::of(COMMIT),
            currencies: currencies.iter().copied().map(Wire).collect(),
            support_contact: Nullable::of(support_contact.clone()),
            time: context.now().into(),
        }
    }
}

#[derive(ApiResponse)]
enum Facts {
    /// The facts.
    #[oai(status = 200)]
    Facts(Json<Service>),
}

pub(crate) struct PublicFacts;

#[OpenApi(tag = "Chapter::Health")]
impl PublicFacts {
    /// Get facts about this service
    ///
    /// Returns the mode, version, currencies and support contact. Needs no log-in, uses neither PostgreSQL nor Redis,
    /// and has no rate limit.
    #[oai(path = "/v1/service", method = "get", operation_id = "get_service")]
    async fn get_service(&self, context: Data<&Arc<Context>>) -> Result<Facts, ApiError> {
        Ok(Facts::Facts(Json(Service::of(&context))))
    }
}
