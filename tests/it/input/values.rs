//! Impossible values of the right type are refused, with their place.

use super::{World, good, refused};
use serde_json::{Value, json};

/// Negative, zero, fractional and huge amounts, and values that are no numbers.
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_are_well_formed_and_bounded() {
    let world = World::new().await;
    let long = |chars: usize| "a".repeat(chars);
    let lines = ["", "   ", "two\nlines", "bell\u{7}", "nul\u{0}", "del\u{7f}", "next\u{85}line"];
    for (operation, pointer, chars_max) in [
        ("register_user", "/name", 120),
        ("accept_invitation", "/name", 120),
        ("create_organisation", "/name", 60),
        ("update_organisation", "/name", 60),
        ("create_deal", "/title", 120),
        ("counter_deal", "/title", 120),
        ("create_deal", "/milestones/0/title", 120),
        ("reject_withdrawal", "/note", 500),
        ("release_withdrawal", "/note", 500),
        ("request_approval", "/tier", 30),
        ("request_approval", "/receipt", 64),
        ("request_approval", "/note", 500),
        ("approve_approval", "/note", 500),
        ("reject_approval", "/note", 500),
        ("create_api_key", "/name", 60),
        ("close_user", "/note", 500),
        ("close_discrepancy", "/note", 500),
        ("create_fee_plan", "/note", 500),
        ("resolve_payment", "/note", 500),
        ("return_suspense", "/note", 500),
        ("resolve_payment", "/receipt", 64),
        ("set_role", "/note", 500),
        ("reopen_user", "/note", 500),
        ("freeze_user", "/note", 500),
        ("unfreeze_user", "/note", 500),
        ("approve_kyc_application", "/note", 500),
        ("reject_kyc_application", "/note", 500),
        ("reject_milestone", "/reason", 500),
    ] {
        for line in lines {
            world.check(operation, pointer, json!(line)).await;
        }
        world.check(operation, pointer, json!(long(chars_max + 1))).await;
    }
    for (operation, pointer) in
        [("create_dispute", "/reason"), ("answer_dispute", "/text"), ("award_dispute", "/reason")]
    {
        for text in ["", "no", "bell\u{7}", "nul\u{0}", &long(2_001)] {
            world.check(operation, pointer, json!(text)).await;
        }
    }
    let phones =
        ["", "0712", "+254512345678", "+15550100", "abc", "254712345678901234", "07123\u{0}45678"];
    for (operation, pointer) in [
        ("register_user", "/phone"),
        ("accept_invitation", "/phone"),
        ("create_deposit", "/phone"),
        ("create_withdrawal", "/phone"),
        ("fund_deal", "/phone"),
        ("start_phone_change", "/new"),
        ("create_deal", "/counterparty/phone"),
    ] {
        for phone in phones {
            world.check(operation, pointer, json!(phone)).await;
        }
    }
    let local = format!("{}@example.com", long(65));
    let emails = [
        "",
        "a",
        "a@b",
        "@example.com",
        "a b@example.com",
        "a@@example.com",
        "a@example..com",
        "a\u{0}@example.com",
        "a@example.com\u{0}",
        &local,
    ];
    for email in emails {
        world.check("register_user", "/email", json!(email)).await;
        world.check("create_invitation", "/email", json!(email)).await;
        world.check("start_email_change", "/new", json!(email)).await;
        world.check("start_password_reset", "/login", json!(email)).await;
        world.check("create_deal", "/counterparty/email", json!(email)).await;
    }
    for handle in ["", "@", "ab", "1amina", "amína", "ami na", "@@amina", "support", "nul\u{0}"] {
        world.check("set_handle", "/handle", json!(handle)).await;
        world.check("register_user", "/handle", json!(handle)).await;
        world.check("accept_invitation", "/handle", json!(handle)).await;
    }
    world.check("set_handle", "/handle", json!(long(31))).await;
    // Names are sent to strangers, so they must not look like an address or a link.
    for name in ["see evil.example", "http:evil", "a/b", "a@b"] {
        world.check("create_organisation", "/name", json!(name)).await;
    }
    // The strength of a password is checked only for the owner of a valid invitation.
    for length in [9, 129] {
        world.check("accept_invitation", "/password", json!(long(length))).await;
    }
    for operation in ["log_in", "create_second_factor", "set_message_factor", "step_up_session"] {
        world.check(operation, "/password", json!(long(129))).await;
    }
    for code in ["", "12345", "1234567", "12345x", "ABCDE-FGHJ", "ABCDE-FGHJU", "12345\u{0}"] {
        for operation in ["complete_log_in", "confirm_second_factor", "step_up_session"] {
            world.check(operation, "/code", json!(code)).await;
        }
    }
    for (operation, pointer) in [
        ("register_user", "/password"),
        ("set_password", "/password"),
        ("confirm_password_reset", "/password"),
    ] {
        for weak in ["nine-char", "password12", &long(20), &long(129)] {
            world.check(operation, pointer, json!(weak)).await;
        }
    }
    for code in ["", "12345", "1234567", "12345a", "+12345", "nul\u{0}\u{0}\u{0}"] {
        world.check("confirm_verification", "/code", json!(code)).await;
        world.check("confirm_email_change", "/old_code", json!(code)).await;
        world.check("confirm_phone_change", "/new_code", json!(code)).await;
        world.check("confirm_password_reset", "/code", json!(code)).await;
        world.check("deliver_milestone", "/delivery_code", json!(code)).await;
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn choices_and_periods_are_the_documented_ones() {
    let world = World::new().await;
    for (operation, pointer) in [
        ("create_deal", "/role"),
        ("create_deal", "/currency"),
        ("create_deal", "/fee_payer"),
        ("create_deal", "/template"),
        ("counter_deal", "/fee_payer"),
        ("quote_deal", "/fee_payer"),
        ("create_fee_plan", "/currency"),
        ("fund_deal", "/method"),
        ("register_user", "/language"),
        ("create_kyc_application", "/tier"),
        ("reject_kyc_application", "/reasons/0"),
        ("start_verification", "/channel"),
        ("set_member_role", "/role"),
        ("create_invitation", "/role"),
        ("accept_invitation", "/language"),
        ("set_message_factor", "/channel"),
        ("request_approval", "/kind"),
        ("request_approval", "/provider"),
        ("create_api_key", "/scopes/0"),
    ] {
        for text in ["", "BUYER", "cash", "fr", "wallet\u{0}"] {
            world.check(operation, pointer, json!(text)).await;
        }
    }
    for hours in [json!(0), json!(-1), json!(1.5), json!(8785), json!("24"), json!(1e300)] {
        world.check("create_deal", "/milestones/0/delivery_hours", hours.clone()).await;
        for period in ["acceptance_hours", "funding_hours", "inspection_hours"] {
            let mut body = good("create_deal");
            body["terms"] = json!({ period: hours });
            let answer = world.send_json("create_deal", &body).await;
            refused(&answer, 422, "invalid_request", period);
            assert_eq!(answer.body["errors"][0]["pointer"], format!("/terms/{period}"));
        }
    }
    world.end().await;
}
