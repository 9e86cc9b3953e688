//! What e-mail and SMS share about hosts.

use std::net::IpAddr;

/// True for names and addresses that cannot leave this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = bare_host(host);
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// An IPv6 address stands in brackets in a URL, and without them everywhere else.
pub(crate) fn bare_host(host: &str) -> &str {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host)
}
