//! The shared state of all handlers, and their one way to write.

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

/// The fee of a deal: a percentage of the amount and a fixed fee in the deal's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeePolicy {
    /// Percentage in basis points (hundredths of a percent).
    pub percentage_bps: u16,
    /// Fixed fee in minor units.
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
    /// Networks from which operators may decide about money and permissions.
    pub(crate) staff_networks: Vec<IpNet>,
    pub(crate) passwords: Passwords,
    pub(crate) codes: CodeKey,
    /// Limits concurrent starts of password resets.
    pub(crate) resets: Arc<Semaphore>,
    pub(crate) factor_keys: FactorKeys,
    pub(crate) fees: FeePolicy,
    pub(crate) files: Files,
    pub(crate) places: Places,
    pub(crate) links: Links,
    /// Networks from which callbacks are accepted; empty means any.
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

    /// Returns the contacts of a user.
    ///
    /// # Errors
    /// `account_closed` if the user was erased.
    pub(crate) fn contacts(&self, user: &User) -> Result<Contacts, ApiError> {
        let contacts = self.store.contacts(user)?;
        contacts.ok_or_else(|| Error::Transfer(TransferRefusal::SenderClosed).into())
    }

    /// Runs a write in its own task, so that a disconnect or timeout of the request cannot interrupt the transaction.
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
                tracing::error!("a write ended abnormally: {error}");
                Err(ApiError::internal())
            }
        }
    }
}
