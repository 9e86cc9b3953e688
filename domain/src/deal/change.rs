//! The differences between two offers.

use super::draft::{NewMilestone, Offer};
use chrono::TimeDelta;

/// One difference, as text before and after; `None` if an offer does not have the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `title`, `terms.inspection`, `milestones[2].amount`…; milestones count from 1.
    pub field: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Compares two offers. Milestones are compared by their position.
#[must_use]
pub fn changes(before: &Offer, after: &Offer) -> Vec<Change> {
    let mut found = Found(vec![]);
    found.compare("title", &before.title, &after.title);
    found.compare("fee_payer", before.fees.payer, after.fees.payer);
    found.compare("fee_plan", before.fees.version, after.fees.version);
    let (old, new) = (before.terms, after.terms);
    for (name, old, new) in [
        ("acceptance", old.acceptance, new.acceptance),
        ("funding", old.funding, new.funding),
        ("inspection", old.inspection, new.inspection),
        ("rework", old.rework, new.rework),
        ("answer", old.answer, new.answer),
        ("award", old.award, new.award),
    ] {
        found.compare(&format!("terms.{name}"), period(old), period(new));
    }
    for n in 0..before.milestones.len().max(after.milestones.len()) {
        let place = format!("milestones[{}]", n.saturating_add(1));
        match (before.milestones.get(n), after.milestones.get(n)) {
            (Some(old), Some(new)) => found.milestones(&place, old, new),
            (old, new) => found.add(&place, old.map(in_short), new.map(in_short)),
        }
    }
    found.0
}

fn in_short(milestone: &NewMilestone) -> String {
    format!("{} · {}", milestone.title, milestone.amount)
}

/// Formats a period in the largest unit that divides it: `3 days`, `36 hours`, `90 minutes`.
fn period(length: TimeDelta) -> String {
    let units = [
        (length.num_days(), TimeDelta::days(length.num_days()), "day"),
        (length.num_hours(), TimeDelta::hours(length.num_hours()), "hour"),
        (length.num_minutes(), TimeDelta::minutes(length.num_minutes()), "minute"),
    ];
    let fitting = units.into_iter().find(|(count, whole, _)| *count > 0 && *whole == length);
    match fitting.map_or((length.num_seconds(), "second"), |(count, _, unit)| (count, unit)) {
        (1, unit) => format!("1 {unit}"),
        (count, unit) => format!("{count} {unit}s"),
    }
}

struct Found(Vec<Change>);

impl Found {
    fn add(&mut self, field: &str, before: Option<String>, after: Option<String>) {
        if before != after {
            self.0.push(Change { field: field.to_owned(), before, after });
        }
    }

    fn compare<T: std::fmt::Display>(&mut self, field: &str, before: T, after: T) {
        self.add(field, Some(before.to_string()), Some(after.to_string()));
    }

    fn milestones(&mut self, place: &str, old: &NewMilestone, new: &NewMilestone) {
        let items = |milestone: &NewMilestone| {
            let lines = milestone.items.iter();
            let lines = lines.map(|i| format!("{} × {} · {}", i.quantity, i.name, i.unit_price));
            let text = lines.collect::<Vec<_>>().join("; ");
            (!text.is_empty()).then_some(text)
        };
        self.compare(&format!("{place}.title"), &old.title, &new.title);
        self.compare(&format!("{place}.amount"), old.amount, new.amount);
        self.compare(&format!("{place}.delivery"), period(old.delivery), period(new.delivery));
        let description = format!("{place}.description");
        self.add(&description, old.description.clone(), new.description.clone());
        self.add(&format!("{place}.items"), items(old), items(new));
        let proof = |milestone: &NewMilestone| milestone.proof.map(|proof| proof.to_string());
        self.add(&format!("{place}.proof"), proof(old), proof(new));
    }
}
