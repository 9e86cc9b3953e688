//! Invitations to an organisation for its members: creating, resending, revoking, expiring. Changes require the lock of
//! the organisation's row.

mod answer;
mod rows;
mod token;
mod upkeep;

pub use answer::OpenInvitation;
pub use token::Told;
pub(crate) use upkeep::{end_beyond, end_of_erased};

use crate::error::{Conflict, Error};
use crate::organisations::{self, lock_as_member};
use crate::page::Page;
use crate::people::PersonView;
use crate::pool::Store;
use crate::schema::invitations;
use crate::vault::{self, Column, Vault};
use crate::{log, notifications, users};
use amana_domain::contact::Contact;
use amana_domain::deal::Actor;
use amana_domain::event::OrganisationEvent;
use amana_domain::id::{InvitationId, OrganisationId, UserId};
use amana_domain::organisation::{
    self as rules, Act, INVITATION_TTL, INVITATIONS_COUNTED, InvitationEnd, Rank,
};
use amana_domain::payee::Payee;
use amana_domain::transfer::TransferRefusal;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use rows::{Open, Row, find_open};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

#[derive(Clone)]
pub struct NewInvitation {
    /// In lower case.
    pub email: String,
    pub rank: Rank,
}

impl std::fmt::Debug for NewInvitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewInvitation").field("rank", &self.rank).finish_non_exhaustive()
    }
}

/// An open invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationView {
    pub id: InvitationId,
    pub to: Contact,
    pub rank: Rank,
    /// The member who sent it last.
    pub inviter: PersonView,
    /// The number of times it was sent.
    pub generation: i16,
    pub sent_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// Returns the recipient and the content of an invitation, if it is still open.
