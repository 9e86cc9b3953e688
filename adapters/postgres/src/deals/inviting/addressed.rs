//! The recipient of an invitation, looked up when the message is sent.

use super::Row;
use crate::error::Error;
use crate::invitations::Told;
use crate::row::parse;
use crate::schema::deal_invitations;
use crate::vault::{Column, Vault, key_of};
use amana_domain::contact::Contact;
use amana_domain::id::UserId;
use amana_domain::notice::Locale;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Returns the recipient of an invitation, its content and the language that the inviter named; `None` if it has ended.
pub(crate) async fn to_send(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<(Contact, Told, Option<Locale>)>, Error> {
    let row = Row::query().filter(deal_invitations::id.eq(id)).first(conn).await.optional()?;
    let Some(row) = row.filter(|row: &Row| row.is_good(now)) else { return Ok(None) };
    let Some(sealed) = &row.contact_sealed else { return Ok(None) };
    let Some(key) = key_of(conn, vault, UserId::new(row.inviter_id)).await? else {
        return Ok(None);
    };
    let text = key.open(Column::DealInvitationContact, sealed)?;
    let contact = Contact::stored(parse(&row.kind)?, text).map_err(Error::row)?;
    let locale = row.locale.as_deref().map(parse).transpose()?;
    Ok(Some((contact, Told::DealInvitation(row.code_id), locale)))
}
