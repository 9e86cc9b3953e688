//! The portal's export: its format, and that its sums equal the float.

use serde_json::json;

use crate::harness::{App, CUSTOMER};

fn cents(text: &str) -> i64 {
    text.replace([',', '.'], "").parse().unwrap_or(0)
}

#[tokio::test]
async fn the_completed_lines_sum_to_the_float() {
    let mut app = App::start().await;
    app.push("254700000112", 1520).await;
    app.stk_callback().await;
    app.push("254700000104", 300).await;
    app.stk_callback().await;
    app.pay_out("po-1", CUSTOMER, 2000).await;
    app.b2c_result().await;
    let paybill = json!({ "phone": CUSTOMER, "amount": 123_456, "reference": "ZZ99" });
    let (status, paid) = app.post("/admin/paybill", &paybill).await;
    assert_eq!(status, 201);
    let sms = app.get(&format!("/admin/sms?to={CUSTOMER}")).await["sms"][0]["text"].to_string();
    assert!(sms.contains("Ksh1,234.56 sent to AMANA for account ZZ99"), "{sms}");
    app.no_callback().await;

    let csv = app.get_text("/portal/statement.csv").await;
    let header = csv.lines().position(|line| line.starts_with("Receipt No.,")).unwrap();
    assert!(header >= 3, "a preamble");
    let body: Vec<&str> = csv.lines().skip(header).collect();
    let mut reader = csv::Reader::from_reader(body.join("\n").into_bytes().leak() as &[u8]);
    let columns = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let get = |row: &csv::StringRecord, name: &str| {
        row[columns.iter().position(|it| it == name).unwrap()].to_owned()
    };
    assert_eq!(rows.len(), 4);
    assert_eq!(get(&rows[0], "Receipt No."), paid["receipt"].as_str().unwrap());
    assert_eq!(get(&rows[0], "A/C No."), "ZZ99");
    assert_eq!(get(&rows[0], "Paid In"), "1,234.56");
    assert_eq!(get(&rows[1], "Withdrawn"), "-2,000.00");
    let details = get(&rows[1], "Details");
    assert!(details.starts_with("Business Payment to 2547****678 - "), "{details}");
    assert!(details.ends_with("via API. Original conversation ID is po-1."), "{details}");
    assert_eq!(get(&rows[2], "Transaction Status"), "Failed");
    assert_eq!(get(&rows[3], "A/C No."), "AB12CD34");
    assert!(get(&rows[3], "Other Party Info").starts_with("2547****112 - "));

    let completed = rows.iter().filter(|row| get(row, "Transaction Status") == "Completed");
    let sum: i64 =
        completed.map(|row| cents(&get(row, "Paid In")) + cents(&get(row, "Withdrawn"))).sum();
    let float = app.float_cents().await;
    assert_eq!(5_000_000 + sum, float);
    assert_eq!(cents(&get(&rows[0], "Balance")), float);
}

#[tokio::test]
async fn a_period_without_movements_is_empty_and_a_wrong_one_is_refused() {
    let app = App::start().await;
    app.put("/admin/organisation", &json!({ "float": 6_000_000 })).await;
    let past = "/portal/statement.csv?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00%2B03:00";
    assert_eq!(app.get_text(past).await.lines().last().unwrap().split(',').count(), 13);
    assert!(app.get_text(past).await.ends_with("A/C No.\n"));
    assert!(app.get_text("/portal/statement.csv").await.contains("\"10,000.00\""));
    let wrong = app.http.get(format!("{}/portal/statement.csv?from=yesterday", app.base));
    assert_eq!(wrong.send().await.unwrap().status(), 400);
}
