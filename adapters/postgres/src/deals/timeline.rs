//! The timeline of a deal: its events in the log, numbered within the deal.

use super::write::By;
use crate::error::Error;
use crate::log::{self, NewEvent, TimelineEvent};
use crate::page::Page;
use crate::pool::Store;
use amana_domain::deal::{Deal, Decision, Event, Viewer, may_see};
use amana_domain::event::DealEvent;
use amana_domain::id::{DealId, UserId};
use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;

/// Appends the events of a decision.
pub(super) async fn record(
    conn: &AsyncPgConnection,
    before: &Deal,
    decision: &Decision,
    by: &By,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let new = |change: &Event| event(change, (before, &decision.deal), by);
    log::append_all(conn, now, decision.events.iter().map(new)).await
}

/// Appends the creation of a deal.
pub(super) async fn created(
    conn: &AsyncPgConnection,
    deal: &Deal,
    by: &By,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    log::append_all(conn, now, [event(&Event::Created, (deal, deal), by)]).await
}

fn event(change: &Event, (before, after): (&Deal, &Deal), by: &By) -> NewEvent {
    let event = DealEvent::of(change, (before, after), by.reason.as_deref());
    NewEvent::new(by.actor, after.id, event).of_deal(after.id, change.milestone())
}

/// Returns the event with the data that this viewer may see.
pub(super) fn seen_by(viewer: Viewer, mut event: TimelineEvent) -> TimelineEvent {
    let TimelineEvent { kind, data, .. } = &mut event;
    if let Some(data) = data.as_object_mut() {
        data.retain(|member, _| may_see(viewer, kind, member));
    }
    event
}

impl Store {
    /// Returns the events of a deal after the number `after`, oldest first.
    ///
    /// # Errors
    /// [`Error::NotFound`] unless the user is a party, a payer or the broker.
    pub async fn timeline(
        &self,
        user: UserId,
        id: DealId,
        after: i64,
        limit: i64,
    ) -> Result<Page<TimelineEvent>, Error> {
        let viewer = Viewer::of(&self.deal(user, id).await?.deal, user);
        let events = log::timeline(&mut *self.connection().await?, id, after, limit).await?;
        let seen = events.into_iter().map(|event| seen_by(viewer, event));
        Ok(Page::cut(seen.collect(), limit))
    }
}
