//! The batch path, compared with a simple model that makes one transfer after the other.

use super::crowd::request;
use amana_domain::id::UserId;
use amana_harness::Database;
use amana_postgres::{Clock, Error, TransferWriter};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeMap;
use tokio::task::JoinSet;
use uuid::Uuid;

const PEOPLE: usize = 5;
const BEGIN_MINOR: i64 = 1_000;
const TRANSACTION_MAX: i64 = 600;
const DAY_MAX: i64 = 1_500;
const BALANCE_MAX: i64 = 1_800;

/// Sender, recipient (the last one does not exist), amount, and the number of the sender's key.
type Call = (usize, usize, i64, usize);

/// The rules in their simplest form.
#[derive(Default)]
struct Model {
    balances: [i64; PEOPLE],
    spent: [i64; PEOPLE],
    answered: BTreeMap<(usize, usize), (usize, i64)>,
}

impl Model {
    fn call(&mut self, (from, recipient, minor, key): Call) -> &'static str {
        if let Some(before) = self.answered.get(&(from, key)) {
            return if *before == (recipient, minor) { "replayed" } else { "reused" };
        }
        if recipient == PEOPLE {
            return "unknown";
        }
        if from == recipient {
            return "same";
        }
        if minor > TRANSACTION_MAX || self.spent[from] + minor > DAY_MAX {
            return "limit";
        }
        if self.balances[recipient] + minor > BALANCE_MAX {
            return "limit";
        }
        if self.balances[from] < minor {
            return "insufficient";
        }
        self.balances[from] -= minor;
        self.balances[recipient] += minor;
        self.spent[from] += minor;
        self.answered.insert((from, key), (recipient, minor));
        "made"
    }
}

fn verdict(result: &Result<amana_postgres::Outcome, Error>) -> &'static str {
    use amana_domain::ledger::LedgerError;
    use amana_domain::transfer::TransferRefusal as Refusal;
    match result {
        Ok(outcome) if outcome.replayed => "replayed",
        Ok(_) => "made",
        Err(Error::Conflict(amana_postgres::Conflict::KeyReused)) => "reused",
        Err(Error::Transfer(Refusal::UnknownRecipient)) => "unknown",
        Err(Error::Transfer(Refusal::SameParty)) => "same",
        Err(Error::Transfer(Refusal::Limit(_))) => "limit",
        Err(Error::Transfer(Refusal::Ledger(LedgerError::Insufficient { .. }))) => "insufficient",
        Err(error) => panic!("{error}"),
    }
}

/// Returns a user of one fixed lane, so that transfers keep the order of the calls.
fn person(n: usize) -> UserId {
    UserId::new(Uuid::from_u128(2 * (n as u128 + 1)))
}

async fn populate(database: &Database) {
    let mut sql = format!(
        "update tier_limits set transaction_minor_max = {TRANSACTION_MAX}, day_minor_max = {DAY_MAX},
            balance_minor_max = {BALANCE_MAX};
        insert into accounts (id, kind, owner, currency, opened_at) values
            ('{}', 'provider.clearing', '{}', 'KES', now());",
        Uuid::from_u128(999),
        Uuid::from_u128(1)
    );
    for n in 0..PEOPLE {
        let (user, entry) = (person(n).uuid(), Uuid::from_u128(5_000 + n as u128));
        let clearing = Uuid::from_u128(999);
        let (seq, owed) = (n + 1, -(BEGIN_MINOR * (n as i64 + 1)));
        sql.push_str(&format!(
            "insert into users (id, name, email_sealed, email_digest, phone_sealed, phone_digest, password_hash, role, locale, created_at, email_verified_at, tier)
                values ('{user}', 'Person', '', sha256('{n}'), '', sha256('{n}'), '', 'user', 'en', now(), now(), 'standard');
            insert into accounts (id, kind, owner, currency, opened_at) values ('{user}', 'user.available', '{user}', 'KES', now());
            insert into entries (id, kind, key, posting_count, at) values ('{entry}', 'deposit', 'd{n}', 2, now());
            insert into postings (account_id, seq, entry_id, line, amount_minor, balance_after_minor, currency, at) values
                ('{user}', 1, '{entry}', 1, {BEGIN_MINOR}, {BEGIN_MINOR}, 'KES', now()),
                ('{clearing}', {seq}, '{entry}', 2, -{BEGIN_MINOR}, {owed}, 'KES', now());"
        ));
    }
    database.execute(&sql).await;
}

/// Calls run in several waves, and the calls of one wave wait together. A key occurs once per wave,
/// because a repetition waits for the next batch and would change the order. Later waves reuse
/// keys.
async fn compare(waves: &[Vec<Call>]) {
    let database = Database::new().await;
    populate(&database).await;
    let store = database.store().await;
    let writer = TransferWriter::start(&store, &Clock::default());
    let mut model = Model { balances: [BEGIN_MINOR; PEOPLE], ..Model::default() };
    for wave in waves {
        let mut keys = std::collections::BTreeSet::new();
        let wave: Vec<Call> =
            wave.iter().copied().filter(|(from, _, _, key)| keys.insert((*from, *key))).collect();
        let mut calls = JoinSet::new();
        for (n, (from, recipient, minor, key)) in wave.iter().copied().enumerate() {
            // Creates the call in order; its answer is awaited later.
            let made = Box::pin({
                let writer = writer.clone();
                let request = request(person(from), &key.to_string(), person(recipient), minor);
                async move { (n, writer.make(request).await) }
            });
            calls.spawn(started(made).await);
        }
        let mut answers: Vec<_> = calls.join_all().await;
        answers.sort_by_key(|(n, _)| *n);
        for ((_, answer), call) in answers.iter().zip(&wave) {
            assert_eq!(verdict(answer), model.call(*call), "{call:?} in {waves:?}");
        }
    }
    for n in 0..PEOPLE {
        let user = person(n).uuid();
        let balance = format!(
            "select balance_minor from accounts where kind = 'user.available' and owner = '{user}'"
        );
        assert_eq!(database.number(&balance).await, model.balances[n], "{n} in {waves:?}");
        let spent = format!(
            "select coalesce((select spent_minor from spending where user_id = '{user}'), 0)"
        );
        assert_eq!(database.number(&spent).await, model.spent[n], "{n} in {waves:?}");
    }
    assert!(store.proof().await.expect("a proof").holds());
    let transfers = i64::try_from(model.answered.len()).expect("small");
    assert_eq!(database.number("select count(*) from transfers").await, transfers);
}

/// Polls a call once, so that it is queued before the next one.
async fn started<F: Future + Unpin>(mut call: F) -> impl Future<Output = F::Output> {
    let mut early = None;
    std::future::poll_fn(|cx| {
        if let std::task::Poll::Ready(answer) = std::pin::Pin::new(&mut call).poll(cx) {
            early = Some(answer);
        }
        std::task::Poll::Ready(())
    })
    .await;
    async move {
        match early {
            Some(answer) => answer,
            None => call.await,
        }
    }
}

const STREAMS: u32 = 24;

#[test]
fn batches_do_what_one_after_the_other_would() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let call = (0..PEOPLE, 0..=PEOPLE, prop_oneof![1i64..700, Just(600), Just(601)], 0usize..40);
    let waves = prop::collection::vec(prop::collection::vec(call, 1..60), 1..5);
    let mut runner = TestRunner::new(Config { cases: STREAMS, ..Config::default() });
    runner
        .run(&waves, |waves| {
            runtime.block_on(compare(&waves));
            Ok(())
        })
        .expect("every stream");
}
