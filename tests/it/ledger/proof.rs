//! The proof holds after everything that may happen, and finds everything that may not.

use amana_harness::{App, DealPlan, eventually};
use serde_json::{Value, json};

/// A change behind the store's back, how to undo it, and where the proof must see it.
struct Tampering {
    what: &'static str,
    done: &'static str,
    undone: &'static str,
    seen: Seen,
}

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Account,
    Entry,
    Both,
}

const BUYERS_SECOND: &str = "seq = 2 and account_id = (select account_id from postings p
    join entries e on e.id = p.entry_id join accounts a on a.id = p.account_id
    where e.kind = 'fund' and a.kind = 'user.available')";

fn tamperings() -> Vec<Tampering> {
    let one = |what, done, undone, seen| Tampering { what, done, undone, seen };
    vec![
        one(
            "a balance is raised",
            "update accounts set balance_minor = balance_minor + 1 where kind = 'deal.escrow'",
            "update accounts set balance_minor = balance_minor - 1 where kind = 'deal.escrow'",
            Seen::Account,
        ),
        one(
            "a posting is forgotten in the sequence",
            "update accounts set seq = seq + 1 where kind = 'deal.escrow'",
            "update accounts set seq = seq - 1 where kind = 'deal.escrow'",
            Seen::Account,
        ),
        one(
            "an amount is raised, with the balances after it",
            "update postings set amount_minor = amount_minor + 1, balance_after_minor = balance_after_minor + 1
                where account_id = (select id from accounts where kind = 'deal.escrow');
            update accounts set balance_minor = balance_minor + 1 where kind = 'deal.escrow'",
            "update postings set amount_minor = amount_minor - 1, balance_after_minor = balance_after_minor - 1
                where account_id = (select id from accounts where kind = 'deal.escrow');
            update accounts set balance_minor = balance_minor - 1 where kind = 'deal.escrow'",
            Seen::Entry,
        ),
        one(
            "a past balance is rewritten",
            "update postings set balance_after_minor = balance_after_minor + 1 where seq = 1",
            "update postings set balance_after_minor = balance_after_minor - 1 where seq = 1",
            Seen::Account,
        ),
        one(
            "a cent moves from one entry to another",
            "update postings set amount_minor = amount_minor + case when seq = 1 then 1 else -1 end
                where account_id = (select account_id from postings where $second)",
            "update postings set amount_minor = amount_minor + case when seq = 1 then -1 else 1 end
                where account_id = (select account_id from postings where $second)",
            Seen::Both,
        ),
        one(
            "an entry without postings",
            "insert into entries (id, kind, key, posting_count, at)
                values ('00000000-0000-0000-0000-0000000000e2', 'deposit', 'empty', 2, now())",
            "delete from entries where key = 'empty'",
            Seen::Entry,
        ),
        one(
            "postings whose entry is gone",
            "create table kept as select * from entries where kind = 'fund';
            delete from entries where kind = 'fund'",
            "insert into entries select * from kept; drop table kept",
            Seen::Entry,
        ),
        one(
            "another currency",
            "update postings set currency = 'USD' where seq = 1",
            "update postings set currency = 'KES' where seq = 1",
            Seen::Both,
        ),
    ]
}

/// Every way to falsify the books leaves a trace that the proof names, and nothing else does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tampering_is_found_and_named() {
    let app = App::start().await;
    app.funded(&DealPlan::default()).await;
    for tampering in tamperings() {
        let Tampering { what, done, undone, seen } = tampering;
        app.database.tamper(&done.replace("$second", BUYERS_SECOND)).await;
        let proof = app.store.proof().await.expect("a proof");
        app.database.tamper(&undone.replace("$second", BUYERS_SECOND)).await;
        assert!(!proof.holds(), "{what}: {proof:?}");
        let found = match (proof.wrong_accounts.is_empty(), proof.wrong_entries.is_empty()) {
            (false, false) => Seen::Both,
            (false, true) => Seen::Account,
            (true, false) => Seen::Entry,
            (true, true) => panic!("{what}: nothing is named in {proof:?}"),
        };
        assert_eq!(found, seen, "{what}: {proof:?}");
        assert!(app.store.proof().await.expect("a proof").holds(), "{what} was not undone");
    }
    app.assert_sound().await;
}

/// Several deals at once, each going another way, prove themselves at every moment on the way and at the
/// end; the proof that operators get says the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_proof_holds_during_and_after_a_busy_time() {
    let app = App::start().await;
    let operator = app.operator().await;
    let busy = async {
        let plan = DealPlan { milestones: vec![70_050, 30_025], fee_payer: "shared" };
        let funded = app.funded(&plan).await;
        app.complete(&funded).await;
        let out = json!({ "amount": { "amount": 50_000, "currency": "KES" } });
        let paid = app.post(&funded.seller, "/v1/withdrawals", out).await.expect(202);
        let id = paid["id"].as_str().expect("an id");
        app.wait_for_payment(&funded.seller, id, "succeeded").await;
        let called_off = app.funded(&DealPlan::default()).await;
        for party in [&called_off.buyer, &called_off.seller] {
            let path = format!("/v1/deals/{}/cancel", called_off.deal);
            app.post(party, &path, Value::Null).await.expect(200);
        }
    };
    let watch = async {
        loop {
            let proof = app.store.proof().await.expect("a proof");
            assert!(proof.holds(), "{proof:?}");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        () = busy => {}
        () = watch => {}
    }
    eventually("no payment is open", || async {
        let open = "select count(*) from payments where state not in ('succeeded', 'failed')";
        (app.database.number(open).await == 0).then_some(())
    })
    .await;
    let proof = app.get(&operator, "/v1/operator/proof").await.expect(200);
    let float = app.sandbox_get("/admin/organisation").await["float"].clone();
    assert_eq!(proof["holds"], true, "{proof:#}");
    assert_eq!(proof["currencies"][0]["held_by_providers_minor"], float, "{proof:#}");
    assert_eq!(proof["currencies"][0]["in_payout_minor"], 0, "{proof:#}");
    app.assert_sound().await;
}
