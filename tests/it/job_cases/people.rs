//! Users, deals and amounts of all cases.

use super::PRICE_MINOR;
use amana_domain::deal::{Label, Role, Terms};
use amana_domain::fee::FeePlan;
use amana_domain::id::UserId;
use amana_domain::money::{Currency, Money};
use amana_domain::notice::Locale;
use amana_domain::permission::UserRole;
use amana_domain::personal::Personal;
use amana_domain::phone::Msisdn;
use amana_harness::App;
use amana_postgres::{
    Answer, Keyed, NewDealRequest, NewMilestoneRequest, NewUser, OfferRequest, Opposite,
};
use chrono::TimeDelta;
use serde_json::json;

pub(super) async fn register(app: &App, name: &str, phone: &str) -> UserId {
    let new = NewUser {
        name: name.to_owned(),
        email: Some(Personal::new(format!("{}@example.com", name.to_lowercase()))),
        phone: Some(msisdn(phone)),
        password_hash: "cannot log in".to_owned(),
        role: UserRole::User,
        locale: Locale::English,
        handle: None,
    };
    app.store.register_vouched(&new, app.clock.now()).await.expect("a person").id
}

pub(super) fn deal_with(buyer: UserId) -> NewDealRequest {
    let two_days = TimeDelta::days(2);
    NewDealRequest {
        organisation: None,
        role: Role::Seller,
        counterparty: Opposite::Registered(buyer),
        broker: None,
        currency: Currency::Kes,
        offer: OfferRequest {
            title: "Two goats".to_owned(),
            fees: FeePlan { percentage_bps: 150, ..FeePlan::free(Currency::Kes) },
            terms: Terms {
                acceptance: two_days,
                funding: two_days,
                inspection: two_days,
                ..Terms::usual()
            },
            milestones: vec![NewMilestoneRequest {
                title: "Both".to_owned(),
                description: None,
                items: vec![],
                amount: kes(PRICE_MINOR),
                delivery: TimeDelta::days(7),
                proof: None,
            }],
        },
        label: Label::default(),
    }
}

pub(super) fn kes(minor: i64) -> Money {
    Money::new(minor, Currency::Kes).expect("an amount")
}

pub(super) fn msisdn(phone: &str) -> Msisdn {
    Msisdn::parse(phone).expect("a number")
}

pub(super) fn keyed(user: UserId, key: &str) -> Keyed {
    Keyed::new(user, key.to_owned(), "test", key)
}

pub(super) fn answer() -> Answer {
    Answer { status: 202, body: json!({}) }
}
