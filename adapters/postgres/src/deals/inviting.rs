//! Invitations to a deal for a counterparty without an account. A user who verifies the invited e-mail address or phone
//! number joins the deal in the same transaction. Possession of the deal's id or link alone gives no access.
//!
//! The contact is sealed under the inviter's key and stored with a digest like the digests of users. The sealed contact
//! is deleted when the invitation ends. The digest remains after a deal that nobody joined, so that a late code is
//! reported as expired.

mod addressed;
mod joining;

pub(crate) use addressed::to_send;
pub(crate) use joining::bind;
pub(super) use joining::join_if_proven;

use super::{DealView, lock_as_party, view};
use crate::error::Error;
use crate::log;
use crate::notifications::{self, deadline_text};
use crate::pool::Store;
use crate::row::parse;
use crate::schema::{deal_invitations, users as users_table};
use crate::users;
use crate::vault::{Column, Vault};
use amana_domain::contact::{Contact, ContactKind};
use amana_domain::deal::{Actor, Deal, DealState, Decision, Event, Refusal, Role};
use amana_domain::event::DealEvent;
use amana_domain::human::has_no_link;
use amana_domain::id::{DealId, UserId};
use amana_domain::notice::Locale;
use amana_domain::organisation::{self, INVITATION_TTL, INVITATIONS_COUNTED, may_invite};
use amana_domain::text_enum;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use uuid::Uuid;

/// Replaces a title that may contain an address or a link.
const UNTOLD: &str = "…";

text_enum! {
    /// The reason why an invitation has ended.
    enum End as "end of a deal invitation" {
        Joined = "joined",
        /// The deal was cancelled or has expired.
        DealOver = "deal_over",
        /// The owner of the contact cannot join, for example because they already have a part in the deal.
        NotPossible = "not_possible",
    }
}

/// An open invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DealInvitation {
    pub role: Role,
    pub kind: ContactKind,
    /// `None` until the deal is proposed.
    pub sent_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
}

#[derive(HasQuery)]
#[diesel(table_name = deal_invitations)]
struct Row {
    id: Uuid,
    deal_id: Uuid,
    role: String,
    inviter_id: Uuid,
    kind: String,
    locale: Option<String>,
    contact_sealed: Option<Vec<u8>>,
    contact_digest: Option<Vec<u8>>,
    code_id: Uuid,
    generation: i16,
    sent_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

impl Row {
    fn is_good(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }

    /// Returns whether its code was sent and is still valid.
    fn is_sent(&self, now: DateTime<Utc>) -> bool {
        self.ended_at.is_none() && self.expires_at.is_some_and(|expires_at| now < expires_at)
    }

