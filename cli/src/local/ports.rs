//! Free loopback ports.

use std::fmt;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::Range;

use anyhow::{Result, bail};

/// Below the ephemeral ranges of Linux (32768…) and macOS (49152…), so that no outgoing connection takes the port
/// during a restart.
const RANGE: Range<u16> = 20_000..32_000;

const ATTEMPTS_MAX: usize = 200;
const RACES_MAX: usize = 3;

/// Returns a port without a listener. Another process may take it before the caller does.
pub(super) fn free() -> Result<u16> {
    for _ in 0..ATTEMPTS_MAX {
        let port = rand::random_range(RANGE);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free loopback port between {} and {}", RANGE.start, RANGE.end)
}

/// A port for a server that starts soon.
pub struct Port {
    pub address: SocketAddr,
    // Between the check and the start, another amana could take the same port, and each would then connect to the
    // other's server. The holder of the lock owns the port.
    _claim: Option<File>,
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Port({})", self.address)
    }
}

impl Port {
    /// Reserves the wanted port, or a free port if the wanted one is taken or zero.
    ///
    /// # Errors
    /// If no port is free.
    pub fn reserve(wished: u16) -> Result<Self> {
        let claim = if wished == 0 { None } else { claim(wished) };
        let port = if claim.is_some() { wished } else { free()? };
        Ok(Self { address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), _claim: claim })
    }
}

/// Ports belong to the whole machine, so the locks must too. TMPDIR may differ between processes.
const CLAIMS: &str = "/tmp";

fn claim(port: u16) -> Option<File> {
    let file = File::create(format!("{CLAIMS}/amana-port-{port}.lock")).ok()?;
    file.try_lock().ok()?;
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok().then_some(file)
}

/// Starts a server on a free port. Tries other ports if another process took the first one.
pub(super) fn with_free<S>(mut start: impl FnMut(u16) -> Result<S>) -> Result<S> {
    for _ in 1..RACES_MAX {
        match start(free()?) {
            Err(error) if format!("{error:#}").contains("Address already in use") => {}
            started => return started,
        }
    }
    start(free()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_that_wish_for_one_port_get_two() {
        let wished = free().unwrap();
        let first = Port::reserve(wished).unwrap();
        let second = Port::reserve(wished).unwrap();
        assert_eq!(first.address.port(), wished);
        assert_ne!(second.address.port(), wished);
        drop(first);
        assert_eq!(Port::reserve(wished).unwrap().address.port(), wished);
        let _ = std::fs::remove_file(format!("{CLAIMS}/amana-port-{wished}.lock"));
    }

    #[test]
    fn a_free_port_can_be_bound_and_then_is_not_free() {
        let port = free().unwrap();
        assert!(RANGE.contains(&port));
        let _holder = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err());
    }
}
