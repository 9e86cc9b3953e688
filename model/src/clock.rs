//! The clock. All times are relative to now, which loses nothing, because rules only compare times. States that differ
//! only by their date are therefore equal. The time since a passed deadline does not matter either.

use amana_domain::deal::{Deal, Extension, Timer};
use chrono::{DateTime, TimeDelta, Utc};

/// The present time in every state. Waiting moves the deadlines closer to it.
pub const NOW: DateTime<Utc> = DateTime::<Utc>::UNIX_EPOCH;

/// The step to just after a deadline.
pub const MOMENT: TimeDelta = TimeDelta::seconds(1);

/// Returns the time of every passed deadline.
#[must_use]
pub fn past() -> DateTime<Utc> {
    minus(NOW, MOMENT)
}

/// Adds a period; saturates at the last time that chrono supports.
#[must_use]
pub fn plus(at: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Subtracts a period; saturates at the first time that chrono supports.
#[must_use]
pub fn minus(at: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    at.checked_sub_signed(by).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// Returns the time to the next deadline in the future: to the deadline itself, at which actions are still in time, or
/// to just after it.
#[must_use]
pub fn next(deal: &Deal, at_the_moment: bool) -> Option<TimeDelta> {
    let due_at = deal.dues().into_iter().map(|(_, due_at)| due_at).filter(|at| *at >= NOW).min()?;
    let until = due_at.signed_duration_since(NOW);
    if at_the_moment {
        (until > TimeDelta::zero()).then_some(until)
    } else {
        until.checked_add(&MOMENT)
    }
}

/// Returns the deal after this time has passed.
#[must_use]
pub fn later(deal: &Deal, by: TimeDelta) -> Deal {
    let nearer = |at: DateTime<Utc>| minus(at, by).max(past());
    let mut next = deal.clone();
    next.due_at = deal.due_at.map(nearer);
    next.extension = deal.extension.map(|asked| Extension { until: nearer(asked.until), ..asked });
    for milestone in &mut next.milestones {
        milestone.due_at = milestone.due_at.map(nearer);
    }
    next
}

/// Returns the earliest running deadline.
#[must_use]
pub fn first(deal: &Deal) -> Option<(Timer, DateTime<Utc>)> {
    deal.dues().into_iter().min_by_key(|(timer, due_at)| (*due_at, *timer))
}

/// Returns the deadline of the deal itself, if it is running.
#[must_use]
pub fn own(deal: &Deal) -> Option<DateTime<Utc>> {
    [Timer::Acceptance, Timer::Funding].into_iter().find_map(|timer| deal.due(timer))
}
