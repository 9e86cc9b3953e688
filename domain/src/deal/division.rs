//! The division of one milestone's escrow, exact to the minor unit.

use super::Refusal;
use super::dispute::Award;
use super::milestone::Milestone;
use crate::money::Money;

/// The parts of a milestone's escrow. The constructor checks that they add up to the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Division {
    to_seller: Money,
    to_buyer: Money,
    to_broker: Money,
    to_platform: Money,
    to_provider_costs: Money,
}

impl Division {
    /// Divides a milestone according to the award. Fees are due in proportion to the seller's share. The unused part
    /// of the buyer's fee is refunded. Costs come out of the share of the party that bears them.
    ///
    /// # Errors
    /// [`Refusal::Share`] if the seller's share exceeds the amount, or the costs exceed the share that bears them.
    pub fn of(milestone: &Milestone, award: &Award) -> Result<Self, Refusal> {
        let (amount, paid) = (milestone.amount, award.to_seller);
        // A share in another currency is rejected too.
        if paid.exceeds(amount).unwrap_or(true) {
            return Err(Refusal::Share);
        }
        let none = Money::zero(amount.currency());
        let due = |fee: Money| {
            if award.fees_waived { Ok(none) } else { fee.portion(paid.minor(), amount.minor()) }
        };
        let charge = milestone.charge;
        let (buyer_fee, seller_fee) = (due(charge.buyer)?, due(charge.seller)?);
        let fees = buyer_fee.plus(seller_fee)?;
        let whole = charge.total()?.minor();
        let [to_broker, to_provider_costs, to_platform] = parts_of(fees, &charge, whole)?;
        let (mut to_seller, mut to_buyer) =
            (paid.minus(seller_fee)?, milestone.in_escrow()?.minus(paid)?.minus(buyer_fee)?);
        let mut platform = to_platform;
        if let Some(costs) = award.costs {
            let share = match costs.borne_by {
                super::Role::Buyer => &mut to_buyer,
                super::Role::Seller => &mut to_seller,
            };
            *share = share.minus(costs.amount).map_err(|_| Refusal::Share)?;
            platform = platform.plus(costs.amount)?;
        }
        let division =
            Self { to_seller, to_buyer, to_broker, to_platform: platform, to_provider_costs };
        if division.total()? == milestone.in_escrow()? { Ok(division) } else { Err(Refusal::Share) }
    }

    #[must_use]
    pub const fn to_seller(&self) -> Money {
        self.to_seller
    }

    #[must_use]
    pub const fn to_buyer(&self) -> Money {
        self.to_buyer
    }

    #[must_use]
    pub const fn to_broker(&self) -> Money {
        self.to_broker
    }

    #[must_use]
    pub const fn to_platform(&self) -> Money {
        self.to_platform
    }

    #[must_use]
    pub const fn to_provider_costs(&self) -> Money {
        self.to_provider_costs
    }

    fn total(&self) -> Result<Money, Refusal> {
        let Self { to_seller, to_buyer, to_broker, to_platform, to_provider_costs } = *self;
        let parts = [to_seller, to_buyer, to_broker, to_platform, to_provider_costs];
        Ok(Money::sum(to_seller.currency(), parts)?)
    }
}

/// Allocates the fees to broker, provider costs and platform by weight, so that the parts add up exactly.
fn parts_of(fees: Money, charge: &crate::fee::Charge, whole: i64) -> Result<[Money; 3], Refusal> {
    let rest = whole
        .saturating_sub(charge.commission.minor())
        .saturating_sub(charge.provider_cost.minor());
    let weights = [charge.commission.minor(), charge.provider_cost.minor(), rest];
    match fees.allocate(&weights).as_slice() {
        [broker, costs, platform] => Ok([*broker, *costs, *platform]),
        _ => Err(Refusal::Share),
    }
}
