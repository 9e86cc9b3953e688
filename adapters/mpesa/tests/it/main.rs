//! The M-Pesa adapter against a scripted local listener.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop right there")]

mod collect;
mod listener;
mod payout;
mod statement;
mod token;

use amana_domain::money::{Currency, Money};
use amana_domain::phone::Msisdn;
use amana_mpesa::{Collect, Mpesa, MpesaConfig};
use chrono::{DateTime, Utc};
use std::sync::LazyLock;
use url::Url;

pub(crate) const CALLBACK_TOKEN: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const ACCEPTED: &str =
    r#"{"MerchantRequestID":"m-1","CheckoutRequestID":"ws_CO_1","ResponseCode":"0"}"#;

static MSISDN: LazyLock<Msisdn> = LazyLock::new(|| Msisdn::parse("254708374149").unwrap());
static CERTIFICATE: LazyLock<String> = LazyLock::new(|| {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let params = rcgen::CertificateParams::new(vec!["apicrypt.test".into()]).unwrap();
    params.self_signed(&key).unwrap().pem()
});

pub(crate) fn mpesa(base_url: &Url) -> Mpesa {
    Mpesa::new(MpesaConfig {
        base_url: base_url.clone(),
        consumer_key: "key".into(),
        consumer_secret: "secret".into(),
        shortcode: "600123".into(),
        passkey: "passkey".into(),
        initiator_name: "amana".into(),
        initiator_password: "Initiator#1".into(),
        certificate_pem: CERTIFICATE.clone(),
        callback_base_url: Url::parse("http://127.0.0.1:9/hooks/").unwrap(),
        statement_url: Some(base_url.join("/statement.csv").unwrap()),
    })
    .unwrap()
}

pub(crate) fn kes(minor: i64) -> Money {
    Money::new(minor, Currency::Kes).unwrap()
}

pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-21T04:16:00Z".parse().unwrap()
}

pub(crate) fn collect() -> Collect<'static> {
    Collect {
        amount: kes(150_000),
        msisdn: &MSISDN,
        account_reference: "AMANA1",
        description: "Deal payment",
        callback_path_token: CALLBACK_TOKEN,
        now: now(),
    }
}
