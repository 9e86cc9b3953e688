//! Restarts parts that ended. Gives up if a part ends too often.

use crate::local::{Part, how};
use anyhow::{Result, bail};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Ends of a part within this time are counted together.
const WINDOW: Duration = Duration::from_secs(60);

/// The pauses before restarts within the window. After one more end, everything stops.
const BACK_OFF: [Duration; 3] =
    [Duration::ZERO, Duration::from_millis(500), Duration::from_secs(2)];

/// Records when parts ended. All parts are treated alike.
#[derive(Debug, Default)]
pub(crate) struct Supervisor {
    histories: BTreeMap<String, History>,
}

impl Supervisor {
    /// Restarts the parts that ended, and prints one line for each.
    ///
    /// # Errors
    /// If a part ended too often, or the state of its process cannot be read.
    pub(crate) fn look_after<'a>(
        &mut self,
        parts: impl IntoIterator<Item = &'a mut dyn Part>,
    ) -> Result<()> {
        for part in parts {
            let name = part.child().name().to_owned();
            self.histories.entry(name).or_default().look_after(part)?;
        }
        Ok(())
    }
}

#[derive(Debug, Default)]
struct History {
    ends: Vec<Instant>,
    /// The time of the next restart, while the part is down.
    due: Option<Instant>,
}

impl History {
    fn look_after(&mut self, part: &mut dyn Part) -> Result<()> {
        let Some(status) = part.child().ended()? else { return Ok(()) };
        let now = Instant::now();
        if self.due.is_none() {
            let Some(due) = self.ended(now) else {
                let (child, times) = (part.child(), self.ends.len());
                bail!(
                    "{} ended {times} times within a minute; stopping everything; see its log {}",
                    child.name(),
                    child.log().display()
                );
            };
            self.due = Some(due);
        }
        if self.due.is_some_and(|due| now < due) {
            return Ok(());
        }
        self.due = None;
        let (restarted, how) = (part.restart(), how(status));
        let child = part.child();
        match restarted {
            Ok(()) => {
                eprintln!("amana: {} ended ({how}); restarted, pid {}", child.name(), child.pid());
            }
            Err(error) => {
                // The next check counts this as another end.
                child.kill()?;
                let why = error.to_string();
                let why = why.lines().next().unwrap_or_default();
                eprintln!(
                    "amana: {} ended ({how}) and could not be restarted: {why}",
                    child.name()
                );
            }
        }
        Ok(())
    }

    /// Counts an end. Returns the time of the restart, or `None` after too many ends.
    fn ended(&mut self, now: Instant) -> Option<Instant> {
        self.ends.retain(|end| now.duration_since(*end) < WINDOW);
        let wait = BACK_OFF.get(self.ends.len());
        self.ends.push(now);
        wait.and_then(|wait| now.checked_add(*wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_wait_longer_each_time_and_are_bounded_within_a_minute() {
        let began = Instant::now();
        let at = |seconds| began.checked_add(Duration::from_secs(seconds)).unwrap();
        let mut history = History::default();
        let waits: Vec<_> = [0, 10, 20]
            .map(|second| history.ended(at(second)).unwrap().duration_since(at(second)))
            .into();
        assert_eq!(waits, BACK_OFF);
        assert_eq!(history.ended(at(30)), None);
        assert_eq!(history.ends.len(), 4);
    }

    #[test]
    fn ends_that_are_a_minute_apart_are_forgotten() {
        let began = Instant::now();
        let mut history = History::default();
        for seconds in (0..600).step_by(60) {
            let now = began.checked_add(Duration::from_secs(seconds)).unwrap();
            assert_eq!(history.ended(now), Some(now));
        }
    }
}
