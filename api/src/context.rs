//! What handlers work with, and the one way in which they change something.

use crate::api_keys::KeyRing;
use crate::cookies::CsrfTokens;
use crate::ended::EndedSessions;
use crate::factor::FactorKeys;
use crate::health::Readiness;
use crate::language;
use crate::links::Links;
use crate::password::Passwords;
use crate::place::Places;
use crate::problem::ApiError;
use crate::rate_limits::Budgets;
use crate::realtime::Sockets;
use crate::service::{ServiceFacts, Started};
use crate::signing_keys::SigningKeys;
use crate::tokens::Tokens;
use amana_domain::fee::{FeePayer, FeePlan};
use amana_domain::money::{Currency, Money};
use amana_domain::transfer::TransferRefusal;
use amana_files::Files;
use amana_postgres::{
    Clock, CodeKey, Contacts, Error, Store, TransferWriter, User, current_call, in_call,
};
use amana_redis::Transport;
use chrono::{DateTime, Utc};
use ipnet::IpNet;
use std::future::Future;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tracing::Instrument;

/// What a deal costs: a part of the amount and a fixed part, in the currency of the deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeePolicy {
    /// Hundredths of a percent.
    pub percentage_bps: u16,
    /// Minor units.
    pub fixed_minor: i64,
}

impl FeePolicy {
    pub(crate) fn plan(self, currency: Currency, payer: FeePayer) -> Result<FeePlan, ApiError> {
        let fixed = Money::new(self.fixed_minor, currency)?;
        let percentage_bps = self.percentage_bps;
        Ok(FeePlan { version: 1, percentage_bps, fixed, payer, ..FeePlan::free(currency) })
    }
}

#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) transfers: TransferWriter,
    pub(crate) clock: Clock,
    pub(crate) redis: Option<Transport>,
    pub(crate) tokens: Tokens,
    pub(crate) signing_keys: Arc<SigningKeys>,
    pub(crate) csrf: CsrfTokens,
    pub(crate) sockets: Arc<Sockets>,
    pub(crate) ended: Arc<EndedSessions>,
    pub(crate) keys: KeyRing,
    /// From where money and rights may be decided about.
    pub(crate) staff_networks: Vec<IpNet>,
    pub(crate) passwords: Passwords,
    pub(crate) codes: CodeKey,
    /// Password resets that are being begun.
    pub(crate) resets: Arc<Semaphore>,
    pub(crate) factor_keys: FactorKeys,
    pub(crate) fees: FeePolicy,
    pub(crate) files: Files,
    pub(crate) places: Places,
    pub(crate) links: Links,
    /// From where callbacks are believed; from anywhere if it names nothing.
    pub(crate) callback_networks: Vec<IpNet>,
    pub(crate) budgets: Budgets,
    pub(crate) service: ServiceFacts,
    pub(crate) started: Started,
    pub(crate) readiness: Readiness,
}

impl Context {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Where the person is reached.
    ///
    /// # Errors
    /// `account_closed` if the person is erased.
    pub(crate) fn contacts(&self, user: &User) -> Result<Contacts, ApiError> {
        let contacts = self.store.contacts(user)?;
        contacts.ok_or_else(|| Error::Transfer(TransferRefusal::SenderClosed).into())
    }

    /// Carries out a use-case that writes, in a task of its own: a caller who goes away, or whose time is
    /// up, must not cut a transaction in two.
    pub(crate) async fn write<F, Fut, T>(&self, work: F) -> Result<T, ApiError>
    where
        F: FnOnce(Store, DateTime<Utc>) -> Fut,
        Fut: Future<Output = Result<T, Error>> + Send + 'static,
        T: Send + 'static,
    {
        let work = in_call(current_call(), work(self.store.clone(), self.now()));
        let work = language::scope(language::spoken(), work);
        match tokio::spawn(work.in_current_span()).await {
            Ok(result) => Ok(result?),
            Err(error) => {
                tracing::error!("a use-case was cut short: {error}");
                Err(ApiError::internal())
            }
        }
    }
}
