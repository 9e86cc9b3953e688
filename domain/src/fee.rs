//! The fee plan of a deal: its fees and the party that bears them. The plan is fixed in the offer that both accept.

use crate::money::{Currency, Money, MoneyError};
use crate::text_enum;
use thiserror::Error;

/// One basis point is a hundredth of a percent.
pub const BASIS_POINTS_MAX: u16 = 10_000;

text_enum! {
    pub enum FeePayer as "fee payer" {
        Buyer = "buyer",
        Seller = "seller",
        Shared = "shared",
    }
}

/// A version of the fee plan. A deal keeps the version that it was agreed under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FeePlan {
    pub version: u32,
    pub percentage_bps: u16,
    pub fixed: Money,
    /// Minimum of percentage plus fixed fee.
    pub floor: Money,
    /// Maximum of percentage plus fixed fee, if any.
    pub cap: Option<Money>,
    /// Provider charges per deal, passed on to the parties.
    pub provider_cost: Money,
    pub payer: FeePayer,
}

/// The fees of one milestone. `buyer` and `seller` add up to the total; commission and provider cost are parts of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Charge {
    pub buyer: Money,
    pub seller: Money,
    /// The broker's part of the sum.
    pub commission: Money,
    /// The part of the sum that covers provider charges.
    pub provider_cost: Money,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FeeError {
    #[error("a percentage is at most {BASIS_POINTS_MAX} basis points")]
    Percentage,
    #[error("the cap of a fee must not be below its floor")]
    Bounds,
    #[error(
        "the seller's fee must be less than the milestone's amount; raise the amount or let the buyer pay the fee"
    )]
    ExceedsAmount,
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Charge {
    /// # Errors
    /// [`MoneyError`] if the sum is too large.
    pub fn total(&self) -> Result<Money, MoneyError> {
        self.buyer.plus(self.seller)
    }
}

impl FeePlan {
    #[must_use]
    pub const fn free(currency: Currency) -> Self {
        let nothing = Money::zero(currency);
        Self {
            version: 0,
            percentage_bps: 0,
            fixed: nothing,
            floor: nothing,
            cap: None,
            provider_cost: nothing,
            payer: FeePayer::Seller,
        }
    }

    /// Returns the platform's fee: the percentage, rounded half up, plus the fixed fee, within floor and cap.
    ///
    /// # Errors
    /// [`FeeError`] on another currency or a result out of range.
    pub fn platform(&self, amount: Money) -> Result<Money, FeeError> {
        let fee = percentage(amount, self.percentage_bps)?.plus(self.fixed)?;
        let fee = fee.max(self.floor)?;
        match self.cap {
            None => Ok(fee),
            Some(cap) if self.floor.exceeds(cap)? => Err(FeeError::Bounds),
            Some(cap) => Ok(fee.min(cap)?),
        }
    }

    /// Returns all fees of a deal of this amount: platform fee, broker's commission and provider costs.
    ///
    /// # Errors
    /// As [`FeePlan::platform`].
    pub fn total(&self, amount: Money, commission_bps: u16) -> Result<Money, FeeError> {
        let commission = percentage(amount, commission_bps)?;
        Ok(self.platform(amount)?.plus(commission)?.plus(self.provider_cost)?)
    }

    /// Divides the fees of the deal among its milestones, by amount, and between the parties. The parts add up exactly.
    /// The seller bears an odd cent of a shared fee.
    ///
    /// # Errors
    /// [`FeeError::ExceedsAmount`] if a seller would receive nothing or less.
    pub fn divide(&self, amounts: &[Money], commission_bps: u16) -> Result<Vec<Charge>, FeeError> {
        let currency = self.fixed.currency();
        let whole = Money::sum(currency, amounts.iter().copied())?;
        let weights: Vec<i64> = amounts.iter().map(|amount| amount.minor()).collect();
        let platform = self.platform(whole)?.allocate(&weights);
        let commission = percentage(whole, commission_bps)?.allocate(&weights);
        let cost = self.provider_cost.allocate(&weights);
        platform
            .into_iter()
            .zip(commission)
            .zip(cost)
            .zip(amounts)
            .map(|(((platform, commission), provider_cost), amount)| {
                let part = platform.plus(commission)?.plus(provider_cost)?;
                let buyer = match self.payer {
                    FeePayer::Buyer => part,
                    FeePayer::Seller => Money::zero(currency),
                    FeePayer::Shared => Money::new(part.minor().div_euclid(2), currency)?,
                };
                let seller = part.minus(buyer)?;
                if !amount.exceeds(seller)? && !seller.is_zero() {
                    return Err(FeeError::ExceedsAmount);
                }
                Ok(Charge { buyer, seller, commission, provider_cost })
            })
            .collect()
    }
}

