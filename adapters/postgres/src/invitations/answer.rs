//! Invitations for the recipient, identified by the token that was sent to the address.
//!
//! Malformed, outdated and ended tokens all get the same response, so that attempts reveal nothing. Only the holder of
//! the token learns whether the address has an account.

use super::end;
use super::rows::{Open, find_open};
use super::token::Token;
use crate::codes::CodeKey;
use crate::error::{Conflict, Error};
use crate::organisations::{self, OrganisationView};
use crate::people::PersonView;
use crate::pool::Store;
use crate::sessions::{self, Device, SessionView};
use crate::users::{self, NewUser, User};
use crate::vault::Vault;
use crate::{introductions, log, notifications};
use amana_domain::contact::{Contact, ContactKind};
use amana_domain::deal::Actor;
use amana_domain::event::OrganisationEvent;
use amana_domain::id::UserId;
use amana_domain::notice::Template;
use amana_domain::organisation::{InvitationEnd, Rank};
use amana_domain::payee::Payee;
use amana_domain::personal::Personal;
use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use serde_json::json;
use std::collections::BTreeSet;

/// The details of an invitation that the recipient sees before accepting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenInvitation {
    pub organisation_name: String,
    pub inviter: PersonView,
    pub rank: Rank,
    pub to: Contact,
    pub expires_at: DateTime<Utc>,
    /// Whether an account has verified the address.
    pub has_account: bool,
}

async fn find(
    conn: &mut AsyncPgConnection,
    (vault, key): (&Vault, &CodeKey),
    token: &str,
    now: DateTime<Utc>,
) -> Result<Open, Error> {
    let token = Token::parse(token).ok_or(Error::Conflict(Conflict::InvitationNotFound))?;
    let open = find_open(conn, vault, token.id, now).await?;
    let open = open.filter(|open| token.is_of(key, open.generation));
    open.ok_or(Error::Conflict(Conflict::InvitationNotFound))
}

/// Finds the invitation of a token and locks its organisation. Reads it again under the lock, because it may have ended
/// meanwhile.
async fn lock(
    conn: &mut AsyncPgConnection,
    keys: (&Vault, &CodeKey),
    token: &str,
    now: DateTime<Utc>,
) -> Result<(String, Open), Error> {
    let seen = find(conn, keys, token, now).await?;
    let name = organisations::lock(conn, seen.organisation).await?;
    Ok((name, find(conn, keys, token, now).await?))
}

/// Adds the member, ends the invitation and notifies the inviter.
async fn admit(
    conn: &mut AsyncPgConnection,
    (organisation_name, invitation): (&str, &Open),
    (user, name): (UserId, &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let Open { id, organisation, rank, inviter, .. } = invitation;
    organisations::require_owner(conn, *organisation, user).await?;
    end(conn, *id, InvitationEnd::Accepted, now).await?;
    organisations::insert_member(conn, *organisation, (user, *rank), now).await?;
    introductions::keep(conn, *inviter, user, now).await?;
    let accepted = OrganisationEvent::InvitationAccepted { invitation: *id, user, role: *rank };
    log::append(conn, now, Actor::User(user), *organisation, accepted).await?;
    let params = json!({ "counterparty": name, "organisation": organisation_name });
    // The invitations of a member who leaves end with the membership, so the inviter is a member.
    let inviter = users::load(conn, *inviter).await?;
    notifications::enqueue(conn, &inviter, Template::InvitationAccepted, params, now).await
}

impl Store {
    /// # Errors
    /// [`Conflict::InvitationNotFound`] for any invalid token.
    pub async fn open_invitation(
        &self,
        key: &CodeKey,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<OpenInvitation, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        let open = find(&mut conn, (vault, key), token, now).await?;
        let organisation_name = organisations::name(&mut conn, open.organisation).await?;
        let mut people = users::people(&conn, &BTreeSet::from([open.inviter])).await?;
        let inviter = people.remove(&open.inviter);
        let account =
            users::find_payee(&mut conn, vault, &Payee::Email(open.email.clone())).await?;
        Ok(OpenInvitation {
            organisation_name,
            inviter: inviter.ok_or_else(|| Error::row("invitation without an inviter"))?,
            rank: open.rank,
            to: Contact::Email(open.email),
            expires_at: open.expires_at,
            has_account: account.is_some(),
        })
    }

    /// Registers the recipient with the invited address, adds them as a member and opens a session. The token verifies
    /// the address.
    ///
    /// # Errors
    /// [`Conflict::InvitationNotFound`], [`Conflict::AccountExists`] if the address has an account,
    /// [`Conflict::HandleTaken`]; [`Error::Organisation`] if the organisation has too many members.
    pub async fn accept_invitation(
        &self,
        key: &CodeKey,
        token: &str,
        new: NewUser,
        device: &Device,
        now: DateTime<Utc>,
    ) -> Result<(User, SessionView), Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            let (organisation_name, open) = lock(conn, (vault, key), token, now).await?;
            let new = NewUser { email: Some(Personal::new(open.email.clone())), ..new };
            let proven = [ContactKind::Email];
            let registered = users::enrol(conn, vault, &new, &proven, now).await;
            let user = registered.map_err(|error| match error {
                Error::Conflict(Conflict::EmailTaken) => Error::Conflict(Conflict::AccountExists),
                other => other,
            })?;
            admit(conn, (&organisation_name, &open), (user.id, &user.name), now).await?;
            let session = sessions::open(conn, user.id, (device, None), now).await?;
            Ok((user, session))
        })
        .await
    }

    /// Adds the caller as a member if the token was sent to their address, and verifies that address.
    ///
    /// # Errors
    /// [`Conflict::InvitationNotFound`], [`Conflict::InvitationForAnother`], [`Conflict::AlreadyMember`];
    /// [`Error::Organisation`] if the organisation has too many members, or the user too many organisations.
    pub async fn join_organisation(
        &self,
        key: &CodeKey,
        token: &str,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<OrganisationView, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            let (organisation_name, open) = lock(conn, (vault, key), token, now).await?;
            users::lock_to_claim(conn, user, ContactKind::Email, None).await?;
            let user = users::lock_open(conn, user).await?;
            let own = user.contact(vault, ContactKind::Email)?;
            if own.is_none_or(|own| own.as_str() != open.email) {
                return Err(Error::Conflict(Conflict::InvitationForAnother));
            }
            if user.email_verified_at.is_none() {
                let verified = users::verify(conn, user.id, ContactKind::Email, now).await;
                verified.map_err(|error| match error {
                    Error::Conflict(Conflict::EmailTaken) => {
                        Error::Conflict(Conflict::InvitationForAnother)
                    }
                    other => other,
                })?;
            }
            admit(conn, (&organisation_name, &open), (user.id, &user.name), now).await?;
            organisations::view(conn, user.id, open.organisation).await
        })
        .await
    }
}
