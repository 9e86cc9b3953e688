//! Limits on look-ups of users, by account, and on unmatched callbacks, by address.

use super::Budgets;
use super::tally::Tally;
use crate::address::ClientAddress;
use crate::problem::ApiError;
use amana_domain::id::UserId;
use amana_domain::payee::Payee;
use chrono::{DateTime, Utc};

impl Budgets {
    /// Counts a look-up by phone number or e-mail address; handles and ids reveal nothing new.
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

    /// Counts a look-up of the user with a phone number or e-mail address.
    ///
    /// # Errors
    /// `rate_limited`.
    pub(crate) async fn person(&self, user: UserId, now: DateTime<Utc>) -> Result<(), ApiError> {
        self.spend(self.look_ups.as_ref(), user, now).await
    }

    /// Counts a deal with a user given by phone number or e-mail address.
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
            let what = "too many look-ups by phone number or e-mail address";
            return Err(ApiError::rate_limited(what, standing.reset));
        }
        Ok(())
    }

    /// Returns whether an unmatched callback from this address may still be recorded. Each process counts alone.
    pub(crate) fn has_stray(&self, address: ClientAddress, now: DateTime<Utc>) -> bool {
        !self.strays.count(&address.network(), now.timestamp_millis()).is_refused
    }
}
