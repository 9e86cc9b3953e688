//! Ledger accounts: one per kind, owner and currency.

use crate::id::{DealId, UserId};
use crate::money::Currency;
use crate::text_enum;
use uuid::Uuid;

text_enum! {
    pub enum AccountKind as "account kind" {
        UserAvailable = "user.available",
        /// Reserved by holds, for a withdrawal or for another user.
        UserHeld = "user.held",
        DealEscrow = "deal.escrow",
        ProviderClearing = "provider.clearing",
        PlatformFees = "platform.fees",
        PlatformProviderCosts = "platform.provider_costs",
        PlatformSuspense = "platform.suspense",
        /// Money that was moved from providers to the platform's bank account.
        PlatformBank = "platform.bank",
    }
}

impl AccountKind {
    #[must_use]
    pub const fn may_go_negative(self) -> bool {
        match self {
            AccountKind::ProviderClearing
            | AccountKind::PlatformProviderCosts
            | AccountKind::PlatformBank => true,
            AccountKind::UserAvailable
            | AccountKind::UserHeld
            | AccountKind::DealEscrow
            | AccountKind::PlatformFees
            | AccountKind::PlatformSuspense => false,
        }
    }
}

text_enum! {
    /// A provider that holds money for the platform.
    pub enum Provider as "provider" {
        Mpesa = "mpesa",
    }
}

impl Provider {
    /// Returns the owner id of the provider's clearing account.
    #[must_use]
    pub const fn owner(self) -> Uuid {
        match self {
            Provider::Mpesa => Uuid::from_u128(1),
        }
    }
}

/// The natural key of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    pub kind: AccountKind,
    pub owner: Uuid,
    pub currency: Currency,
}

impl Account {
    #[must_use]
    pub const fn available(user: UserId, currency: Currency) -> Self {
        Self { kind: AccountKind::UserAvailable, owner: user.uuid(), currency }
    }

    #[must_use]
    pub const fn held(user: UserId, currency: Currency) -> Self {
        Self { kind: AccountKind::UserHeld, owner: user.uuid(), currency }
    }

    #[must_use]
    pub const fn escrow(deal: DealId, currency: Currency) -> Self {
        Self { kind: AccountKind::DealEscrow, owner: deal.uuid(), currency }
    }

    #[must_use]
    pub const fn clearing(provider: Provider, currency: Currency) -> Self {
        Self { kind: AccountKind::ProviderClearing, owner: provider.owner(), currency }
    }

    #[must_use]
    pub const fn fees(currency: Currency) -> Self {
        Self { kind: AccountKind::PlatformFees, owner: Uuid::nil(), currency }
    }

    /// Provider costs that users have paid, less the charges that providers have taken.
    #[must_use]
    pub const fn provider_costs(currency: Currency) -> Self {
        Self { kind: AccountKind::PlatformProviderCosts, owner: Uuid::nil(), currency }
    }

    #[must_use]
    pub const fn suspense(currency: Currency) -> Self {
        Self { kind: AccountKind::PlatformSuspense, owner: Uuid::nil(), currency }
    }

    /// Money at the platform's bank; its balance is negative, as of every asset.
    #[must_use]
    pub const fn bank(currency: Currency) -> Self {
        Self { kind: AccountKind::PlatformBank, owner: Uuid::nil(), currency }
    }
}

/// Readable form: `user.available usr_… KES`.
impl std::fmt::Display for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kind, owner, currency } = self;
        match kind {
            AccountKind::UserAvailable | AccountKind::UserHeld => {
                write!(f, "{kind} {} {currency}", UserId::new(*owner))
            }
            AccountKind::DealEscrow => write!(f, "{kind} {} {currency}", DealId::new(*owner)),
            AccountKind::ProviderClearing => {
                match Provider::ALL.iter().find(|provider| provider.owner() == *owner) {
                    Some(provider) => write!(f, "{kind} {provider} {currency}"),
                    None => write!(f, "{kind} {owner} {currency}"),
                }
            }
            AccountKind::PlatformFees
            | AccountKind::PlatformProviderCosts
            | AccountKind::PlatformSuspense
            | AccountKind::PlatformBank => write!(f, "{kind} {currency}"),
        }
    }
}
