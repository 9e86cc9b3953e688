//! What a sandbox is started with, and the public credentials it accepts by default.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// The app, paybill and API operator a client must present. The defaults are public constants of
/// this simulator: they open nothing else.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub consumer_key: String,
    pub consumer_secret: String,
    /// One shortcode that both collects (STK) and pays out (B2C): a "one account" paybill.
    pub short_code: String,
    pub passkey: String,
    pub initiator_name: String,
    pub initiator_password: String,
    /// `apiKey` header of the Africa's Talking endpoint.
    pub sms_api_key: String,
}

impl Default for Credentials {
    fn default() -> Self {
        Self {
            consumer_key: "sandbox-consumer-key".to_owned(),
            consumer_secret: "sandbox-consumer-secret".to_owned(),
            short_code: "600977".to_owned(),
            passkey: "sandbox-passkey-0123456789abcdef".to_owned(),
            initiator_name: "sandboxapi".to_owned(),
            initiator_password: "Sandbox#Initiator1".to_owned(),
            sms_api_key: "sandbox-sms-key".to_owned(),
        }
    }
}

/// Everything [`crate::start`] needs. A port of 0 lets the system choose.
#[derive(Clone, Debug)]
pub struct Settings {
    pub listen: SocketAddr,
    pub smtp_listen: SocketAddr,
    /// Where the snapshot and the key are kept; without it, nothing outlives the process.
    pub data: Option<PathBuf>,
    pub organisation: String,
    /// Utility float at the very first start; later starts keep the float they find.
    pub opening_float_cents: i64,
    pub prompt_timeout: Duration,
    /// From the answer (or the B2C acceptance) to the posting of its callback.
    pub callback_delay: Duration,
    /// The same for the fault `callback_late`.
    pub late_callback_delay: Duration,
    pub credentials: Credentials,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            smtp_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            data: None,
            organisation: "AMANA".to_owned(),
            opening_float_cents: 0,
            prompt_timeout: Duration::from_secs(60),
            callback_delay: Duration::from_millis(300),
            late_callback_delay: Duration::from_secs(10),
            credentials: Credentials::default(),
        }
    }
}
