//! Who is at the other end: the address of the peer, or what proxies that we trust say about theirs.

use ipnet::IpNet;
use poem::Request;
use poem::http::header::HeaderMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};

const FORWARDED_FOR: &str = "X-Forwarded-For";

/// A household or a small network has at least so many bits to itself: its addresses count as one.
const V6_NETWORK_BITS: u32 = 64;

/// So much of an address stays in the log: enough to see that calls come from one network, too little to name a person.
const LOGGED_V4_BITS: u8 = 24;
const LOGGED_V6_BITS: u8 = 48;

/// Part of every request that reaches a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientAddress {
    pub(crate) ip: IpAddr,
    /// The request came through a proxy that is not trusted: where it comes from is not known.
    is_hidden: bool,
}

/// Whether it was said in the log that requests come through a proxy that is not trusted.
static IS_SAID: AtomicBool = AtomicBool::new(false);

impl ClientAddress {
    pub(crate) fn of(request: &Request, trusted: &[IpNet]) -> Self {
        let peer = request.remote_addr().as_socket_addr().map(SocketAddr::ip);
        // Without a network there is one peer only.
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let ip = client(peer, request.headers(), trusted);
        let is_hidden = request.headers().contains_key(FORWARDED_FOR)
            && !trusted.iter().any(|network| network.contains(&peer.to_canonical()));
        if is_hidden && !IS_SAID.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "requests have {FORWARDED_FOR} and come from an address that is not in AMANA_TRUSTED_PROXIES: \
                all clients behind it count as one, and staff decisions through it are refused"
            );
        }
        Self { ip, is_hidden }
    }

    /// Whether a request that came through the layers was sent from one of these networks. One whose origin is hidden
    /// was not: the proxy in front may be in a listed network, and its clients anywhere.
    pub(crate) fn is_in(request: &Request, networks: &[IpNet]) -> bool {
        let address = request.data::<Self>().filter(|address| !address.is_hidden);
        address.is_some_and(|one| networks.iter().any(|network| network.contains(&one.ip)))
    }

    /// Whether a provider may have sent it: from its networks, or from anywhere if they are not named. A request whose
    /// origin is hidden comes from no network.
    pub(crate) fn is_provider(self, networks: &[IpNet]) -> bool {
        let is_within = || networks.iter().any(|network| network.contains(&self.ip));
        networks.is_empty() || (!self.is_hidden && is_within())
    }

    /// The network of the client, for the log.
    pub(crate) fn masked(self) -> IpNet {
        let bits = match self.ip {
            IpAddr::V4(_) => LOGGED_V4_BITS,
            IpAddr::V6(_) => LOGGED_V6_BITS,
        };
        IpNet::new(self.ip, bits).unwrap_or_default().trunc()
    }

    /// What is counted: an IPv6 client has more addresses than there are limits.
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

/// From the last hop to the first: each was written by the one after it, so the chain is believed as far as it
/// consists of proxies that we trust. Whatever is further left was sent by somebody who may write anything.
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

/// Some proxies write the port too.
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
        // What the client wrote itself is left of what the first proxy added.
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
