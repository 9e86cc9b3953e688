//! Holds: money that one user reserves for another. Create, settle in parts or whole, release.

mod answer;

pub(crate) use answer::HoldAnswer;

use crate::Chapter;
use crate::body::Body;
use crate::context::Context;
use crate::once::{Created, Done, keyed};
use crate::page::{Cursor, PageOf, limit};
use crate::payee::PayeeObject;
use crate::principal::{HoldsRead, HoldsWrite, Principal};
use crate::problem::ApiError;
use crate::step_up::before_sending;
use crate::transfers::missed;
use crate::wire::{HoldHours, Key, Limit, Message, PositiveMoney, Wire};
use amana_domain::api_key::Scope;
use amana_domain::hold::State;
use amana_domain::id::HoldId;
use amana_postgres::{HoldFilter, HoldRole, NewHold};
use answer::{made, render};
use chrono::TimeDelta;
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// A new hold.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateHold {
    /// Beneficiary, who may settle the hold.
    to: PayeeObject,
    amount: PositiveMoney,
    /// Hours until the hold expires, at most 720 (30 days). Then the rest is returned to you.
    expires_in_hours: HoldHours,
    /// Purpose, in one line.
    note: Option<Wire<Message>>,
}

impl CreateHold {
    fn parse(self) -> Result<NewHold, ApiError> {
        Ok(NewHold {
            to: self.to.parse()?,
            amount: self.amount.money()?,
            lasts: TimeDelta::hours(self.expires_in_hours.get()),
            note: self.note.map(|note| note.0.0),
        })
    }
}

/// A settlement of a hold.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct SettleHold {
    /// Amount to take; the whole rest by default.
    amount: Option<PositiveMoney>,
}

#[derive(ApiResponse)]
enum HoldPage {
    /// One page of holds.
    #[oai(status = 200)]
    Page(Json<PageOf<HoldAnswer>>),
}

#[derive(ApiResponse)]
enum Found {
    /// The hold.
    #[oai(status = 200)]
    Hold(Json<HoldAnswer>),
}

pub(crate) struct Holds;

#[OpenApi(prefix_path = "/v1/holds", tag = "Chapter::Holds")]
impl Holds {
    /// Create a hold
    ///
    /// Moves the amount from your available balance into the hold. The beneficiary settles it in parts or whole
    /// (`settle_hold`) or releases it (`release_hold`). You cannot cancel a hold; the rest is returned to you when it
    /// expires. A hold counts towards your daily limit. With `dry_run=true`, returns the expected result and changes
    /// nothing. Problems: `insufficient_funds`, `transaction_limit`, `daily_limit`, `unknown_recipient`,
    /// `recipient_closed`, `same_party`, `unsupported_currency`, `idempotency_key_reused` (422), `account_closed`,
    /// `verified_contact_required` (403), `rate_limited` (429) as in `create_transfer`, `step_up_required` (403) above
    /// KES 50,000 if you have a second factor, `idempotency_key_required` (400).
    #[oai(path = "/", method = "post", operation_id = "create_hold")]
    async fn create_hold(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<HoldsWrite>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        /// With `true`, returns the expected result and changes nothing. An API key then also needs `wallet:read` and
        /// `people:read`.
        dry_run: Query<Option<bool>>,
        body: Body<CreateHold>,
    ) -> Result<Created<HoldAnswer>, ApiError> {
        let keyed = keyed(&caller, key.0, "create_hold", &body.canonical);
        let request = body.value.parse()?;
        if dry_run.0 == Some(true) {
            caller.require(Scope::WalletRead)?;
            caller.require(Scope::PeopleRead)?;
            let now = context.now();
            context.budgets.look_up(caller.user(), &request.to, now).await?;
            return Ok(context.store.quote_hold(caller.user(), &request, now).await?.into());
        }
        if let Some(answered) = before_sending(&context, &caller, &keyed, request.amount).await? {
            return Ok(answered.into());
        }
        let (user, to) = (caller.user(), request.to.clone());
        let made = context
            .write(async move |store, now| store.create_hold(&keyed, &request, made, now).await);
        match made.await {
            Ok(made) => Ok(made.into()),
            Err(refusal) => Err(missed(&context, (user, &to), refusal).await),
        }
    }

    /// List your holds
    ///
    /// Holds that you created or that were created for you, newest first.
    #[oai(path = "/", method = "get", operation_id = "list_holds")]
    async fn list_holds(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<HoldsRead>,
        /// Only holds in which you have this role.
        role: Query<Option<Wire<HoldRole>>>,
        /// Only holds in this state.
        state: Query<Option<Wire<State>>>,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<HoldId>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<HoldPage, ApiError> {
        let filter = HoldFilter { role: role.0.map(|one| one.0), state: state.0.map(|one| one.0) };
        let after = after.0.map(|Cursor(id)| id);
        let page = context.store.holds(caller.user(), filter, after, limit(size.0)).await?;
        let page = PageOf::of(page, |view| view.hold.id, |view| HoldAnswer::from(&view));
        Ok(HoldPage::Page(Json(page)))
    }

    /// Get a hold
    ///
    /// For owner and beneficiary. Problems: `not_found` (404), also for holds of other users.
    #[oai(path = "/:id", method = "get", operation_id = "get_hold")]
    async fn get_hold(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<HoldsRead>,
        /// Id of the hold.
        id: Path<Wire<HoldId>>,
    ) -> Result<Found, ApiError> {
        let view = context.store.hold(caller.user(), id.0.0).await?;
        Ok(Found::Hold(Json(HoldAnswer::from(&view))))
    }

    /// Settle a hold
    ///
    /// For the beneficiary. Moves part or all of the rest to your wallet. It can be repeated until the hold is empty or
    /// expires. Problems: `amount_exceeds_hold`, `hold_closed` (409), `wrong_party` (403), `balance_limit` (422),
    /// `not_found` (404), `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/:id/settle", method = "post", operation_id = "settle_hold")]
    async fn settle_hold(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<HoldsWrite>,
        /// Id of the hold.
        id: Path<Wire<HoldId>>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<SettleHold>,
    ) -> Result<Done<HoldAnswer>, ApiError> {
        let id = id.0.0;
        let keyed = keyed(&caller, key.0, "settle_hold", &format!("{id} {}", body.canonical));
        let amount = body.value.amount.map(|amount| amount.money()).transpose()?;
        let settled = context
            .write(async move |store, now| store.settle_hold(&keyed, id, amount, render, now).await)
            .await?;
        Ok(settled.into())
    }

    /// Release a hold
    ///
    /// For the beneficiary. Returns the rest to the owner before the hold expires. Problems: `hold_closed` (409),
    /// `wrong_party` (403), `not_found` (404), `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/:id/release", method = "post", operation_id = "release_hold")]
    async fn release_hold(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<HoldsWrite>,
        /// Id of the hold.
        id: Path<Wire<HoldId>>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
    ) -> Result<Done<HoldAnswer>, ApiError> {
        let id = id.0.0;
        let keyed = keyed(&caller, key.0, "release_hold", &id.to_string());
        let released = context
            .write(async move |store, now| store.release_hold(&keyed, id, render, now).await)
            .await?;
        Ok(released.into())
    }
}
