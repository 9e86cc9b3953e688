//! What a message needs beside its stored values, found when it is sent: the address, the language, and a secret that
//! is stored nowhere.

use super::Row;
use crate::codes;
use crate::deals;
use crate::error::Error;
use crate::invitations::{self, Told};
use crate::row::parse;
use crate::users::User;
use crate::vault::{Column, Vault};
use amana_domain::contact::{Contact, ContactKind};
use amana_domain::id::MilestoneId;
use amana_domain::notice::Locale;
use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde_json::Value;

pub(super) struct Addressed {
    pub(super) to: Contact,
    pub(super) told: Option<Told>,
    /// The language, where it is not that of the user whose message it is.
    pub(super) locale: Option<Locale>,
}

impl Addressed {
    fn new(to: Contact, told: Option<Told>) -> Self {
        Self { to, told, locale: None }
    }
}

/// Returns where a message goes; `None` if the code or the invitation that it tells is invalid by now.
pub(super) async fn addressed(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    (row, user): (&Row, &User),
    now: DateTime<Utc>,
) -> Result<Option<Addressed>, Error> {
    if let Some(code) = row.code_id {
        let is_open = codes::is_open(conn, code, now).await?;
        return match is_open {
            true => Ok(Some(Addressed::new(own(vault, row, user)?, Some(Told::Code(code))))),
            false => Ok(None),
        };
    }
    if let Some(id) = row.invitation_id {
        let found = invitations::to_send(conn, id, now).await?;
        return Ok(found.map(|(to, told)| Addressed::new(to, Some(told))));
    }
    if let Some(id) = row.deal_invitation_id {
        let found = deals::invitation_to_send(conn, vault, id, now).await?;
        return Ok(found.map(|(to, told, locale)| Addressed { to, told: Some(told), locale }));
    }
    if let Some(id) = row.hand_over_milestone_id {
        let told = deals::hand_over_to_send(conn, MilestoneId::new(id)).await?;
        let to = own(vault, row, user)?;
        return Ok(told.map(|told| Addressed::new(to, Some(told))));
    }
    Ok(Some(Addressed::new(own(vault, row, user)?, None)))
}

/// The address that the message was recorded with, or the one that the user has now.
fn own(vault: &Vault, row: &Row, user: &User) -> Result<Contact, Error> {
    let kind = ContactKind::reached_by(parse(&row.channel)?);
    match &row.address_sealed {
        Some(sealed) => {
            let text = user.key(vault)?.open(Column::NotificationAddress, sealed)?;
            Contact::stored(kind, text).map_err(Error::row)
        }
        None => user.contact(vault, kind),
    }
}

/// Takes the reader's name out of what goes to an address that they have not verified: somebody may have typed any
/// name together with a stranger's address.
pub(super) fn without_unproven_name(row: &Row, user: &User) -> Result<Value, Error> {
    let kind = ContactKind::reached_by(parse(&row.channel)?);
    let is_proven = row.address_sealed.is_none() && user.verified_at(kind).is_some();
    let mut params = row.params.clone();
    if let Some(map) = params.as_object_mut().filter(|_| !is_proven) {
        map.remove("name");
    }
    Ok(params)
}
