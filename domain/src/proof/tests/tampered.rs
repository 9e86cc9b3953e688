//! Random ledgers, and one random change of one row.

use super::*;
use proptest::prelude::*;

fn a_move() -> impl Strategy<Value = Move> {
    let (user, minor) = (1u8..5, 1i64..1_000);
    prop_oneof![
        (user.clone(), minor.clone()).prop_map(|(user, minor)| Move::Deposit { user, minor }),
        (user.clone(), user.clone(), minor.clone()).prop_map(|(from, to, minor)| Move::Transfer {
            from,
            to,
            minor
        }),
        (user, minor).prop_map(|(user, minor)| Move::Hold { user, minor }),
    ]
}

/// Changes one row by `by`, which is at least 1. Does nothing if there is no such row.
fn tamper(books: &mut Books, how: u8, pick: usize, by: i64) {
    let at = TimeDelta::seconds(by);
    match how {
        0..=3 => {
            let row = pick % books.accounts.len();
            let account = &mut books.accounts[row];
            match how {
                0 => account.balance_minor += by,
                1 => account.seq += by,
                2 => account.moved_at = account.moved_at.map(|moved_at| moved_at + at),
                _ => drop(books.accounts.remove(row)),
            }
        }
        4..=11 => {
            let row = pick % books.postings.len();
            let twice = books.postings[row].clone();
            let posting = &mut books.postings[row];
            match how {
                4 => posting.amount_minor += by,
                5 => posting.balance_after_minor -= by,
                6 => posting.seq += by,
                7 => posting.at += at,
                8 => posting.line += i16::try_from(by).unwrap(),
                9 => posting.currency = "USD".to_owned(),
                10 => books.postings.push(twice),
                _ => drop(books.postings.remove(row)),
            }
        }
        12..=15 => {
            let row = pick % books.entries.len();
            let added = EntryRow { id: Uuid::nil(), ..books.entries[row].clone() };
            let entry = &mut books.entries[row];
            match how {
                12 => entry.posting_count += i16::try_from(by).unwrap(),
                13 => entry.at -= at,
                14 => books.entries.push(added),
                _ => drop(books.entries.remove(row)),
            }
        }
        16..=18 if !books.transfers.is_empty() => {
            let row = pick % books.transfers.len();
            let transfer = &mut books.transfers[row];
            match how {
                16 => transfer.amount_minor += by,
                17 => std::mem::swap(&mut transfer.sender, &mut transfer.recipient),
                _ => drop(books.transfers.remove(row)),
            }
        }
        19..=20 if !books.holds.is_empty() => {
            let row = pick % books.holds.len();
            match how {
                19 => books.holds[row].amount_minor += by,
                _ => drop(books.holds.remove(row)),
            }
        }
        _ => books.accounts[0].seq += by,
    }
}

proptest! {
    #[test]
    fn whatever_the_rules_allow_is_proven(moves in prop::collection::vec(a_move(), 0..60)) {
        prop_assert!(books(&moves).prove().is_ok());
    }

    #[test]
    fn one_change_of_one_row_is_found(
        moves in prop::collection::vec(a_move(), 0..40),
        (how, pick, by) in (0u8..21, any::<usize>(), 1i64..100),
    ) {
        let first = Move::Deposit { user: 1, minor: 500 };
        let moves: Vec<Move> = std::iter::once(first).chain(moves).collect();
        let mut books = books(&moves);
        let sound = books.clone();
        tamper(&mut books, how, pick, by);
        prop_assert!(books != sound);
        prop_assert!(books.prove().is_err(), "{how} {by} is not found in {books:#?}");
    }
}
