//! Public facts about this service: what an app or a status page needs before anybody logs in.

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

/// A build may name its commit in this variable. A clean clone builds without it.
pub(crate) const COMMIT: Option<&str> = option_env!("AMANA_COMMIT");

/// Everything but the time stays the same while the process runs.
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

/// The start of this process. A test clock has no effect on it.
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
    /// `test` if the money is play money, `live` if it is real.
    mode: Wire<KeyMode>,
    /// The version of the software.
    version: String,
    /// The Git commit of the software; `null` if the build does not name it.
    commit: Nullable<String>,
    /// The currencies that a mobile-money provider carries. Deals in other currencies cannot be paid.
    currencies: Vec<Wire<Currency>>,
    /// An e-mail address, a phone number or a web page for questions; `null` if the operators set none.
    support_contact: Nullable<String>,
    /// The time of the service.
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
    /// Show facts about this service
    ///
    /// Returns the mode, the version, the currencies and the support contact. The call needs no log-in, reads neither
    /// PostgreSQL nor Redis, and counts towards no rate limit.
    #[oai(path = "/v1/service", method = "get", operation_id = "get_service")]
    async fn get_service(&self, context: Data<&Arc<Context>>) -> Result<Facts, ApiError> {
        Ok(Facts::Facts(Json(Service::of(&context))))
    }
}
