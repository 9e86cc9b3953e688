//! Rows of invitations, with the address opened.

use crate::error::Error;
use crate::row::parse;
use crate::schema::{invitations, person_keys};
use crate::vault::{Column, Vault};
use amana_domain::id::{InvitationId, OrganisationId, UserId};
use amana_domain::organisation::Rank;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

#[derive(HasQuery)]
#[diesel(table_name = invitations)]
pub(super) struct Row {
    id: Uuid,
    organisation_id: Uuid,
    email_sealed: Option<Vec<u8>>,
    #[diesel(select_expression = key_of_inviter())]
    key_wrapped: Option<Vec<u8>>,
    rank: String,
    generation: i16,
    sent_at: DateTime<Utc>,
    invited_by: Uuid,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

/// The wrapped key of the member who sent the invitation last, which seals the address.
#[diesel::dsl::auto_type]
fn key_of_inviter() -> _ {
    let of_inviter = person_keys::table.filter(person_keys::user_id.eq(invitations::invited_by));
    of_inviter.select(person_keys::wrapped).single_value()
}

/// An open invitation with its address.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) id: InvitationId,
    pub(super) organisation: OrganisationId,
    pub(super) email: String,
    pub(super) rank: Rank,
    pub(super) generation: i16,
    pub(super) sent_at: DateTime<Utc>,
    pub(super) inviter: UserId,
    pub(super) created_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
}

impl Row {
    pub(super) fn open(self, vault: &Vault) -> Result<Open, Error> {
        let row = self;
        let inviter = UserId::new(row.invited_by);
        let whole = row.email_sealed.zip(row.key_wrapped);
        let (sealed, wrapped) =
            whole.ok_or_else(|| Error::row("open invitation without an address"))?;
        let email = vault.key(inviter, &wrapped)?.open(Column::InvitationEmail, &sealed)?;
        Ok(Open {
            id: InvitationId::new(row.id),
            organisation: OrganisationId::new(row.organisation_id),
            email,
            rank: parse(&row.rank)?,
            generation: row.generation,
            sent_at: row.sent_at,
            inviter,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}

/// Returns an invitation that has not ended. Compares the time, so that it need not wait for housekeeping.
pub(super) async fn find_open(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    id: InvitationId,
    now: DateTime<Utc>,
) -> Result<Option<Open>, Error> {
    let row: Option<Row> = Row::query()
        .filter(invitations::id.eq(id.uuid()))
        .filter(invitations::ended_at.is_null())
        .filter(invitations::expires_at.gt(now))
        .first(conn)
        .await
        .optional()?;
    row.map(|row: Row| row.open(vault)).transpose()
}
