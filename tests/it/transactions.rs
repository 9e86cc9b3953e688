//! Wallet transactions: pages and filters compared with a plain list, and the details of each.

use amana_harness::{App, DealPlan, Person, Said};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

/// Reads all pages. `size` is the page size.
pub(crate) async fn all(app: &App, person: &Person, query: &str, size: usize) -> Vec<Value> {
    let mut found: Vec<Value> = vec![];
    let mut after = String::new();
    loop {
        let path = format!("/v1/transactions?limit={size}&{query}{after}");
        let page = app.get(person, &path).await.expect(200);
        let items = page["items"].as_array().expect("items");
        assert!(items.len() <= size, "{path}");
        found.extend(items.iter().cloned());
        let Some(cursor) = page["next_cursor"].as_str() else { return found };
        after = format!("&after={cursor}");
    }
}

fn minor(transaction: &Value) -> i64 {
    transaction["amount"]["amount"].as_i64().expect("a number")
}

fn at(transaction: &Value) -> DateTime<Utc> {
    transaction["at"].as_str().and_then(|at| at.parse().ok()).expect("a time")
}

/// Pseudo-random numbers that are the same in every run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, bound: u64) -> i64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.0 >> 33) % bound).expect("small")
    }
}

/// Creates deposits and transfers over ten days. Some share their time.
pub(crate) async fn history(app: &App, dice: &mut Dice, steps: usize) -> Vec<Person> {
    let mut people = vec![];
    for name in ["Amina", "Juma", "Neema"] {
        people.push(app.person(name).await);
    }
    let mut at = app.clock.now() - TimeDelta::days(10);
    app.given(&people[0], 10_000_000, at).await;
    let categories = ["general", "food", "rent", "goods"];
    for _ in 0..steps {
        at += TimeDelta::milliseconds(dice.below(3) * 400_000_000 / 30);
        let minor = 1 + dice.below(10_000);
        let category = categories[usize::try_from(dice.below(4)).expect("small")];
        let said = Said { category, ..Said::default() };
        let other = &people[usize::try_from(1 + dice.below(2)).expect("small")];
        match dice.below(3) {
            0 => app.given(&people[0], minor, at).await,
            1 => app.sent((&people[0], other), minor, &said, at).await,
            _ => {
                app.given(other, minor, at).await;
                app.sent((other, &people[0]), minor, &said, at).await
            }
        };
    }
    people
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_filter_finds_what_a_plain_search_finds() {
    let app = App::builder().without_worker().start().await;
    let people = history(&app, &mut Dice::new(7), 90).await;
    let (amina, juma) = (&people[0], &people[1]);
    let whole = all(&app, amina, "", 100).await;
    assert_eq!(whole.len(), 91);
    for size in [1, 7, 13] {
        assert_eq!(all(&app, amina, "", size).await, whole, "pages of {size}");
    }
    let mut balance = 0;
    for one in whole.iter().rev() {
        balance += minor(one);
        assert_eq!(one["balance_after"], json!({ "amount": balance, "currency": "KES" }));
    }
    let (early, late) = (at(&whole[70]), at(&whole[20]));
    let (from, to) =
        (whole[70]["at"].as_str().expect("a time"), whole[20]["at"].as_str().expect("a time"));
    let day = late + TimeDelta::hours(3);
    let day = day.date_naive();
    let begins = day.and_hms_opt(0, 0, 0).expect("midnight").and_utc() - TimeDelta::hours(3);
    type Model<'a> = Box<dyn Fn(&Value) -> bool + 'a>;
    let cases: Vec<(String, Model<'_>)> = vec![
        ("kind=deposit".into(), Box::new(|t| t["kind"] == "deposit")),
        ("kind=deposit,transfer".into(), Box::new(|_| true)),
        ("kind=fund&kind=transfer".into(), Box::new(|t| t["kind"] == "transfer")),
        ("kind=refund".into(), Box::new(|_| false)),
        ("direction=in".into(), Box::new(|t| minor(t) > 0)),
        ("direction=out".into(), Box::new(|t| minor(t) < 0)),
        ("category=food".into(), Box::new(|t| t["category"] == "food")),
        ("category=savings".into(), Box::new(|_| false)),
        (
            format!("counterparty={}", juma.id),
            Box::new(|t| t["counterparty"]["id"] == juma.id.as_str()),
        ),
        (format!("counterparty={}", amina.id), Box::new(|_| false)),
        ("amount_min=5000".into(), Box::new(|t| minor(t).abs() >= 5_000)),
        ("amount_max=5000".into(), Box::new(|t| minor(t).abs() <= 5_000)),
        (
            "amount_min=2000&amount_max=3000&direction=out".into(),
            Box::new(|t| (-3_000..=-2_000).contains(&minor(t))),
        ),
        (format!("from={from}"), Box::new(|t| at(t) >= early)),
        (format!("to={to}"), Box::new(|t| at(t) < late)),
        (
            format!("from={from}&to={to}&kind=transfer&category=rent&direction=in"),
            Box::new(|t| (early..late).contains(&at(t)) && t["category"] == "rent" && minor(t) > 0),
        ),
        (
            format!("from={day}&to={day}"),
            Box::new(move |t| (begins..begins + TimeDelta::days(1)).contains(&at(t))),
        ),
        ("currency=USD".into(), Box::new(|_| false)),
    ];
    for (query, model) in &cases {
        let expected: Vec<Value> = whole.iter().filter(|t| model(t)).cloned().collect();
        for size in [100, 3] {
            assert_eq!(all(&app, amina, query, size).await, expected, "{query} by {size}");
        }
    }
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_see_the_same_transaction_and_nobody_else_does() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let neema = app.person("Neema").await;
    let now = app.clock.now();
    app.given(&amina, 100_000, now).await;
    let metadata = json!({ "order": "17", "shop": "Gikomba" });
    let said = Said { note: Some("two goats"), category: "goods", metadata: metadata.clone() };
    let id = app.sent((&amina, &juma), 30_000, &said, now).await;
    let path = format!("/v1/transactions/{id}");
    for (who, other, amount, after) in
        [(&amina, &juma, -30_000, 70_000), (&juma, &amina, 30_000, 30_000)]
    {
        let seen = app.get(who, &path).await.expect(200);
        assert_eq!((&seen["id"], &seen["kind"]), (&json!(id), &json!("transfer")));
        assert_eq!((minor(&seen), &seen["balance_after"]["amount"]), (amount, &json!(after)));
        assert_eq!(seen["counterparty"]["id"], other.id.as_str());
        assert_eq!((&seen["note"], &seen["category"]), (&json!("two goats"), &json!("goods")));
        assert_eq!((&seen["metadata"], &seen["deal_id"]), (&metadata, &Value::Null));
        assert_eq!(app.get(who, "/v1/transactions").await.expect(200)["items"][0], seen);
    }
    assert_eq!(app.get(&neema, &path).await.problem(), "not_found");
    assert_eq!(
        app.get(&neema, "/v1/transactions/ent_0190a0a0a0a07000a0a0a0a0a0a0a0a0").await.problem(),
        "not_found"
    );
    assert!(all(&app, &neema, "", 10).await.is_empty());
}

/// Movements within a deal's escrow, and holds, are no transactions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_names_its_deal_or_payment_and_the_other_party() {
    let app = App::start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    app.top_up(&amina, 1_000_000).await;
    let plan = DealPlan { milestones: vec![100_000], fee_payer: "buyer" };
    let deal = app.funded_from_wallet(&amina, &juma, &plan).await;
    let funded =
        amana_harness::Funded { buyer: amina.clone(), seller: juma.clone(), deal: deal.clone() };
    app.complete(&funded).await;
    let body = json!({ "amount": { "amount": 20_000, "currency": "KES" } });
    let out = app.post(&amina, "/v1/withdrawals", body).await.expect(202);
    app.wait_for_payment(&amina, out["id"].as_str().expect("an id"), "succeeded").await;
    let hers = all(&app, &amina, "", 10).await;
    let kinds: Vec<&str> = hers.iter().filter_map(|t| t["kind"].as_str()).collect();
    assert_eq!(kinds, ["payout_reserve", "fund", "deposit"]);
    assert_eq!((&hers[0]["payment_id"], &hers[0]["counterparty"]), (&out["id"], &Value::Null));
    assert_eq!((&hers[1]["deal_id"], &hers[1]["payment_id"]), (&json!(deal), &Value::Null));
    let party = json!({ "id": juma.id, "name": "Juma", "handle": null });
    assert_eq!(hers[1]["counterparty"], party);
    assert!(hers[2]["payment_id"].as_str().is_some_and(|id| id.starts_with("pay_")));
    let his = all(&app, &juma, "", 10).await;
    assert_eq!((his.len(), &his[0]["kind"], minor(&his[0])), (1, &json!("release"), 100_000));
    assert_eq!(
        (&his[0]["deal_id"], &his[0]["counterparty"]["id"]),
        (&json!(deal), &json!(amina.id))
    );
    let settled =
        "select 'ent_' || replace(id::text, '-', '') from entries where kind = 'payout_settle'";
    let settled = app.database.text(settled).await.expect("an entry");
    let path = format!("/v1/transactions/{settled}");
    assert_eq!(app.get(&amina, &path).await.problem(), "not_found");
    app.assert_sound().await;
}

