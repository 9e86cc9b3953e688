//! The client's address: the peer, or the address that trusted proxies report.

use ipnet::IpNet;
use poem::Request;
use poem::http::header::HeaderMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};

const FORWARDED_FOR: &str = "X-Forwarded-For";

/// Addresses of one IPv6 /64 usually belong to one household, so they count as one client.
const V6_NETWORK_BITS: u32 = 64;

/// Prefix lengths of logged addresses: enough to recognise a network, too little to identify a user.
const LOGGED_V4_BITS: u8 = 24;
const LOGGED_V6_BITS: u8 = 48;

/// The client's address, attached to every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientAddress {
    pub(crate) ip: IpAddr,
    /// The request came through an untrusted proxy, so the client's address is unknown.
    is_hidden: bool,
}

/// Set once the warning about an untrusted proxy has been logged.
static IS_SAID: AtomicBool = AtomicBool::new(false);

impl ClientAddress {
    pub(crate) fn of(request: &Request, trusted: &[IpNet]) -> Self {
        let peer = request.remote_addr().as_socket_addr().map(SocketAddr::ip);
        // Only TCP peers have an address.
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let ip = client(peer, request.headers(), trusted);
        let is_hidden = request.headers().contains_key(FORWARDED_FOR)
            && !trusted.iter().any(|network| network.contains(&peer.to_canonical()));
        if is_hidden && !IS_SAID.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "requests with {FORWARDED_FOR} come from an address that is not in AMANA_TRUSTED_PROXIES: \
                all clients behind it count as one, and staff decisions through it are rejected"
            );
        }
        Self { ip, is_hidden }
    }

    /// Returns whether the request was sent from one of these networks. A hidden origin counts as outside: a listed
    /// network may contain a proxy for clients anywhere.
    pub(crate) fn is_in(request: &Request, networks: &[IpNet]) -> bool {
        let address = request.data::<Self>().filter(|address| !address.is_hidden);
        address.is_some_and(|one| networks.iter().any(|network| network.contains(&one.ip)))
    }

    /// Returns whether the request may come from the provider: from its networks, or from anywhere if none are
    /// configured. A hidden origin is in no network.
    pub(crate) fn is_provider(self, networks: &[IpNet]) -> bool {
        let is_within = || networks.iter().any(|network| network.contains(&self.ip));
        networks.is_empty() || (!self.is_hidden && is_within())
    }

    /// Returns the network of the client, for the log.
    pub(crate) fn masked(self) -> IpNet {
        let bits = match self.ip {
            IpAddr::V4(_) => LOGGED_V4_BITS,
            IpAddr::V6(_) => LOGGED_V6_BITS,
        };
        IpNet::new(self.ip, bits).unwrap_or_default().trunc()
    }

    /// Returns the address that rate limits count. One IPv6 client has too many addresses to count each.
    pub(crate) fn network(self) -> IpAddr {
        match self.ip {
            IpAddr::V4(_) => self.ip,
            IpAddr::V6(address) => {
                let host_bits = Ipv6Addr::BITS.saturating_sub(V6_NETWORK_BITS);
                let mask = u128::MAX.checked_shl(host_bits).unwrap_or_default();
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
            }
        }
    }
}

/// Reads the hops from last to first. Each proxy appends the address that it saw, so a hop is trusted only if a trusted
/// proxy wrote it. A client can forge anything further left.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut address = peer.to_canonical();
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    for hop in lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(',')) {
        if !is_trusted(&address) {
            break;
        }
        let Some(hop) = parsed(hop.trim()) else { break };
        address = hop;
    }
    address
}

/// Parses one hop; some proxies append the port.
fn parsed(hop: &str) -> Option<IpAddr> {
    let with_port = || hop.parse().ok().map(|address: SocketAddr| address.ip());
    hop.parse().ok().or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::http::HeaderValue;

    fn of(text: &str) -> ClientAddress {
        ClientAddress { ip: text.parse().unwrap(), is_hidden: false }
    }

    fn check(peer: &str, lines: &[&str], trusted: &[&str], wanted: &str) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|text| text.parse().unwrap()).collect();
        let found = client(peer.parse().unwrap(), &headers, &trusted);
        assert_eq!(found.to_string(), wanted, "{peer} {lines:?} {trusted:?}");
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let inside = ["10.0.0.0/8", "fd00::/8"];
        check("203.0.113.7", &[], &[], "203.0.113.7");
        check("203.0.113.7", &["198.51.100.1"], &[], "203.0.113.7");
        check("203.0.113.7", &["198.51.100.1"], &inside, "203.0.113.7");
        check("10.0.0.1", &[], &inside, "10.0.0.1");
        check("10.0.0.1", &["198.51.100.1"], &inside, "198.51.100.1");
        check("::ffff:10.0.0.1", &["198.51.100.1"], &inside, "198.51.100.1");
        check("fd00::1", &["2001:db8::7"], &inside, "2001:db8::7");
        // The forged entry is left of the entry that the first proxy added.
        check("10.0.0.1", &["1.1.1.1, 198.51.100.1"], &inside, "198.51.100.1");
        check("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.2.3.4"], &inside, "198.51.100.1");
        check("10.0.0.1", &["1.1.1.1", "198.51.100.1", "10.2.3.4"], &inside, "198.51.100.1");
        check("10.0.0.1", &["10.9.9.9, 10.2.3.4"], &inside, "10.9.9.9");
        check("10.0.0.1", &["198.51.100.1:4711"], &inside, "198.51.100.1");
        check("10.0.0.1", &["[2001:db8::7]:4711"], &inside, "2001:db8::7");
        check("10.0.0.1", &["198.51.100.1, unknown"], &inside, "10.0.0.1");
        check("10.0.0.1", &["", "198.51.100.1"], &inside, "198.51.100.1");
    }

    #[test]
    fn logged_addresses_name_a_network_only() {
        let masked = |text: &str| of(text).masked().to_string();
        assert_eq!(masked("198.51.100.77"), "198.51.100.0/24");
        assert_eq!(masked("2001:db8:1:2:3:4:5:6"), "2001:db8:1::/48");
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        let network = |text: &str| of(text).network().to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("2001:db8:1:3:3:4:5:6"), "2001:db8:1:3::");
        assert_eq!(network("198.51.100.1"), "198.51.100.1");
    }
}