    fn shown(&self) -> Result<DealInvitation, Error> {
        let (role, kind) = (parse(&self.role)?, parse(&self.kind)?);
        Ok(DealInvitation { role, kind, sent_at: self.sent_at, expires_at: self.expires_at })
    }
}

/// Stores an invitation; it is sent when the deal is proposed. The lock of the inviter's row keeps the counted limits
/// exact.
///
/// # Errors
/// [`amana_domain::organisation::OrganisationRefusal::TooManyInvitations`].
pub(super) async fn invite(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    (deal, inviter): (&Deal, UserId),
    (contact, locale): (&Contact, Option<Locale>),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let inviter = users::lock_active(conn, inviter).await?;
    let own = || deal_invitations::table.filter(deal_invitations::inviter_id.eq(inviter.id.uuid()));
    let since = now.checked_sub_signed(INVITATIONS_COUNTED).unwrap_or(now);
    let open: i64 =
        own().filter(deal_invitations::ended_at.is_null()).count().get_result(conn).await?;
    let made: i64 =
        own().filter(deal_invitations::created_at.gt(since)).count().get_result(conn).await?;
    may_invite(open, made)?;
    let sealed = inviter.key(vault)?.seal(Column::DealInvitationContact, contact.as_str())?;
    diesel::insert_into(deal_invitations::table)
        .values((
            deal_invitations::id.eq(Uuid::now_v7()),
            deal_invitations::deal_id.eq(deal.id.uuid()),
            deal_invitations::role.eq(deal.offered_by.other().as_str()),
            deal_invitations::inviter_id.eq(inviter.id.uuid()),
            deal_invitations::kind.eq(contact.kind().as_str()),
            deal_invitations::locale.eq(locale.map(Locale::as_str)),
            deal_invitations::contact_sealed.eq(Some(sealed)),
            deal_invitations::contact_digest.eq(Some(users::digest(vault, contact))),
            deal_invitations::code_id.eq(Uuid::new_v4()),
            deal_invitations::created_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

async fn open_of(conn: &mut AsyncPgConnection, deal: DealId) -> Result<Option<Row>, Error> {
    let open = Row::query()
        .filter(deal_invitations::deal_id.eq(deal.uuid()))
        .filter(deal_invitations::ended_at.is_null());
    Ok(open.first(conn).await.optional()?)
}

/// Returns the open invitations of these deals.
pub(super) async fn of_deals(
    mut conn: &AsyncPgConnection,
    ids: &[Uuid],
) -> Result<Vec<(DealId, DealInvitation)>, Error> {
    if ids.is_empty() {
        return Ok(vec![]);
    }
    let rows: Vec<Row> = Row::query()
        .filter(deal_invitations::deal_id.eq_any(ids))
        .filter(deal_invitations::ended_at.is_null())
        .load(&mut conn)
        .await?;
    rows.iter().map(|row| Ok((DealId::new(row.deal_id), row.shown()?))).collect()
}

async fn end(
    conn: &mut AsyncPgConnection,
    deal: DealId,
    why: End,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let open = deal_invitations::table
        .filter(deal_invitations::deal_id.eq(deal.uuid()))
        .filter(deal_invitations::ended_at.is_null());
    let is_forgotten = match why {
        End::DealOver => false,
        End::Joined | End::NotPossible => true,
    };
    diesel::update(open)
        .set((
            deal_invitations::ended_at.eq(Some(now)),
            deal_invitations::end_reason.eq(Some(why.as_str())),
            deal_invitations::contact_sealed.eq(None::<Vec<u8>>),
            is_forgotten.then_some(deal_invitations::contact_digest.eq(None::<Vec<u8>>)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Removes the digests of an erased user's contacts from ended invitations, so that these cannot identify the user.
pub(crate) async fn forget_invited(
    conn: &mut AsyncPgConnection,
    user: UserId,
) -> Result<(), Error> {
    let digests = users_table::table.find(user.uuid());
    let (email, phone): (Option<Vec<u8>>, Option<Vec<u8>>) =
        digests.select((users_table::email_digest, users_table::phone_digest)).first(conn).await?;
    let own: Vec<Option<Vec<u8>>> = [email, phone].into_iter().filter(Option::is_some).collect();
    let over = deal_invitations::table
        .filter(deal_invitations::ended_at.is_not_null())
        .filter(deal_invitations::contact_digest.eq_any(own));
    diesel::update(over)
        .set(deal_invitations::contact_digest.eq(None::<Vec<u8>>))
        .execute(conn)
        .await?;
    Ok(())
}

/// Applies a decision to the deal's invitation: sends it when the deal is proposed, ends it with the deal.
pub(super) async fn follow(
    conn: &mut AsyncPgConnection,
    decision: &Decision,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let deal = &decision.deal;
    for event in &decision.events {
        match event {
            Event::Joined(_) => end(conn, deal.id, End::Joined, now).await?,
            Event::Cancelled | Event::Expired => end(conn, deal.id, End::DealOver, now).await?,
            Event::Proposed if !deal.is_complete() => {
                if let Some(row) = open_of(conn, deal.id).await? {
                    send(conn, deal, &row, row.generation, now).await?;
                }
            }
            Event::Created
            | Event::Proposed
            | Event::Countered(_)
            | Event::Agreed(_)
            | Event::PayerAdded(_)
            | Event::Paid { .. }
            | Event::PaymentReturned { .. }
            | Event::Funded
            | Event::MilestoneDelivered(_)
            | Event::MilestoneRejected(_)
            | Event::MilestoneReleased(_)
            | Event::MilestoneRefunded(_)
            | Event::MilestoneSplit { .. }
            | Event::SplitOffered { .. }
            | Event::DisputeOpened { .. }
            | Event::DisputeAnswered(_)
            | Event::AwardProposed { .. }
            | Event::Awarded { .. }
            | Event::ExtensionRequested { .. }
            | Event::Extended { .. }
            | Event::CancellationRequested(_)
            | Event::Completed => {}
        }
    }
    Ok(())
}

/// Sends the invitation with a new code. The message names the earlier of the offer's and the invitation's deadline.
async fn send(
    conn: &mut AsyncPgConnection,
    deal: &Deal,
    row: &Row,
    generation: i16,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let expires_at = now.checked_add_signed(INVITATION_TTL).unwrap_or(now);
    diesel::update(deal_invitations::table.find(row.id))
        .set((
            deal_invitations::code_id.eq(Uuid::new_v4()),
            deal_invitations::generation.eq(generation),
            deal_invitations::sent_at.eq(Some(now)),
            deal_invitations::expires_at.eq(Some(expires_at)),
        ))
        .execute(conn)
        .await?;
    let inviter = users::load(conn, UserId::new(row.inviter_id)).await?;
    // The recipient is a stranger to the sender. A title that may contain an address or a link is left out, against
    // spam.
    let title = if has_no_link(&deal.title) { deal.title.as_str() } else { UNTOLD };
    let offered_until = deal.due_at.filter(|_| deal.state == DealState::Proposed);
    let params = json!({
        "counterparty": inviter.name,
        "deal_title": title,
        "amount": deal.price().map_err(Error::row)?.to_string(),
        "deadline": deadline_text(offered_until.map_or(expires_at, |due_at| due_at.min(expires_at))),
    });
    let kind: ContactKind = parse(&row.kind)?;
    notifications::enqueue_deal_invitation(conn, &inviter, (row.id, kind), params, now).await
}

impl Store {
    /// Sends the invitation again, with a new code that is valid for seven days.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the deal does not concern the user; [`Refusal::AlreadyJoined`] if no invitation is open;
    /// [`Refusal::WrongState`] before the deal is proposed; [`Error::Organisation`] if the limit of resends is reached
    /// or the last one is too recent.
    pub async fn resend_deal_invitation(
        &self,
        user: UserId,
        id: DealId,
        now: DateTime<Utc>,
    ) -> Result<DealView, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            users::require_active(conn, user).await?;
            let deal = lock_as_party(conn, user, id).await?.deal;
            if deal.role_of(user).is_none() {
                return Err(Refusal::WrongParty { wanted: deal.offered_by }.into());
            }
            open_of(conn, id).await?.ok_or(Refusal::AlreadyJoined)?;
            let deal = join_if_proven(conn, deal, now).await?;
            if let Some(row) = open_of(conn, id).await? {
                let state = Refusal::WrongState { state: deal.state, command: "resend" };
                let sent_at = row.sent_at.filter(|_| deal.state == DealState::Proposed);
                let sent_at = sent_at.ok_or(state)?;
                let generation = organisation::resend(row.generation, sent_at, now)?;
                send(conn, &deal, &row, generation, now).await?;
                let resent = DealEvent::InvitationResent { generation };
                log::append(conn, now, Actor::User(user), id, resent).await?;
            }
            view(conn, vault, id).await
        })
        .await
    }
}
