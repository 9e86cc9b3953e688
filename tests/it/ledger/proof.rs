//! The proof holds throughout a busy time, and every night.

use amana_harness::{App, DealPlan, eventually};
use chrono::TimeDelta;
use serde_json::{Value, json};

/// Several deals run concurrently, each to another end. The proof holds at every moment, and the
/// operators' endpoint reports the same.
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
            let path = format!("/v1/deals/{}/mutual-cancel", called_off.deal);
            app.post(party, &path, Value::Null).await.expect(200);
        }
    };
    let watch = async {
        loop {
            app.assert_ledger_holds().await;
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
    assert_eq!(proof["is_consistent"], true, "{proof:#}");
    assert_eq!(proof["currencies"][0]["held_by_providers_minor"], float, "{proof:#}");
    assert_eq!(proof["currencies"][0]["held_minor"], 0, "{proof:#}");
    app.assert_sound().await;
}

/// Each day has one full check, even after missed runs, and operators see the latest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_ledger_is_checked_every_day() {
    let mut app = App::start().await;
    app.add_worker();
    let checks = "select count(*) from ledger_checks where first_wrong is null";
    for day in 1..=3 {
        eventually("the check of this day is done", || async {
            (app.database.number(checks).await == day).then_some(())
        })
        .await;
        app.clock.advance(TimeDelta::hours(24));
    }
    eventually("the last check is shown", || async {
        (app.database.number(checks).await == 4).then_some(())
    })
    .await;
    let jobs = "select count(*) from jobs where kind = 'check_ledger'";
    assert_eq!(app.database.number(jobs).await, 4);
    let operator = app.operator().await;
    let proof = app.get(&operator, "/v1/operator/proof").await.expect(200);
    assert_eq!(proof["latest_check"]["is_consistent"], true, "{proof:#}");
    app.assert_sound().await;
}
