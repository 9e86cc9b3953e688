//! The settings of a system under test: its API, and the external services that the sandbox simulates.

use amana_api::{ApiConfig, EdgeConfig, FeePolicy, Places};
use amana_domain::api_key::KeyMode;
use amana_files::Files;
use amana_messaging::{MailConfig, SmsConfig};
use amana_mpesa::MpesaConfig;
use amana_sandbox::Credentials;
use ipnet::IpNet;
use secrecy::SecretString;

pub const JWT_SECRET: &str = "a-secret-for-tests-of-at-least-32-characters";

pub const SUPPORT_CONTACT: &str = "https://help.example.com";

/// In base64, as in the environment.
pub const MASTER_KEY: &str = "YS1rZXktb2YtdGhlLXRlc3RzLWFuZC1uby1vdGhlcnM=";

/// Returns the settings of APIs in tests.
#[must_use]
pub fn api_config(files: Files) -> ApiConfig {
    ApiConfig {
        jwt_secret: SecretString::from(JWT_SECRET),
        fee: FeePolicy { percentage_bps: 150, fixed_minor: 0 },
        mode: KeyMode::Test,
        files,
        staff_networks: everywhere(),
        edge: EdgeConfig::unlimited(),
        places: Places::default(),
        support_contact: Some(SUPPORT_CONTACT.to_owned()),
    }
}

fn everywhere() -> Vec<IpNet> {
    ["0.0.0.0/0", "::/0"].map(|text| text.parse().expect("a network")).into()
}

pub(crate) async fn mpesa_config(
    http: &reqwest::Client,
    sandbox_url: &str,
    api_url: &str,
) -> MpesaConfig {
    let credentials = Credentials::default();
    let certificate = http
        .get(format!("{sandbox_url}/portal/certificate.pem"))
        .send()
        .await
        .expect("the certificate");
    MpesaConfig {
        base_url: sandbox_url.parse().expect("an address"),
        consumer_key: credentials.consumer_key,
        consumer_secret: SecretString::from(credentials.consumer_secret),
        shortcode: credentials.short_code,
        passkey: SecretString::from(credentials.passkey),
        initiator_name: credentials.initiator_name,
        initiator_password: SecretString::from(credentials.initiator_password),
        certificate_pem: certificate.text().await.expect("the certificate"),
        callback_base_url: api_url.parse().expect("an address"),
        statement_url: Some(
            format!("{sandbox_url}/portal/statement.csv").parse().expect("an address"),
        ),
    }
}

pub(crate) fn mail_config(url: &str) -> MailConfig {
    MailConfig {
        url: SecretString::from(url),
        from: "Amana <no-reply@amana.example>".to_owned(),
        reply_to: None,
    }
}

pub(crate) fn sms_config(base_url: &str) -> SmsConfig {
    SmsConfig {
        base_url: base_url.to_owned(),
        username: "sandbox".to_owned(),
        api_key: SecretString::from(Credentials::default().sms_api_key),
        sender_id: None,
    }
}
