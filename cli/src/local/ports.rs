//! Free loopback ports.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

use anyhow::{Result, bail};

/// Below the ephemeral ranges of Linux (32768…) and macOS (49152…): no outgoing connection can
/// take the port while its server is being restarted.
const RANGE: Range<u16> = 20_000..32_000;

const ATTEMPTS_MAX: usize = 200;
const RACES_MAX: usize = 3;

/// A port that nobody listened on a moment ago. Whoever binds it must be ready to lose the race.
pub(super) fn free() -> Result<u16> {
    for _ in 0..ATTEMPTS_MAX {
        let port = rand::random_range(RANGE);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free loopback port between {} and {}", RANGE.start, RANGE.end)
}

/// Starts a server on a free port, and once more on another if someone else was faster.
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
    fn a_free_port_can_be_bound_and_then_is_not_free() {
        let port = free().unwrap();
        assert!(RANGE.contains(&port));
        let _holder = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err());
    }
}