/// Inserts thousands of small deposits without the triggers, which would take long to check each
/// batch.
pub(crate) async fn many_deposits(app: &App, person: &Person, count: i64, at: DateTime<Utc>) {
    app.given(person, 1, at).await;
    app.given(person, 1, at).await;
    let hex = person.id.trim_start_matches("usr_");
    let at = at.to_rfc3339();
    let sides = format!(
        "(values ('provider.clearing', '00000000-0000-0000-0000-000000000001'::uuid, 1, -1),
            ('user.available', '{hex}'::uuid, 2, 1)) side (kind, owner, line, minor)"
    );
    let of_side = "a.kind = side.kind and a.owner = side.owner and a.currency = 'KES'";
    app.database
        .tamper(&format!(
            "create temp table new as select n, gen_random_uuid() as id from generate_series(1, {count}) n;
            insert into entries (id, kind, key, posting_count, at)
            select id, 'deposit', 'many:' || id, 2, '{at}' from new;
            insert into postings (account_id, seq, entry_id, line, amount_minor, balance_after_minor, currency, at)
            select a.id, a.seq + n, new.id, side.line, side.minor, a.balance_minor + n * side.minor, 'KES', '{at}'
            from {sides} join accounts a on {of_side}, new;
            update accounts a set seq = seq + {count}, balance_minor = balance_minor + {count} * side.minor
            from {sides} where {of_side}"
        ))
        .await;
}

/// A page reads a limited number of movements, and the search still reaches the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rare_transaction_is_found_over_empty_pages() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let now = app.clock.now();
    let rare = app.given(&amina, 777_777, now).await;
    many_deposits(&app, &amina, 4_500, now).await;
    let page = app.get(&amina, "/v1/transactions?amount_min=1000").await.expect(200);
    assert_eq!(page["items"], json!([]), "expected no match in the latest 2,000 movements");
    assert_eq!(page["next_cursor"], "2504", "4,503 movements, of which 2,000 were looked through");
    let found = all(&app, &amina, "amount_min=1000", 20).await;
    assert_eq!((found.len(), &found[0]["id"]), (1, &json!(rare)));
    let whole = all(&app, &amina, "", 100).await;
    assert_eq!((whole.len(), &whole[4_502]["id"]), (4_503, &json!(rare)));
    app.assert_sound().await;
}