fn percentage(amount: Money, bps: u16) -> Result<Money, FeeError> {
    if bps > BASIS_POINTS_MAX {
        return Err(FeeError::Percentage);
    }
    Ok(amount.portion(i64::from(bps), i64::from(BASIS_POINTS_MAX))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kes(minor: i64) -> Money {
        Money::new(minor, Currency::Kes).unwrap()
    }

    fn check(payer: FeePayer, amounts: &[i64], expected: &[(i64, i64)]) {
        let plan = FeePlan {
            percentage_bps: 250,
            fixed: kes(1_000),
            payer,
            ..FeePlan::free(Currency::Kes)
        };
        let amounts: Vec<Money> = amounts.iter().map(|minor| kes(*minor)).collect();
        let shares = plan.divide(&amounts, 0).unwrap();
        let got: Vec<_> = shares.iter().map(|s| (s.buyer.minor(), s.seller.minor())).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn fees_fall_where_the_plan_says() {
        check(FeePayer::Buyer, &[100_000], &[(3_500, 0)]);
        check(FeePayer::Seller, &[100_000], &[(0, 3_500)]);
        check(FeePayer::Shared, &[100_020], &[(1_750, 1_751)]);
        check(FeePayer::Seller, &[100_000, 50_000, 50_000], &[(0, 3_000), (0, 1_500), (0, 1_500)]);
    }

    #[test]
    fn a_fee_may_not_eat_the_whole_payment() {
        let plan = FeePlan { fixed: kes(1_000), ..FeePlan::free(Currency::Kes) };
        assert_eq!(plan.divide(&[kes(1_000)], 0), Err(FeeError::ExceedsAmount));
    }

    #[test]
    fn floor_and_cap_hold_and_contradict_each_other_only_aloud() {
        let plan = FeePlan {
            percentage_bps: 100,
            floor: kes(5_000),
            cap: Some(kes(50_000)),
            ..FeePlan::free(Currency::Kes)
        };
        let fee = |amount| plan.platform(kes(amount)).map(Money::minor);
        assert_eq!(
            [fee(100), fee(500_000), fee(1_000_000), fee(9_000_000)],
            [Ok(5_000), Ok(5_000), Ok(10_000), Ok(50_000)]
        );
        let senseless = FeePlan { cap: Some(kes(4_999)), ..plan };
        assert_eq!(senseless.platform(kes(100)), Err(FeeError::Bounds));
    }

    #[test]
    fn broker_and_provider_are_paid_out_of_the_charge() {
        let plan = FeePlan {
            percentage_bps: 200,
            provider_cost: kes(3_300),
            payer: FeePayer::Buyer,
            ..FeePlan::free(Currency::Kes)
        };
        let charges = plan.divide(&[kes(100_000), kes(200_000)], 150).unwrap();
        let seen: Vec<_> = charges
            .iter()
            .map(|c| (c.buyer.minor(), c.commission.minor(), c.provider_cost.minor()))
            .collect();
        assert_eq!(seen, [(4_600, 1_500, 1_100), (9_200, 3_000, 2_200)]);
    }

    proptest! {
        #[test]
        fn the_charges_add_up_to_the_total(
            bps in 0..500u16,
            commission in 0..300u16,
            fixed in 0..1_000i64,
            cost in 0..5_000i64,
            amounts in prop::collection::vec(100_000..100_000_000i64, 1..20),
            payer in prop::sample::select(FeePayer::ALL),
        ) {
            let plan = FeePlan {
                percentage_bps: bps,
                fixed: kes(fixed),
                provider_cost: kes(cost),
                payer,
                ..FeePlan::free(Currency::Kes)
            };
            let amounts: Vec<Money> = amounts.into_iter().map(kes).collect();
            let whole = Money::sum(Currency::Kes, amounts.iter().copied()).unwrap();
            let charges = plan.divide(&amounts, commission).unwrap();
            let sum: i64 = charges.iter().map(|c| c.total().unwrap().minor()).sum();
            prop_assert_eq!(sum, plan.total(whole, commission).unwrap().minor());
            for charge in charges {
                let out = charge.commission.plus(charge.provider_cost).unwrap();
                prop_assert!(!out.exceeds(charge.total().unwrap()).unwrap());
            }
        }
    }
}
