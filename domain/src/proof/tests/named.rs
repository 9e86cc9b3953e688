//! Every fault, with its reported row.

use super::*;

/// Amina (1) and Juma (2): a deposit, two transfers, a hold.
fn small() -> Books {
    books(&[
        Move::Deposit { user: 1, minor: 1_000 },
        Move::Transfer { from: 1, to: 2, minor: 300 },
        Move::Hold { user: 1, minor: 100 },
        Move::Transfer { from: 2, to: 1, minor: 50 },
    ])
}

fn check(tamper: impl FnOnce(&mut Books), named: &str) {
    let mut books = small();
    tamper(&mut books);
    let wrong = books.prove().expect_err(named);
    assert_eq!(wrong.to_string(), named);
}

const AMINA: &str = "user.available usr_00000000000000000000000000000101 KES";

fn amina(books: &mut Books, seq: i64) -> &mut PostingRow {
    let id = books.accounts[1].id;
    books.postings.iter_mut().find(|p| p.account_id == id && p.seq == seq).unwrap()
}

#[test]
fn a_sound_ledger_is_proven_to_the_cent() {
    let trust = small().prove().unwrap();
    assert_eq!(trust.len(), 1);
    let kes = &trust[0];
    assert_eq!((kes.held_by_providers_minor, kes.owed_to_users_minor), (1_000, 900));
    assert_eq!((kes.held_minor, kes.in_holds_minor, kes.sum_minor), (100, 100, 0));
    assert_eq!(Books::default().prove(), Ok(vec![]));
}

#[test]
fn a_wrong_account_or_posting_is_named() {
    let at = |row: &str, fault: &str| format!("{row}: {fault}");
    let account = |fault| at(&format!("account {AMINA}"), fault);
    let second = |fault| at(&format!("posting 2 of {AMINA}"), fault);
    check(
        |books| books.accounts[1].balance_minor += 1,
        &account("stored balance 651, sum of postings 650"),
    );
    check(|books| books.accounts[1].seq += 1, &account("stored count 5, actual 4"));
    check(
        |books| books.accounts[1].moved_at = None,
        &account("stored time of the last posting never, actual 1970-01-01 00:00:03 UTC"),
    );
    check(
        |books| amina(books, 2).balance_after_minor += 1,
        &second("stored balance after the posting 701, sum of postings 700"),
    );
    check(
        |books| amina(books, 2).currency = "USD".to_owned(),
        &second("posting currency USD, account currency KES"),
    );
    check(
        |books| amina(books, 2).amount_minor += 1,
        &second("stored balance after the posting 700, sum of postings 701"),
    );
    check(
        |books| amina(books, 3).seq = 9,
        &at(&format!("posting 4 of {AMINA}"), "out of sequence, expected number 3"),
    );
    check(
        |books| amina(books, 2).at = time(3),
        &at(
            &format!("posting 3 of {AMINA}"),
            "posting time 1970-01-01 00:00:02 UTC, earlier than the previous posting at 1970-01-01 00:00:03 UTC",
        ),
    );
    check(
        |books| amina(books, 2).account_id = Uuid::from_u128(0xff),
        &at(&format!("posting 3 of {AMINA}"), "out of sequence, expected number 2"),
    );
    check(
        |books| drop(books.accounts.remove(0)),
        "posting 1 of account 00000000-0000-0000-0000-000000000010: account missing",
    );
    check(
        |books| books.accounts[1].kind = "user.secret".to_owned(),
        "account user.secret 00000000-0000-0000-0000-000000000011 KES: \
            unknown kind of account or currency",
    );
    check(
        |books| {
            let (balance, amount) = (-1, -601);
            books.accounts[1].balance_minor = balance;
            let last = amina(books, 4);
            (last.amount_minor, last.balance_after_minor) = (amount, balance);
        },
        &at(
            &format!("posting 4 of {AMINA}"),
            "balance -1 after the posting, but the account must not be negative",
        ),
    );
}

#[test]
fn a_wrong_entry_transfer_or_hold_is_named() {
    let first = "entry move 0 (ent_00000000000000000000000000001000)";
    let transfer = "transfer ent_00000000000000000000000000001001";
    let at = |row: &str, fault: &str| format!("{row}: {fault}");
    check(
        |books| drop(books.entries.remove(0)),
        "line 1 of entry ent_00000000000000000000000000001000: entry missing",
    );
    check(
        |books| {
            let added =
                EntryRow { id: Uuid::nil(), key: "added".into(), ..books.entries[0].clone() };
            books.entries.push(added);
        },
        "entry added (ent_00000000000000000000000000000000): stored count 2, actual 0",
    );
    check(|books| books.entries[0].posting_count = 3, &at(first, "stored count 3, actual 2"));
    check(
        |books| books.entries[0].at = time(1),
        &at(
            &format!("line 1 of {first}"),
            "posting time 1970-01-01 00:00:00 UTC, entry time 1970-01-01 00:00:01 UTC",
        ),
    );
    check(
        |books| {
            let last = amina(books, 4);
            (last.amount_minor, last.balance_after_minor) = (51, 651);
            books.accounts[1].balance_minor = 651;
            books.transfers[1].amount_minor = 51;
        },
        "transfer ent_00000000000000000000000000001003: \
            amount, sender or recipient differs from the entry",
    );
    check(
        |books| {
            let last = amina(books, 3);
            (last.amount_minor, last.balance_after_minor) = (-99, 601);
            amina(books, 4).balance_after_minor = 651;
            books.accounts[1].balance_minor = 651;
        },
        "entry move 2 (ent_00000000000000000000000000001002): \
            postings sum to 1 in KES, expected 0",
    );
    let other = at(transfer, "amount, sender or recipient differs from the entry");
    check(|books| books.transfers[0].amount_minor = 299, &other);
    check(|books| books.transfers[0].recipient = Uuid::nil(), &other);
    check(|books| books.transfers[0].currency = "USD".to_owned(), &other);
    check(
        |books| drop(books.transfers.remove(0)),
        "entry ent_00000000000000000000000000001001:transfer \
            (ent_00000000000000000000000000001001): the entry is a transfer, but its transfer row is missing",
    );
    check(
        |books| books.transfers[0].id = Uuid::nil(),
        "transfer ent_00000000000000000000000000000000: entry missing",
    );
    check(
        |books| books.entries[1].kind = "deposit".to_owned(),
        &at(transfer, "the entry is not a transfer"),
    );
    let held = "account user.held usr_00000000000000000000000000000101 KES";
    check(
        |books| books.holds[0].settled_minor += 1,
        &at(held, "held balance 100, sum of open holds 99"),
    );
    check(
        |books| books.holds[0].is_open = false,
        &at(held, "held balance 100, sum of open holds 0"),
    );
}

#[test]
fn a_trust_equation_that_fails_is_named() {
    let mut sums = Sums::default();
    sums.add(AccountKind::ProviderClearing, Currency::Kes, -1_000);
    sums.add(AccountKind::UserAvailable, Currency::Kes, 999);
    let wrong = sums.trust()[0].verify().unwrap_err();
    let named = "the books in KES: at providers and bank 1000, owed 999, in open holds 0";
    assert_eq!(wrong.to_string(), named);
    sums.add(AccountKind::UserHeld, Currency::Kes, 1);
    assert!(!sums.trust()[0].holds(), "nothing is reserved");
    sums.reserve(Currency::Kes, 1);
    assert!(sums.trust()[0].holds());
}
