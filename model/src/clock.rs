//! The clock. Rules only compare moments, so that nothing is lost if all of them are told from now: then two
//! situations that differ by nothing but the date are one. How long ago a deadline has passed makes no difference either.

use amana_domain::deal::{Deal, Extension, Timer};
use chrono::{DateTime, TimeDelta, Utc};

/// In every state it is this moment; letting time pass brings deadlines nearer.
pub const NOW: DateTime<Utc> = DateTime::<Utc>::UNIX_EPOCH;

/// Just after a deadline.
pub const MOMENT: TimeDelta = TimeDelta::seconds(1);

/// Where every deadline is put that has passed.
#[must_use]
pub fn past() -> DateTime<Utc> {
    minus(NOW, MOMENT)
}

/// Later by so much; chrono's last moment instead of one that it cannot hold.
#[must_use]
pub fn plus(at: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Earlier by so much.
#[must_use]
pub fn minus(at: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    at.checked_sub_signed(by).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// How long until the next deadline that is still to come: to the moment itself, when people are in time for the
/// last time, or to just after it.
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

/// The deal as it looks after so much time.
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

/// The running deadline that comes first.
#[must_use]
pub fn first(deal: &Deal) -> Option<(Timer, DateTime<Utc>)> {
    deal.dues().into_iter().min_by_key(|(timer, due_at)| (*due_at, *timer))
}

/// The deadline of the deal itself, while it runs.
#[must_use]
pub fn own(deal: &Deal) -> Option<DateTime<Utc>> {
    [Timer::Acceptance, Timer::Funding].into_iter().find_map(|timer| deal.due(timer))
}
