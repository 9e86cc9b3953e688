//! Settings of the worker only: the payment provider and the message gateways.

use super::{Source, Variable, files, house, jwt_secret, mode};
use amana_domain::api_key::KeyMode;
use amana_files::Files;
use amana_messaging::{
    ConfigError, House, MailConfig, Mailer, SmsConfig, SmsGateway, check_sender, check_sms_url,
    check_smtp_url,
};
use amana_mpesa::MpesaConfig;
use secrecy::SecretString;
use std::time::Duration;
use url::Url;

const RECONCILE_EVERY_S: u64 = 300;
const RECONCILE_EVERY_S_MAX: u64 = 86_400;
const REQUEST_WAIT_S: u64 = 300;
const REQUEST_WAIT_S_MIN: u64 = 30;
const REQUEST_WAIT_S_MAX: u64 = 3_600;
const LEASE_S: u64 = 30;
const LEASE_S_MAX: u64 = 3_600;

#[derive(Debug)]
pub struct Worker {
    /// Derives one-time codes.
    pub jwt_secret: SecretString,
    /// Without the certificate, which is fetched later.
    pub mpesa: MpesaConfig,
    /// The location of the certificate: a file or an http(s) address.
    pub certificate: String,
    pub mailer: Mailer,
    pub sms: SmsGateway,
    pub house: House,
    pub reconcile_every: Duration,
    /// A payment prompt that could not be sent within this time is cancelled.
    pub request_wait: Duration,
    pub lease: Duration,
    pub mode: KeyMode,
    pub files: Files,
}

impl Worker {
    pub fn read(source: &Source) -> Option<Self> {
        let jwt_secret = jwt_secret(source);
        let mpesa = mpesa(source);
        let certificate = source.text(Variable::MpesaCertificate);
        let house = house::read(source);
        let (mailer, sms) = (mailer(source, house.as_ref()), sms(source));
        let every = 1..=RECONCILE_EVERY_S_MAX;
        let every = source.in_range(Variable::ReconcileEvery, RECONCILE_EVERY_S, every);
        let wait = REQUEST_WAIT_S_MIN..=REQUEST_WAIT_S_MAX;
        let wait = source.in_range(Variable::MpesaRequestWait, REQUEST_WAIT_S, wait);
        let lease = source.in_range(Variable::JobLease, LEASE_S, 1..=LEASE_S_MAX);
        let (mode, files) = (mode(source), files(source));
        Some(Self {
            jwt_secret: jwt_secret?,
            mpesa: mpesa?,
            certificate: certificate?,
            mailer: mailer?,
            sms: sms?,
            house: house?,
            reconcile_every: Duration::from_secs(every?),
            request_wait: Duration::from_secs(wait?),
            lease: Duration::from_secs(lease?),
            mode: mode?,
            files: files?,
        })
    }
}

fn mpesa(source: &Source) -> Option<MpesaConfig> {
    let text = |setting| mpesa_setting(source, setting);
    let address = |setting| text(setting)?.parse::<Url>().ok();
    let (base_url, callback_base_url) = (address("base_url"), address("callback_base_url"));
    let (consumer_key, consumer_secret) = (text("consumer_key"), text("consumer_secret"));
    let (shortcode, passkey) = (text("shortcode"), text("passkey"));
    let (initiator_name, initiator_password) = (text("initiator_name"), text("initiator_password"));
    let statement_url = match source.optional(Variable::MpesaStatementUrl) {
        None => Some(None),
        Some(_) => address("statement_url").map(Some),
    };
    Some(MpesaConfig {
        base_url: base_url?,
        consumer_key: consumer_key?,
        consumer_secret: consumer_secret?.into(),
        shortcode: shortcode?,
        passkey: passkey?.into(),
        initiator_name: initiator_name?,
        initiator_password: initiator_password?.into(),
        certificate_pem: String::new(),
        callback_base_url: callback_base_url?,
        statement_url: statement_url?,
    })
}

fn mpesa_setting(source: &Source, setting: &'static str) -> Option<String> {
    let variable = Variable::of_mpesa(setting);
    let text = source.text(variable)?;
    match amana_mpesa::check_setting(setting, &text) {
        Ok(()) => Some(text),
        Err(wrong) => source.refuse(variable, wrong.why),
    }
}

fn mailer(source: &Source, house: Option<&House>) -> Option<Mailer> {
    let url = source.secret(Variable::SmtpUrl);
    let url = accepted(source, Variable::SmtpUrl, url, check_smtp_url);
    let from = source.text(Variable::MailFrom);
    let from = accepted(source, Variable::MailFrom, from, |it| check_sender(it));
    let reply_to = house.and_then(house::reply_to);
    let config = MailConfig { url: url?, from: from?, reply_to };
    made(source, Variable::SmtpUrl, Mailer::new(&config))
}

fn sms(source: &Source) -> Option<SmsGateway> {
    let base_url = source.text(Variable::SmsUrl);
    let base_url = accepted(source, Variable::SmsUrl, base_url, |it| check_sms_url(it));
    let username = source.text(Variable::SmsUsername);
    let api_key = source.secret(Variable::SmsApiKey);
    let sender_id = source.optional(Variable::SmsSenderId);
    let config =
        SmsConfig { base_url: base_url?, username: username?, api_key: api_key?, sender_id };
    made(source, Variable::SmsApiKey, SmsGateway::new(&config))
}

/// Returns the value if its adapter accepts it.
fn accepted<T>(
    source: &Source,
    variable: Variable,
    value: Option<T>,
    check: impl FnOnce(&T) -> Result<(), ConfigError>,
) -> Option<T> {
    let value = value?;
    made(source, variable, check(&value).map(|()| value))
}

fn made<T>(source: &Source, variable: Variable, made: Result<T, ConfigError>) -> Option<T> {
    made.map_or_else(|error| source.refuse(variable, format!("is wrong: {error}")), Some)
}
