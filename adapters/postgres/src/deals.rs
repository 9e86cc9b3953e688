//! Deals: creating, commanding, reading. What a command does is decided by the domain; this writes it.

mod agreement;
mod deliveries;
mod disputes;
mod files;
mod hand_over;
mod inviting;
mod labels;
mod milestones;
mod offers;
mod organisation;
mod payers;
mod references;
mod reminders;
mod request;
mod review;
mod revisions;
mod rows;
mod splitting;
mod telling;
mod timeline;
mod view;
mod write;

pub use agreement::AgreementView;
pub use deliveries::DeliveryView;
pub use disputes::{AwardView, DisputeView};
pub(crate) use files::open as open_file;
pub use files::{DealFile, FilePlace};
pub(crate) use hand_over::to_send as hand_over_to_send;
pub use inviting::DealInvitation;
pub(crate) use inviting::{bind as join_invited, forget_invited, to_send as invitation_to_send};
pub use labels::LabelView;
pub(crate) use labels::forget as forget_labels;
pub use offers::KeptOffer;
pub use references::PayReference;
pub(crate) use references::deal_of;
pub use reminders::Reminder;
pub use request::{NewDealRequest, NewMilestoneRequest, OfferRequest, Opposite};
pub use review::{AwardRequest, DisputePlace, DisputeReview};
pub use revisions::{RevisionView, Signature};
pub(crate) use rows::Loaded;
pub use view::DealView;
use view::views;
pub(crate) use view::{of as view_of, view};
pub(crate) use write::{By, apply, lock};

use crate::call_context::current_organisation;
use crate::error::{Conflict, Error};
use crate::fee_plans;
use crate::idempotency::{self, Answer, Keyed, Outcome};
use crate::job::TimerKind;
use crate::jobs::{self, Claim};
use crate::page::Page;
use crate::payments;
use crate::pool::Store;
use crate::schema::deal_participants;
use crate::users;
use crate::vault::Vault;
use amana_domain::deal::{self, Actor, Command, Deal};
use amana_domain::id::{DealId, UserId};
use amana_domain::transfer::TransferRefusal;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Renders the answer that is stored under a key: the deal as the person sees it whose key it is.
pub type RenderDeal = fn(&DealView, UserId) -> Answer;

