//! What operators see of reconciliation.

use crate::wire::{Nullable, Timestamp, Wire};
use amana_domain::id::{CallbackId, DiscrepancyId, PaymentId, RunId, UserId};
use amana_postgres::{CallbackView, DiscrepancyView, RunView};
use poem_openapi::Object;

/// Something that does not fit.
#[derive(Debug, Object)]
pub(super) struct Discrepancy {
    id: Wire<DiscrepancyId>,
    /// Such as `missing_on_statement`, `amount_differs`, `unclaimed` or `trust_equation`.
    kind: String,
    /// What it is about: a payment, a receipt, an account.
    subject: String,
    detail: String,
    opened_at: Timestamp,
    /// When it was found the last time.
    last_seen_at: Timestamp,
    /// `null` while it is open.
    closed_at: Nullable<Timestamp>,
    /// The operator who closed it; `null` if it closed by itself.
    closed_by: Nullable<Wire<UserId>>,
    /// What that operator has found out.
    note: Nullable<String>,
}

impl From<&DiscrepancyView> for Discrepancy {
    fn from(row: &DiscrepancyView) -> Self {
        Self {
            id: DiscrepancyId::new(row.id).into(),
            kind: row.kind.clone(),
            subject: row.subject.clone(),
            detail: row.detail.clone(),
            opened_at: row.opened_at.into(),
            last_seen_at: row.last_seen_at.into(),
            closed_at: Nullable::of(row.closed_at),
            closed_by: Nullable::of(row.closed_by.map(UserId::new)),
            note: Nullable::of(row.note.clone()),
        }
    }
}

/// One comparison of our books with the provider's statement.
#[derive(Debug, Object)]
#[oai(rename = "Reconciliation")]
pub(super) struct Run {
    id: Wire<RunId>,
    started_at: Timestamp,
    covered_from: Timestamp,
    covered_to: Timestamp,
    /// Lines of the statement.
    lines: i64,
    /// Lines that agreed with our books.
    matched: i64,
    /// Payments whose outcome became known by this run.
    resolved: i64,
    /// Lines that belong to nothing; their money is in suspense.
    unclaimed: i64,
    /// Discrepancies that were open after the run.
    open_discrepancies: i64,
    /// What the provider says it holds for us, in minor units.
    provider_balance_minor: Nullable<i64>,
    /// What our books say about it: the same amount below zero, if all is well and nothing is under way.
    clearing_minor: i64,
}

impl From<RunView> for Run {
    fn from(row: RunView) -> Self {
        Self {
            id: RunId::new(row.id).into(),
            started_at: row.started_at.into(),
            covered_from: row.covered_from.into(),
            covered_to: row.covered_to.into(),
            lines: row.lines,
            matched: row.matched,
            resolved: row.healed,
            unclaimed: row.unclaimed,
            open_discrepancies: row.open_breaks,
            provider_balance_minor: Nullable::of(row.provider_balance_minor),
            clearing_minor: row.clearing_minor,
        }
    }
}

/// A run that was asked for.
#[derive(Debug, Object)]
pub(super) struct Requested {
    pub(super) requested_at: Timestamp,
}

/// A message to one of our callback addresses.
#[derive(Debug, Object)]
pub(super) struct Callback {
    id: Wire<CallbackId>,
    /// `collection`, `payout`, `payout_timeout` or `paybill`.
    kind: String,
    /// `received`, `applied`, `unmatched` or `unreadable`.
    state: String,
    /// The payment at whose address it came in, if there is one.
    payment_id: Nullable<Wire<PaymentId>>,
    /// Where it came from.
    remote_address: String,
    size_bytes: i32,
    /// Why it was not applied, if there is more to say.
    note: Nullable<String>,
    received_at: Timestamp,
}

impl From<CallbackView> for Callback {
    fn from(row: CallbackView) -> Self {
        Self {
            id: CallbackId::new(row.id).into(),
            kind: row.kind,
            state: row.state,
            payment_id: Nullable::of(row.payment_id.map(PaymentId::new)),
            remote_address: row.remote,
            size_bytes: row.size_bytes,
            note: Nullable::of(row.note),
            received_at: row.received_at.into(),
        }
    }
}
