//! Statements: correct sums, adjoining periods, and equal content in all formats.

mod paper;

use crate::transactions::{Dice, all, history, many_deposits};
use amana_harness::{App, Person};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use reqwest::StatusCode;
use serde_json::{Value, json};

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn amount(money: &Value) -> i64 {
    money["amount"].as_i64().expect("a number")
}

/// Joins all pages of a statement. Asserts that opening and closing balance are the same on each.
async fn statement(app: &App, person: &Person, period: &str, size: usize) -> Value {
    let path = format!("/v1/wallet/statement?limit={size}&{period}");
    let mut whole = app.get(person, &path).await.expect(200);
    while let Some(cursor) = whole["next_cursor"].as_str().map(str::to_owned) {
        let mut page = app.get(person, &format!("{path}&after={cursor}")).await.expect(200);
        for name in ["opening", "closing", "currency", "from"] {
            assert_eq!(page[name], whole[name], "{name} of {path} after {cursor}");
        }
        let more = page["lines"].as_array_mut().expect("lines").split_off(0);
        assert!((1..=size).contains(&more.len()));
        whole["lines"].as_array_mut().expect("lines").extend(more);
        whole["next_cursor"] = page["next_cursor"].clone();
    }
    let lines = whole["lines"].as_array().expect("lines");
    let moved: i64 = lines.iter().map(|line| amount(&line["amount"])).sum();
    assert_eq!(amount(&whole["opening"]) + moved, amount(&whole["closing"]), "{whole:#}");
    whole
}