pub(crate) async fn to_send(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<(Contact, Told)>, Error> {
    let open = find_open(conn, vault, InvitationId::new(id), now).await?;
    let told = |one: Open| {
        (Contact::Email(one.email), Told::Invitation { id, generation: one.generation })
    };
    Ok(open.map(told))
}

/// Ends an invitation and deletes its e-mail address.
async fn end(
    conn: &mut AsyncPgConnection,
    id: InvitationId,
    why: InvitationEnd,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let open = invitations::table.find(id.uuid()).filter(invitations::ended_at.is_null());
    let ended = diesel::update(open).set(over(why, now)).execute(conn).await?;
    if ended == 1 { Ok(()) } else { Err(Error::Conflict(Conflict::InvitationNotFound)) }
}

/// The changes to the row of an invitation that ends.
#[diesel::dsl::auto_type(no_type_alias)]
fn over(why: InvitationEnd, now: DateTime<Utc>) -> _ {
    let now: Option<DateTime<Utc>> = Some(now);
    let why: Option<&'static str> = Some(why.as_str());
    let nobodys: Option<Vec<u8>> = None;
    let digest: Option<Vec<u8>> = None;
    (
        invitations::ended_at.eq(now),
        invitations::end_reason.eq(why),
        invitations::email_sealed.eq(nobodys),
        invitations::email_digest.eq(digest),
    )
}

fn expiry(now: DateTime<Utc>) -> DateTime<Utc> {
    now.checked_add_signed(INVITATION_TTL).unwrap_or(now)
}

async fn views(conn: &mut AsyncPgConnection, all: Vec<Open>) -> Result<Vec<InvitationView>, Error> {
    let inviters: BTreeSet<UserId> = all.iter().map(|one| one.inviter).collect();
    let people = users::people(conn, &inviters).await?;
    let view = |one: Open| {
        let inviter = people.get(&one.inviter).cloned();
        Ok(InvitationView {
            id: one.id,
            to: Contact::Email(one.email),
            rank: one.rank,
            inviter: inviter.ok_or_else(|| Error::row("invitation without an inviter"))?,
            generation: one.generation,
            sent_at: one.sent_at,
            created_at: one.created_at,
            expires_at: one.expires_at,
        })
    };
    all.into_iter().map(view).collect()
}

async fn view(conn: &mut AsyncPgConnection, one: Open) -> Result<InvitationView, Error> {
    let found = views(conn, vec![one]).await?.pop();
    found.ok_or(Error::Conflict(Conflict::InvitationNotFound))
}

/// Verifies that the organisation may send another invitation and that the address does not belong to a member.
async fn check_new(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    (id, email): (OrganisationId, &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let all = || invitations::table.filter(invitations::organisation_id.eq(id.uuid()));
    let since = now.checked_sub_signed(INVITATIONS_COUNTED).unwrap_or(now);
    let open: i64 = all().filter(invitations::ended_at.is_null()).count().get_result(conn).await?;
    let made: i64 =
        all().filter(invitations::created_at.gt(since)).count().get_result(conn).await?;
    rules::may_invite(open, made)?;
    match users::find_payee(conn, vault, &Payee::Email(email.to_owned())).await? {
        Some(user) if organisations::is_member(conn, user, id).await? => {
            Err(Error::Conflict(Conflict::AlreadyMember))
        }
        Some(_) | None => Ok(()),
    }
}

/// Seals an address under the key of the inviter.
async fn sealed(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    inviter: UserId,
    email: &str,
) -> Result<Vec<u8>, Error> {
    let key = vault::key_of(conn, vault, inviter).await?.ok_or(TransferRefusal::SenderClosed)?;
    Ok(key.seal(Column::InvitationEmail, email)?)
}

/// Sends the newest generation in the caller's name and language, because the recipient's language is unknown.
async fn send(
    conn: &mut AsyncPgConnection,
    (id, user): (InvitationId, UserId),
    organisation: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let inviter = users::load(conn, user).await?;
    let params = json!({
        "counterparty": inviter.name,
        "organisation": organisation,
        "deadline": notifications::deadline_text(expiry(now)),
    });
    notifications::enqueue_invitation(conn, &inviter, id, params, now).await
}

impl Store {
    /// Invites a user by e-mail.
    ///
    /// # Errors
    /// [`Error::NotFound`] unless the caller is a member, [`Error::Organisation`] if the domain refuses,
    /// [`Conflict::AlreadyMember`], or [`Conflict::InvitationOpen`].
    pub async fn create_invitation(
        &self,
        user: UserId,
        organisation: OrganisationId,
        new: &NewInvitation,
        now: DateTime<Utc>,
    ) -> Result<InvitationView, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            let (name, rank) = lock_as_member(conn, user, organisation).await?;
            rules::permit(rank, Act::Invite(new.rank))?;
            upkeep::end_expired_of(conn, organisation, now).await?;
            check_new(conn, vault, (organisation, &new.email), now).await?;
            let id = InvitationId::new(Uuid::now_v7());
            let sealed = sealed(conn, vault, user, &new.email).await?;
            diesel::insert_into(invitations::table)
                .values((
                    invitations::id.eq(id.uuid()),
                    invitations::organisation_id.eq(organisation.uuid()),
                    invitations::email_sealed.eq(Some(sealed)),
                    invitations::email_digest.eq(Some(vault.email(&new.email))),
                    invitations::rank.eq(new.rank.as_str()),
                    invitations::sent_at.eq(now),
                    invitations::invited_by.eq(user.uuid()),
                    invitations::created_at.eq(now),
                    invitations::expires_at.eq(expiry(now)),
                ))
                .execute(conn)
                .await
                .map_err(|error| {
                    let error = Error::from(error);
                    error.on_constraint("invitations_open_unique", Conflict::InvitationOpen)
                })?;
            send(conn, (id, user), &name, now).await?;
            let created = OrganisationEvent::InvitationCreated { invitation: id, role: new.rank };
            log::append(conn, now, Actor::User(user), organisation, created).await?;
            let made = find_open(conn, vault, id, now).await?;
            view(conn, made.ok_or(Error::NotFound("invitation"))?).await
        })
        .await
    }

    /// Sends an invitation again, with a new token that is valid for seven days. The previous token becomes invalid.
    ///
    /// # Errors
    /// [`Error::NotFound`], also if it has ended; [`Error::Organisation`] if the domain refuses.
    pub async fn resend_invitation(
        &self,
        user: UserId,
        (organisation, id): (OrganisationId, InvitationId),
        now: DateTime<Utc>,
    ) -> Result<InvitationView, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            let (name, open) = lock_to_change(conn, vault, user, (organisation, id), now).await?;
            let sealed = sealed(conn, vault, user, &open.email).await?;
            let generation = rules::resend(open.generation, open.sent_at, now)?;
            diesel::update(invitations::table.find(id.uuid()))
                .set((
                    invitations::generation.eq(generation),
                    invitations::email_sealed.eq(Some(sealed)),
                    invitations::sent_at.eq(now),
                    invitations::invited_by.eq(user.uuid()),
                    invitations::expires_at.eq(expiry(now)),
                ))
                .execute(conn)
                .await?;
            send(conn, (id, user), &name, now).await?;
            let resent = OrganisationEvent::InvitationResent { invitation: id, generation };
            log::append(conn, now, Actor::User(user), organisation, resent).await?;
            let open =
                Open { generation, sent_at: now, inviter: user, expires_at: expiry(now), ..open };
            view(conn, open).await
        })
        .await
    }

    /// Revokes an invitation.
    ///
    /// # Errors
    /// [`Error::NotFound`], also if it has ended; [`Error::Organisation`] if the domain refuses.
    pub async fn revoke_invitation(
        &self,
        user: UserId,
        (organisation, id): (OrganisationId, InvitationId),
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            lock_to_change(conn, vault, user, (organisation, id), now).await?;
            end(conn, id, InvitationEnd::Revoked, now).await?;
            let revoked = OrganisationEvent::InvitationRevoked { invitation: id };
            log::append(conn, now, Actor::User(user), organisation, revoked).await
        })
        .await
    }

    /// Returns the open invitations of an organisation, newest first.
    ///
    /// # Errors
    /// [`Error::NotFound`] unless the caller is a member, [`Error::Organisation`] if the domain refuses.
    pub async fn invitations(
        &self,
        user: UserId,
        organisation: OrganisationId,
        (after, limit): (Option<InvitationId>, i64),
        now: DateTime<Utc>,
    ) -> Result<Page<InvitationView>, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        organisations::permit(&mut conn, user, organisation, Act::ReadInvitations).await?;
        let rows: Vec<Row> = Row::query()
            .filter(invitations::organisation_id.eq(organisation.uuid()))
            .filter(invitations::ended_at.is_null())
            .filter(invitations::expires_at.gt(now))
            .filter(invitations::id.lt(after.map_or(Uuid::max(), InvitationId::uuid)))
            .order(invitations::id.desc())
            .limit(Page::<Row>::fetch(limit))
            .load(&mut conn)
            .await?;
        let page = Page::cut(rows, limit).try_map(|row| row.open(vault))?;
        Ok(Page { items: views(&mut conn, page.items).await?, more: page.more })
    }
}

/// Locks the organisation and returns one of its invitations, for a member whose role may send it.
async fn lock_to_change(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    user: UserId,
    (organisation, id): (OrganisationId, InvitationId),
    now: DateTime<Utc>,
) -> Result<(String, Open), Error> {
    let (name, rank) = lock_as_member(conn, user, organisation).await?;
    let open =
        find_open(conn, vault, id, now).await?.filter(|one| one.organisation == organisation);
    let open = open.ok_or(Error::NotFound("invitation"))?;
    rules::permit(rank, Act::Invite(open.rank))?;
    Ok((name, open))
}
