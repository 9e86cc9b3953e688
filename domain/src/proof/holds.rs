//! Third pass: the balance of each user's `held` account equals the sum of their open holds.

use super::{Fault, Row, Sums, Wrong};
use crate::id::UserId;
use crate::ledger::Account;
use crate::money::Currency;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A `held` account, whose balance the first pass has verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRow {
    pub user: Uuid,
    pub currency: String,
    pub balance_minor: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRow {
    pub id: Uuid,
    pub user: Uuid,
    pub currency: String,
    pub amount_minor: i64,
    pub settled_minor: i64,
    pub is_open: bool,
}

#[derive(Debug, Default)]
struct Side {
    held: i128,
    reserved: i128,
}

/// Expects both kinds of rows by user. The rows of a user may come in any order.
#[derive(Debug, Default)]
pub struct HoldsPass {
    current: Option<(Uuid, BTreeMap<Currency, Side>)>,
    sums: Sums,
}

impl HoldsPass {
    /// Continues with the sums of the first pass.
    #[must_use]
    pub fn new(sums: Sums) -> Self {
        Self { current: None, sums }
    }

    /// # Errors
    /// [`Wrong`] if the held balance of the previous user differs from their open holds.
    pub fn held(&mut self, row: &HeldRow) -> Result<(), Wrong> {
        let Ok(currency) = row.currency.parse() else { return Err(odd(row)) };
        let side = self.side(row.user, currency)?;
        side.held = side.held.saturating_add(row.balance_minor.into());
        Ok(())
    }

    /// # Errors
    /// [`Wrong`] if the held balance of the previous user differs from their open holds.
    pub fn hold(&mut self, row: &HoldRow) -> Result<(), Wrong> {
        let Ok(currency) = row.currency.parse() else {
            return Err(Wrong::new(Row::Hold { id: row.id }, Fault::Unknown));
        };
        let side = self.side(row.user, currency)?;
        if row.is_open {
            let rest = i128::from(row.amount_minor).saturating_sub(row.settled_minor.into());
            side.reserved = side.reserved.saturating_add(rest);
            self.sums.reserve(currency, rest);
        }
        Ok(())
    }

    /// # Errors
    /// [`Wrong`] if the held balance of the last user differs from their open holds.
    pub fn finish(mut self) -> Result<Sums, Wrong> {
        self.close()?;
        Ok(self.sums)
    }

    fn side(&mut self, user: Uuid, currency: Currency) -> Result<&mut Side, Wrong> {
        if self.current.as_ref().is_none_or(|(current, _)| *current != user) {
            self.close()?;
        }
        let (_, sides) = self.current.get_or_insert_with(|| (user, BTreeMap::new()));
        Ok(sides.entry(currency).or_default())
    }

    fn close(&mut self) -> Result<(), Wrong> {
        let Some((user, sides)) = self.current.take() else { return Ok(()) };
        match sides.into_iter().find(|(_, side)| side.held != side.reserved) {
            None => Ok(()),
            Some((currency, Side { held, reserved })) => {
                let row = Row::Account(Account::held(UserId::new(user), currency));
                Err(Wrong::new(row, Fault::Reserved { expected: reserved, found: held }))
            }
        }
    }
}

fn odd(row: &HeldRow) -> Wrong {
    let kind = crate::ledger::AccountKind::UserHeld.to_string();
    let odd = Row::OddAccount { id: row.user, kind, currency: row.currency.clone() };
    Wrong::new(odd, Fault::Unknown)
}