impl Store {
    /// # Errors
    /// [`Conflict::DealReferenceTaken`] if the caller has another deal with this reference;
    /// [`Error::Refused`] if the deal makes no sense; [`Conflict::UnknownCounterparty`] if the other party's
    /// account is closed, [`TransferRefusal::RecipientClosed`] if the broker's is;
    /// [`Conflict::UnknownOrganisation`] if the caller does not belong to it; [`Error::Organisation`] if the caller
    /// invites too many.
    pub async fn create_deal(
        &self,
        user: UserId,
        request: NewDealRequest,
        now: DateTime<Utc>,
    ) -> Result<DealView, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            users::require_active(conn, user).await?;
            create(conn, vault, user, request.clone(), now).await
        })
        .await
    }

    /// Creates a deal once per idempotency key.
    ///
    /// # Errors
    /// As [`Store::create_deal`], and [`Conflict::KeyReused`] or [`Conflict::KeyInProgress`].
    pub async fn create_deal_once(
        &self,
        keyed: &Keyed,
        request: NewDealRequest,
        render: RenderDeal,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            let view = create(conn, vault, keyed.user, request.clone(), now).await?;
            idempotency::complete(conn, keyed, render(&view, keyed.user)).await
        })
        .await
    }

    /// Carries out a party's command that moves no money and may be repeated.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a deal of others, [`Error::Refused`] if the rules say no.
    pub async fn command_deal(
        &self,
        user: UserId,
        id: DealId,
        command: &Command,
        reason: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<DealView, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            users::require_active(conn, user).await?;
            let done = command_as_party(conn, user, id, command, reason, now).await?;
            view::of(conn, vault, done).await
        })
        .await
    }

    /// Carries out a party's command once per idempotency key.
    ///
    /// # Errors
    /// As [`Store::command_deal`], and [`Conflict::KeyReused`] or [`Conflict::KeyInProgress`].
    pub async fn command_deal_once(
        &self,
        keyed: &Keyed,
        id: DealId,
        command: &Command,
        render: RenderDeal,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            let done = command_as_party(conn, keyed.user, id, command, None, now).await?;
            let view = view::of(conn, vault, done).await?;
            idempotency::complete(conn, keyed, render(&view, keyed.user)).await
        })
        .await
    }

    /// Lets a deadline pass. A timer that has become meaningless, because something has happened or the deadline
    /// was moved, is simply done.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] if another worker has taken the job over; [`Error::Refused`] if the deal refuses to let
    /// a deadline pass that it has itself, which nobody may overlook.
    pub async fn expire_deal(
        &self,
        claim: &Claim,
        id: DealId,
        (timer, due_at): (TimerKind, DateTime<Utc>),
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            let deal = lock(conn, id).await?;
            let (timer, by) = (timer.into(), By::from(Actor::System));
            if deal.due(timer) == Some(due_at) {
                let decision = deal::decide(&deal, &Command::Expire(timer), by.actor, now)?;
                apply(conn, &deal, &decision, &by, now).await?;
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

    /// The deals that concern a person, newest first; those of the organisation for a key of one.
    ///
    /// # Errors
    /// [`Error::Store`], or [`Error::NotFound`] for a key whose maker is no member any more.
    pub async fn deals(
        &self,
        user: UserId,
        after: Option<DealId>,
        limit: i64,
    ) -> Result<Page<DealView>, Error> {
        if let Some(organisation) = current_organisation() {
            return self.organisation_deals(user, organisation, after, limit).await;
        }
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        let before = after.map_or(Uuid::max(), DealId::uuid);
        let ids: Vec<Uuid> = deal_participants::table
            .filter(deal_participants::user_id.eq(user.uuid()))
            .filter(deal_participants::deal_id.lt(before))
            .order(deal_participants::deal_id.desc())
            .limit(Page::<Uuid>::fetch(limit))
            .select(deal_participants::deal_id)
            .load(&mut conn)
            .await?;
        views(&mut conn, vault, Page::cut(ids, limit)).await
    }
}

/// Writes a deal of a user who may begin one.
async fn create(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    user: UserId,
    mut request: NewDealRequest,
    now: DateTime<Utc>,
) -> Result<DealView, Error> {
    let (counterparty, label) = (request.counterparty.clone(), request.label.clone());
    let organisation = organisation::of_new(request.organisation)?;
    request.offer.fees = fee_plans::in_force(conn, request.offer.fees, now).await?;
    let deal = deal::draft(request.into_deal(user))?;
    require_others_open(conn, &deal, user).await?;
    if let Some(id) = organisation {
        organisation::require_member(conn, user, id).await?;
    }
    write::insert(conn, &deal, organisation, now).await?;
    labels::insert(conn, &deal, user, &label).await?;
    if let Opposite::Invited(contact, locale) = &counterparty {
        inviting::invite(conn, vault, (&deal, user), (contact, *locale), now).await?;
    }
    write::begin(conn, &deal, user, now).await?;
    let made = Loaded { deal, organisation, created_at: now, updated_at: now };
    view::of(conn, vault, made).await
}

/// Nothing is made with people who are not here any more.
async fn require_others_open(
    conn: &mut AsyncPgConnection,
    deal: &Deal,
    user: UserId,
) -> Result<(), Error> {
    for other in [deal.buyer, deal.seller].into_iter().flatten().filter(|side| *side != user) {
        if !users::is_open(conn, other).await? {
            return Err(Error::Conflict(Conflict::UnknownCounterparty));
        }
    }
    match deal.broker {
        Some(broker) if !users::is_open(conn, broker.user).await? => {
            Err(TransferRefusal::RecipientClosed.into())
        }
        Some(_) | None => Ok(()),
    }
}

/// Loads and locks a deal that must concern the caller.
pub(crate) async fn lock_as_party(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: DealId,
) -> Result<Loaded, Error> {
    let loaded = rows::load_for_update(conn, id).await?;
    organisation::require_party(conn, user, &loaded).await?;
    Ok(loaded)
}

/// Loads a deal that must concern the caller, for whoever only asks.
pub(crate) async fn load_as_party(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: DealId,
) -> Result<Deal, Error> {
    let loaded = rows::load(conn, id).await?;
    organisation::require_party(conn, user, &loaded).await?;
    Ok(loaded.deal)
}

/// The deal as it is then.
async fn command_as_party(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: DealId,
    command: &Command,
    reason: Option<String>,
    now: DateTime<Utc>,
) -> Result<Loaded, Error> {
    let mut loaded = lock_as_party(conn, user, id).await?;
    if *command == Command::Propose && loaded.deal.role_of(user) == Some(loaded.deal.offered_by) {
        loaded.deal = inviting::join_if_proven(conn, loaded.deal, now).await?;
    }
    let by = By { actor: Actor::User(user), reason };
    // A payment under way would arrive at a deal that is no longer there to take it. The money would be
    // safe in the wallet, but nobody wants that surprise: the parties wait for the outcome first.
    if *command == Command::Cancel && payments::funding_is_open(conn, id, None).await? {
        return Err(Error::Conflict(Conflict::PaymentInProgress));
    }
    carry_out(conn, loaded, command, &by, now).await
}

/// Decides about a deal that is locked, and writes what is decided. The deal as it is then.
async fn carry_out(
    conn: &mut AsyncPgConnection,
    loaded: Loaded,
    command: &Command,
    by: &By,
    now: DateTime<Utc>,
) -> Result<Loaded, Error> {
    let decision = deal::decide(&loaded.deal, command, by.actor, now)?;
    apply(conn, &loaded.deal, &decision, by, now).await?;
    Ok(loaded.after(decision, now))
}
