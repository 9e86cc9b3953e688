//! Messages to the parties of a deal in their own languages.

use amana_harness::{App, Caught, DealPlan, Funded, Person};
use serde_json::json;

fn subjects(mails: &[Caught]) -> Vec<&str> {
    mails.iter().filter_map(|mail| mail.subject.as_deref()).collect()
}

/// Runs a deal of KES 1,500 between an English-speaking buyer and a Swahili-speaking seller, up to
/// the payout.
async fn whole_deal(app: &App) -> (Person, Person) {
    let buyer = app.person_speaking("Amina", "254711000001", "en").await;
    let seller = app.person_speaking("Juma", "254711000002", "sw").await;
    let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    app.start_mpesa(&buyer, &deal).await;
    app.approve_prompt(&buyer.phone).await;
    app.wait_for_deal(&buyer, &deal, "funded").await;
    app.complete(&Funded { buyer: buyer.clone(), seller: seller.clone(), deal }).await;
    let out = json!({ "amount": { "amount": 100_000, "currency": "KES" } });
    let paid = app.post(&seller, "/v1/withdrawals", out).await.expect(202);
    app.wait_for_payment(&seller, paid["id"].as_str().expect("an id"), "succeeded").await;
    app.messages_are_sent().await;
    (buyer, seller)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_parties_of_a_deal_hear_of_it_in_their_language() {
    let app = App::start().await;
    let (buyer, seller) = whole_deal(&app).await;
    let (to_buyer, to_seller) = (app.mails(&buyer).await, app.mails(&seller).await);
    assert_eq!(
        subjects(&to_buyer),
        [
            "Agreed: Two goats",
            "Approve KES 1,500.00 on your phone",
            "Completed: Two goats",
            "Delivered, please check: Two goats",
            "Juma has proposed a deal: Two goats",
            "Paid and safe: Two goats",
            "Welcome to Amana",
        ]
    );
    assert_eq!(
        subjects(&to_seller),
        [
            "Imelipiwa na pesa ziko salama: Two goats",
            "Karibu Amana",
            "Mmekubaliana: Two goats",
            "Ombi lako la kutoa KES 1,000.00",
            "Tumekutumia KES 1,000.00 kwenye M-Pesa",
            // The price minus the fee of 1.5 %.
            "Umelipwa KES 1,477.50",
        ]
    );
    assert!(to_buyer.iter().all(|mail| mail.text.contains("We never ask for your PIN")));
    assert!(to_seller.iter().all(|mail| mail.text.contains("Hatutawahi kukuomba PIN")));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn short_messages_come_where_somebody_must_act_or_money_moves() {
    let app = App::start().await;
    let (buyer, seller) = whole_deal(&app).await;
    let begins = |texts: &[Caught], expected: &[&str]| {
        assert_eq!(texts.len(), expected.len(), "{texts:#?}");
        for (text, expected) in texts.iter().zip(expected) {
            assert!(text.text.starts_with(expected), "{} / {expected}", text.text);
        }
    };
    let to_buyer = app.texts(&buyer).await;
    begins(
        &to_buyer,
        &[
            "Amana: Juma delivered \"Two goats\". OK? Release KES 1,500.00. Problem? Open a dispute",
            "Amana: Juma proposes \"Two goats\" for KES 1,500.00.",
            "Amana: KES 1,500.00 has been paid for \"Two goats\"",
        ],
    );
    let to_seller = app.texts(&seller).await;
    begins(
        &to_seller,
        &[
            "Amana: malipo ya KES 1,500.00 kwa \"Two goats\" yamepokelewa",
            "Amana: tumekutumia KES 1,000.00 kwenye M-Pesa yako. Risiti ya M-Pesa: ",
            "Amana: umelipwa KES 1,477.50 kwa \"Two goats\".",
        ],
    );
    app.assert_sound().await;
}
