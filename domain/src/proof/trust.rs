//! The trust equation: in every currency, the money at providers and at the bank equals the liabilities.

use super::{Fault, Row, Wrong};
use crate::ledger::AccountKind;
use crate::money::Currency;
use std::collections::BTreeMap;

/// One currency's side of the trust equation, in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    pub currency: Currency,
    pub held_by_providers_minor: i64,
    /// Money that was moved from providers to the bank.
    pub at_bank_minor: i64,
    pub owed_to_users_minor: i64,
    pub held_minor: i64,
    pub in_escrow_minor: i64,
    pub fees_minor: i64,
    pub provider_costs_minor: i64,
    pub suspense_minor: i64,
    /// Sum of the open holds. It must equal `held_minor`.
    pub in_holds_minor: i64,
    /// Sum of all accounts. It must be zero.
    pub sum_minor: i64,
}

impl Trust {
    fn held(&self) -> i128 {
        i128::from(self.held_by_providers_minor).saturating_add(self.at_bank_minor.into())
    }

    fn owed(&self) -> i128 {
        let owed = [
            self.owed_to_users_minor,
            self.held_minor,
            self.in_escrow_minor,
            self.fees_minor,
            self.provider_costs_minor,
            self.suspense_minor,
        ];
        owed.into_iter().map(i128::from).sum()
    }

    #[must_use]
    pub fn holds(&self) -> bool {
        self.sum_minor == 0 && self.held() == self.owed() && self.in_holds_minor == self.held_minor
    }

    /// # Errors
    /// [`Wrong`] if the equation does not hold.
    pub fn verify(&self) -> Result<(), Wrong> {
        if self.holds() {
            return Ok(());
        }
        let (held, reserved) = (self.held(), self.in_holds_minor.into());
        let fault = Fault::TrustEquation { held, owed: self.owed(), reserved };
        Err(Wrong::new(Row::Books(self.currency), fault))
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Side {
    kinds: BTreeMap<AccountKind, i128>,
    reserved: i128,
}

/// Balances by currency and kind of account, and the sums of open holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums(BTreeMap<Currency, Side>);

impl Sums {
    pub fn add(&mut self, kind: AccountKind, currency: Currency, minor: i64) {
        let sum = self.0.entry(currency).or_default().kinds.entry(kind).or_default();
        *sum = sum.saturating_add(minor.into());
    }

    pub fn reserve(&mut self, currency: Currency, minor: i128) {
        let side = self.0.entry(currency).or_default();
        side.reserved = side.reserved.saturating_add(minor);
    }

    #[must_use]
    pub fn trust(&self) -> Vec<Trust> {
        self.0.iter().map(|(currency, side)| side.trust(*currency)).collect()
    }
}

impl Side {
    fn trust(&self, currency: Currency) -> Trust {
        let of = |kind| narrow(self.kinds.get(&kind).copied().unwrap_or(0));
        Trust {
            currency,
            held_by_providers_minor: of(AccountKind::ProviderClearing).saturating_neg(),
            at_bank_minor: of(AccountKind::PlatformBank).saturating_neg(),
            owed_to_users_minor: of(AccountKind::UserAvailable),
            held_minor: of(AccountKind::UserHeld),
            in_escrow_minor: of(AccountKind::DealEscrow),
            fees_minor: of(AccountKind::PlatformFees),
            provider_costs_minor: of(AccountKind::PlatformProviderCosts),
            suspense_minor: of(AccountKind::PlatformSuspense),
            in_holds_minor: narrow(self.reserved),
            sum_minor: narrow(self.kinds.values().sum()),
        }
    }
}

/// Converts to `i64` and saturates, so that a sum out of range does not look correct.
fn narrow(sum: i128) -> i64 {
    let most = if sum < 0 { i64::MIN } else { i64::MAX };
    i64::try_from(sum).unwrap_or(most)
}
