//! Ranges that end before they begin are refused everywhere, because an empty list would look like
//! a result.

use crate::openapi::{Operation, operations};
use amana_harness::App;

fn takes(operation: &Operation, name: &str) -> bool {
    let parameters = operation.described["parameters"].as_array().into_iter().flatten();
    parameters.into_iter().any(|one| one["name"] == name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_range_the_wrong_way_round_is_refused_by_every_list() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let mut checked = vec![];
    for (low, high, values) in
        [("from", "to", ["2026-12-01", "2026-11-01"]), ("amount_min", "amount_max", ["200", "100"])]
    {
        let ranged = operations().into_iter().filter(|one| takes(one, low) && takes(one, high));
        for operation in ranged {
            let path = format!("{}?{low}={}&{high}={}", operation.path, values[0], values[1]);
            let answer = app.get(&amina, &path).await;
            let found = (answer.status.as_u16(), answer.problem());
            assert_eq!(found, (400, "invalid_parameter"), "{path}");
            assert_eq!(answer.body["errors"][0]["pointer"], high, "{path}");
            checked.push(format!("{} {low}", operation.id));
        }
    }
    checked.sort();
    let all = ["get_statement from", "list_transactions amount_min", "list_transactions from"];
    assert_eq!(checked, all);
    app.get(&amina, "/v1/transactions?from=2026-11-01&to=2026-11-01").await.expect(200);
    app.get(&amina, "/v1/transactions?amount_min=100&amount_max=100").await.expect(200);
}