/// Returns content type, name and content of a statement file.
async fn file(app: &App, person: &Person, query: &str) -> (String, String, Vec<u8>) {
    let url = format!("{}/v1/wallet/statement?{query}", app.api_url);
    let answer = app.http.get(url).bearer_auth(&person.token).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    let header = |name: &str| answer.headers()[name].to_str().expect("text").to_owned();
    let (kind, name) = (header("content-type"), header("content-disposition"));
    (kind, name, answer.bytes().await.expect("a body").to_vec())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_of_neighbouring_periods_join() {
    let app = App::builder().without_worker().start().await;
    let mut dice = Dice::new(11);
    let people = history(&app, &mut dice, 60).await;
    let end = app.clock.now() - TimeDelta::seconds(1);
    for person in &people {
        let mut expected = all(&app, person, "", 100).await;
        expected.reverse();
        for size in [100, 7] {
            let whole = statement(&app, person, "from=2020-01-01", size).await;
            assert_eq!(whole["lines"], json!(expected), "pages of {size}");
            assert_eq!(amount(&whole["opening"]), 0);
            assert_eq!(amount(&whole["closing"]), app.balance(person).await.0);
        }
        // Periods are cut at random times, and exactly at movements.
        let mut cuts = vec![end - TimeDelta::days(20), end];
        cuts.extend((0..4).map(|_| end - TimeDelta::milliseconds(dice.below(864_000_000))));
        let moments = expected.iter().step_by(9).filter_map(|line| line["at"].as_str());
        cuts.extend(moments.filter_map(|at| at.parse::<DateTime<Utc>>().ok()));
        cuts.sort();
        cuts.dedup();
        let (mut lines, mut balance) = (vec![], 0);
        for pair in cuts.windows(2) {
            let period = format!("from={}&to={}", time(pair[0]), time(pair[1]));
            let part = statement(&app, person, &period, 11).await;
            assert_eq!(amount(&part["opening"]), balance, "{period}");
            balance = amount(&part["closing"]);
            lines.extend(part["lines"].as_array().expect("lines").iter().cloned());
        }
        assert_eq!(lines, expected);
    }
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn days_are_those_of_nairobi() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let at = |text: &str| text.parse::<DateTime<Utc>>().expect("a time");
    for (minor, moment) in [
        (1, "2026-03-01T20:59:59.999999Z"),
        (10, "2026-03-01T21:00:00Z"),
        (100, "2026-03-02T20:59:59.999999Z"),
        (1_000, "2026-03-02T21:00:00Z"),
    ] {
        app.given(&amina, minor, at(moment)).await;
    }
    let day = statement(&app, &amina, "from=2026-03-02&to=2026-03-02", 20).await;
    assert_eq!((amount(&day["opening"]), amount(&day["closing"])), (1, 111));
    assert_eq!(
        (&day["from"], &day["to"]),
        (&json!("2026-03-01T21:00:00.000000Z"), &json!("2026-03-02T21:00:00.000000Z"))
    );
    assert_eq!(day["lines"].as_array().map(Vec::len), Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_say_what_the_statement_says() {
    let app = App::builder().without_worker().start().await;
    let people = history(&app, &mut Dice::new(13), 25).await;
    let period = "from=2020-01-01&to=2030-12-31";
    let whole = statement(&app, &people[0], period, 100).await;
    let lines = whole["lines"].as_array().expect("lines");
    let (kind, name, csv) = file(&app, &people[0], &format!("{period}&format=csv")).await;
    assert_eq!(kind, "text/csv; charset=utf-8");
    let expected = "attachment; filename=\"amana-statement-KES-2020-01-01-2030-12-31.csv\"";
    assert_eq!(name, expected);
    let csv = String::from_utf8(csv).expect("UTF-8");
    let rows: Vec<Vec<&str>> =
        csv.split_terminator("\r\n").map(|row| row.split(',').collect()).collect();
    assert_eq!(rows.len(), lines.len() + 5);
    assert_eq!((rows[0][0], rows[1][1]), ("\u{feff}Time", "Opening balance"));
    for (row, line) in rows[2..].iter().zip(lines) {
        assert_eq!(row[7], line["id"]);
        let cents = |text: &str| text.replace('.', "").parse::<i64>().expect("a number");
        assert_eq!(cents(row[8]), amount(&line["amount"]));
        assert_eq!(cents(row[9]), amount(&line["balance_after"]));
    }
    let (kind, name, pdf) = file(&app, &people[0], &format!("{period}&format=pdf")).await;
    assert_eq!((kind.as_str(), name), ("application/pdf", expected.replace(".csv", ".pdf")));
    assert!(pdf.starts_with(b"%PDF-") && pdf.ends_with(b"%%EOF"));
    let juma = app.person_speaking("Zawadi", "254733000001", "sw").await;
    let (_, _, csv) = file(&app, &juma, "from=2026-01-01&format=csv").await;
    assert!(String::from_utf8(csv).expect("UTF-8").starts_with("\u{feff}Wakati,Aina,"));
}

/// The first page fixes the statement; later movements are not part of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_belong_to_one_statement_while_money_moves() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    for minor in [1, 10, 100] {
        app.given(&amina, minor, app.clock.now()).await;
    }
    let path = "/v1/wallet/statement?from=2020-01-01&limit=2";
    let first = app.get(&amina, path).await.expect(200);
    app.given(&amina, 1_000, app.clock.now()).await;
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let second = app.get(&amina, &format!("{path}&after={cursor}")).await.expect(200);
    assert_eq!((amount(&first["closing"]), amount(&second["closing"])), (111, 111));
    assert_eq!(second["next_cursor"], Value::Null);
    assert_eq!(second["lines"].as_array().map(Vec::len), Some(1));
    // A made-up cursor reveals no other lines.
    for made_up in ["0.0", "2.99", "99.99", "9223372036854775807.9223372036854775807"] {
        let page = app.get(&amina, &format!("{path}&after={made_up}")).await.expect(200);
        assert!(page["lines"].as_array().is_some_and(|lines| lines.len() <= 2), "{made_up}");
    }
    // Positions begin at zero.
    for impossible in ["-5.2", "-9223372036854775808.9223372036854775807"] {
        let page = app.get(&amina, &format!("{path}&after={impossible}")).await;
        assert_eq!((page.status.as_u16(), page.problem()), (400, "invalid_parameter"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_has_at_most_ten_thousand_lines_and_pages_go_on() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let now = app.clock.now();
    many_deposits(&app, &amina, 9_998, now).await;
    let path = "/v1/wallet/statement?from=2020-01-01";
    let (_, _, csv) = file(&app, &amina, "from=2020-01-01&format=csv").await;
    assert_eq!(csv.iter().filter(|byte| **byte == b'\n').count(), 10_005);
    let (_, _, pdf) = file(&app, &amina, "from=2020-01-01&format=pdf").await;
    assert!(pdf.ends_with(b"%%EOF"));
    app.given(&amina, 1, now).await;
    for format in ["csv", "pdf"] {
        let answer = app.get(&amina, &format!("{path}&format={format}")).await;
        assert_eq!((answer.problem(), answer.status.as_u16()), ("period_too_long", 422));
    }
    let page = app.get(&amina, &format!("{path}&limit=100&after=9950.10001")).await.expect(200);
    assert_eq!(page["lines"].as_array().map(Vec::len), Some(51));
    assert_eq!((amount(&page["opening"]), amount(&page["closing"])), (0, 10_001));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_without_movements_has_an_empty_statement() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let nothing = json!({ "amount": 0, "currency": "USD" });
    let empty = statement(&app, &amina, "from=2026-01-01&currency=USD", 20).await;
    assert_eq!((&empty["lines"], &empty["next_cursor"]), (&json!([]), &Value::Null));
    assert_eq!((&empty["opening"], &empty["closing"]), (&nothing, &nothing));
    for format in ["csv", "pdf"] {
        file(&app, &amina, &format!("from=2026-01-01&format={format}")).await;
    }
}

/// An inconsistent statement is refused, not shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_does_not_add_up_is_not_shown() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    for minor in [1, 10, 100] {
        app.given(&amina, minor, app.clock.now()).await;
    }
    for change in
        ["amount_minor = amount_minor + 1", "balance_after_minor = balance_after_minor + 1"]
    {
        let of_hers =
            "seq = 2 and account_id = (select id from accounts where kind = 'user.available')";
        app.database.tamper(&format!("update postings set {change} where {of_hers}")).await;
        for format in ["json", "csv", "pdf"] {
            let path = format!("/v1/wallet/statement?from=2020-01-01&format={format}");
            let answer = app.get(&amina, &path).await;
            assert_eq!((answer.problem(), answer.status.as_u16()), ("internal", 500), "{change}");
        }
        let back = change.replace("+ 1", "- 1");
        app.database.tamper(&format!("update postings set {back} where {of_hers}")).await;
    }
    statement(&app, &amina, "from=2020-01-01", 20).await;
}
