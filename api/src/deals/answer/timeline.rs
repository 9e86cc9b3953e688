//! Events of a deal in responses.

use crate::wire::{Nullable, Timestamp, Wire};
use amana_domain::id::{MilestoneId, UserId};
use amana_postgres::TimelineEvent;
use poem_openapi::Object;
use poem_openapi::types::Any;
use serde_json::Value;

/// An event of a deal.
#[derive(Debug, Object)]
#[oai(rename = "DealEvent")]
pub(crate) struct TimelineAnswer {
    /// Number of the event within the deal, from 1.
    seq: i64,
    /// Kind of the event, such as `deal.funded` or `milestone.released`. Each kind has a JSON schema.
    kind: String,
    milestone_id: Nullable<Wire<MilestoneId>>,
    /// User who caused the event; `null` if a deadline or an arriving payment caused it.
    actor_id: Nullable<Wire<UserId>>,
    /// Details: the state `before`, the new `state`, amounts and the payment concerned.
    data: Any<Value>,
    at: Timestamp,
}

impl From<TimelineEvent> for TimelineAnswer {
    fn from(event: TimelineEvent) -> Self {
        Self {
            seq: event.seq,
            kind: event.kind,
            milestone_id: Nullable::of(event.milestone_id.map(MilestoneId::new)),
            actor_id: Nullable::of(event.actor_id.map(UserId::new)),
            data: Any(event.data),
            at: event.at.into(),
        }
    }
}
