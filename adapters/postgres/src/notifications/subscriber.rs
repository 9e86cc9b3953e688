//! A subscriber of the log that records the messages caused by events.

use super::{Mail, Message};
use crate::error::Error;
use crate::log::{LoggedEvent, Subscriber};
use crate::pool::Store;
use crate::schema::transfers;
use crate::users;
use amana_domain::id::EntryId;
use amana_domain::notice::{EventNotice, of_event};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

struct Notify;

impl Subscriber for Notify {
    const NAME: &'static str = "notify";

    async fn handle(
        &self,
        conn: &mut AsyncPgConnection,
        events: &[LoggedEvent],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut notices: Vec<(Uuid, EventNotice)> = vec![];
        for event in events {
            let of_event = of_event(event.actor()?, &event.event()?).map_err(Error::row)?;
            if of_event.is_empty() {
                continue;
            }
            let subject: EntryId = event.subject.parse().map_err(Error::row)?;
            notices.extend(of_event.into_iter().map(|notice| (subject.uuid(), notice)));
        }
        if notices.is_empty() {
            return Ok(());
        }
        let people: BTreeSet<_> =
            notices.iter().flat_map(|(_, notice)| [notice.to, notice.counterparty]).collect();
        let people = users::load_all(conn, &people).await?;
        let notes = notes(conn, &notices).await?;
        let mut messages = vec![];
        for (subject, notice) in notices {
            let known = |user| people.get(user).ok_or(Error::NotFound("user"));
            let (to, counterparty) = (known(&notice.to)?, known(&notice.counterparty)?);
            let params = json!({
                "amount": notice.amount.to_string(),
                "counterparty": counterparty.name,
                "note": notes.get(&subject).map_or("", String::as_str),
            });
            let message = Message::new(to, notice.template, params).about(notice.amount);
            messages.push((subject, message));
        }
        // The ids follow from subject, reader and template, so reading the log again records nothing new.
        Mail::once_each(messages).enqueue(conn, now).await
    }
}

/// Returns the notes of transfers by their id.
async fn notes(
    conn: &mut AsyncPgConnection,
    notices: &[(Uuid, EventNotice)],
) -> Result<BTreeMap<Uuid, String>, Error> {
    let ids: BTreeSet<Uuid> = notices.iter().map(|(subject, _)| *subject).collect();
    let found: Vec<(Uuid, Option<String>)> = transfers::table
        .filter(transfers::id.eq_any(ids))
        .select((transfers::id, transfers::note))
        .load(conn)
        .await?;
    Ok(found.into_iter().filter_map(|(id, note)| Some((id, note?))).collect())
}

impl Store {
    /// Records the messages of the next events. Returns the number of handled events.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn notify(&self, now: DateTime<Utc>) -> Result<usize, Error> {
        self.advance(&Notify, now).await
    }
}
