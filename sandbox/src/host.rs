//! The names by which the sandbox may be called. Its pages show codes and mails to everybody on this machine, so a web
//! page from elsewhere must not reach them under a name of its own that leads here (DNS rebinding).

use poem::Request;
use poem::http::{StatusCode, header};
use std::net::IpAddr;

/// # Errors
/// 421 for a name of the internet.
pub(crate) fn check(req: &Request) -> poem::Result<()> {
    let named = req.header(header::HOST).or_else(|| req.uri().host()).unwrap_or_default();
    if is_local(named) {
        return Ok(());
    }
    let why =
        "the sandbox answers under an IP address or a name without dots only, such as localhost";
    Err(poem::Error::from_string(why, StatusCode::MISDIRECTED_REQUEST))
}

/// Addresses, and names that no public DNS server answers for: `localhost`, and services beside this one.
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
