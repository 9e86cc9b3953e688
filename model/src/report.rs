//! Exploration of worlds, and the report.

use crate::action::Action;
use crate::laws::{self, Law};
use crate::market::Market;
use crate::state::State;
use crate::story;
use crate::tally::SIGHTS;
use crate::world::World;
use amana_domain::deal::Refusal;
use stateright::{Checker, HasDiscoveries, Model};
use std::time::{Duration, Instant};

/// The result of one world.
#[derive(Debug)]
pub struct Explored {
    pub states: usize,
    pub steps: usize,
    pub depth: usize,
    pub took: Duration,
    /// The shortest path to a violation, if there is one.
    pub broken: Option<Broken>,
    pub sights: [u64; SIGHTS.len()],
}

#[derive(Debug)]
pub struct Broken {
    pub law: Law,
    pub detail: String,
    /// Each step in words, and the balances after it.
    pub steps: Vec<(String, String)>,
}

/// Explores a world breadth-first. Only a single thread finds the shortest path to a violation.
///
/// # Errors
/// [`Refusal`] if the deal of the world is invalid.
pub fn explore(world: World, threads: usize) -> Result<Explored, Refusal> {
    let begun = Instant::now();
    let checker = Market::new(world)?.checker().threads(threads);
    let checker = checker.finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let market = checker.model();
    let paths = checker.discoveries().into_iter().map(|(law, path)| (law, path.into_vec()));
    let broken = paths.min_by_key(|(_, path)| path.len()).map(|found| broken(market, found));
    Ok(Explored {
        states: checker.unique_state_count(),
        steps: checker.state_count(),
        depth: checker.max_depth(),
        took: begun.elapsed(),
        broken,
        sights: market.tally.counts(),
    })
}

fn broken(market: &Market, (name, path): (&str, Vec<Situation>)) -> Broken {
    let last = path.last().map(|(state, _)| state);
    // Reports the first violation.
    let fault = last.and_then(|state| state.faults.first());
    let law = fault.map_or_else(|| name.parse().unwrap_or(Law::Conserved), |fault| fault.law);
    let detail = last.and_then(|state| laws::check(law, market, state).err()).unwrap_or_default();
    let after = path.iter().skip(1).map(|(state, _)| state);
    let steps = path.iter().zip(after).filter_map(|((state, action), after)| {
        let words = story::step(market, state, action.as_ref()?);
        Some((words, story::accounts(after)))
    });
    Broken { law, detail: story::named(&detail), steps: steps.collect() }
}

/// A state and the next action.
type Situation = (State, Option<Action>);

impl std::fmt::Display for Explored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.took.as_secs_f64();
        write!(f, "  {} states, {} steps", grouped(self.states), grouped(self.steps))?;
        writeln!(f, ", depth {}, {seconds:.1} s, {}", self.depth, peak())?;
        for law in Law::ALL {
            let held = match &self.broken {
                Some(broken) if broken.law == *law => "BROKEN",
                // The exploration stopped at the violation.
                Some(_) => "not shown",
                None => "holds",
            };
            writeln!(f, "  {law:<46} {held}")?;
        }
        self.broken.as_ref().map_or(Ok(()), |broken| write!(f, "\n{broken}"))
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "Counter-example: \"{}\" does not hold: {}.\n", self.law, self.detail)?;
        for (n, (words, accounts)) in self.steps.iter().enumerate() {
            writeln!(f, "{:>3}. {words}", n.saturating_add(1))?;
            writeln!(f, "     {accounts}")?;
        }
        writeln!(f, "\nAmounts are in shillings; accounts that are not listed are empty.")
    }
}

/// `1,234,567`.
#[must_use]
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && digits.len().saturating_sub(n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns the peak memory of this process, on Linux.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    match kib {
        Some(kib) => format!("peak memory {} MiB", kib.div_euclid(1024)),
        None => "peak memory unknown".into(),
    }
}
