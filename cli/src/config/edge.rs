//! The network edge of the API: proxies, origins of web pages, rate limits.

use super::{Source, Variable};
use amana_api::{EdgeConfig, RateLimits};
use ipnet::IpNet;
use std::net::IpAddr;
use url::Url;

/// Requests of one account.
const REQUESTS_PER_MINUTE: u32 = 1_000;
const REQUESTS_PER_MINUTE_MAX: u32 = 10_000_000;

pub(super) fn read(source: &Source) -> Option<EdgeConfig> {
    let origins = "origins separated by commas, such as https://app.example.com";
    let proxies = networks(source, Variable::TrustedProxies, "");
    let callbacks = networks(source, Variable::MpesaCallbackNetworks, "");
    let allowed = source.list(Variable::AllowedOrigins, (origins, ""), origin);
    let limits = rate_limits(source);
    Some(EdgeConfig {
        trusted_proxies: proxies?,
        callback_networks: callbacks?,
        allowed_origins: allowed?,
        rate_limits: limits?,
    })
}

fn rate_limits(source: &Source) -> Option<RateLimits> {
    let range = 1..=REQUESTS_PER_MINUTE_MAX;
    let per_minute = source.in_range(Variable::RequestsPerMinute, REQUESTS_PER_MINUTE, range);
    match source.optional(Variable::RateLimits).as_deref() {
        None | Some("on") => per_minute.map(RateLimits::per_account),
        Some("off") => per_minute.map(|_unused| RateLimits::OFF),
        Some(_) => source.refuse(Variable::RateLimits, "must be on or off"),
    }
}

pub(super) fn networks(source: &Source, variable: Variable, default: &str) -> Option<Vec<IpNet>> {
    let wanted = "networks separated by commas, such as 10.0.0.0/8,192.0.2.7";
    source.list(variable, (wanted, default), network)
}

fn network(text: &str) -> Option<IpNet> {
    let one = || text.parse().ok().map(|address: IpAddr| address.into());
    text.parse().ok().or_else(one)
}

/// Accepts an origin only as browsers spell it: no path, no default port, lower case, no wildcard.
fn origin(text: &str) -> Option<String> {
    let url: Url = text.parse().ok()?;
    let is_web = ["http", "https"].contains(&url.scheme());
    (is_web && url.origin().ascii_serialization() == text).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::config::tests::{SECRET, api};

    #[test]
    fn proxies_are_networks_or_single_addresses() {
        let read = |text| api(&[SECRET, ("AMANA_TRUSTED_PROXIES", text)]);
        let proxies = read(" 10.0.0.0/8, 192.0.2.7,fd00::/8 ").unwrap().edge.trusted_proxies;
        let shown: Vec<String> = proxies.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["10.0.0.0/8", "192.0.2.7/32", "fd00::/8"]);
        for wrong in ["10.0.0.0/33", "*", "localhost", "10.0.0.0/8 192.0.2.7"] {
            let said = read(wrong).unwrap_err().to_string();
            assert!(said.starts_with("configuration: AMANA_TRUSTED_PROXIES must be"), "{said}");
        }
    }

    #[test]
    fn callbacks_come_from_anywhere_unless_networks_are_named() {
        let read = |text| api(&[SECRET, ("MPESA_CALLBACK_NETWORKS", text)]);
        assert!(api(&[SECRET]).unwrap().edge.callback_networks.is_empty());
        let named = read("196.201.214.0/24,196.201.213.44").unwrap().edge.callback_networks;
        assert_eq!(named.len(), 2);
        let said = read("safaricom").unwrap_err().to_string();
        assert!(said.starts_with("configuration: MPESA_CALLBACK_NETWORKS must be"), "{said}");
    }

    #[test]
    fn origins_are_exact() {
        let read = |text| api(&[SECRET, ("AMANA_ALLOWED_ORIGINS", text)]);
        let origins = read("https://app.example.com, http://localhost:3000").unwrap().edge;
        assert_eq!(origins.allowed_origins, ["https://app.example.com", "http://localhost:3000"]);
        for wrong in [
            "*",
            "null",
            "app.example.com",
            "https://*.example.com/",
            "https://app.example.com/",
            "https://app.example.com:443",
            "https://App.example.com",
            "https://user@app.example.com",
            "file:///tmp",
        ] {
            let said = read(wrong).unwrap_err().to_string();
            assert!(said.starts_with("configuration: AMANA_ALLOWED_ORIGINS must be"), "{said}");
        }
    }
}
