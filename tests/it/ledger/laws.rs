//! A superuser's SQL statements against the ledger, each refused by the constraint of its
//! invariant.

use amana_harness::Database;

const CLEARING: &str = "00000000-0000-0000-0000-000000000001";
const ALICE: &str = "00000000-0000-0000-0000-00000000000a";
const BOB: &str = "00000000-0000-0000-0000-00000000000b";
const DOLLARS: &str = "00000000-0000-0000-0000-00000000000d";
const OLD: &str = "00000000-0000-0000-0000-0000000000e1";
const NEW: &str = "00000000-0000-0000-0000-0000000000e2";
/// Another entry with the time of `OLD`.
const OLDER: &str = "00000000-0000-0000-0000-0000000000e3";

/// Account, sequence, entry and line, amount, balance after, currency.
type Posting = (&'static str, i64, (&'static str, i64), i64, i64, &'static str);

/// Time of the old entries; the new one is a second later.
const EARLIER: &str = "2026-11-21 10:00:00+00";
const LATER: &str = "2026-11-21 10:00:01+00";

fn time_of(entry: &str) -> &'static str {
    if [OLD, OLDER].contains(&entry) { EARLIER } else { LATER }
}

fn entry(id: &str, postings: i64) -> String {
    let at = time_of(id);
    format!(
        "insert into entries (id, kind, key, posting_count, at)
        values ('{id}', 'deposit', 'key {id}', {postings}, '{at}');"
    )
}

fn postings(all: &[Posting]) -> String {
    let rows: Vec<String> = all
        .iter()
        .map(|(account, seq, (entry, line), amount, after, currency)| {
            let at = time_of(entry);
            format!(
                "('{account}', {seq}, '{entry}', {line}, {amount}, {after}, '{currency}', '{at}')"
            )
        })
        .collect();
    format!(
        "insert into postings
            (account_id, seq, entry_id, line, amount_minor, balance_after_minor, currency, at)
        values {};",
        rows.join(", ")
    )
}

fn account(id: &str, kind: &str, currency: &str) -> String {
    format!(
        "insert into accounts (id, kind, owner, currency, opened_at)
        values ('{id}', '{kind}', '{id}', '{currency}', now());"
    )
}

/// Creates a ledger in which Alice has 1,000 cents and Bob has none.
async fn small_ledger() -> Database {
    let database = Database::new().await;
    let sql = [
        account(CLEARING, "provider.clearing", "KES"),
        account(ALICE, "user.available", "KES"),
        account(BOB, "user.available", "KES"),
        account(DOLLARS, "user.available", "USD"),
        entry(OLD, 2),
        postings(&[
            (CLEARING, 1, (OLD, 1), -1_000, -1_000, "KES"),
            (ALICE, 1, (OLD, 2), 1_000, 1_000, "KES"),
        ]),
    ];
    database.execute(&sql.concat()).await;
    database
}

