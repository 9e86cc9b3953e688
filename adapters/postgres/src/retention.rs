//! Retention: the kinds of rows that housekeeping deletes, and their retention periods.
//!
//! Old rows are deleted in bounded parts, each in its own transaction, so that an interruption loses no progress.
//! `docs/retention.md` lists every table with its period or the reason to keep its rows; a test compares it with this
//! module. Sessions, callbacks, documents and API keys have their own modules, because files or users depend on them.

use crate::error::Error;
use crate::pool::Store;
use amana_domain::text_enum;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{BigInt, Timestamptz};
use diesel_async::RunQueryDsl;

/// Most rows that one statement deletes, so that it ends far below the statement timeout.
pub const PART_MAX: usize = 1_000;

text_enum! {
    /// Kinds of rows with a retention period.
    pub enum Old as "kind of old rows" {
        DoneJobs = "done jobs",
        IdempotencyKeys = "idempotency keys",
        Codes = "codes",
        SocketTickets = "socket tickets",
        Prompts = "prompts",
        CountedMessages = "counted messages",
        HandOverTries = "hand-over tries",
        DealReminders = "deal reminders",
        Invitations = "ended invitations",
        DealInvitations = "ended deal invitations",
        Notifications = "messages",
        Exchanges = "exchanges with providers",
        ReconciliationRuns = "reconciliation runs",
        LedgerChecks = "ledger checks",
        CallbackTokens = "addresses of callbacks",
        CallbackStrays = "counts of stray callbacks",
        PayerKeys = "keys of payers",
    }
}

impl Old {
    /// Returns the retention period.
    #[must_use]
    pub const fn kept(self) -> TimeDelta {
        match self {
            // For investigations.
            Old::DoneJobs => TimeDelta::days(14),
            // Repetitions of a call are recognised for this long.
            Old::IdempotencyKeys => TimeDelta::days(30),
            // Longer than the periods of the bounds on codes, prompts and messages.
            Old::Codes
            | Old::SocketTickets
            | Old::Prompts
            | Old::CountedMessages
            | Old::HandOverTries => TimeDelta::days(2),
            // Longer than the time between a reminder and its deadline, so that no reminder is sent twice.
            Old::DealReminders => TimeDelta::days(30),
            // Longer than the period of the bound on invitations.
            Old::Invitations | Old::DealInvitations => TimeDelta::days(90),
            Old::Notifications => TimeDelta::days(180),
            // Longer than a provider accepts complaints about a payment.
            Old::Exchanges => TimeDelta::days(400),
            Old::ReconciliationRuns => TimeDelta::days(90),
            Old::LedgerChecks | Old::CallbackStrays => TimeDelta::days(400),
            // As long as exchanges. The period begins when the money leaves suspense.
            Old::PayerKeys => TimeDelta::days(400),
            // As long as the callbacks.
            Old::CallbackTokens => TimeDelta::days(90),
        }
    }

    /// Returns the table of these rows.
    #[must_use]
    pub const fn table(self) -> &'static str {
        match self {
            Old::DoneJobs => "jobs",
            Old::IdempotencyKeys => "idempotency_keys",
            Old::Codes => "codes",
            Old::SocketTickets => "socket_tickets",
            Old::Prompts => "prompts",
            Old::CountedMessages => "counted_messages",
            Old::HandOverTries => "hand_over_tries",
            Old::DealReminders => "deal_reminders",
            Old::Invitations => "invitations",
            Old::DealInvitations => "deal_invitations",
            Old::Notifications => "notifications",
            Old::Exchanges => "exchanges",
            Old::ReconciliationRuns => "reconciliation_runs",
            Old::LedgerChecks => "ledger_checks",
            Old::CallbackTokens => "callback_tokens",
            Old::CallbackStrays => "callback_strays",
            Old::PayerKeys => "payer_keys",
        }
    }

    /// Returns the statement that deletes one part: rows older than `$1`, at most `$2`.
    const fn sql(self) -> &'static str {
        match self {
            Old::DoneJobs => {
                "delete from jobs where id = any(array(select id from jobs
                where state = 'done' and finished_at < $1 order by finished_at limit $2))"
            }
            Old::IdempotencyKeys => {
                "delete from idempotency_keys where ctid = any(array(select ctid from idempotency_keys
                where created_at < $1 order by created_at limit $2))"
            }
            Old::Codes => {
                "delete from codes where id = any(array(select id from codes
                where created_at < $1 order by created_at limit $2))"
            }
            Old::SocketTickets => {
                "delete from socket_tickets where digest = any(array(select digest from socket_tickets
                where expires_at < $1 limit $2))"
            }
            Old::Prompts => {
                "delete from prompts where payment_id = any(array(select payment_id from prompts
                where created_at < $1 order by created_at limit $2))"
            }
            Old::CountedMessages => {
                "delete from counted_messages where notification_id = any(array(
                select notification_id from counted_messages
                where counted_at < $1 order by counted_at limit $2))"
            }
            Old::HandOverTries => {
                "delete from hand_over_tries where milestone_id = any(array(
                select milestone_id from hand_over_tries where since < $1 limit $2))"
            }
            Old::DealReminders => {
                "delete from deal_reminders where ctid = any(array(select ctid from deal_reminders
                where due_at < $1 limit $2))"
            }
            Old::Invitations => {
                "delete from invitations where id = any(array(select id from invitations
                where ended_at < $1 limit $2))"
            }
            Old::DealInvitations => {
                "delete from deal_invitations where id = any(array(select id from deal_invitations
                where ended_at < $1 limit $2))"
            }
            Old::Notifications => {
                "delete from notifications where id = any(array(select id from notifications
                where created_at < $1 order by created_at limit $2))"
            }
            Old::Exchanges => {
                "delete from exchanges where id = any(array(select id from exchanges
                where at < $1 limit $2))"
            }
            // The newest run stays, because the next one continues from it.
            Old::ReconciliationRuns => {
                "delete from reconciliation_runs where id = any(array(select id from reconciliation_runs
                where started_at < $1 and id <> (select id from reconciliation_runs order by id desc limit 1)
                limit $2))"
            }
            // Deleting the key makes all data sealed under it unreadable.
            Old::PayerKeys => {
                "delete from payer_keys where payer_id = any(array(select k.payer_id from payer_keys k
                join suspense_items s using (payer_id)
                where coalesce(s.closed_at, s.reversed_at) < $1 limit $2))"
            }
            Old::LedgerChecks => {
                "delete from ledger_checks where id = any(array(select id from ledger_checks
                where started_at < $1 limit $2))"
            }
            // The current paybill address has neither payment nor expiry, and must stay.
            Old::CallbackTokens => {
                "delete from callback_tokens where digest = any(array(select digest from callback_tokens
                where made_at < $1 and (payment_id is not null or expires_at < $1) order by made_at limit $2))"
            }
            Old::CallbackStrays => {
                "delete from callback_strays where ctid = any(array(select ctid from callback_strays
                where day < ($1 at time zone 'Africa/Nairobi')::date limit $2))"
            }
        }
    }
}

impl Store {
    /// Deletes one part of the rows that are old at `now`. Returns whether more may be left.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn remove_old(&self, old: Old, now: DateTime<Utc>) -> Result<bool, Error> {
        let Some(before) = now.checked_sub_signed(old.kept()) else { return Ok(false) };
        let removed = diesel::sql_query(old.sql())
            .bind::<Timestamptz, _>(before)
            .bind::<BigInt, _>(i64::try_from(PART_MAX).unwrap_or(i64::MAX))
            .execute(&mut self.connection().await?)
            .await?;
        Ok(removed >= PART_MAX)
    }
}
