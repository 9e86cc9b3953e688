//! Participants of a deal: buyer, seller, an optional broker, and additional payers.

use super::{Deal, Refusal};
use crate::id::UserId;
use crate::money::{Currency, Money, MoneyError};
use crate::text_enum;

/// Maximum number of payers per deal, including the buyer.
pub const PAYERS_MAX: usize = 10;

/// Maximum commission of a broker: a tenth of the price.
pub const COMMISSION_BPS_MAX: u16 = 1_000;

text_enum! {
    pub enum Role as "party" {
        Buyer = "buyer",
        Seller = "seller",
    }
}

impl Role {
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Role::Buyer => Role::Seller,
            Role::Seller => Role::Buyer,
        }
    }
}

/// The broker of a deal, with their commission as a part of the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Broker {
    pub user: UserId,
    pub commission_bps: u16,
}

/// A payer of the deal: the amounts that they paid into escrow and got back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Payer {
    pub user: UserId,
    pub paid: Money,
    pub returned: Money,
}

impl Payer {
    #[must_use]
    pub const fn named(user: UserId, currency: Currency) -> Self {
        Self { user, paid: Money::zero(currency), returned: Money::zero(currency) }
    }
}

/// The means of a planned payment, as far as [`Deal::check_part`] needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The smallest unit of the means of payment. The outstanding amount is rounded up to it.
    pub step_minor: i64,
    /// Whether the payer accepts that an excess stays in the wallet.
    pub allow_overpayment: bool,
}

impl Deal {
    /// Returns the user on that side; `None` if an invited user has not joined yet.
    #[must_use]
    pub const fn party(&self, role: Role) -> Option<UserId> {
        match role {
            Role::Buyer => self.buyer,
            Role::Seller => self.seller,
        }
    }

    /// # Errors
    /// [`Refusal::CounterpartyNotJoined`] if no user has joined on that side yet.
    pub fn joined(&self, role: Role) -> Result<UserId, Refusal> {
        self.party(role).ok_or(Refusal::CounterpartyNotJoined)
    }

    /// Returns whether both parties have joined.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.buyer.is_some() && self.seller.is_some()
    }

    #[must_use]
    pub fn role_of(&self, user: UserId) -> Option<Role> {
        if self.buyer == Some(user) {
            Some(Role::Buyer)
        } else if self.seller == Some(user) {
            Some(Role::Seller)
        } else {
            None
        }
    }

    /// Returns all participants: both parties, the broker and the payers. A user can occur twice.
    #[must_use]
    pub fn people(&self) -> Vec<UserId> {
        let sides = [self.buyer, self.seller, self.broker.map(|broker| broker.user)];
        let payers = self.payers.iter().map(|payer| payer.user);
        sides.into_iter().flatten().chain(payers).collect()
    }

    #[must_use]
    pub fn concerns(&self, user: UserId) -> bool {
        self.people().contains(&user)
    }

    /// Returns whether the user may pay: the buyer and the additional payers may.
    #[must_use]
    pub fn may_pay(&self, user: UserId) -> bool {
        self.buyer == Some(user) || self.payers.iter().any(|payer| payer.user == user)
    }

    /// Returns the payments into escrow, less refunds.
    ///
    /// # Errors
    /// [`MoneyError`] if the parts have different currencies or their sum is too large.
    pub fn paid(&self) -> Result<Money, MoneyError> {
        let parts: Result<Vec<Money>, MoneyError> =
            self.payers.iter().map(|payer| payer.paid.minus(payer.returned)).collect();
        Money::sum(self.currency, parts?)
    }

    /// Checks a planned payment: it may exceed the outstanding amount only with `allow_overpayment`. Money that has
    /// already arrived is not checked.
    ///
    /// # Errors
    /// [`Refusal::AmountExceedsOutstanding`], or as [`Deal::paid`].
    pub fn check_part(&self, amount: Money, part: Part) -> Result<(), Refusal> {
        let outstanding = self.outstanding()?.round_up_to(part.step_minor)?;
        if !part.allow_overpayment && amount.exceeds(outstanding)? {
            return Err(Refusal::AmountExceedsOutstanding { outstanding });
        }
        Ok(())
    }

    /// Returns the outstanding amount: the price less the payments.
    ///
    /// # Errors
    /// As [`Deal::paid`].
    pub fn outstanding(&self) -> Result<Money, MoneyError> {
        self.price()?.minus(self.paid()?)
    }
}
