//! Fraud scoring: rules are data, facts are data, the score is their sum.

use crate::text_enum;

/// At this score a withdrawal is held for an operator.
pub const HOLD_SCORE: i64 = 100;

text_enum! {
    pub enum Measure as "risk measure" {
        /// The amount of this withdrawal, in minor units.
        AmountMinor = "amount_minor",
        /// Withdrawals by this person within the rule's window, this one included.
        Withdrawals = "withdrawals",
        /// Different numbers paid by this person within the window, this one included.
        Recipients = "recipients",
        /// How old the account is, in hours.
        AccountAgeHours = "account_age_hours",
    }
}

text_enum! {
    pub enum Comparison as "comparison" {
        AtLeast = "at_least",
        Below = "below",
    }
}

/// One rule: adds its points if the measure compares so with the threshold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub name: String,
    pub measure: Measure,
    pub comparison: Comparison,
    pub threshold: i64,
    /// How far back counts reach; without meaning for amount and age.
    pub window_hours: i64,
    pub points: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    pub score: i64,
    /// The names of the rules that added to it.
    pub reasons: Vec<String>,
}

impl Assessment {
    #[must_use]
    pub const fn is_hold(&self) -> bool {
        self.score >= HOLD_SCORE
    }
}

/// Scores one withdrawal; `observed` pairs each rule with the value that was measured for it.
#[must_use]
pub fn assess<'a>(observed: impl IntoIterator<Item = (&'a Rule, i64)>) -> Assessment {
    let mut assessment = Assessment { score: 0, reasons: vec![] };
    for (rule, value) in observed {
        let hit = match rule.comparison {
            Comparison::AtLeast => value >= rule.threshold,
            Comparison::Below => value < rule.threshold,
        };
        if hit {
            assessment.score = assessment.score.saturating_add(rule.points);
            assessment.reasons.push(rule.name.clone());
        }
    }
    assessment
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(
        name: &str,
        measure: Measure,
        comparison: Comparison,
        threshold: i64,
        points: i64,
    ) -> Rule {
        Rule { name: name.into(), measure, comparison, threshold, window_hours: 24, points }
    }

    #[test]
    fn points_add_up_and_only_the_threshold_holds() {
        let large = rule("large", Measure::AmountMinor, Comparison::AtLeast, 1_000, 60);
        let young = rule("young", Measure::AccountAgeHours, Comparison::Below, 24, 40);
        let check = |amount, age, score, hold| {
            let assessment = assess([(&large, amount), (&young, age)]);
            assert_eq!((assessment.score, assessment.is_hold()), (score, hold), "{amount} {age}");
        };
        check(999, 24, 0, false);
        check(1_000, 24, 60, false);
        check(999, 23, 40, false);
        check(1_000, 23, 100, true);
    }
}
