//! Deals: creating, commanding, reading. What a command does is decided by the domain; this writes it.

mod organisation;
mod rows;
mod timeline;
mod write;

pub use timeline::TimelineEvent;
pub(crate) use timeline::note;
pub(crate) use write::{apply, lock};

use crate::audit;
use crate::error::{Conflict, Error};
use crate::idempotency::{self, Answer, Keyed, Outcome};
use crate::job::TimerKind;
use crate::jobs::{self, Claim};
use crate::page::Page;
use crate::payments::{self, PaymentView};
use crate::pool::Store;
use crate::schema::deals;
use crate::users;
use crate::vault::Vault;
use amana_domain::deal::{
    self, Actor, Command, Deal, Event, NewDeal, NewMilestone, Refusal, Role, Terms,
};
use amana_domain::fee::FeePlan;
use amana_domain::id::{DealId, MilestoneId, OrganisationId, UserId};
use amana_domain::money::{Currency, Money};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use uuid::Uuid;

/// A deal as its parties see it.
#[derive(Debug, Clone)]
pub struct DealView {
    pub deal: Deal,
    /// In whose name it was made, if not in that of its parties alone.
    pub organisation: Option<OrganisationId>,
    pub buyer_name: String,
    pub seller_name: String,
    /// The newest attempt to pay for it by mobile money.
    pub payment: Option<PaymentView>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Debug, Clone)]
pub struct NewMilestoneRequest {
    pub title: String,
    pub amount: Money,
    pub delivery: TimeDelta,
}

/// A deal as it is asked for: one party is the caller, the other is found by e-mail or phone.
#[derive(Debug, Clone)]
pub struct NewDealRequest {
    pub title: String,
    pub organisation: Option<OrganisationId>,
    pub role: Role,
    pub counterparty: UserId,
    pub currency: Currency,
    pub fees: FeePlan,
    pub terms: Terms,
    pub milestones: Vec<NewMilestoneRequest>,
}

impl Store {
    /// # Errors
    /// [`Error::Refused`] if the deal makes no sense; [`Conflict::UnknownCounterparty`] if the other party's
    /// account is closed; [`Conflict::UnknownOrganisation`] if the caller does not belong to it.
    pub async fn create_deal(
        &self,
        user: UserId,
        request: NewDealRequest,
        now: DateTime<Utc>,
    ) -> Result<DealView, Error> {
        let (counterparty, organisation) = (request.counterparty, request.organisation);
        let deal = deal::draft(new_deal(user, request))?;
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            users::require_open(conn, user).await?;
            if !users::is_open(conn, counterparty).await? {
                return Err(Error::Conflict(Conflict::UnknownCounterparty));
            }
            if let Some(id) = organisation {
                organisation::require_member(conn, user, id).await?;
            }
            write::insert(conn, &deal, organisation, now).await?;
            let actor = Actor::User(user);
            let data = json!({ "from": null, "to": deal.state.as_str() });
            write::record_event(conn, &deal, &Event::Created, actor, now).await?;
            audit::record(conn, now, actor, "deal.created", deal.id, data).await?;
            view(conn, vault, deal.id).await
        })
        .await
    }

    /// Carries out a party's command that moves no money.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a deal of others, [`Error::Refused`] if the rules say no.
    pub async fn command_deal(
        &self,
        user: UserId,
        id: DealId,
        command: Command,
        now: DateTime<Utc>,
    ) -> Result<DealView, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            users::require_open(conn, user).await?;
            command_as_party(conn, user, id, command, now).await?;
            view(conn, vault, id).await
        })
        .await
    }

    /// Carries out a party's command that may move money, once per idempotency key.
    ///
    /// # Errors
    /// As [`Store::command_deal`], and [`Conflict::KeyReused`] or [`Conflict::KeyInProgress`].
    pub async fn command_deal_once(
        &self,
        keyed: &Keyed,
        id: DealId,
        command: Command,
        render: fn(&DealView) -> Answer,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            command_as_party(conn, keyed.user, id, command, now).await?;
            let view = view(conn, vault, id).await?;
            idempotency::complete(conn, keyed, render(&view)).await
        })
        .await
    }

    /// Lets a deadline pass. A timer that has become meaningless is simply done.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] if another worker has taken the job over.
    pub async fn lapse_deal(
        &self,
        claim: &Claim,
        id: DealId,
        timer: TimerKind,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            let deal = lock(conn, id).await?;
            match deal::decide(&deal, Command::Lapse(timer.into()), Actor::System, now) {
                Ok(decision) => apply(conn, &deal, &decision, Actor::System, now).await?,
                Err(Refusal::TooEarly { due_at }) => {
                    return Err(Error::Refused(Refusal::TooEarly { due_at }));
                }
                Err(_) => {}
            }
            jobs::finish(conn, claim, now).await
        })
        .await
    }

    /// # Errors
    /// [`Error::NotFound`] for a deal of others too: that it exists is theirs to know. Those who belong to the
    /// organisation in whose name it was made may know it, too.
    pub async fn deal(&self, user: UserId, id: DealId) -> Result<DealView, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        let found = view(&mut conn, vault, id).await?;
        if organisation::may_read(&mut conn, user, &found.deal, found.organisation).await? {
            Ok(found)
        } else {
            Err(Error::NotFound("deal"))
        }
    }

    /// The deals of a person, newest first.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn deals(
        &self,
        user: UserId,
        after: Option<DealId>,
        limit: i64,
    ) -> Result<Page<DealView>, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        let before = after.map_or(Uuid::max(), DealId::uuid);
        let ids: Vec<Uuid> = deals::table
            .filter(deals::buyer_id.eq(user.uuid()).or(deals::seller_id.eq(user.uuid())))
            .filter(deals::id.lt(before))
            .order(deals::id.desc())
            .limit(Page::<Uuid>::fetch(limit))
            .select(deals::id)
            .load(&mut conn)
            .await?;
        views(&mut conn, vault, Page::cut(ids, limit)).await
    }
}

