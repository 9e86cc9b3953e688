//! Calls that find people, counted by the account that asks; and callbacks that are nobody's.

use super::Budgets;
use super::tally::Tally;
use crate::address::ClientAddress;
use crate::problem::ApiError;
use amana_domain::id::UserId;
use amana_domain::payee::Payee;
use chrono::{DateTime, Utc};

impl Budgets {
    /// Counts a look-up by a phone number or an e-mail address; one by a handle or an id tells nothing new.
    ///
    /// # Errors
    /// `rate_limited`.
    pub(crate) async fn look_up(
        &self,
        user: UserId,
        payee: &Payee,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        match payee {
            Payee::Phone(_) | Payee::Email(_) => self.person(user, now).await,
            Payee::Handle(_) | Payee::User(_) => Ok(()),
        }
    }

    /// Counts a look-up of whoever has a phone number or an e-mail address.
    ///
    /// # Errors
    /// `rate_limited`.
    pub(crate) async fn person(&self, user: UserId, now: DateTime<Utc>) -> Result<(), ApiError> {
        self.spend(self.look_ups.as_ref(), user, now).await
    }

    /// Counts a deal with somebody who was named by a phone number or an e-mail address.
    ///
    /// # Errors
    /// `rate_limited`.
    pub(crate) async fn counterparty(
        &self,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        self.spend(self.counterparties.as_ref(), user, now).await
    }

    async fn spend(
        &self,
        tally: Option<&Tally<UserId>>,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        let Some(tally) = tally else { return Ok(()) };
        let (_, standing) = self.count_in(tally, &user, now).await;
        if standing.is_refused {
            let what = "too many people were looked up by phone number or e-mail address";
            return Err(ApiError::rate_limited(what, standing.reset));
        }
        Ok(())
    }

    /// Whether a callback from this address that is nobody's is still to be counted. Each process counts by itself.
    pub(crate) fn has_stray(&self, address: ClientAddress, now: DateTime<Utc>) -> bool {
        !self.strays.count(&address.network(), now.timestamp_millis()).is_refused
    }
}
