//! `amana ledger check` as a process: it accepts a correct ledger, and names the first wrong row
//! otherwise.

use amana_harness::{App, Database, DealPlan, Funded, amana_binary};
use tokio::process::Command;

/// Change made by SQL, and the finding that it must cause.
type Tampering = (&'static str, String, String);

const ESCROW: &str = "(select id from accounts where kind = 'deal.escrow')";
const WALLET: &str = "(select id from accounts where kind = 'user.available')";

/// Returns exit code and output of the command.
async fn check(database: &Database) -> (Option<i32>, String) {
    let output = Command::new(amana_binary())
        .args(["ledger", "check"])
        .env("DATABASE_URL", &database.url)
        .output()
        .await
        .expect("amana runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).expect("text"))
}

async fn finds(database: &Database, named: &str) {
    let (code, said) = check(database).await;
    assert_eq!(code, Some(1), "{named}: {said}");
    assert!(said.contains(&format!("amana: the ledger is wrong: {named}")), "{named}: {said}");
}

/// Copies the ledger's tables for a later restore.
async fn keep(database: &Database) {
    let sql = TABLES.map(|table| format!("create table kept.{table} as table {table};"));
    database.execute(&format!("create schema kept; {}", sql.concat())).await;
}

async fn put_back(database: &Database) {
    let sql = TABLES.map(|table| {
        format!("delete from {table}; insert into {table} select * from kept.{table};")
    });
    database.tamper(&sql.concat()).await;
}

const TABLES: [&str; 5] = ["accounts", "entries", "postings", "transfers", "holds"];

fn tampered_accounts_and_postings(Funded { buyer, deal, .. }: &Funded) -> Vec<Tampering> {
    let escrow = format!("deal.escrow {deal} KES");
    let wallet = format!("user.available {} KES", buyer.id);
    let accounts = |what: &str| format!("update accounts set {what} where kind = 'deal.escrow'");
    let first = |what: &str| format!("update postings set {what} where account_id = {ESCROW}");
    let second =
        |what: &str| format!("update postings set {what} where seq = 2 and account_id = {WALLET}");
    vec![
        (
            "a balance is raised",
            accounts("balance_minor = balance_minor + 1"),
            format!("account {escrow}: stored balance 150001, sum of postings 150000"),
        ),
        (
            "a posting too many is counted",
            accounts("seq = seq + 1"),
            format!("account {escrow}: stored count 2, actual 1"),
        ),
        (
            "the last posting is gone",
            format!("delete from postings where account_id = {ESCROW}"),
            format!("account {escrow}: stored count 1, actual 0"),
        ),
        (
            "an amount is raised",
            first("amount_minor = amount_minor + 1"),
            format!(
                "posting 1 of {escrow}: stored balance after the posting 150000, sum of postings"
            ),
        ),
        (
            "a past balance is rewritten",
            first("balance_after_minor = 5"),
            format!("posting 1 of {escrow}: stored balance after the posting 5, sum of postings"),
        ),
        (
            "a gap in the sequence",
            second("seq = 7"),
            format!("posting 7 of {wallet}: out of sequence, expected number 2"),
        ),
        (
            "time runs back",
            second("at = at - interval '1 day'"),
            format!("posting 2 of {wallet}: posting time "),
        ),
        (
            "another currency",
            first("currency = 'USD'"),
            format!("posting 1 of {escrow}: posting currency"),
        ),
        (
            "an account is gone",
            "delete from accounts where kind = 'deal.escrow'".to_owned(),
            "posting 1 of account ".to_owned(),
        ),
    ]
}

fn tampered_entries(Funded { buyer, seller, deal }: &Funded) -> Vec<Tampering> {
    let fund = format!("entry {deal}:fund:1 (ent_");
    let uuid = |id: &str| id.trim_start_matches("usr_").to_owned();
    let (buyer_id, seller_id) = (uuid(&buyer.id), uuid(&seller.id));
    let entries = |what: &str| format!("update entries set {what} where kind = 'fund'");
    let no_transfer = "insert into transfers
            (id, sender_id, recipient_id, amount_minor, currency, category, metadata, at)
        select id, '$buyer', '$seller', 1, 'KES', 'general', '{}', at from entries where kind = 'fund'";
    let hold = "insert into holds
            (id, user_id, beneficiary_id, amount_minor, currency, state, expires_at, created_at, updated_at)
        values (gen_random_uuid(), '$buyer', '$seller', 5, 'KES', 'open', now() + interval '1 day', now(), now())";
    let of_people = |sql: &str| sql.replace("$buyer", &buyer_id).replace("$seller", &seller_id);
    vec![
        (
            "an amount is raised, with every balance after it",
            format!(
                "update postings set amount_minor = amount_minor + 1,
                    balance_after_minor = balance_after_minor + 1 where account_id = {ESCROW};
                update accounts set balance_minor = balance_minor + 1 where kind = 'deal.escrow'"
            ),
            fund.clone(),
        ),
        (
            "a posting and its account are of another time than the entry",
            format!(
                "update postings set at = at + interval '1 day' where account_id = {ESCROW};
                update accounts set moved_at = moved_at + interval '1 day' where kind = 'deal.escrow'"
            ),
            format!("line 2 of {fund}"),
        ),
        ("more postings are announced", entries("posting_count = 3"), fund.clone()),
        ("an entry is of another time", entries("at = now()"), format!("line 1 of {fund}")),
        ("an entry becomes a transfer", entries("kind = 'transfer'"), fund),
        (
            "an entry is added",
            "insert into entries (id, kind, key, posting_count, at)
                values (gen_random_uuid(), 'deposit', 'added', 2, now())"
                .to_owned(),
            "entry added (ent_".to_owned(),
        ),
        (
            "an entry is gone",
            "delete from entries where kind = 'fund'".to_owned(),
            "line 1 of entry ent_".to_owned(),
        ),
        ("a transfer is made up", of_people(no_transfer), "transfer ent_".to_owned()),
        (
            "a hold is made up",
            of_people(hold),
            format!("account user.held {} KES: held balance 0, sum of open holds 5", buyer.id),
        ),
    ]
}

/// Goal: even a superuser cannot falsify the books unnoticed. Method: change one row, expect exit
/// code 1 and the row's name, and restore the row.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tampering_is_found_and_named() {
    let mut app = App::start().await;
    let funded = app.funded(&DealPlan::default()).await;
    app.stop_worker().await;
    let (code, said) = check(&app.database).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("read: 3 accounts, 2 entries, 4 postings\nKES, "), "{said}");
    assert!(
        said.contains(
            ": 150000 with providers + 0 at the bank = 0 in wallets + 0 on hold + 150000 in"
        ),
        "{said}"
    );
    keep(&app.database).await;
    let all = tampered_accounts_and_postings(&funded).into_iter().chain(tampered_entries(&funded));
    for (what, sql, named) in all {
        println!("{what}");
        app.database.tamper(&sql).await;
        finds(&app.database, &named).await;
        put_back(&app.database).await;
    }
    app.assert_sound().await;
}

