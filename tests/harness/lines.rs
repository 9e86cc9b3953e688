//! Log lines of this process that a test watches.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

static WATCHED: Mutex<Vec<Arc<Watched>>> = Mutex::new(Vec::new());
// Most lines are written while no test watches, and need no lock.
static COUNT: AtomicUsize = AtomicUsize::new(0);

#[derive(Debug)]
struct Watched {
    mark: String,
    lines: Mutex<Vec<String>>,
}

/// The log lines that contain a text, since this value was created.
#[derive(Debug)]
pub struct Lines(Arc<Watched>);

impl Lines {
    #[must_use]
    pub fn with(mark: &str) -> Self {
        let watched = Arc::new(Watched { mark: mark.to_owned(), lines: Mutex::default() });
        WATCHED.lock().unwrap_or_else(PoisonError::into_inner).push(watched.clone());
        COUNT.fetch_add(1, Ordering::AcqRel);
        Self(watched)
    }

    #[must_use]
    pub fn seen(&self) -> Vec<String> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
        watched.retain(|other| !Arc::ptr_eq(other, &self.0));
        COUNT.fetch_sub(1, Ordering::AcqRel);
    }
}

pub(crate) fn note(line: &str) {
    if COUNT.load(Ordering::Acquire) == 0 {
        return;
    }
    let watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    for watched in watched.iter().filter(|watched| line.contains(&watched.mark)) {
        let mut lines = watched.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line.trim_end().to_owned());
    }
}
