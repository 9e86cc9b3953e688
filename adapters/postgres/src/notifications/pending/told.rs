//! Parts of a message that are determined when it is sent: address, language, and secret content.

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
use amana_domain::notice::{self, Channel, Locale, Template};
use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde_json::Value;

pub(super) struct Addressed {
    pub(super) to: Contact,
    pub(super) told: Option<Told>,
    /// The language, if it differs from that of the message's user.
    pub(super) locale: Option<Locale>,
}

impl Addressed {
    fn new(to: Contact, told: Option<Told>) -> Self {
        Self { to, told, locale: None }
    }
}

/// Returns the address of a message; `None` if its code or invitation is invalid by now, or the user has no verified
/// contact.
pub(super) async fn addressed(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    (row, user): (&Row, &User),
    now: DateTime<Utc>,
) -> Result<Option<Addressed>, Error> {
    let own = |told| {
        let to = own(vault, row, user)?;
        Ok(to.map(|to| Addressed::new(to, told)))
    };
    if let Some(code) = row.code_id {
        return match codes::is_open(conn, code, now).await? {
            true => own(Some(Told::Code(code))),
            false => Ok(None),
        };
    }
    if let Some(id) = row.invitation_id {
        let found = invitations::to_send(conn, vault, id, now).await?;
        return Ok(found.map(|(to, told)| Addressed::new(to, Some(told))));
    }
    if let Some(id) = row.deal_invitation_id {
        let found = deals::invitation_to_send(conn, vault, id, now).await?;
        return Ok(found.map(|(to, told, locale)| Addressed { to, told: Some(told), locale }));
    }
    if let Some(id) = row.hand_over_milestone_id {
        return match deals::hand_over_to_send(conn, MilestoneId::new(id)).await? {
            Some(told) => own(Some(told)),
            None => Ok(None),
        };
    }
    own(None)
}

/// Returns the address that was recorded with the message, or else the user's verified contact.
fn own(vault: &Vault, row: &Row, user: &User) -> Result<Option<Contact>, Error> {
    let channel = parse(&row.channel)?;
    match &row.address_sealed {
        Some(sealed) => {
            let text = user.key(vault)?.open(Column::NotificationAddress, sealed)?;
            let kind = ContactKind::reached_by(channel);
            Contact::stored(kind, text).map(Some).map_err(Error::row)
        }
        None => way_to(vault, user, parse(&row.template)?, channel),
    }
}

/// Returns the user's verified contact for a channel. Without one, the other contact is used, unless the template has a
/// message of its own for that channel.
fn way_to(
    vault: &Vault,
    user: &User,
    template: Template,
    channel: Channel,
) -> Result<Option<Contact>, Error> {
    let kind = ContactKind::reached_by(channel);
    let is_only = notice::channels(template).iter().all(|other| *other == channel);
    match user.verified_contact(vault, kind)? {
        None if is_only => user.verified_contact(vault, kind.other()),
        found => Ok(found),
    }
}

/// Returns the values without the reader's name if the message was recorded with an address. That address may be
/// unverified, and a stranger may have typed any name together with it.
pub(super) fn without_unproven_name(row: &Row) -> Value {
    let mut params = row.params.clone();
    if let Some(map) = params.as_object_mut().filter(|_| row.address_sealed.is_some()) {
        map.remove("name");
    }
    params
}
