//! Accepted host names. The pages show codes and mails to all users of this machine. A foreign web page must not reach
//! them under a name that resolves to this address (DNS rebinding).

use poem::Request;
use poem::http::{StatusCode, header};
use std::net::IpAddr;

/// # Errors
/// Status 421 for a public host name.
pub(crate) fn check(req: &Request) -> poem::Result<()> {
    let named = req.header(header::HOST).or_else(|| req.uri().host()).unwrap_or_default();
    if is_local(named) {
        return Ok(());
    }
    let why =
        "open the sandbox by its IP address, or by a host name without dots such as localhost";
    Err(poem::Error::from_string(why, StatusCode::MISDIRECTED_REQUEST))
}

/// Accepts addresses, and names that public DNS servers do not resolve: `localhost`, and services in the same network.
fn is_local(host: &str) -> bool {
    let bare = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    bare.parse::<IpAddr>().is_ok() || bare.ends_with(".localhost") || !bare.contains('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_internet_is_refused() {
        for host in
            ["127.0.0.1:9000", "[::1]:9000", "localhost:9000", "sandbox:9000", "a.localhost", ""]
        {
            assert!(is_local(host), "{host}");
        }
        for host in
            ["evil.example", "evil.example:9000", "127.0.0.1.nip.io:9000", "localhost.evil.example"]
        {
            assert!(!is_local(host), "{host}");
        }
    }
}
