//! Who takes part in a deal: buyer, seller, a broker perhaps, and those who pay together with the buyer.

use super::{Deal, Refusal};
use crate::id::UserId;
use crate::money::{Currency, Money, MoneyError};
use crate::text_enum;

/// How many people may pay for one deal, the buyer among them.
pub const PAYERS_MAX: usize = 10;

/// The most that a broker gets of the price: a tenth.
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

/// Who brought the two together, and for what part of the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Broker {
    pub user: UserId,
    pub commission_bps: u16,
}

/// Somebody who pays for the deal: what they put into escrow, and what of it they have back.
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

/// How a part of the price is going to be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The unit that the means of payment knows; what is outstanding is rounded up to it.
    pub step_minor: i64,
    /// Whether the payer wants the rest in the wallet.
    pub allow_more: bool,
}

impl Deal {
    /// Who stands on that side; nobody yet, if they were invited and have not joined.
    #[must_use]
    pub const fn party(&self, role: Role) -> Option<UserId> {
        match role {
            Role::Buyer => self.buyer,
            Role::Seller => self.seller,
        }
    }

    /// # Errors
    /// [`Refusal::NotJoined`] while nobody stands on that side.
    pub fn joined(&self, role: Role) -> Result<UserId, Refusal> {
        self.party(role).ok_or(Refusal::NotJoined)
    }

    /// Whether somebody stands on both sides.
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

    /// Everybody whom it concerns: the two sides, the broker, those who pay.
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

    /// Whether this person may pay: the buyer, and whoever the buyer named.
    #[must_use]
    pub fn may_pay(&self, user: UserId) -> bool {
        self.buyer == Some(user) || self.payers.iter().any(|payer| payer.user == user)
    }

    /// What lies in escrow from those who paid, and was not given back.
    ///
    /// # Errors
    /// [`MoneyError`] if the parts are of different currencies or too large together.
    pub fn paid(&self) -> Result<Money, MoneyError> {
        let parts: Result<Vec<Money>, MoneyError> =
            self.payers.iter().map(|payer| payer.paid.minus(payer.returned)).collect();
        Money::sum(self.currency, parts?)
    }

    /// Checks a part that somebody is about to pay: more than is outstanding only by intention. Money that arrived anyway
    /// is not asked.
    ///
    /// # Errors
    /// [`Refusal::MoreThanOutstanding`], or as [`Deal::paid`].
    pub fn check_part(&self, amount: Money, part: Part) -> Result<(), Refusal> {
        let outstanding = self.outstanding()?.round_up_to(part.step_minor)?;
        if !part.allow_more && amount.exceeds(outstanding)? {
            return Err(Refusal::MoreThanOutstanding { outstanding });
        }
        Ok(())
    }

    /// What is still to be paid before the deal is funded.
    ///
    /// # Errors
    /// As [`Deal::paid`].
    pub fn outstanding(&self) -> Result<Money, MoneyError> {
        self.price()?.minus(self.paid()?)
    }
}
