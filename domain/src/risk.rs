//! Fraud scoring of withdrawals: the score is the sum of the points of all rules that match.

use crate::text_enum;

/// Score from which a withdrawal is held for an operator.
pub const HOLD_SCORE: i64 = 100;

text_enum! {
    pub enum Measure as "risk measure" {
        /// Amount of the withdrawal in minor units.
        AmountMinor = "amount_minor",
        /// Number of the user's withdrawals within the window, including this one.
        Withdrawals = "withdrawals",
        /// Number of different phone numbers that the user paid within the window, including this one.
        Recipients = "recipients",
        /// Age of the account in hours.
        AccountAgeHours = "account_age_hours",
    }
}

text_enum! {
    pub enum Comparison as "comparison" {
        AtLeast = "at_least",
        Below = "below",
    }
}

/// A rule. It adds its points if the comparison of the measure with the threshold is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub name: String,
    pub measure: Measure,
    pub comparison: Comparison,
    pub threshold: i64,
    /// Window of the counts in hours. Amount and age ignore it.
    pub window_hours: i64,
    pub points: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    pub score: i64,
    /// Names of the rules that matched.
    pub reasons: Vec<String>,
}

impl Assessment {
    #[must_use]
    pub const fn is_hold(&self) -> bool {
        self.score >= HOLD_SCORE
    }
}

/// Scores a withdrawal. `observed` pairs each rule with its measured value.
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
