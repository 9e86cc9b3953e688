//! `make model` explores every world and reports whether the laws hold. `make model-bug` shows that it finds a bug.

use amana_model::report::{Explored, explore, grouped};
use amana_model::tally::SIGHTS;
use amana_model::worlds;
use std::process::ExitCode;

/// Minimum number of states. With fewer states, the worlds have become too small to be meaningful.
const STATES_MIN: usize = 1_000_000;

fn main() -> ExitCode {
    let shown = if cfg!(feature = "planted-bug") { hunt() } else { prove() };
    match shown {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(refusal) => {
            eprintln!("model: cannot create the deal of a world: {refusal}");
            ExitCode::FAILURE
        }
    }
}

type Shown = Result<bool, amana_domain::deal::Refusal>;

fn prove() -> Shown {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let worlds = worlds::all();
    let (count, begun) = (worlds.len(), std::time::Instant::now());
    let mut sights = [0u64; SIGHTS.len()];
    let (mut states, mut holds) = (0usize, true);
    for (n, world) in worlds.into_iter().enumerate() {
        println!("World {} of {count}: {}", n.saturating_add(1), world.name);
        let explored = explore(world, threads)?;
        println!("{explored}");
        states = states.saturating_add(explored.states);
        holds &= explored.broken.is_none();
        add(&mut sights, &explored);
    }
    let seen = SIGHTS.iter().zip(sights);
    let missing: Vec<&str> = seen.clone().filter(|(_, n)| *n == 0).map(|(name, _)| *name).collect();
    let list: Vec<String> = seen.map(|(name, n)| format!("{name} {n}")).collect();
    println!("Number of occurrences: {}\n", list.join(", "));
    if !missing.is_empty() {
        println!("Never occurred, so not checked: {}", missing.join(", "));
    }
    if states < STATES_MIN {
        println!("Too few states: at least {} are required.", grouped(STATES_MIN));
    }
    let seconds = begun.elapsed().as_secs_f64();
    let verdict = if holds { "every law holds in every state" } else { "A LAW IS BROKEN" };
    println!(
        "{count} worlds, {} distinct states, {seconds:.0} s on {threads} threads: {verdict}",
        grouped(states)
    );
    Ok(holds && missing.is_empty() && states >= STATES_MIN)
}

fn add(sights: &mut [u64], explored: &Explored) {
    for (sum, seen) in sights.iter_mut().zip(explored.sights) {
        *sum = sum.saturating_add(seen);
    }
}

/// Searches for the planted bug. Returns whether it was found.
fn hunt() -> Shown {
    println!("Planted bug: cancelling a deal refunds milestones that are already settled.\n");
    for world in [worlds::plain()].into_iter().chain(worlds::all()) {
        println!("World: {}", world.name);
        let explored = explore(world, 1)?;
        println!("{explored}");
        if explored.broken.is_some() {
            println!("The model has found the bug.");
            return Ok(true);
        }
    }
    println!("THE MODEL HAS NOT FOUND THE BUG.");
    Ok(false)
}
