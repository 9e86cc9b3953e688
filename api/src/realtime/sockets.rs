//! Limits on open sockets, per session and per process.

use amana_domain::id::SessionId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Enough for a few tabs of one browser.
const OF_SESSION_MAX: u32 = 4;

/// Each socket needs a connection and a task.
pub(crate) const OF_PROCESS_MAX: u32 = 10_000;

#[derive(Debug, Default)]
pub(crate) struct Sockets(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    all: u32,
    of_session: HashMap<SessionId, u32>,
}

/// Slot of one socket, freed on drop.
#[derive(Debug)]
pub(super) struct Place {
    sockets: Arc<Sockets>,
    session: SessionId,
}

impl Sockets {
    /// Returns the number of open sockets in this process.
    pub(crate) fn open(&self) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).all
    }

    pub(super) fn take(self: Arc<Self>, session: SessionId) -> Option<Place> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_session = open.of_session.get(&session).copied().unwrap_or_default();
        if open.all >= OF_PROCESS_MAX || of_session >= OF_SESSION_MAX {
            return None;
        }
        open.all = open.all.saturating_add(1);
        open.of_session.insert(session, of_session.saturating_add(1));
        drop(open);
        Some(Place { sockets: self, session })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.sockets.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.all = open.all.saturating_sub(1);
        let left = open.of_session.remove(&self.session).unwrap_or_default().saturating_sub(1);
        if left > 0 {
            open.of_session.insert(self.session, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_session_has_four_sockets_and_closing_frees_one() {
        let sockets = Arc::new(Sockets::default());
        let take = |n| Arc::clone(&sockets).take(SessionId::new(Uuid::from_u128(n)));
        let mut places: Vec<_> = (0..OF_SESSION_MAX).map(|_| take(1).unwrap()).collect();
        assert!(take(1).is_none());
        assert!(take(2).is_some());
        places.pop();
        places.push(take(1).unwrap());
        assert!(take(1).is_none());
        drop(places);
        let open = sockets.0.lock().unwrap();
        assert_eq!((open.all, open.of_session.len()), (0, 0));
    }

    #[test]
    fn a_process_has_no_more_than_it_can_hold() {
        let sockets = Arc::new(Sockets::default());
        let take = |n: u32| Arc::clone(&sockets).take(SessionId::new(Uuid::from_u128(n.into())));
        let places: Vec<_> = (0..OF_PROCESS_MAX).map(|n| take(n).unwrap()).collect();
        assert!(take(OF_PROCESS_MAX).is_none());
        drop(places);
        assert!(take(0).is_some());
    }
}
