//! How the API meets the network: proxies, web pages, budgets.

use super::{ConfigError, Source};
use amana_api::{EdgeConfig, RateLimits};
use ipnet::IpNet;
use std::net::IpAddr;
use url::Url;

/// Of one account.
const REQUESTS_PER_MINUTE: u32 = 1_000;
const REQUESTS_PER_MINUTE_MAX: u32 = 10_000_000;

pub(super) fn read(source: &Source<'_>) -> Result<EdgeConfig, ConfigError> {
    let origins = "origins separated by commas, such as https://app.example.com";
    let per_minute = source.in_range(
        "AMANA_REQUESTS_PER_MINUTE",
        REQUESTS_PER_MINUTE,
        1..=REQUESTS_PER_MINUTE_MAX,
    )?;
    let rate_limits = match source.optional("AMANA_RATE_LIMITS").as_deref() {
        None | Some("on") => RateLimits::per_account(per_minute),
        Some("off") => RateLimits::OFF,
        Some(_) => {
            let (variable, why) = ("AMANA_RATE_LIMITS", "must be on or off".to_owned());
            return Err(ConfigError { variable, why });
        }
    };
    Ok(EdgeConfig {
        trusted_proxies: networks(source, "AMANA_TRUSTED_PROXIES", "")?,
        allowed_origins: source.list("AMANA_ALLOWED_ORIGINS", (origins, ""), origin)?,
        rate_limits,
    })
}

pub(super) fn networks(
    source: &Source<'_>,
    variable: &'static str,
    default: &str,
) -> Result<Vec<IpNet>, ConfigError> {
    let wanted = "networks separated by commas, such as 10.0.0.0/8,192.0.2.7";
    source.list(variable, (wanted, default), network)
}

fn network(text: &str) -> Option<IpNet> {
    let one = || text.parse().ok().map(|address: IpAddr| address.into());
    text.parse().ok().or_else(one)
}

/// As browsers write it, or it would never be found again: no path, no default port, lower case, and nothing
/// that stands for others.
fn origin(text: &str) -> Option<String> {
    let url: Url = text.parse().ok()?;
    let is_web = ["http", "https"].contains(&url.scheme());
    (is_web && url.origin().ascii_serialization() == text).then(|| text.to_owned())
}
