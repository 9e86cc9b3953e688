//! Amounts that are none.

use super::World;
use serde_json::{Value, json};

/// Negative, zero, fractional, huge, and things that are no numbers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amounts_are_whole_positive_and_bounded() {
    let world = World::new().await;
    let amounts = [
        "0",
        "-1",
        "-100000",
        "1.5",
        "100000.0",
        "1e5",
        "1e30",
        "1000000000000001",
        "9223372036854775807",
        "9223372036854775808",
        "99999999999999999999999",
        "\"100000\"",
        "null",
        "[100000]",
        "{}",
    ];
    for operation in ["create_deposit", "create_withdrawal", "create_deal"] {
        let money = if operation == "create_deal" { "/milestones/0/amount" } else { "/amount" };
        for amount in amounts {
            let amount: Value = serde_json::from_str(amount).unwrap();
            world.check(operation, &format!("{money}/amount"), amount).await;
        }
        for currency in ["XYZ", "kes", "KESH", "", " KES", "K\u{0}S"] {
            world.check(operation, &format!("{money}/currency"), json!(currency)).await;
        }
    }
    world.end().await;
}
