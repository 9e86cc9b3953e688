//! Templates for common kinds of deals: milestones with their part of the price, and suitable periods.

use super::{Proof, Terms};
use crate::text_enum;
use chrono::TimeDelta;

text_enum! {
    pub enum DealTemplate as "deal template" {
        Goods = "goods",
        /// A service that is paid in three steps.
        Service = "service",
        Freelance = "freelance",
        Vehicle = "vehicle",
        RentDeposit = "rent_deposit",
    }
}

/// One milestone of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sketch {
    pub title: &'static str,
    /// Part of the price. The parts of a template add up to 100.
    pub percent: u8,
    pub delivery: TimeDelta,
    pub proof: Option<Proof>,
}

const fn sketch(
    title: &'static str,
    percent: u8,
    delivery_days: i64,
    proof: Option<Proof>,
) -> Sketch {
    Sketch { title, percent, delivery: TimeDelta::days(delivery_days), proof }
}

impl DealTemplate {
    #[must_use]
    pub const fn milestones(self) -> &'static [Sketch] {
        const GOODS: &[Sketch] = &[sketch("Goods", 100, 7, None)];
        const SERVICE: &[Sketch] = &[
            sketch("Start of work", 30, 7, None),
            sketch("Work in progress", 40, 21, None),
            sketch("Completion", 30, 30, None),
        ];
        const FREELANCE: &[Sketch] = &[
            sketch("First draft", 50, 14, Some(Proof::Files)),
            sketch("Final files", 50, 28, Some(Proof::Files)),
        ];
        const VEHICLE: &[Sketch] = &[
            sketch("Logbook transfer started", 10, 7, Some(Proof::Files)),
            sketch("Vehicle handed over", 90, 14, Some(Proof::HandOver)),
        ];
        const RENT_DEPOSIT: &[Sketch] = &[sketch("Deposit", 100, 365, None)];
        match self {
            DealTemplate::Goods => GOODS,
            DealTemplate::Service => SERVICE,
            DealTemplate::Freelance => FREELANCE,
            DealTemplate::Vehicle => VEHICLE,
            DealTemplate::RentDeposit => RENT_DEPOSIT,
        }
    }

    /// Returns a one-line description for API users.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            DealTemplate::Goods => "Goods that are handed over or sent; one payment.",
            DealTemplate::Service => {
                "A service in three payments: start, work in progress, completion."
            }
            DealTemplate::Freelance => {
                "Digital work in two payments: half for the first draft, half for the final files."
            }
            DealTemplate::Vehicle => {
                "A vehicle: 10 % when the logbook transfer has started, 90 % at the handover."
            }
            DealTemplate::RentDeposit => "A rent deposit, kept until the end of the tenancy.",
        }
    }

    #[must_use]
    pub const fn terms(self) -> Terms {
        let usual = Terms::usual();
        let inspection = match self {
            DealTemplate::Goods | DealTemplate::Service => return usual,
            DealTemplate::Freelance => TimeDelta::days(7),
            DealTemplate::Vehicle => TimeDelta::days(2),
            DealTemplate::RentDeposit => TimeDelta::days(14),
        };
        Terms { inspection, ..usual }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_every_template_make_the_whole() {
        for template in DealTemplate::ALL {
            let parts = template.milestones().iter().map(|sketch| u32::from(sketch.percent));
            assert_eq!(parts.sum::<u32>(), 100, "{template}");
        }
    }
}