async fn refuses(cases: Vec<(&str, String, &str)>) {
    let database = small_ledger().await;
    let before = database.fingerprint().await;
    for (what, sql, constraint) in cases {
        assert_eq!(database.refusal(&sql).await, constraint, "{what}");
    }
    assert_eq!(database.fingerprint().await, before);
    let check = database.store().await.check_ledger().await.expect("a check");
    assert_eq!(check.first_wrong, None);
    assert_eq!((check.counts.entries, check.counts.postings), (1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postings_that_do_not_balance_are_refused() {
    let with = |count, all: &[Posting]| [entry(NEW, count), postings(all)].concat();
    let from_alice = (ALICE, 2, (NEW, 1), -10, 990, "KES");
    let to_bob = (BOB, 1, (NEW, 2), 10, 10, "KES");
    let added = [(ALICE, 2, (OLD, 3), -10, 990, "KES"), (BOB, 1, (OLD, 4), 10, 10, "KES")];
    let split = [
        entry(NEW, 4),
        postings(&[from_alice, to_bob]),
        postings(&[(ALICE, 3, (NEW, 3), -10, 980, "KES"), (BOB, 2, (NEW, 4), 10, 20, "KES")]),
    ];
    let more_than_said =
        [from_alice, (BOB, 1, (NEW, 2), 5, 5, "KES"), (CLEARING, 2, (NEW, 3), 5, -995, "KES")];
    refuses(vec![
        (
            "a cent is lost",
            with(2, &[from_alice, (BOB, 1, (NEW, 2), 9, 9, "KES")]),
            "postings_sum_to_zero",
        ),
        (
            "shillings become dollars",
            with(2, &[from_alice, (DOLLARS, 1, (NEW, 2), 10, 10, "USD")]),
            "postings_sum_to_zero",
        ),
        ("one side only", with(2, &[from_alice]), "postings_sum_to_zero"),
        ("fewer than the entry says", with(3, &[from_alice, to_bob]), "postings_complete"),
        ("more than the entry says", with(2, &more_than_said), "postings_complete"),
        ("in two pieces", split.concat(), "postings_complete"),
        ("added to an old entry", postings(&added), "postings_complete"),
        ("without an entry", postings(&[from_alice, to_bob]), "postings_entry_exists"),
        (
            "a line twice",
            with(2, &[from_alice, (BOB, 1, (NEW, 1), 10, 10, "KES")]),
            "postings_line_unique",
        ),
        (
            "nothing moves",
            with(2, &[(ALICE, 2, (NEW, 1), 0, 1_000, "KES"), (BOB, 1, (NEW, 2), 0, 0, "KES")]),
            "postings_amount_not_zero",
        ),
        ("an entry of one posting", entry(NEW, 1), "entries_posting_count_range"),
        ("the same effect again", entry(OLD, 2).replacen(OLD, NEW, 1), "entries_key_unique"),
        (
            "a correction of nothing",
            [entry(NEW, 2), "set constraints all immediate;".to_owned()]
                .concat()
                .replace("(id, kind, key,", "(corrects, id, kind, key,")
                .replace("values (", &format!("values ('{BOB}', ")),
            "entries_corrects_fkey",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postings_that_do_not_continue_their_account_are_refused() {
    let with = |alice: Posting, bob: Posting| [entry(NEW, 2), postings(&[alice, bob])].concat();
    let to_bob = (BOB, 1, (NEW, 2), 10, 10, "KES");
    let dollars = ((ALICE, 2, (NEW, 1), -10, 990, "USD"), (BOB, 1, (NEW, 2), 10, 10, "USD"));
    refuses(vec![
        (
            "a gap in the sequence",
            with((ALICE, 3, (NEW, 1), -10, 990, "KES"), to_bob),
            "postings_continue_account",
        ),
        (
            "a number that is taken",
            with((ALICE, 1, (NEW, 1), -10, 990, "KES"), to_bob),
            "postings_pkey",
        ),
        (
            "before the first",
            with((ALICE, 2, (NEW, 1), -10, 990, "KES"), (BOB, 0, (NEW, 2), 10, 10, "KES")),
            "postings_seq_positive",
        ),
        (
            "another balance than it leaves",
            with((ALICE, 2, (NEW, 1), -10, 1_000, "KES"), to_bob),
            "postings_continue_account",
        ),
        ("another currency", with(dollars.0, dollars.1), "postings_continue_account"),
        (
            "more than the wallet has",
            with((ALICE, 2, (NEW, 1), -1_001, -1, "KES"), (BOB, 1, (NEW, 2), 1_001, 1_001, "KES")),
            "accounts_not_overdrawn",
        ),
        (
            "an account that does not exist",
            with((OLD, 1, (NEW, 1), -10, -10, "KES"), to_bob),
            "postings_continue_account",
        ),
    ])
    .await;
}

/// A posting has the time of its entry, which is not before the account's previous posting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_never_runs_back() {
    let moved = [(ALICE, 2, (NEW, 1), -10, 990, "KES"), (BOB, 1, (NEW, 2), 10, 10, "KES")];
    let written = [entry(NEW, 2), postings(&moved)].concat();
    let back = "2026-11-21 09:59:59.999999+00";
    let other = "2026-11-21 11:00:00+00";
    let older = [(ALICE, 3, (OLDER, 1), -10, 980, "KES"), (BOB, 2, (OLDER, 2), 10, 20, "KES")];
    let both: Vec<Posting> = moved.into_iter().chain(older).collect();
    refuses(vec![
        ("before the last posting", written.replace(LATER, back), "postings_continue_account"),
        (
            "back within one statement",
            [entry(NEW, 2), entry(OLDER, 2), postings(&both)].concat(),
            "postings_continue_account",
        ),
        (
            "another time than the entry",
            [entry(NEW, 2), postings(&moved).replace(LATER, other)].concat(),
            "postings_time_of_entry",
        ),
        (
            "one of them at another time",
            [entry(NEW, 2), postings(&moved).replacen(LATER, other, 1)].concat(),
            "postings_time_of_entry",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_stays_and_balances_move_by_postings_only() {
    let rich = |column: &str| {
        format!(
            "insert into accounts (id, kind, owner, currency, opened_at, {column})
            values ('{NEW}', 'user.available', '{NEW}', 'KES', now(), 1)"
        )
    };
    let other_way = format!(
        "insert into accounts (id, kind, owner, currency, opened_at)
        values ('{NEW}', 'user.available', '{BOB}', 'KES', now())
        on conflict on constraint accounts_natural_key do update set balance_minor = 5"
    );
    refuses(vec![
        ("change a posting", "update postings set amount_minor = 5".into(), "postings_append_only"),
        ("delete a posting", "delete from postings where seq = 1".into(), "postings_append_only"),
        ("empty the postings", "truncate postings".into(), "postings_append_only"),
        ("change an entry", "update entries set at = now()".into(), "entries_append_only"),
        ("delete an entry", "delete from entries".into(), "entries_append_only"),
        ("empty the entries", "truncate entries cascade".into(), "entries_append_only"),
        ("delete an account", "delete from accounts".into(), "accounts_append_only"),
        ("empty the accounts", "truncate accounts cascade".into(), "accounts_append_only"),
        (
            "give oneself money",
            format!("update accounts set balance_minor = balance_minor + 1 where id = '{ALICE}'"),
            "accounts_changed_by_postings_only",
        ),
        (
            "take an account over",
            format!("update accounts set owner = '{BOB}' where id = '{ALICE}'"),
            "accounts_changed_by_postings_only",
        ),
        ("give by way of a conflict", other_way, "accounts_changed_by_postings_only"),
        ("open with a balance", rich("balance_minor"), "accounts_open_empty"),
        ("open with a history", rich("seq"), "accounts_open_empty"),
        (
            "a second account of the same kind",
            account(NEW, "user.available", "KES").replacen(NEW, OLD, 1).replace(NEW, ALICE),
            "accounts_natural_key",
        ),
        ("an unknown kind", account(NEW, "user.secret", "KES"), "accounts_kind_known"),
    ])
    .await;
}
