//! Representation of reconciliation.

use crate::wire::{Nullable, Timestamp, Wire};
use amana_domain::id::{CallbackId, DiscrepancyId, PaymentId, RunId, UserId};
use amana_postgres::{CallbackView, DiscrepancyView, RunView};
use poem_openapi::Object;

/// A difference between our books and other records, or within our books.
#[derive(Debug, Object)]
pub(super) struct Discrepancy {
    id: Wire<DiscrepancyId>,
    /// Kind of discrepancy, such as `missing_on_statement`, `amount_differs`, `unclaimed` or `trust_equation`.
    kind: String,
    /// Payment, receipt or account concerned.
    subject: String,
    /// Details of the difference.
    detail: String,
    opened_at: Timestamp,
    /// Time at which the discrepancy was last found.
    last_seen_at: Timestamp,
    /// Time at which the discrepancy was closed; `null` while it is open.
    closed_at: Nullable<Timestamp>,
    /// Operator who closed the discrepancy; `null` if it is open or closed automatically.
    closed_by: Nullable<Wire<UserId>>,
    /// Findings of the operator who closed the discrepancy.
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

/// A comparison of our books with a provider's statement.
#[derive(Debug, Object)]
#[oai(rename = "Reconciliation")]
pub(super) struct Run {
    id: Wire<RunId>,
    started_at: Timestamp,
    /// Start of the compared period.
    covered_from: Timestamp,
    /// End of the compared period.
    covered_to: Timestamp,
    /// Number of lines of the statement.
    lines: i64,
    /// Number of lines that matched our books.
    matched: i64,
    /// Number of payments whose outcome became known by this run.
    resolved: i64,
    /// Number of lines that match no payment; their money is in suspense.
    unclaimed: i64,
    /// Number of discrepancies that were open after the run.
    open_discrepancies: i64,
    /// Balance that the provider reports for us, in minor units.
    provider_balance_minor: Nullable<i64>,
    /// Balance of the clearing account in our books, in minor units: the negative of the provider's balance if nothing
    /// is in progress.
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

/// A requested run.
#[derive(Debug, Object)]
pub(super) struct Requested {
    /// Time of the request.
    pub(super) requested_at: Timestamp,
}

/// A request to one of our callback URLs.
#[derive(Debug, Object)]
pub(super) struct Callback {
    id: Wire<CallbackId>,
    /// Kind of callback: `collection`, `payout`, `payout_timeout` or `paybill`.
    kind: String,
    /// State of the callback: `received`, `applied`, `unmatched` or `unreadable`.
    state: String,
    /// Payment whose callback URL was called; `null` if there is none.
    payment_id: Nullable<Wire<PaymentId>>,
    /// IP address of the sender.
    remote_address: String,
    /// Size of the body in bytes.
    size_bytes: i32,
    /// Reason why the callback was not applied, if known.
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
