//! Deals: creating, commanding, reading. The domain decides each command; this module stores the decision.

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

/// Renders the response stored under an idempotency key: the deal as the user of the key sees it.
pub type RenderDeal = fn(&DealView, UserId) -> Answer;

impl Store {
    /// # Errors
    /// [`Conflict::DealReferenceTaken`] if the caller has another deal with this reference; [`Error::Refused`] if the
    /// deal is invalid; [`Conflict::UnknownCounterparty`] if the other party's account is closed;
    /// [`TransferRefusal::RecipientClosed`] if the broker's account is closed; [`Conflict::UnknownOrganisation`] if the
    /// caller is not a member; [`Error::Organisation`] if the caller exceeds the limit of invitations.
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

    /// Executes a party's command that moves no money and is safe to repeat.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the deal does not concern the caller, [`Error::Refused`] if the domain refuses the
    /// command.
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

    /// Executes a party's command once per idempotency key.
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

    /// Expires a deadline. Does nothing if the deadline was met or moved after the timer was set.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] if another worker has taken over the job; [`Error::Refused`] if the deal has this deadline
    /// but refuses its expiry, which is a defect and must be noticed.
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
    /// [`Error::NotFound`] unless the deal concerns the user or the user is a member of its organisation. The error is
    /// the same for a deal that does not exist, so that its existence stays private.
    pub async fn deal(&self, user: UserId, id: DealId) -> Result<DealView, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        let found = view(&mut conn, vault, id).await?;
        if organisation::may_read(&mut conn, user, &found.deal, found.organisation).await? {
            Ok(found)
        } else {
            Err(Error::NotFound("deal"))
        }
    }

    /// Returns the deals that concern a user, newest first. With an API key of an organisation, returns the
    /// organisation's deals.
    ///
    /// # Errors
    /// [`Error::Store`], or [`Error::NotFound`] if the creator of the API key has left the organisation.
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

/// Creates a deal for a user who was verified as active.
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

/// Rejects a new deal if the account of the counterparty or the broker is closed.
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

/// Loads a deal that must concern the caller, without a lock.
pub(crate) async fn load_as_party(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: DealId,
) -> Result<Deal, Error> {
    let loaded = rows::load(conn, id).await?;
    organisation::require_party(conn, user, &loaded).await?;
    Ok(loaded.deal)
}

/// Returns the deal after the command.
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
    // Refuses cancellation while a payment is pending. The payment would arrive after the deal has ended and go to the
    // payer's wallet, which the payer does not expect.
    if *command == Command::Cancel && payments::funding_is_open(conn, id, None).await? {
        return Err(Error::Conflict(Conflict::PaymentInProgress));
    }
    carry_out(conn, loaded, command, &by, now).await
}

/// Decides a command on a locked deal, stores the decision and returns the deal after it.
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
