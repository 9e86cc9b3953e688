//! Readable input that breaks a rule.

use super::{World, good, refused, set};
use serde_json::{Value, json};

/// Well-formed input that breaks a rule is refused with the rule's own code.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_breaks_a_rule_is_refused_with_its_code() {
    let world = World::new().await;
    let kes = |minor: i64| json!({ "amount": minor, "currency": "KES" });
    let usd = json!({ "amount": 100_000, "currency": "USD" });
    let part = |money: Value| json!({ "title": "Part", "amount": money });
    let twenty_one = json!(vec![part(kes(100_000)); 21]);
    let too_much = json!(vec![part(kes(900_000_000_000_000)); 2]);
    let both = json!({ "email": "juma@example.com", "phone": "254711000002" });
    let own = json!({ "email": world.amina.email });
    for (operation, pointer, bad, code) in [
        ("create_deposit", "/amount", kes(150), "whole_units_required"),
        ("create_deposit", "/amount", kes(25_000_100), "provider_limit"),
        ("create_deposit", "/amount", usd.clone(), "unsupported_currency"),
        ("create_withdrawal", "/amount", kes(1_050), "whole_units_required"),
        ("create_withdrawal", "/amount", kes(900), "provider_limit"),
        ("create_withdrawal", "/amount", kes(25_000_100), "provider_limit"),
        ("create_withdrawal", "/amount", usd.clone(), "unsupported_currency"),
        ("create_withdrawal", "/amount", kes(100_000), "insufficient_funds"),
        ("create_deal", "/milestones", json!([]), "invalid_request"),
        ("create_deal", "/milestones", twenty_one, "invalid_request"),
        ("create_deal", "/milestones", too_much, "amount_out_of_range"),
        ("create_deal", "/milestones", json!([part(usd.clone())]), "invalid_request"),
        ("create_deal", "/counterparty", json!({}), "invalid_request"),
        ("create_deal", "/counterparty", both, "invalid_request"),
        ("create_deal", "/counterparty", own, "same_party"),
        ("create_deal", "/broker", json!({ "commission_bps": 100 }), "invalid_request"),
        ("create_deal", "/template", json!("goods"), "invalid_request"),
        ("counter_deal", "/amount", kes(100_000), "invalid_request"),
        ("quote_deal", "/amounts", json!([]), "invalid_request"),
        ("quote_deal", "/amounts", json!([kes(1), usd.clone()]), "invalid_request"),
    ] {
        let mut body = good(operation);
        set(&mut body, pointer, bad);
        let answer = world.send_json(operation, &body).await;
        refused(&answer, 422, code, &format!("{operation} {body}"));
        if code == "invalid_request" || pointer == "/counterparty" {
            let named = answer.body["errors"][0]["pointer"].as_str().unwrap_or_default();
            // A contradiction between members is reported for the whole body.
            let whole = ["/template", "/amount"].contains(&pointer) && named.is_empty();
            assert!(whole || named.starts_with(pointer), "{pointer}: {:#}", answer.body);
        }
    }
    let answer = world.send_json("fund_deal", &json!({ "method": "wallet" })).await;
    refused(&answer, 422, "insufficient_funds", "an empty wallet");
    let body = json!({ "method": "wallet", "phone": "0712345678" });
    let answer = world.send_json("fund_deal", &body).await;
    refused(&answer, 422, "invalid_request", "a phone for the wallet");
    world.end().await;
}
