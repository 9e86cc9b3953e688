//! Joining a deal by invitation: a user who verifies the invited contact becomes the counterparty in the same
//! transaction.

use super::{End, Row, end, open_of};
use crate::codes::CodeKey;
use crate::deals::write::{By, apply, lock};
use crate::deals::{DealView, view};
use crate::error::{Conflict, Error};
use crate::pool::Store;
use crate::row::parse;
use crate::schema::{deal_invitations, users as people};
use crate::users::{self, User};
use crate::vault::Vault;
use amana_domain::contact::ContactKind;
use amana_domain::deal::{self, Actor, Command, Deal};
use amana_domain::id::{DealId, UserId};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Joins a user who has verified a contact to every deal to which this contact is invited.
pub(crate) async fn bind(
    conn: &mut AsyncPgConnection,
    user: UserId,
    kind: ContactKind,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let own = people::table.find(user.uuid());
    let digest: Option<Vec<u8>> = match kind {
        ContactKind::Email => own.select(people::email_digest).first(conn).await?,
        ContactKind::Phone => own.select(people::phone_digest).first(conn).await?,
    };
    let invited: Vec<Uuid> = deal_invitations::table
        .filter(deal_invitations::contact_digest.eq(digest))
        .filter(deal_invitations::kind.eq(kind.as_str()))
        .filter(deal_invitations::ended_at.is_null())
        .order(deal_invitations::deal_id)
        .select(deal_invitations::deal_id)
        .load(conn)
        .await?;
    for id in invited.into_iter().map(DealId::new) {
        let deal = lock(conn, id).await?;
        // A concurrent transaction may have ended the invitation or sent it again.
        let open = open_of(conn, id).await?;
        if open.is_some_and(|row| row.is_good(now)) && !is_late(&deal, now) {
            join(conn, &deal, user, now).await?;
        }
    }
    Ok(())
}

/// Returns whether the offer has expired; its timer may not have run yet.
fn is_late(deal: &Deal, now: DateTime<Utc>) -> bool {
    deal.due_at.is_some_and(|due_at| due_at <= now)
}

/// Joins the user, or ends the invitation if the domain refuses. A refusal must not prevent the user from verifying the
/// contact.
async fn join(
    conn: &mut AsyncPgConnection,
    deal: &Deal,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let by = By::from(Actor::System);
    match deal::decide(deal, &Command::Join(user), by.actor, now) {
        Ok(decision) => apply(conn, deal, &decision, &by, now).await,
        Err(_) => end(conn, deal.id, End::NotPossible, now).await,
    }
}

/// Joins the counterparty before an invitation is sent if the contact was verified meanwhile. The transaction that
/// verified it and the one that created the deal may not have seen each other's commit.
pub(in crate::deals) async fn join_if_proven(
    conn: &mut AsyncPgConnection,
    deal: Deal,
    now: DateTime<Utc>,
) -> Result<Deal, Error> {
    if deal.is_complete() {
        return Ok(deal);
    }
    let Some(row) = open_of(conn, deal.id).await? else { return Ok(deal) };
    let Some(digest) = row.contact_digest else { return Ok(deal) };
    match users::holder(conn, parse(&row.kind)?, &digest).await? {
        Some(user) if users::is_open(conn, user).await? => {
            join(conn, &deal, user, now).await?;
            lock(conn, deal.id).await
        }
        Some(_) | None => Ok(deal),
    }
}

impl Store {
    /// Joins the caller to the deal whose code was sent to their contact, and verifies that contact.
    ///
    /// # Errors
    /// [`Conflict::InvitationNotFound`] if the code is wrong or was sent to another contact;
    /// [`Conflict::InvitationExpired`] if the invitation or the offer has ended.
    pub async fn join_deal(
        &self,
        key: &CodeKey,
        user: UserId,
        code: &str,
        now: DateTime<Utc>,
    ) -> Result<DealView, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            let seen = users::load(conn, user).await?;
            let (_, kind) = told(conn, vault, key, &seen, code, now).await?;
            users::lock_to_claim(conn, user, kind, None).await?;
            let user = users::lock_open(conn, user).await?;
            let (row, kind) = told(conn, vault, key, &user, code, now).await?;
            if user.verified_at(kind).is_none() {
                users::verify(conn, user.id, kind, now).await.map_err(not_found)?;
            } else {
                bind(conn, user.id, kind, now).await?;
            }
            let found = view(conn, vault, DealId::new(row.deal_id)).await?;
            if found.deal.role_of(user.id).is_some() {
                return Ok(found);
            }
            Err(Error::Conflict(if is_late(&found.deal, now) {
                Conflict::InvitationExpired
            } else {
                Conflict::InvitationNotFound
            }))
        })
        .await
    }
}

/// Reports an invitation to a contact that another account has verified as not found.
fn not_found(error: Error) -> Error {
    match error {
        Error::Conflict(Conflict::EmailTaken | Conflict::PhoneTaken) => {
            Error::Conflict(Conflict::InvitationNotFound)
        }
        other => other,
    }
}

/// Finds the invitation with this code among those to the user's own contacts, which are few. A code that was sent to
/// another contact is therefore not found. A correct code after the deadline is reported as expired.
async fn told(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    key: &CodeKey,
    user: &User,
    code: &str,
    now: DateTime<Utc>,
) -> Result<(Row, ContactKind), Error> {
    let mut digests = vec![];
    for kind in ContactKind::ALL {
        let own = user.contact(vault, *kind)?;
        digests.extend(own.map(|contact| Some(users::digest(vault, &contact))));
    }
    let rows: Vec<Row> =
        Row::query().filter(deal_invitations::contact_digest.eq_any(digests)).load(conn).await?;
    let found = rows.into_iter().find(|row| key.is_deal_code(row.code_id, code));
    let row = found.ok_or(Error::Conflict(Conflict::InvitationNotFound))?;
    if !row.is_sent(now) {
        return Err(Error::Conflict(Conflict::InvitationExpired));
    }
    let kind = parse(&row.kind)?;
    Ok((row, kind))
}
