//! The settings of a sandbox, and its public default credentials.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// The credentials of the client's app, paybill and API operator. The defaults are public constants that are valid only
/// here.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub consumer_key: String,
    pub consumer_secret: String,
    /// A "one account" paybill: one shortcode for collections (STK) and payouts (B2C).
    pub short_code: String,
    pub passkey: String,
    pub initiator_name: String,
    pub initiator_password: String,
    /// The `apiKey` header of the Africa's Talking endpoint.
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

/// The settings of [`crate::start`]. With port 0 the system chooses a port.
#[derive(Clone, Debug)]
pub struct Settings {
    pub listen: SocketAddr,
    pub smtp_listen: SocketAddr,
    /// The folder of snapshot and key; without it, a restart loses all data.
    pub data: Option<PathBuf>,
    pub organisation: String,
    /// The utility float at the first start. Later starts keep the stored float.
    pub opening_float_cents: i64,
    pub prompt_timeout: Duration,
    /// The time from the response (or the B2C acceptance) to the callback.
    pub callback_delay: Duration,
    /// The same time for the fault `callback_late`.
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
