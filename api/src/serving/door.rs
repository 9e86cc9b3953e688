//! Admission of connections by total number and by address.

use super::Connections;
use ipnet::IpNet;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// An IPv6 network of this size counts as one address, as for requests.
const V6_NETWORK_BITS: u8 = 64;

#[derive(Debug)]
pub(super) struct Door {
    connections: Connections,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
    /// Whether the log already says that the limit is reached.
    is_full: bool,
}

/// Slot of a connection, freed on drop.
#[derive(Debug)]
pub(super) struct Place {
    door: Arc<Door>,
    address: IpAddr,
}

impl Door {
    pub(super) fn new(connections: Connections) -> Self {
        Self { connections, inside: Mutex::default() }
    }

    /// Returns a slot for a connection from this address; `None` if there is none.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let peer = peer.to_canonical();
        let is_bounded = !self.connections.unbounded.iter().any(|network| network.contains(&peer));
        let address = counted(peer);
        // No code here can panic half-way, so a poisoned lock is safe to use.
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.all >= self.connections.all {
            if !inside.is_full {
                tracing::warn!("{} connections are open: more are closed at once", inside.all);
            }
            inside.is_full = true;
            return None;
        }
        let known = inside.by_address.entry(address).or_default();
        if is_bounded && *known >= self.connections.per_address {
            tracing::debug!("an address has {known} connections: more are closed at once");
            return None;
        }
        *known = known.saturating_add(1);
        inside.all = inside.all.saturating_add(1);
        Some(Place { door: Arc::clone(self), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.door.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.all = inside.all.saturating_sub(1);
        inside.is_full = false;
        if let Some(known) = inside.by_address.get_mut(&self.address) {
            *known = known.saturating_sub(1);
            if *known == 0 {
                inside.by_address.remove(&self.address);
            }
        }
    }
}

fn counted(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(_) => IpNet::new(peer, V6_NETWORK_BITS).unwrap_or_default().trunc().addr(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_places_and_a_proxy_has_more() {
        let unbounded = vec!["10.0.0.0/8".parse().unwrap()];
        let limits = Connections { all: 6, per_address: 2, unbounded, ..Connections::default() };
        let door = Arc::new(Door::new(limits));
        let admit = |text: &str| door.admit(text.parse().unwrap());
        let mut places = [admit("198.51.100.1"), admit("198.51.100.1")];
        assert!(places.iter().all(Option::is_some));
        assert!(admit("198.51.100.1").is_none());
        places[0] = None;
        places[0] = admit("::ffff:198.51.100.1");
        assert!(places[0].is_some(), "a place that is free again is given again");
        let network = [admit("2001:db8::1"), admit("2001:db8::2"), admit("2001:db8::3")];
        assert!(network[1].is_some() && network[2].is_none(), "an IPv6 network counts as one");
        let proxies = [admit("10.0.0.1"), admit("10.0.0.1"), admit("10.0.0.1")];
        assert!(proxies[1].is_some() && proxies[2].is_none(), "there are six in all");
        drop((places, network, proxies));
        let inside = door.inside.lock().unwrap();
        assert_eq!((inside.all, inside.by_address.len()), (0, 0));
    }
}
