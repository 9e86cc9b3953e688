//! The actors, and the ids of their deal.

use amana_domain::deal::Actor;
use amana_domain::id::{DealId, MilestoneId, PaymentId, UserId};
use amana_domain::money::{Currency, Money};
use uuid::Uuid;

pub const AMINA: UserId = UserId::new(Uuid::from_u128(1));
pub const JUMA: UserId = UserId::new(Uuid::from_u128(2));
pub const ZURI: UserId = UserId::new(Uuid::from_u128(3));
pub const BARAKA: UserId = UserId::new(Uuid::from_u128(4));
pub const OTIENO: UserId = UserId::new(Uuid::from_u128(5));
pub const FARIDA: UserId = UserId::new(Uuid::from_u128(6));
pub const KAMAU: UserId = UserId::new(Uuid::from_u128(7));

/// All users, with their roles.
pub const PEOPLE: [(UserId, &str); 7] = [
    (AMINA, "Amina (buyer)"),
    (JUMA, "Juma (seller)"),
    (ZURI, "Zuri (payer)"),
    (BARAKA, "Baraka (broker)"),
    (OTIENO, "Otieno (stranger)"),
    (FARIDA, "Farida (arbiter)"),
    (KAMAU, "Kamau (arbiter)"),
];

/// All actors that try commands. Two arbiters participate in the deal and therefore must not decide its disputes.
pub const CAST: [Actor; 10] = [
    Actor::User(AMINA),
    Actor::User(JUMA),
    Actor::User(ZURI),
    Actor::User(BARAKA),
    Actor::User(OTIENO),
    Actor::Arbiter(FARIDA),
    Actor::Arbiter(KAMAU),
    Actor::Arbiter(AMINA),
    Actor::Arbiter(ZURI),
    Actor::System,
];

pub const DEAL: DealId = DealId::new(Uuid::from_u128(100));
pub const MILESTONES: [MilestoneId; 2] =
    [MilestoneId::new(Uuid::from_u128(101)), MilestoneId::new(Uuid::from_u128(102))];

pub const KES: Currency = Currency::Kes;

/// Returns the id of the payment with this number.
#[must_use]
pub const fn payment(number: usize) -> PaymentId {
    PaymentId::new(Uuid::from_u128(1_000u128.saturating_add(number as u128)))
}

/// Returns an amount in cents, or zero if it is invalid.
#[must_use]
pub fn kes(minor: i64) -> Money {
    Money::new(minor, KES).unwrap_or(Money::zero(KES))
}

#[must_use]
pub fn name(user: UserId) -> &'static str {
    PEOPLE.iter().find(|(id, _)| *id == user).map_or("somebody", |(_, name)| name)
}
