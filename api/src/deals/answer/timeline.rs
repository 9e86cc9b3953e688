//! What has happened to a deal, as it is shown.

use crate::wire::{Nullable, Timestamp, Wire};
use amana_domain::id::{MilestoneId, UserId};
use amana_postgres::TimelineEvent;
use poem_openapi::Object;
use poem_openapi::types::Any;
use serde_json::Value;

/// Something that happened to a deal.
#[derive(Debug, Object)]
#[oai(rename = "DealEvent")]
pub(crate) struct TimelineAnswer {
    /// Counts the events of this deal from 1.
    seq: i64,
    /// Kind of the event, such as `deal.funded` or `milestone.released`. Each kind has a JSON schema.
    kind: String,
    milestone_id: Nullable<Wire<MilestoneId>>,
    /// Who did it; `null` if it happened by itself, by a deadline or by money that arrived.
    actor_id: Nullable<Wire<UserId>>,
    /// More about it: the state `before` and the `state` that the deal reached, amounts, the payment that it is about.
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