async fn views(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    page: Page<Uuid>,
) -> Result<Page<DealView>, Error> {
    let mut items = Vec::with_capacity(page.items.len());
    for id in page.items {
        items.push(view(conn, vault, DealId::new(id)).await?);
    }
    Ok(Page { items, more: page.more })
}

/// Loads and locks a deal that must be the caller's own.
pub(crate) async fn lock_as_party(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: DealId,
) -> Result<Deal, Error> {
    let loaded = rows::load_for_update(conn, id).await?;
    organisation::as_party(conn, user, loaded).await
}

/// Loads a deal that must be the caller's own, for whoever only asks.
pub(crate) async fn load_as_party(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: DealId,
) -> Result<Deal, Error> {
    let loaded = rows::load(conn, id).await?;
    organisation::as_party(conn, user, loaded).await
}

async fn command_as_party(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: DealId,
    command: Command,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let deal = lock_as_party(conn, user, id).await?;
    let actor = Actor::User(user);
    // A payment under way would arrive at a deal that is no longer there to take it. The money would be
    // safe in the wallet, but nobody wants that surprise: the parties wait for the outcome first.
    if command == Command::Cancel && payments::funding_is_open(conn, id).await? {
        return Err(Error::Conflict(Conflict::PaymentInProgress));
    }
    let decision = deal::decide(&deal, command, actor, now)?;
    apply(conn, &deal, &decision, actor, now).await
}

pub(crate) async fn view(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    id: DealId,
) -> Result<DealView, Error> {
    let rows::Loaded { deal, organisation, created_at, updated_at } = rows::load(conn, id).await?;
    let buyer = users::load(conn, deal.buyer).await?;
    let seller = users::load(conn, deal.seller).await?;
    let payment = payments::newest_of_deal(conn, vault, id).await?;
    Ok(DealView {
        deal,
        organisation,
        buyer_name: buyer.name,
        seller_name: seller.name,
        payment,
        created_at,
        updated_at,
    })
}

fn new_deal(user: UserId, request: NewDealRequest) -> NewDeal {
    let (buyer, seller) = match request.role {
        Role::Buyer => (user, request.counterparty),
        Role::Seller => (request.counterparty, user),
    };
    let milestones = request.milestones.into_iter().map(|milestone| NewMilestone {
        id: MilestoneId::new(Uuid::now_v7()),
        title: milestone.title,
        amount: milestone.amount,
        delivery: milestone.delivery,
    });
    NewDeal {
        id: DealId::new(Uuid::now_v7()),
        title: request.title,
        buyer,
        seller,
        proposer: request.role,
        currency: request.currency,
        fees: request.fees,
        terms: request.terms,
        milestones: milestones.collect(),
    }
}
