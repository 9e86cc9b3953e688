//! Host names, for e-mail and SMS.

use std::net::IpAddr;

/// Returns whether a host is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = bare_host(host);
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Removes the brackets that an IPv6 address has in a URL.
pub(crate) fn bare_host(host: &str) -> &str {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host)
}
