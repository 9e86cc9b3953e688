//! The fee plan: a percentage and a fixed part, borne by the buyer, the seller or both, fixed before payment.

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeePlan {
    pub percentage_bps: u16,
    pub fixed: Money,
    pub payer: FeePayer,
}

/// What one milestone's release costs each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeShare {
    pub buyer: Money,
    pub seller: Money,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FeeError {
    #[error("a percentage has at most {BASIS_POINTS_MAX} basis points")]
    Percentage,
    #[error("the seller's fee would be larger than what the milestone pays")]
    ExceedsAmount,
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl FeePlan {
    #[must_use]
    pub const fn free(currency: Currency) -> Self {
        Self { percentage_bps: 0, fixed: Money::zero(currency), payer: FeePayer::Seller }
    }

    /// The fee for the whole: percentage rounded half up, plus the fixed part.
    ///
    /// # Errors
    /// [`FeeError`] on another currency or a result out of range.
    pub fn total(&self, amount: Money) -> Result<Money, FeeError> {
        if self.percentage_bps > BASIS_POINTS_MAX {
            return Err(FeeError::Percentage);
        }
        let product = i128::from(amount.minor()).saturating_mul(i128::from(self.percentage_bps));
        let rounded = product
            .saturating_add(i128::from(BASIS_POINTS_MAX / 2))
            .div_euclid(i128::from(BASIS_POINTS_MAX));
        let part = i64::try_from(rounded).map_err(|_| MoneyError::TooLarge)?;
        Ok(Money::new(part, amount.currency())?.plus(self.fixed)?)
    }

    /// Divides the fee over milestones (by amount) and sides; every cent is accounted for.
    /// An odd cent of a shared fee falls to the seller.
    ///
    /// # Errors
    /// [`FeeError::ExceedsAmount`] if a seller would receive nothing or less.
    pub fn divide(&self, amounts: &[Money]) -> Result<Vec<FeeShare>, FeeError> {
        let currency = self.fixed.currency();
        let fee = self.total(Money::sum(currency, amounts.iter().copied())?)?;
        let weights: Vec<i64> = amounts.iter().map(|amount| amount.minor()).collect();
        fee.allocate(&weights)
            .into_iter()
            .zip(amounts)
            .map(|(part, amount)| {
                let buyer = match self.payer {
                    FeePayer::Buyer => part,
                    FeePayer::Seller => Money::zero(currency),
                    FeePayer::Shared => Money::new(part.minor().div_euclid(2), currency)?,
                };
                let seller = part.minus(buyer)?;
                if seller >= *amount && !seller.is_zero() {
                    return Err(FeeError::ExceedsAmount);
                }
                Ok(FeeShare { buyer, seller })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kes(minor: i64) -> Money {
        Money::new(minor, Currency::Kes).unwrap()
    }

    fn check(payer: FeePayer, amounts: &[i64], expected: &[(i64, i64)]) {
        let plan = FeePlan { percentage_bps: 250, fixed: kes(1_000), payer };
        let amounts: Vec<Money> = amounts.iter().map(|minor| kes(*minor)).collect();
        let shares = plan.divide(&amounts).unwrap();
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
        let plan = FeePlan { percentage_bps: 0, fixed: kes(1_000), payer: FeePayer::Seller };
        assert_eq!(plan.divide(&[kes(1_000)]), Err(FeeError::ExceedsAmount));
    }

    proptest! {
        #[test]
        fn the_shares_add_up_to_the_fee(
            bps in 0..500u16,
            fixed in 0..1_000i64,
            amounts in prop::collection::vec(100_000..100_000_000i64, 1..20),
            payer in prop::sample::select(FeePayer::ALL),
        ) {
            let plan = FeePlan { percentage_bps: bps, fixed: kes(fixed), payer };
            let amounts: Vec<Money> = amounts.into_iter().map(kes).collect();
            let total = plan.total(Money::sum(Currency::Kes, amounts.iter().copied()).unwrap()).unwrap();
            let shares = plan.divide(&amounts).unwrap();
            let sum: i64 = shares.iter().map(|s| s.buyer.minor() + s.seller.minor()).sum();
            prop_assert_eq!(sum, total.minor());
        }
    }
}