/// Several fetches of rows, the last of which returns none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_of_many_pieces_is_read_to_its_end() {
    let database = Database::new().await;
    database.tamper(MANY).await;
    let (code, said) = check(&database).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("read: 101 accounts, 4000 entries, 8000 postings\n"), "{said}");
    let last = "update postings set amount_minor = 2 where line = 2 and seq = 40 and account_id =
        (select id from accounts where kind = 'user.available' order by id desc limit 1)";
    database.tamper(last).await;
    finds(&database, "posting 40 of user.available usr_00000000000000000000000000000099 KES").await;
}

/// 4,000 entries of one cent each, from the provider to a hundred users in turn.
const MANY: &str = "
    create function pg_temp.id(n bigint) returns uuid language sql as
        $$ select lpad(n::text, 32, '0')::uuid $$;
    insert into entries (id, kind, key, posting_count, at)
        select pg_temp.id(n), 'deposit', 'k' || n, 2, to_timestamp(n) from generate_series(0, 3999) n;
    insert into accounts (id, kind, owner, currency, balance_minor, seq, opened_at, moved_at)
        select pg_temp.id(n), 'user.available', pg_temp.id(n), 'KES', 40, 40, now(), to_timestamp(3900 + n)
        from generate_series(0, 99) n
        union all select 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'provider.clearing', pg_temp.id(1), 'KES',
            -4000, 4000, now(), to_timestamp(3999);
    insert into postings (account_id, seq, entry_id, line, amount_minor, balance_after_minor, currency, at)
        select pg_temp.id(n % 100), n / 100 + 1, pg_temp.id(n), 2, 1, n / 100 + 1, 'KES', to_timestamp(n)
        from generate_series(0, 3999) n
        union all select 'ffffffff-ffff-ffff-ffff-ffffffffffff', n + 1, pg_temp.id(n), 1, -1, -n - 1, 'KES',
            to_timestamp(n) from generate_series(0, 3999) n";
