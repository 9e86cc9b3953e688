//! Verifies that no row is missing: each balance must equal the previous balance plus the amount paid in, minus the
//! amount withdrawn, from the opening to the closing balance.

use super::StatementError;
use chrono::{DateTime, Utc};

pub(super) const BALANCE: &str = "Balance";

/// The effect of a completed row on the account.
pub(super) struct Movement {
    pub(super) row: usize,
    pub(super) at: DateTime<Utc>,
    pub(super) change_minor: i64,
    pub(super) balance_minor: i64,
}

/// A balance in the head of the statement, and its row.
#[derive(Clone, Copy)]
pub(super) struct Told {
    pub(super) row: usize,
    pub(super) minor: i64,
}

/// Accepts both orders: portals write the newest row first, some exports last. Times have whole seconds, so rows of
/// one second may be in either order.
///
/// # Errors
/// [`StatementError`] names the first row whose balance does not follow from the previous one.
pub(super) fn check(
    movements: &[Movement],
    opening: Told,
    closing: Told,
) -> Result<(), StatementError> {
    let oldest_first = || walk(movements.iter(), opening, closing);
    let newest_first = || walk(movements.iter().rev(), opening, closing);
    let ends = movements.first().zip(movements.last());
    match ends.map(|(first, last)| first.at.cmp(&last.at)) {
        Some(std::cmp::Ordering::Less) => oldest_first(),
        Some(std::cmp::Ordering::Greater) => newest_first(),
        Some(std::cmp::Ordering::Equal) | None => newest_first().or_else(|wrong| {
            // The error refers to the portal's own order.
            oldest_first().map_err(|_| wrong)
        }),
    }
}

fn walk<'a>(
    movements: impl Iterator<Item = &'a Movement>,
    opening: Told,
    closing: Told,
) -> Result<(), StatementError> {
    let mut balance = opening.minor;
    for movement in movements {
        if balance.checked_add(movement.change_minor) != Some(movement.balance_minor) {
            let why = "does not follow from the previous balance: rows are missing or moved";
            return Err(StatementError { row: movement.row, column: BALANCE.to_owned(), why });
        }
        balance = movement.balance_minor;
    }
    if balance == closing.minor {
        return Ok(());
    }
    let why = "is not the balance of the newest row: rows are missing";
    Err(StatementError { row: closing.row, column: "Closing Balance".to_owned(), why })
}
